"""Is a signal stored in the NIfTI-MRS phase sense, or is it the complex conjugate?

Data and basis are judged independently of each other, so that two conjugated inputs cannot vouch for one another.
Nothing is turned round here: a conjugated input is a problem to be named.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from pharmrs.core.constants import WATER_PPM
from pharmrs.core.errors import InputProblem
from pharmrs.core.records.arrays import BoolArray, FloatArray
from pharmrs.spectra.records import BasisSet, Spectrum


class PhaseSense(Enum):
    """How a signal is stored, compared with NIfTI-MRS (higher chemical shift at lower frequency)."""

    AS_STANDARD = "as the NIfTI-MRS standard"
    CONJUGATED = "complex conjugate of the NIfTI-MRS standard"
    UNDECIDED = "could not be decided"


_CLEAR = 3.0  # one side must hold this many times what its mirror image holds
_ABOVE_NOISE = 2.0  # mean power in the window, in units of the noise power
_METABOLITES_PPM = (0.5, 4.2)
_SMOOTHING_HZ = 3.0


def basis_sense(basis: BasisSet) -> PhaseSense:
    """Phase sense of a basis set: each known singlet is looked for at its chemical shift and at its mirror image.

    UNDECIDED where the basis holds none of them or they contradict each other.
    """
    ppm = np.asarray(basis.ppm_axis())
    votes = []
    for singlet, fid in basis.known_singlets():
        expected = singlet.ppm
        magnitude = np.abs(np.fft.fft(fid))
        here = _highest(magnitude, np.abs(ppm - expected) < 0.1)
        mirrored = _highest(magnitude, np.abs(2 * basis.receiver_ppm - ppm - expected) < 0.1)
        if max(here, mirrored) > 0:
            votes.append(1 if here > _CLEAR * mirrored else -1 if mirrored > _CLEAR * here else 0)
    share = float(np.mean(votes)) if votes else 0.0
    return PhaseSense.AS_STANDARD if share > 0.5 else PhaseSense.CONJUGATED if share < -0.5 else PhaseSense.UNDECIDED


def data_sense(spectrum: Spectrum) -> PhaseSense:
    """Phase sense of data: metabolites are upfield of water (0.5 to 4.2 ppm), their mirror image is nearly empty.

    The first difference of the smoothed spectrum is used, which suppresses the tails of water; both sides are taken
    above the noise of the outermost tenth of the band. UNDECIDED where there is too little signal or it is on both
    sides, as in water references.
    """
    acquisition = spectrum.acquisition
    times = acquisition.time_axis_s(spectrum.points)
    smoothed = spectrum.fid * np.exp(-np.pi * _SMOOTHING_HZ * times)
    power = np.abs(np.diff(np.fft.fft(smoothed), append=0)) ** 2
    power[-1] = 0.0
    ppm = spectrum.ppm_axis()
    frequencies = np.fft.fftfreq(spectrum.points, acquisition.dwell_time_s)
    outermost = np.abs(frequencies) > 0.45 / acquisition.dwell_time_s
    # power of complex noise is exponential: median = mean ln 2
    noise = float(np.median(power[outermost])) / np.log(2.0)
    upfield = _excess(power, _window(ppm), noise)
    mirrored = _excess(power, _window(2 * acquisition.receiver_ppm - ppm), noise)
    if max(upfield, mirrored) < _ABOVE_NOISE:
        return PhaseSense.UNDECIDED
    if upfield > _CLEAR * mirrored:
        return PhaseSense.AS_STANDARD
    return PhaseSense.CONJUGATED if mirrored > _CLEAR * upfield else PhaseSense.UNDECIDED


def sense_problem(sense: PhaseSense, file: str, what: str) -> InputProblem | None:
    """The problem to report for `what` ("data" or "basis set") in `file`; None where it is as the standard.

    A conjugated input is an error; an undecided one a warning.
    """
    if sense is PhaseSense.AS_STANDARD:
        return None
    conjugated = sense is PhaseSense.CONJUGATED
    return InputProblem(
        file=file,
        field="phase sense",
        rule=f"the {what} must not be mirrored (NIfTI-MRS has higher chemical shifts at lower frequencies)",
        value=sense.value,
        remedy=f"conjugate the {what} once (mrs_tools conjugate, or write it again in the standard sense)"
        if conjugated
        else f"look at the spectrum of the {what}: NAA must appear at 2.0 ppm, not at 7.3 ppm",
        severity="error" if conjugated else "warning",
    )


def _window(ppm: FloatArray) -> BoolArray:
    low, high = _METABOLITES_PPM
    return (ppm > low) & (ppm < high) & (np.abs(ppm - WATER_PPM.value) > 0.4)


def _excess(power: FloatArray, window: BoolArray, noise: float) -> float:
    """Mean power in `window` above the noise, in units of the noise."""
    if not window.any():
        return 0.0
    return max(0.0, float(power[window].mean()) / max(noise, 1e-300) - 1.0)


def _highest(magnitude: FloatArray, window: BoolArray) -> float:
    return float(magnitude[window].max()) if window.any() else 0.0
