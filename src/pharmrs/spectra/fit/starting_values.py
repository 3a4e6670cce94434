"""Starting values of the fit: common shift, phase and width by matched filtering over a grid.

For every shift the inner products of data and basis are one Fourier transform, so the whole range of shifts is
searched at once, with the phase on a grid and non-negative amplitudes; broad signals are kept out by fading in the
first milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.records.arrays import BoolArray, ComplexArray, FloatArray
from pharmrs.spectra.fit.model import Model
from pharmrs.spectra.fit.nonnegative import solve_nonnegative
from pharmrs.spectra.preprocess.parabola import vertex

_WIDTHS_HZ = (4.0, 9.0, 18.0, 30.0)
_FADE_IN_S = 0.012
_OVERSAMPLING = 2
_CANDIDATES = 5
_REFINED = 6
_PHASES = np.arange(0.0, np.pi, np.pi / 16)
_PHASE_STEPS = 8
_RIDGE = 0.02


@dataclass(frozen=True, slots=True)
class Start:
    """A starting point: `score` is the explained energy, comparable between starts of one width."""

    score: float
    shift_hz: float
    phase_rad: float
    width_hz: float


def find_starts(model: Model, signal: ComplexArray, broad: BoolArray, largest_shift_hz: float) -> list[Start]:
    """Starting points, best first; `signal` (K,) decimated data; `broad` (M,) components to leave out
    unless there are no others."""
    count = model.band.count
    time_s = model.band.time_s[:count]
    fade = np.where(time_s > 0, 1.0 - np.exp(-((time_s / _FADE_IN_S) ** 2)), 0.0)
    narrow = model.signals[~broad if not broad.all() else broad, :count]
    span_s = count * float(time_s[1] - time_s[0])
    reach = max(int(largest_shift_hz * span_s * _OVERSAMPLING), 1)
    shifts_hz = np.arange(-reach, reach + 1) / (span_s * _OVERSAMPLING)
    peaks: list[tuple[float, float, float, FloatArray, ComplexArray]] = []
    for width_hz in _WIDTHS_HZ:
        templates = narrow * (fade * np.exp(-np.pi * width_hz * np.abs(time_s)))
        gram = templates.conj() @ templates.T
        gram += _RIDGE * np.diag(np.diag(gram).real)
        products = np.fft.fft(templates.conj() * (signal * fade), n=_OVERSAMPLING * signal.shape[0], axis=1)
        products = np.concatenate([products[:, -reach:], products[:, : reach + 1]], axis=1)
        explained = np.einsum("ms,ms->s", products.conj(), np.linalg.solve(gram, products)).real
        real = np.ascontiguousarray(gram.real)
        for index in _peaks(explained, shifts_hz):
            shift_hz = _vertex(explained, shifts_hz, index)
            peaks.append((float(explained[index]), shift_hz, width_hz, real, products[:, index]))
    return sorted((_refined(*candidate) for candidate in _best_phased(peaks)), key=lambda start: -start.score)


def _best_phased(
    peaks: list[tuple[float, float, float, FloatArray, ComplexArray]],
) -> list[tuple[Start, FloatArray, ComplexArray]]:
    """The starts of highest score, best first.

    Free complex amplitudes explain at least as much as non-negative ones of one phase, so that a peak which explains
    less than the starts found already need not be phased.
    """
    starts: list[tuple[Start, FloatArray, ComplexArray]] = []
    for most, shift_hz, width_hz, gram, product in sorted(peaks, key=lambda peak: -peak[0]):
        if len(starts) == _REFINED and most <= starts[-1][0].score:
            break
        starts.append((_phased(gram, product, shift_hz, width_hz), gram, product))
        starts = sorted(starts, key=lambda candidate: -candidate[0].score)[:_REFINED]
    return starts


def _peaks(explained: FloatArray, shifts_hz: FloatArray) -> list[int]:
    chosen: list[int] = []
    for index in np.argsort(-explained):
        if all(abs(shifts_hz[index] - shifts_hz[other]) > 4.0 for other in chosen):
            chosen.append(int(index))
        if len(chosen) == _CANDIDATES:
            break
    return chosen


def _vertex(explained: FloatArray, shifts_hz: FloatArray, index: int) -> float:
    """The shift at the top of the parabola through a peak: shifting the data shifts the start, whatever the grid."""
    if not 0 < index < explained.shape[0] - 1:
        return float(shifts_hz[index])
    return float(shifts_hz[index] + np.clip(vertex(explained, index), -0.5, 0.5) * (shifts_hz[1] - shifts_hz[0]))


def _phased(gram: FloatArray, product: ComplexArray, shift_hz: float, width_hz: float) -> Start:
    """The best common phase on a grid by unconstrained amplitudes, its sign by non-negative ones."""
    moments = (product[:, None] * np.exp(-1j * _PHASES)).real
    explained = np.einsum("mp,mp->p", moments, np.linalg.solve(gram, moments))
    first = float(_PHASES[int(np.argmax(explained))])
    return max(
        (Start(_explained(gram, product, phase)[0], shift_hz, phase, width_hz) for phase in (first, first + np.pi)),
        key=lambda start: start.score,
    )


def _refined(start: Start, gram: FloatArray, product: ComplexArray) -> Start:
    """The start with its phase off the grid, so that turning the data turns the start and nothing else."""
    best, phase = start, start.phase_rad
    for _ in range(_PHASE_STEPS):
        score, amplitudes = _explained(gram, product, phase)
        if score >= best.score:
            best = replace(start, score=score, phase_rad=phase)
        if not amplitudes.any():
            break
        phase = float(np.angle(amplitudes @ product))
    return best


def _explained(gram: FloatArray, product: ComplexArray, phase: float) -> tuple[float, FloatArray]:
    """Energy that non-negative amplitudes explain at a phase, and the amplitudes."""
    moment = (product * np.exp(-1j * phase)).real
    amplitudes, _ = solve_nonnegative(gram, moment)
    return float(2.0 * amplitudes @ moment - amplitudes @ gram @ amplitudes), amplitudes
