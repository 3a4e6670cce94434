"""Spectra at a notebook: read, simulate a basis set, preprocess, fit, quantify."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pharmrs.api.results import Result
from pharmrs.core.errors import InputError, input_problem
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.tissue import TissueFractions
from pharmrs.core.report.figure_style import figure_style, new_figure
from pharmrs.core.report.numbers import count_text, number_text
from pharmrs.core.report.svg_figure import svg_figure
from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes
from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.preprocess.preprocess import PreprocessingSettings, Recordings
from pharmrs.spectra.preprocess.preprocess import preprocess as _preprocess
from pharmrs.spectra.quantify.quantify import Context, QuantificationSettings, concentrations
from pharmrs.spectra.quantify.water import water_amplitude
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.records.acquisition import Acquisition, Fids, Spectrum
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.records.fit import FitSettings, LinearCombinationFit, MetaboliteAmplitude
from pharmrs.spectra.records.preprocessing import PreprocessedScan, WaterAmplitude
from pharmrs.spectra.records.quantification import Concentration
from pharmrs.spectra.report.pictures.plot_fit import fit_sheet_svg
from pharmrs.spectra.report.result_rows import result_table
from pharmrs.spectra.stage.simulated_basis import BasisRequest, simulate
from pharmrs.spectra.stage.study_basis import open_basis

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

_DRAWN_PPM = (0.0, 5.0)


@dataclass(frozen=True, slots=True, repr=False)
class Recording(Result):
    """A recording as it was read: `fids.data` complex, shape (points, coils, transients)."""

    fids: Fids
    name: str

    def __repr__(self) -> str:
        points, coils, transients = self.fids.data.shape
        return (
            f"Recording {self.name}: {_sequence(self.fids.acquisition)}, {count_text(coils, 'coil')}, "
            f"{count_text(transients, 'transient')}, {points} points"
        )

    @property
    def signal(self) -> Spectrum:
        """Mean over transients of the coil with the most signal, for a first look."""
        mean = self.fids.data.mean(axis=2)
        strongest = int(np.argmax(np.abs(mean).max(axis=0)))
        return Spectrum(
            fid=mean[:, strongest], acquisition=self.fids.acquisition, affine=self.fids.affine, source=self.name
        )

    def to_frame(self) -> DataFrame:
        return _spectrum_frame(self.signal)

    def plot(self) -> Figure:
        return _spectrum_figure(self.signal, self.name)


@dataclass(frozen=True, slots=True, repr=False)
class Basis(Result):
    """A basis set: `basis.fids` complex, shape (metabolites, points)."""

    basis: BasisSet

    def __repr__(self) -> str:
        return (
            f"Basis of {count_text(len(self.basis.names), 'component')} at "
            f"{self.basis.spectrometer_frequency_mhz:.4g} MHz: {', '.join(self.basis.names)}"
        )

    def to_frame(self) -> DataFrame:
        from pandas import DataFrame

        first = np.abs(self.basis.fids[:, 0])
        return DataFrame({"metabolite": self.basis.names, "initial_amplitude": first / self.basis.proton_amplitude})

    def plot(self) -> Figure:
        from pharmrs.spectra.report.pictures.figure_basis import basis_figure

        return basis_figure(self.basis, repr(self))


@dataclass(frozen=True, slots=True, repr=False)
class Preprocessed(Result):
    """One combined, aligned, averaged spectrum with its water, and what each step did."""

    scan: PreprocessedScan
    name: str

    def __repr__(self) -> str:
        return f"Preprocessed {self.name}: {', '.join(step.name for step in self.scan.steps)}"

    def to_frame(self) -> DataFrame:
        from pandas import DataFrame

        steps = [
            {"step": one.name, "summary": one.summary, "warnings": "; ".join(one.warnings)} for one in self.scan.steps
        ]
        return DataFrame(steps, columns=["step", "summary", "warnings"])

    def plot(self) -> Figure:
        return _spectrum_figure(self.scan.spectrum, self.name)


@dataclass(frozen=True, slots=True, repr=False)
class Fit(Result):
    """A fit: amplitudes with their SD. `fit` holds everything, `quantify` gives concentrations."""

    fit: LinearCombinationFit
    amplitudes: tuple[MetaboliteAmplitude, ...]
    spectrum: Spectrum
    basis: BasisSet
    name: str

    def __repr__(self) -> str:
        ending = "" if self.fit.converged else ", NOT CONVERGED"
        return (
            f"Fit of {self.name}: S/N {number_text(self.fit.signal_to_noise)}, line width "
            f"{number_text(self.fit.line_width_hz)} Hz, {count_text(len(self.fit.names), 'component')}{ending}"
        )

    def to_frame(self) -> DataFrame:
        return quantify(self).to_frame()

    def plot(self) -> Figure:
        return quantify(self).plot()


@dataclass(frozen=True, slots=True, repr=False)
class Concentrations(Result):
    """Every metabolite on every scale that can be given; the others say why not in `reason`."""

    of: Fit
    values: tuple[Concentration, ...]

    def __repr__(self) -> str:
        given = sorted({one.scale for one in self.values if np.isfinite(one.value)})
        return f"Concentrations of {self.of.name}: {', '.join(given) or 'none'}"

    def to_frame(self) -> DataFrame:
        from pandas import DataFrame

        crlb = {row.metabolite: row.crlb_percent for row in self.of.amplitudes}
        rows = [
            {
                "metabolite": one.metabolite,
                "scale": one.scale,
                "value": one.value,
                "sd": one.sd,
                "unit": one.unit,
                "crlb_percent": crlb[one.metabolite],
            }
            for one in self.values
            if np.isfinite(one.value)
        ]
        return DataFrame(rows, columns=["metabolite", "scale", "value", "sd", "unit", "crlb_percent"])

    def plot(self) -> Figure:
        table = result_table(self.of.amplitudes, self.values)
        return svg_figure(fit_sheet_svg(self.of.fit, self.of.name, self.of.amplitudes, table, self.of.fit.notes))


def read_spectrum(path: str | Path) -> Recording:
    """A recording in NIfTI-MRS, raw or preprocessed. Raises `InputError` with everything wrong in it."""
    return Recording(read_fids(path), Path(path).name)


def read_basis(path: str | Path) -> Basis:
    """A basis set: LCModel .basis, FSL-MRS JSON folder or jMRUI text. Raises `InputError`."""
    found, problems = open_basis(Path(path), FitSettings())
    if found is None:
        raise InputError(problems)
    return Basis(found)


def simulate_basis(
    sequence: str,
    te_ms: float,
    larmor_mhz: float,
    bandwidth_hz: float,
    *,
    tm_ms: float | None = None,
    points: int = 4096,
    metabolites: tuple[str, ...] | None = None,
    macromolecules: bool = True,
) -> Basis:
    """A basis set by density-matrix simulation: `sequence` steam, press or slaser. Raises `InputError`."""
    protocol = BasisProtocol(
        sequence=sequence.lower(),
        echo_time_s=te_ms / 1e3,
        mixing_time_s=None if tm_ms is None else tm_ms / 1e3,
        spectrometer_frequency_mhz=larmor_mhz,
        bandwidth_hz=bandwidth_hz,
        points=points,
    )
    request = BasisRequest(protocol=protocol, metabolites=metabolites, macromolecules=macromolecules)
    return Basis(simulate(request, Problems("simulate_basis")))


def preprocess(recording: Recording, water: Recording | None = None) -> Preprocessed:
    """Coil combination, eddy currents, alignment, averaging, residual water; `water`: reference of the same coils."""
    reference = None if water is None else water.fids
    given = Recordings(
        metabolite=recording.fids, quantification=reference, eddy_current=reference, coil_combination=reference
    )
    return Preprocessed(_preprocess(given, PreprocessingSettings()), recording.name)


def fit(
    spectrum: Recording | Preprocessed,
    basis: Basis,
    *,
    ppm: tuple[float, float] = (0.2, 4.2),
    omit: tuple[str, ...] = (),
) -> Fit:
    """Linear combination of the basis signals. Raises `InputError` where coils or transients are still apart."""
    signal = spectrum.scan.spectrum if isinstance(spectrum, Preprocessed) else _single(spectrum)
    settings = FitSettings(ppm_low=ppm[0], ppm_high=ppm[1], omit=omit)
    found = fit_spectrum(signal, basis.basis, settings)
    return Fit(found, metabolite_amplitudes(found), signal, basis.basis, spectrum.name)


def quantify(
    fitted: Fit,
    water: Recording | Preprocessed | None = None,
    *,
    tissue: tuple[float, float, float] | None = None,
) -> Concentrations:
    """Concentrations on every scale that can be given.

    `water`: the reference; of a `Preprocessed` scan the one that was preprocessed with it. `tissue`: volume fractions
    of grey matter, white matter and CSF in the voxel.
    """
    reference = water.scan.water if isinstance(water, Preprocessed) else None if water is None else _single(water)
    amplitude: WaterAmplitude | None = None if reference is None else water_amplitude(reference)
    fractions = None
    if tissue is not None:
        gray, white, csf = tissue
        fractions = TissueFractions(
            gray_matter=gray, white_matter=white, csf=csf, gray_matter_sd=0.0, white_matter_sd=0.0, csf_sd=0.0,
            source="given",
        )  # fmt: skip
    context = Context(
        fit=fitted.fit,
        acquisition=fitted.spectrum.acquisition,
        water_acquisition=None if reference is None else reference.acquisition,
        water=amplitude,
        proton_amplitude=fitted.basis.proton_amplitude,
        settings=replace(QuantificationSettings(), tissue=fractions),
    )
    return Concentrations(fitted, concentrations(context, fitted.amplitudes))


def _single(recording: Recording) -> Spectrum:
    """The one signal of a preprocessed file."""
    fids = recording.fids
    if fids.coils > 1 or fids.transients > 1:
        found = f"{count_text(fids.coils, 'coil')}, {count_text(fids.transients, 'transient')}"
        rule, remedy = "must hold one combined, averaged signal", "call preprocess first"
        raise InputError([input_problem(recording.name, "dimensions", rule, found, remedy)])
    return recording.signal


def _sequence(acquisition: Acquisition) -> str:
    mixing = f", TM {1e3 * acquisition.mixing_time_s:.4g} ms" if acquisition.mixing_time_s else ""
    return (
        f"{acquisition.sequence or 'sequence not stated'}, TE {1e3 * acquisition.echo_time_s:.4g} ms{mixing}, TR "
        f"{1e3 * acquisition.repetition_time_s:.5g} ms, {acquisition.spectrometer_frequency_mhz:.5g} MHz"
    )


def _spectrum_frame(signal: Spectrum) -> DataFrame:
    from pandas import DataFrame

    ppm = signal.acquisition.ppm_axis(len(signal.fid))
    order = np.argsort(-ppm)
    values = np.fft.fft(signal.fid)[order]
    return DataFrame({"ppm": ppm[order], "real": values.real, "imaginary": values.imag})


def _spectrum_figure(signal: Spectrum, title: str) -> Figure:
    frame = _spectrum_frame(signal)
    shown = frame[(frame["ppm"] >= _DRAWN_PPM[0]) & (frame["ppm"] <= _DRAWN_PPM[1])]
    magnitude = np.hypot(shown["real"], shown["imaginary"])
    with figure_style():
        figure = new_figure(7.0)
        axes = figure.subplots()
        axes.plot(shown["ppm"], magnitude, color="#000000", linewidth=0.8)
        axes.set_xlim(_DRAWN_PPM[1], _DRAWN_PPM[0])
        axes.set_xlabel("Chemical shift (ppm)")
        axes.set_yticks([])
        axes.set_title(f"{title} (magnitude)")
    return figure
