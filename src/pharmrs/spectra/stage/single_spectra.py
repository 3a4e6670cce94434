"""`pharmrs fit`: single preprocessed spectra, as with LCModel or fsl_mrs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pharmrs.core.errors import FitFailure, InputError, InputProblem
from pharmrs.core.workers.execution import Workers, map_tasks, workforce
from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes
from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.preprocess.phase_sense import data_sense, sense_problem
from pharmrs.spectra.quantify.quantify import Context, QuantificationSettings, concentrations
from pharmrs.spectra.quantify.water import water_amplitude
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.read.recordings import check_pair
from pharmrs.spectra.records.acquisition import Fids, Spectrum
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.fit import FitSettings, LinearCombinationFit, MetaboliteAmplitude
from pharmrs.spectra.records.preprocessing import WaterAmplitude
from pharmrs.spectra.records.quantification import Concentration
from pharmrs.spectra.stage.scan import fit_problems
from pharmrs.spectra.stage.study_basis import open_basis

_SPECTRUM_S = 0.1  # one fit, expected


@dataclass(frozen=True, slots=True)
class WaterReference:
    """A water reference that serves many spectra: its file, mean transient and amplitude."""

    file: Path
    fids: Fids
    amplitude: WaterAmplitude


@dataclass(frozen=True, slots=True)
class SpectrumFitting:
    """What every spectrum of a command is fitted with."""

    basis: BasisSet
    water: WaterReference | None
    settings: FitSettings


@dataclass(frozen=True, slots=True)
class SpectrumOutcome:
    """The fit of one file, or the problems that prevented it."""

    file: Path
    fit: LinearCombinationFit | None
    amplitudes: tuple[MetaboliteAmplitude, ...] = ()
    concentrations: tuple[Concentration, ...] = ()
    problems: tuple[InputProblem, ...] = ()


def single_spectrum(fids: Fids, path: str) -> Spectrum:
    """The one signal of a preprocessed file. Raises InputError when coils or transients are still apart."""
    if fids.coils > 1 or fids.transients > 1:
        raise InputError(
            [
                InputProblem(
                    file=path,
                    field="dimensions",
                    rule="must hold one combined, averaged signal",
                    value=f"{fids.coils} coils, {fids.transients} transients",
                    remedy="use `pharmrs run` on the raw data, or combine and average first",
                )
            ]
        )
    return Spectrum(fid=fids.data[:, 0, 0], acquisition=fids.acquisition, affine=fids.affine, source=path)


def fit_file(file: Path, fitting: SpectrumFitting) -> SpectrumOutcome:
    """Read, check and fit one file."""
    problems: tuple[InputProblem, ...] = ()
    try:
        fids = read_fids(file)
        spectrum = single_spectrum(fids, str(file))
        turned = sense_problem(data_sense(spectrum), str(file), "data")
        if turned is not None:
            problems = (turned,)
        if turned is not None and turned.severity == "error":
            return SpectrumOutcome(file, None, problems=problems)
        if fitting.water is not None:
            found = check_pair(fids, fitting.water.fids, str(file), str(fitting.water.file))
            problems += tuple(problem for problem in found if problem.field != "points")  # only its t = 0 is used
            if any(problem.severity == "error" for problem in problems):
                return SpectrumOutcome(file, None, problems=problems)
        fit = fit_spectrum(spectrum, fitting.basis, fitting.settings)
    except (FitFailure, InputError) as error:
        return SpectrumOutcome(file, None, problems=problems + fit_problems(error, str(file)))
    rows = metabolite_amplitudes(fit)
    context = Context(
        fit=fit,
        acquisition=spectrum.acquisition,
        water_acquisition=None,
        water=fitting.water.amplitude if fitting.water is not None else None,
        proton_amplitude=fitting.basis.proton_amplitude,
        settings=QuantificationSettings(),
    )
    return SpectrumOutcome(file, fit, rows, concentrations(context, rows), problems)


def fit_files(
    files: Sequence[Path],
    basis_path: Path,
    water_path: Path | None,
    settings: FitSettings,
    workers: int | Workers,
    done: Callable[[SpectrumOutcome], None] = lambda _outcome: None,
) -> tuple[SpectrumOutcome, ...]:
    """Fit every file with one basis set. Raises InputError when the basis set or the water reference is unusable."""
    problems: list[InputProblem] = []
    water = None
    basis, found = open_basis(basis_path, settings)
    if basis is None:
        problems += found
    if water_path is not None:
        try:
            water = _read_water(water_path)
        except InputError as error:
            problems += error.problems
    if problems or basis is None:
        raise InputError(problems)
    fit_one = partial(fit_file, fitting=SpectrumFitting(basis, water, settings))
    with workforce(workers) as team:
        team.check(files)
        return tuple(map_tasks(fit_one, files, team, done, lost=_lost, seconds_each=_SPECTRUM_S))


def _lost(file: Path, what: str) -> SpectrumOutcome:
    """The outcome for a spectrum whose worker died every time."""
    remedy = "fit it again; if memory ran out, use fewer workers"
    problem = InputProblem(file=str(file), field="processing", rule="must end", value=what, remedy=remedy)
    return SpectrumOutcome(file, None, problems=(problem,))


def _read_water(path: Path) -> WaterReference:
    fids = read_fids(path)
    if fids.coils == 1:  # several coils: `single_spectrum` names the problem
        fids = replace(fids, data=fids.data.mean(axis=2, keepdims=True))
    spectrum = single_spectrum(fids, str(path))
    try:
        return WaterReference(path, fids, water_amplitude(spectrum))
    except FitFailure as error:
        raise InputError(
            [
                InputProblem(
                    file=str(path),
                    field="water reference",
                    rule="must hold a decaying water signal",
                    value=str(error),
                    remedy="give a recording without water suppression",
                )
            ]
        ) from error
