"""Built-in macromolecules and lipids for basis sets that hold none, and for voxels near the skull.

Gaussian lines with published positions, widths and areas. The macromolecules are ONE component, `mm`; its groups
(`macromolecules.split_groups`) may deviate from the published ratios by an SD that the fit estimates, and a width
beyond the published one is estimated too, so the table is a starting point with soft ratio priors. A macromolecule
spectrum measured with the same sequence and echo time is better where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.records.arrays import BoolArray, ComplexArray, FloatArray
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.fit import FitSettings

_BROAD_AFTER_S, _BROAD_FROM_S, _BROAD_SHARE = 0.030, 0.002, 0.1
# published tables differ by up to 0.03 ppm in position and a quarter (8 Hz) in width; a measured spectrum does not
_SHIFT_SD_PPM, _DAMPING_SD_HZ = 0.02, 8.0
_MACROMOLECULE_NAMES, _LIPID_NAMES = ("mm", "mac", "lip"), ("lip",)

# Metabolite-nulled spectra at 7 T (Považan's data) as fitted by Bell 2024: widths, and amounts relative to M0.95 times
# protons (table in HarrisBrainLab/MMSim; positions there are 0.03 ppm higher throughout).
_AT_7T = "10.5281/zenodo.3906754"
# Amounts relative to M0.92 (19.0, 10.0 and 40.1 over 21.1) times 2 protons, as in the simulation code of Wright 2022;
# positions and widths there are those of Landheer 2020 at 3 T (10.1002/mrm.28282): 35.3, 17.2 and 57.0 Hz.
_SIMULATED = "10.1002/mrm.28958"
_CONSENSUS = "10.1002/nbm.4393"  # Cudalbu 2021: which lines there are
_AT_3T = "10.1002/mrm.28282"  # Landheer 2020; numbers as in the digital phantom of van de Sande (simulate_mms.py)
_LOW_FIELD_MHZ, _SHORT_TE_S = 190.0, 0.035
LCMODEL_DOI = "10.1002/mrm.1910300604"  # Provencher 1993; lines of the LCModel manual, as in spant and Osprey


@dataclass(frozen=True, slots=True)
class BroadLine:
    """A Gaussian line: position, FWHM in Hz (the same at every field) or in ppm, area in protons, source."""

    ppm: float
    width: float
    unit: Literal["Hz", "ppm"]
    protons: float
    doi: str

    def width_hz(self, mhz: float) -> float:
        """FWHM in Hz at the spectrometer frequency `mhz`."""
        return self.width if self.unit == "Hz" else self.width * mhz


# Area 3 is the methyl group of M0.92, so the amplitude of `mm` is the concentration of those. Widths are in Hz because
# Landheer's at 3 T and Bell's at 7 T agree within a quarter from M0.92 to M2.99. At 3 T, M2.56 and M2.70 are one line
# of 0.28 ppm, M3.62 to M4.03 one of 0.45 ppm: their areas are divided evenly, each with 30 Hz, the mean of the resolved
# lines. M4.20 is what Bell's line of 109 Hz at 3.98 ppm holds (4.66 protons) beyond the 3.80 of M3.62 to M4.03.
MACROMOLECULES: dict[str, BroadLine] = {
    "M0.92": BroadLine(0.92, 32.0, "Hz", 3.00, _AT_7T),
    "M1.21": BroadLine(1.21, 23.0, "Hz", 1.23, _AT_7T),
    "M1.39": BroadLine(1.39, 26.0, "Hz", 2.94, _AT_7T),
    "M1.67": BroadLine(1.67, 31.0, "Hz", 2.37, _AT_7T),
    "M2.04": BroadLine(2.04, 38.0, "Hz", 5.06, _AT_7T),
    "M2.26": BroadLine(2.26, 32.0, "Hz", 4.00, _AT_7T),
    "M2.56": BroadLine(2.56, 30.0, "Hz", 0.90, _SIMULATED),
    "M2.70": BroadLine(2.70, 30.0, "Hz", 0.90, _SIMULATED),
    "M2.99": BroadLine(2.99, 26.0, "Hz", 2.60, _AT_7T),
    "M3.21": BroadLine(3.21, 17.2, "Hz", 0.95, _SIMULATED),
    "M3.62": BroadLine(3.62, 30.0, "Hz", 0.95, _SIMULATED),
    "M3.75": BroadLine(3.75, 30.0, "Hz", 0.95, _SIMULATED),
    "M3.86": BroadLine(3.86, 30.0, "Hz", 0.95, _SIMULATED),
    "M4.03": BroadLine(4.03, 30.0, "Hz", 0.95, _SIMULATED),
    "M4.20": BroadLine(4.20, 30.0, "Hz", 0.86, _CONSENSUS),
}
# Effective T2 in s at 3 T. What is one line there (M2.70, M3.75) gives its own to those it is made of.
_BESIDE, _UPFIELD = 0.0255, 0.021
T2_S: dict[str, float] = {
    "M0.92": 0.0266,
    "M1.21": 0.0387,
    "M1.39": 0.0179,
    "M1.67": 0.0166,
    "M2.04": 0.0143,
    "M2.26": 0.0199,
    "M2.56": _BESIDE,
    "M2.70": _BESIDE,
    "M2.99": 0.0210,
    "M3.21": 0.0177,
    "M3.62": _UPFIELD,
    "M3.75": _UPFIELD,
    "M3.86": _UPFIELD,
    "M4.03": _UPFIELD,
    "M4.20": _UPFIELD,
}
LIPIDS: dict[str, tuple[BroadLine, ...]] = {
    "Lip09": (BroadLine(0.89, 0.14, "ppm", 3.0, LCMODEL_DOI),),
    "Lip13": (BroadLine(1.28, 0.15, "ppm", 2.0, LCMODEL_DOI),),
    "Lip20": (
        BroadLine(2.04, 0.15, "ppm", 1.33, LCMODEL_DOI),
        BroadLine(2.25, 0.15, "ppm", 0.67, LCMODEL_DOI),
        BroadLine(2.80, 0.20, "ppm", 0.87, LCMODEL_DOI),
    ),
}
ADDITIONS = ("mm", "lipids")


def macromolecule_lines(mhz: float, echo_time_s: float) -> tuple[BroadLine, ...]:
    """Lines of macromolecules at the spectrometer frequency `mhz` and `echo_time_s`; that of M0.92 keeps its area.

    The table's shares serve short echoes (up to 35 ms), 7 T and above, and an unknown echo time (NaN). With longer
    echoes at 3 T and below each line goes on to decay with the T2 that Landheer 2020 found, M2.04 fastest. On two real
    recordings of 30 and 35 ms shares taken there from 0 ms made Glu/tCr less stable and were no nearer to LCModel's.
    """
    return tuple(relaxed(line, name, mhz, echo_time_s) for name, line in MACROMOLECULES.items())


def relaxed(line: BroadLine, name: str, mhz: float, echo_time_s: float) -> BroadLine:
    """A `line` of a short echo as it is left at `echo_time_s`, with the T2 of `name`, relative to M0.92."""
    longer_s = echo_time_s - _SHORT_TE_S
    if mhz > _LOW_FIELD_MHZ or not longer_s > 0.0:
        return line
    left = float(np.exp(longer_s / T2_S["M0.92"] - longer_s / T2_S[name]))
    return replace(line, protons=line.protons * left, doi=_AT_3T)


def with_broad(basis: BasisSet, add: tuple[str, ...]) -> BasisSet:
    """`basis` with the components of `add` ("mm", "lipids") appended, in the units of its signals.

    One proton starts at `proton_amplitude`; where that is not known, at the median initial magnitude of the signals.
    Lines outside the band of the basis are left out. Raises InputError for unknown names, and when the basis set has
    such components already.
    """
    if not add:
        return basis
    problems = _problems(basis, add)
    if problems:
        raise InputError(problems)
    proton = basis.proton_amplitude
    if not np.isfinite(proton):
        proton = float(np.median(np.abs(basis.fids[:, 0]))) or 1.0
    chosen: dict[str, tuple[BroadLine, ...]] = {}
    for one in dict.fromkeys(add):
        lines = macromolecule_lines(basis.spectrometer_frequency_mhz, basis.echo_time_s)
        chosen |= LIPIDS if one == "lipids" else {"mm": lines}
    made = [proton * broad_signal(lines, basis) for lines in chosen.values()]
    return replace(
        basis,
        names=(*basis.names, *chosen),
        fids=np.concatenate([basis.fids, made]),
        notes=(*basis.notes, *(f"{name}: built-in Gaussian lines added" for name in chosen)),
    )


def widened(settings: FitSettings, mhz: float) -> FitSettings:
    """`settings` with room for the position and width of built-in macromolecules, where they are added.

    `mhz`: spectrometer frequency; the shift is rounded to 1 Hz, so that scans of one scanner have equal settings.
    """
    if "mm" not in settings.add:
        return settings
    return replace(
        settings,
        broad_shift_sd_hz=max(settings.broad_shift_sd_hz, float(round(_SHIFT_SD_PPM * mhz))),
        broad_damping_sd_hz=max(settings.broad_damping_sd_hz, _DAMPING_SD_HZ),
    )


def broad_signal(lines: tuple[BroadLine, ...], basis: BasisSet) -> ComplexArray:
    """Sum of `lines` on the clock of `basis`, (points,); its initial amplitude is their area in protons."""
    mhz = basis.spectrometer_frequency_mhz
    time_s = np.arange(basis.points) * basis.dwell_time_s
    signal = np.zeros(basis.points, dtype=complex)
    for line in lines:
        offset_hz = (basis.receiver_ppm - line.ppm) * mhz
        if abs(offset_hz) < 0.5 / basis.dwell_time_s:
            decay = (np.pi * line.width_hz(mhz) * time_s) ** 2 / (4.0 * np.log(2.0))
            signal += line.protons * np.exp(2j * np.pi * offset_hz * time_s - decay)
    return signal


def is_broad(signals: ComplexArray, time_s: FloatArray) -> BoolArray:
    """Which of `signals` (M, T) at `time_s` (T,) have decayed after 30 ms, as macromolecules and lipids do, (M,)."""
    energy = np.abs(signals) ** 2
    late = energy[:, time_s > _BROAD_AFTER_S].sum(axis=1)
    all_of_it = energy[:, time_s > _BROAD_FROM_S].sum(axis=1)
    return np.asarray(late < _BROAD_SHARE * all_of_it)


def named_broad(name: str) -> bool:
    """Whether a component is one of macromolecules or lipids by its name: at 1.5 T lipids are narrow, too."""
    return name.lower().startswith(_MACROMOLECULE_NAMES)


def _problems(basis: BasisSet, add: tuple[str, ...]) -> list[InputProblem]:
    unknown = [one for one in dict.fromkeys(add) if one not in ADDITIONS]
    problems = []
    if unknown:
        rule, remedy = "names built-in components", f"choose from {', '.join(ADDITIONS)}"
        problems.append(_problem(basis, rule, ", ".join(unknown), remedy))
    time_s = np.asarray(np.arange(basis.points) * basis.dwell_time_s, dtype=np.float64)
    decayed = is_broad(basis.fids, time_s)
    named = {"mm": _MACROMOLECULE_NAMES, "lipids": _LIPID_NAMES}
    for one, starts in named.items():
        alike = [
            name
            for name, broad in zip(basis.names, decayed, strict=True)
            if name.lower().startswith(starts) or (one == "mm" and broad)
        ]
        if one in add and alike:
            rule = f"`{one}` is for a basis set without such components"
            remedy = f"do not add `{one}`, or leave them out as well (fit.omit or --omit: {', '.join(alike)})"
            problems.append(_problem(basis, rule, ", ".join(alike), remedy))
    return problems


def _problem(basis: BasisSet, rule: str, value: str, remedy: str) -> InputProblem:
    return InputProblem(file=basis.source, field="fit.add", rule=rule, value=value, remedy=remedy)
