"""Gaps in the fit window: points that hold signal which neither a component nor the baseline can describe.

A drug, ethanol, a ketone body or a spurious echo is no business of the basis set. Fitted all the same, it bends line
shape, baseline and macromolecules until they describe a part of it, and metabolites far away pay. Peers leave such
points out by hand (LCModel's PPMGAP); here they are found in the residual. A point belongs to a gap where the residual,
smoothed over a line width, is far above the noise of the recording and also a good part of the signal that stands
there: a line whose shape is a few percent wrong is no reason to do without it.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_dilation, label, uniform_filter1d
from scipy.special import gammainccinv

from pharmrs.core.records.arrays import BoolArray, ComplexArray, FloatArray
from pharmrs.spectra.fit.baseline import UnmodelledLine

_CHANCE = 1e-6  # that noise alone starts a gap at a point
_EDGE_CHANCE = 0.02  # that noise alone carries a gap on by a point
_LEAST_SHARE = 0.25  # of the local signal: residual below it is a matter of line shape
_SMALLEST_PART = 0.1  # of the largest misfit, to be left out in the same round
LARGEST_SHARE = 0.25  # of the window: more cannot be spared


def unexplained(residual: ComplexArray, signal: ComplexArray, noise_sd: float, line_points: int) -> BoolArray:
    """Points of the window to leave out, (n,).

    `residual` (n,): what data and fit differ by; `signal` (n,): data less baseline; `noise_sd` of real and imaginary
    parts; `line_points`: line width in points. All False where `noise_sd` is not known (0).
    """
    n, size = residual.shape[0], max(line_points, 3)
    nothing = np.zeros(n, dtype=bool)
    if noise_sd <= 0.0:
        return nothing
    energy = _smoothed(residual, size) / (2.0 * noise_sd**2)
    share = np.sqrt(energy * (2.0 * noise_sd**2) / np.maximum(_smoothed(signal, size), 1e-300))
    # the mean of `size` squared complex Gaussians follows a gamma distribution of that shape
    start = (energy > gammainccinv(size, _CHANCE) / size) & (share > _LEAST_SHARE)
    start[: size // 2] = start[n - size // 2 :] = False  # where the mean is of fewer points
    regions, count = label(energy > gammainccinv(size, _EDGE_CHANCE) / size)
    highest = np.array([0.0, *(energy[(regions == number) & start].max(initial=0.0) for number in range(1, count + 1))])
    # much smaller misfit may be there only because the fit bends towards the larger: it is looked at after that is gone
    started = (highest > 0.0) & (highest > _SMALLEST_PART * highest.max())
    gaps = np.asarray(binary_dilation(started[regions], iterations=size), dtype=bool)
    gaps[[0, -1]] = False  # the ends carry the abscissa of the first-order phase
    return gaps


def lines_in(
    left_out: BoolArray, signal: ComplexArray, baseline: ComplexArray, ppm: FloatArray, half_width_ppm: float
) -> tuple[UnmodelledLine, ...]:
    """A line at the centre of what stands in each gap, for its tails reach beyond; all arrays (n,).

    `signal`: data less components. The baseline is drawn straight across a gap: lines of earlier gaps are part of it.
    """
    regions, count = label(left_out)
    found = []
    for number in range(1, count + 1):
        places = np.flatnonzero(regions == number)
        ends = [int(places[0]) - 1, int(places[-1]) + 1]
        across = np.interp(places, ends, baseline[ends].real) + 1j * np.interp(places, ends, baseline[ends].imag)
        energy = np.abs(signal[places] - across) ** 2
        found.append(UnmodelledLine(float(np.average(ppm[places], weights=energy)), half_width_ppm))
    return tuple(found)


def intervals(left_out: BoolArray, ppm: FloatArray) -> tuple[tuple[float, float], ...]:
    """Each gap as (lower, upper) chemical shift, from high to low; `left_out`, `ppm` (n,)."""
    regions, count = label(left_out)
    found = [ppm[regions == number] for number in range(1, count + 1)]
    return tuple(sorted(((float(one.min()), float(one.max())) for one in found), reverse=True))


def _smoothed(values: ComplexArray, size: int) -> FloatArray:
    return np.asarray(uniform_filter1d(np.abs(values) ** 2, size, mode="nearest"), dtype=np.float64)
