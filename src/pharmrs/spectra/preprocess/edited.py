"""One spectrum of each condition of an edited measurement.

The conditions are aligned to each other where editing changes nothing (robust: Mikkelsen 2020, 10.1002/mrm.28027), so
that nothing of Cho and Cr is left in their difference; transients are left out in pairs, because half a pair would
unbalance it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from pharmrs.core.records.arrays import BoolArray, ComplexArray, FloatArray
from pharmrs.spectra.preprocess.alignment import align, registered, weigh
from pharmrs.spectra.preprocess.band import Band, make_band
from pharmrs.spectra.preprocess.conditions import Sorted, sort_conditions, unchanged_by_editing
from pharmrs.spectra.records.acquisition import Acquisition, Fids
from pharmrs.spectra.records.preprocessing import Preprocessing, PreprocessingStep

_BAND_PPM = (0.5, 4.2)
_LARGEST_HZ, _LARGEST_RAD = 8.0, 0.8
_FEWEST_POINTS = 8
PAIR_WEIGHTS, PAIRS_REJECTED = "weight of each pair times their number", "pairs rejected"
LIKENESS, DRIFT = "likeness of the differences", "frequency drift, last against first quarter (Hz)"


@dataclass(frozen=True, slots=True)
class EditedMeans:
    """`means` (conditions, points), OFF first; `rejected` transients; `order` of the conditions in words."""

    means: ComplexArray
    order: str
    steps: tuple[PreprocessingStep, ...]
    rejected: tuple[int, ...]


def edited_means(fids: Fids, signal: ComplexArray, expected: ComplexArray, settings: Preprocessing) -> EditedMeans:
    """Sort, align and average the combined transients `signal` (points, transients); see the module."""
    acquisition = fids.acquisition
    rough = align(signal, acquisition)
    order = sort_conditions(fids, rough.aligned, expected)
    members = [np.flatnonzero(order.condition == one) for one in range(expected.shape[0])]
    pairs = min(len(one) for one in members)
    members = [one[:pairs] for one in members]
    offsets = rough.offsets_hz.copy()
    groups = [signal[:, one] for one in members]
    if settings.align_transients:
        groups = []
        for one in members:
            # each condition from the start: to a mean of both, the lines that differ would pull ON and OFF apart
            alone = align(signal[:, one], acquisition)
            groups.append(alone.aligned)
            offsets[one] = alone.offsets_hz
    weights, rejected = _pair_weights(groups, acquisition, reject=settings.reject_transients)
    means = np.stack([group @ weights for group in groups])
    plain = np.stack([signal[:, one] @ weights for one in members])
    before = means[-1] - means[0]
    moved: list[tuple[float, float]] = []
    if settings.align_transients:
        means, moved = _aligned_to_off(means, acquisition, expected, order)
    left_out = tuple(sorted(int(index) for one in members for index in one[rejected]))
    steps = (
        _sorting_step(order, expected.shape[0], groups),
        *([_alignment_step(plain[0], means[0], offsets)] if settings.align_transients else []),
        _subtraction_step(before, means[-1] - means[0], offsets, moved, (weights, rejected)),
    )
    return EditedMeans(means, f"{order.order}, OFF is number {_off(order)}", steps, left_out)


def _pair_weights(
    groups: list[ComplexArray], acquisition: Acquisition, *, reject: bool
) -> tuple[FloatArray, BoolArray]:
    """Weights (pairs,) that all conditions share, and the pairs that are left out."""
    each = [weigh(group, acquisition, reject=reject) for group in groups]
    rejected = np.any([one.rejected for one in each], axis=0)
    weights = np.where(rejected, 0.0, np.min([one.weights / one.weights.max() for one in each], axis=0))
    if not weights.any():  # one of every pair is bad: better all than none
        return np.full(weights.size, 1.0 / weights.size), np.zeros(weights.size, dtype=bool)
    return weights / weights.sum(), rejected


def _aligned_to_off(
    means: ComplexArray, acquisition: Acquisition, expected: ComplexArray, order: Sorted
) -> tuple[ComplexArray, list[tuple[float, float]]]:
    """The conditions turned such that what editing leaves alone is the same in all: frequency (Hz) and phase (rad)."""
    points = means.shape[1]
    time_s = acquisition.time_axis_s(points)
    band = make_band(acquisition, points, *_BAND_PPM)
    turn = np.exp(2j * np.pi * order.shift_hz * time_s)
    used = unchanged_by_editing(band, expected * turn)
    if np.count_nonzero(used) < _FEWEST_POINTS:
        return means, [(0.0, 0.0)] * (means.shape[0] - 1)
    narrow, times_s = band.decimate(means), band.time_s[: band.count]
    target = band.spectrum(narrow[0])[used]
    size = float(np.sqrt(np.mean(np.abs(target) ** 2)))
    noise = max(float(np.sqrt(np.mean(np.abs(narrow[0][-band.count // 4 :]) ** 2) * band.count)), 1e-6 * size)

    def misfit(parameters: FloatArray, one: ComplexArray) -> FloatArray:
        turned = one * np.exp(-2j * np.pi * parameters[0] * times_s - 1j * parameters[1])
        left = (band.spectrum(turned)[used] - target) / noise
        return np.concatenate([left.real, left.imag])

    reach = ([-_LARGEST_HZ, -_LARGEST_RAD], [_LARGEST_HZ, _LARGEST_RAD])
    result, moved = [means[0]], []
    reference = _only(band, narrow[0], used)
    for whole, one in zip(means[1:], narrow[1:], strict=True):
        start = np.clip(registered(_only(band, one, used), reference, band, _LARGEST_HZ), *(0.99 * np.array(reach)))
        found = least_squares(misfit, start, bounds=reach, loss="soft_l1", x_scale=[0.1, 0.02], args=(one,))
        frequency_hz, phase = (float(value) for value in found.x)
        result.append(whole * np.exp(-2j * np.pi * frequency_hz * time_s - 1j * phase))
        moved.append((frequency_hz, phase))
    return np.stack(result), moved


def _only(band: Band, narrow: ComplexArray, used: BoolArray) -> ComplexArray:
    """The signal (K,) of the `used` points of the window alone."""
    spectrum = np.zeros(band.count, dtype=complex)
    spectrum[band.window] = np.where(used, band.spectrum(narrow), 0.0)
    return np.asarray(np.fft.ifft(spectrum))


def _off(order: Sorted) -> int:
    return int(np.argmin(order.condition)) + 1


def _sorting_step(order: Sorted, count: int, groups: list[ComplexArray]) -> PreprocessingStep:
    return PreprocessingStep(
        name="editing",
        summary=f"{count} conditions, {order.order}, OFF is number {_off(order)}: their "
        f"differences are {order.likeness:.2f} of what the editing pulses must make (1 expected)",
        before=groups[0].mean(axis=1),
        after=groups[-1].mean(axis=1),
        numbers={LIKENESS: order.likeness},
    )


def _alignment_step(before: ComplexArray, after: ComplexArray, offsets_hz: FloatArray) -> PreprocessingStep:
    return PreprocessingStep(
        name="alignment",
        summary="transients of each condition aligned in frequency and phase (spectral registration); shown is OFF",
        before=before,
        after=after,
        numbers={"SD of frequency offsets (Hz)": float(np.std(offsets_hz))},
        series={"frequency offset (Hz)": tuple(float(value) for value in offsets_hz)},
    )


def _subtraction_step(
    before: ComplexArray,
    after: ComplexArray,
    offsets_hz: FloatArray,
    moved: list[tuple[float, float]],
    pairs: tuple[FloatArray, BoolArray],
) -> PreprocessingStep:
    weights, rejected = pairs
    lost = int(np.count_nonzero(rejected))
    quarter = max(offsets_hz.size // 4, 1)
    drift_hz = float(np.mean(offsets_hz[-quarter:]) - np.mean(offsets_hz[:quarter]))
    numbers = {PAIRS_REJECTED: float(lost), DRIFT: drift_hz}
    for number, (frequency_hz, phase) in enumerate(moved, start=1):
        numbers[f"ON {number} against OFF (Hz)"] = frequency_hz
        numbers[f"ON {number} against OFF (deg)"] = float(np.rad2deg(phase))
    return PreprocessingStep(
        name="subtraction",
        summary=f"conditions aligned to each other where editing changes nothing, weighted mean of {weights.size} "
        f"pairs, {lost} left out as pairs; the picture is the difference ON - OFF",
        before=before,
        after=after,
        numbers=numbers,
        series={PAIR_WEIGHTS: tuple(float(value) for value in weights * weights.size)},
        warnings=(f"{lost} of {weights.size} pairs rejected",) if lost else (),
    )
