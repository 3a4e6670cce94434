"""Frequency and phase of each transient are found as well as noise allows; bad transients are told from good ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharmrs.spectra.preprocess.alignment import FEWEST_FOR_REJECTION, align, settle, weigh
from pharmrs.spectra.records import BasisSet
from tests.spectra.simulated import ACQUISITION, AMOUNTS, POINTS, brain, line, noise, noise_sd_for

COUNT = 16
TIME_S = ACQUISITION.time_axis_s(POINTS)


@pytest.fixture(scope="module")
def clean(basis: BasisSet) -> np.ndarray:
    return brain(basis, AMOUNTS)


def moved(signal: np.ndarray, offsets_hz: np.ndarray, phases_rad: np.ndarray) -> np.ndarray:
    return signal[:, None] * np.exp(2j * np.pi * np.outer(TIME_S, offsets_hz) + 1j * phases_rad)


def draw(seed: int, count: int = COUNT) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    offsets_hz = np.clip(rng.normal(0.0, 5.0, count), -12.0, 12.0)
    phases_rad = rng.normal(0.0, 0.5, count)
    return offsets_hz - offsets_hz.mean(), phases_rad - np.angle(np.exp(1j * phases_rad).mean())


def cramer_rao(signal: np.ndarray, noise_sd: float) -> np.ndarray:
    """SD of frequency (Hz) and phase (rad) of a known signal in white noise that no unbiased estimate goes below."""
    derivatives = np.stack([2j * np.pi * TIME_S * signal, 1j * signal])
    return np.sqrt(np.diag(np.linalg.inv((derivatives.conj() @ derivatives.T).real / noise_sd**2)))


@pytest.mark.parametrize("signal_to_noise", [5.0, 20.0])
def test_offsets_and_phases_are_found_as_well_as_noise_allows(clean: np.ndarray, signal_to_noise: float) -> None:
    """The reference is the mean of the 15 others (3 % more noise) and the band holds 0.5 to 4.2 ppm, so the bound of
    the whole, known signal is not reached: 1.2 times it was measured, 1.35 times is allowed (160 values: SD to 6 %)."""
    noise_sd = noise_sd_for(clean, signal_to_noise)
    errors_hz, errors_rad = [], []
    for seed in range(10):
        offsets_hz, phases_rad = draw(seed)
        rng = np.random.default_rng(100 + seed)
        found = align(moved(clean, offsets_hz, phases_rad) + noise(rng, (POINTS, COUNT), noise_sd), ACQUISITION)
        errors_hz.append(found.offsets_hz - offsets_hz)
        errors_rad.append(found.phases_rad - phases_rad)
    bound_hz, bound_rad = cramer_rao(clean, noise_sd)
    assert np.sqrt(np.mean(np.square(errors_hz))) < 1.35 * bound_hz
    assert np.sqrt(np.mean(np.square(errors_rad))) < 1.35 * bound_rad


def test_without_noise_they_are_exact(clean: np.ndarray) -> None:
    """The first round, whose reference is the mean of unaligned signals, is wrong by some percent; the third by less
    than 0.01 Hz."""
    offsets_hz, phases_rad = draw(3)
    found = align(moved(clean, offsets_hz, phases_rad), ACQUISITION)
    np.testing.assert_allclose(found.offsets_hz, offsets_hz, atol=0.01)
    np.testing.assert_allclose(found.phases_rad, phases_rad, atol=2e-3)
    expected = clean[:, None] * np.ones(COUNT)
    assert np.abs(found.aligned - expected).max() < 3e-3 * np.abs(clean).max()


@pytest.mark.parametrize("count", [2, 3, 5])
def test_few_transients(clean: np.ndarray, count: int) -> None:
    """6 Hz and 0.8 rad between the first and the others; without noise, and at S/N 2 each.

    Each is compared with the others only: with itself in the reference, noise would pull it to where it is (1.5 instead
    of 6 Hz for two). SD of a difference at S/N 2: 0.64 Hz times sqrt(2), and more near the threshold; median of 25.
    """
    offsets_hz, phases_rad = np.zeros(count), np.zeros(count)
    offsets_hz[0], phases_rad[0] = 6.0, 0.8
    signals = moved(clean, offsets_hz - 6.0 / count, phases_rad)
    found = align(signals, ACQUISITION)
    assert found.offsets_hz[0] - found.offsets_hz[1] == pytest.approx(6.0, abs=0.02)
    assert found.phases_rad[0] - found.phases_rad[1] == pytest.approx(0.8, abs=5e-3)
    differences = []
    for seed in range(25):
        noisy = signals + noise(np.random.default_rng(seed), signals.shape, noise_sd_for(clean, 2.0))
        aligned = align(noisy, ACQUISITION)
        differences.append(aligned.offsets_hz[0] - aligned.offsets_hz[1:].mean())
    assert np.median(differences) == pytest.approx(6.0, abs=0.8)


@pytest.mark.parametrize("drift_hz", [0.0, 6.0])
def test_noise_of_single_transients_is_not_put_into_the_lines(clean: np.ndarray, drift_hz: float) -> None:
    """64 transients of S/N 2, whose frequencies creep: the error that is left is at most 0.6 of the bound of one.

    It is told to within a third (mean of three scans).
    """
    course = np.linspace(-0.5, 0.5, 64) * drift_hz
    noise_sd, left, told = noise_sd_for(clean, 2.0), [], []
    for seed in range(3):
        drawn = noise(np.random.default_rng(seed), (POINTS, 64), noise_sd)
        found = align(moved(clean, course, np.zeros(64)) + drawn, ACQUISITION)
        left.append(np.std(found.offsets_hz - course))
        told.append(found.left_hz)
    assert np.mean(left) < 0.6 * cramer_rao(clean, noise_sd)[0]
    assert np.mean(told) == pytest.approx(np.mean(left), rel=0.35, abs=0.05)


def test_what_is_larger_than_the_noise_stays() -> None:
    """Steps of 3 Hz at noise of 0.1 Hz are no noise, and a line through zero is its own course."""
    steps = np.where(np.arange(20) // 3 % 2, 1.5, -1.5)
    settled, left = settle(steps, 0.1)
    np.testing.assert_allclose(settled, steps, atol=0.05)
    assert left == pytest.approx(0.1, rel=0.05)
    line_hz = np.linspace(-2.0, 2.0, 20)
    settled, left = settle(line_hz, 0.1)
    np.testing.assert_allclose(settled, line_hz, atol=1e-6)
    assert left == 0.0


def test_one_transient_is_left_as_it_is(clean: np.ndarray) -> None:
    found = align(clean[:, None], ACQUISITION)
    np.testing.assert_allclose(found.aligned[:, 0], clean, rtol=1e-12)
    assert (found.offsets_hz[0], found.phases_rad[0]) == (0.0, 0.0)


def test_mean_offset_and_phase_stay(clean: np.ndarray) -> None:
    """Alignment brings transients together, it does not move them all: 7 Hz and 1 rad common to all remain."""
    offsets_hz, phases_rad = draw(4)
    found = align(moved(clean, offsets_hz + 7.0, phases_rad + 1.0), ACQUISITION)
    assert found.offsets_hz.mean() == pytest.approx(0.0, abs=1e-9)
    expected = moved(clean, np.full(1, 7.0), np.full(1, 1.0))
    assert np.abs(found.aligned - expected).max() < 5e-3 * np.abs(clean).max()


@pytest.mark.parametrize(
    ("height", "unstable", "allowed_hz"), [(10.0, False, 0.09), (1.0, True, 0.25)], ids=["large", "unstable"]
)
def test_residual_water_does_not_steer(clean: np.ndarray, height: float, unstable: bool, allowed_hz: float) -> None:
    """Water ten times the highest metabolite costs nothing when it is stable (bound without it: 0.064 Hz at S/N 20).

    Water as high as NAA whose phase is another one in every transient has tails in the window that nothing tells from
    metabolites: 0.18 Hz, still a thirtieth of the offsets that are corrected.
    """
    offsets_hz, phases_rad = draw(5)
    rng = np.random.default_rng(6)
    turn = np.exp(1j * rng.uniform(-np.pi, np.pi, COUNT)) if unstable else np.full(COUNT, np.exp(1j))
    signals = clean[:, None] + 33.0 * height * turn * line(4.65, lorentz_hz=6.0)[:, None]
    signals = signals * np.exp(2j * np.pi * np.outer(TIME_S, offsets_hz) + 1j * phases_rad)
    found = align(signals + noise(rng, (POINTS, COUNT), noise_sd_for(clean, 20.0)), ACQUISITION)
    assert np.sqrt(np.mean((found.offsets_hz - offsets_hz) ** 2)) < allowed_hz


def test_transients_from_last_to_first_are_the_same(clean: np.ndarray) -> None:
    offsets_hz, phases_rad = draw(7)
    signals = moved(clean, offsets_hz, phases_rad)
    signals = signals + noise(np.random.default_rng(8), signals.shape, noise_sd_for(clean, 10.0))
    first, second = align(signals, ACQUISITION), align(signals[:, ::-1], ACQUISITION)
    np.testing.assert_allclose(second.offsets_hz, first.offsets_hz[::-1], atol=1e-7)
    one, other = (weigh(found.aligned, ACQUISITION, reject=True) for found in (first, second))
    np.testing.assert_allclose(other.weights, one.weights[::-1], atol=1e-9)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_another_order_matters_less_than_the_noise(clean: np.ndarray, seed: int) -> None:
    """The course over the scan is known from the order; where offsets jump it says little."""
    offsets_hz, phases_rad = draw(7)
    noise_sd, order = noise_sd_for(clean, 10.0), np.random.default_rng(seed).permutation(COUNT)
    signals = moved(clean, offsets_hz, phases_rad)
    signals = signals + noise(np.random.default_rng(8), signals.shape, noise_sd)
    first, second = align(signals, ACQUISITION), align(signals[:, order], ACQUISITION)
    np.testing.assert_allclose(second.offsets_hz, first.offsets_hz[order], atol=cramer_rao(clean, noise_sd)[0])


@settings(max_examples=10)
@given(exponent=st.integers(-9, 9), phase_rad=st.floats(-np.pi, np.pi))
def test_weights_of_unequal_transients_do_not_depend_on_scale_and_phase(
    basis: BasisSet, exponent: int, phase_rad: float
) -> None:
    """One transient with 30 % more noise is down-weighted by its distance from the median of all."""
    clean = brain(basis, AMOUNTS)
    noises = noise(np.random.default_rng(14), (POINTS, COUNT), noise_sd_for(clean, 10.0))
    noises[:, 3] *= 1.3
    signals = clean[:, None] + noises
    one = weigh(signals, ACQUISITION, reject=True)
    other = weigh(signals * 10.0**exponent * np.exp(1j * phase_rad), ACQUISITION, reject=True)
    assert one.weights[3] < 0.9 * one.weights[0]
    np.testing.assert_allclose(other.scores, one.scores, atol=1e-6)
    np.testing.assert_allclose(other.weights, one.weights, atol=1e-9)


@settings(max_examples=8)
@given(exponent=st.integers(-9, 9), phase_rad=st.floats(-np.pi, np.pi))
def test_scale_and_common_phase_do_not_matter(basis: BasisSet, exponent: int, phase_rad: float) -> None:
    clean = brain(basis, AMOUNTS)
    signals = moved(clean, *draw(9))
    signals = signals + noise(np.random.default_rng(10), signals.shape, noise_sd_for(clean, 10.0))
    factor = 10.0**exponent * np.exp(1j * phase_rad)
    first, second = align(signals, ACQUISITION), align(signals * factor, ACQUISITION)
    np.testing.assert_allclose(second.offsets_hz, first.offsets_hz, atol=1e-7)
    np.testing.assert_allclose(second.phases_rad, first.phases_rad, atol=1e-7)
    one = weigh(first.aligned, ACQUISITION, reject=True)
    other = weigh(second.aligned, ACQUISITION, reject=True)
    np.testing.assert_allclose(other.weights, one.weights, atol=1e-9)


def spoiled(clean: np.ndarray, count: int, which: tuple[int, ...], seed: int = 11) -> np.ndarray:
    """Transients in noise, some of which lost most of their signal, as motion does."""
    signals = np.repeat(clean[:, None], count, axis=1)
    signals[:, list(which)] *= 0.3 * np.exp(2j - 60.0 * TIME_S[:, None])
    return signals + noise(np.random.default_rng(seed), signals.shape, noise_sd_for(clean, 10.0))


@pytest.mark.parametrize("which", [(0,), (5,), (2, 9, 15)])
def test_spoiled_transients_are_rejected_and_no_others(clean: np.ndarray, which: tuple[int, ...]) -> None:
    found = weigh(spoiled(clean, COUNT, which), ACQUISITION, reject=True)
    assert tuple(np.flatnonzero(found.rejected)) == which
    np.testing.assert_array_equal(found.weights[list(which)], 0.0)
    assert found.weights.sum() == pytest.approx(1.0)
    assert found.scores[list(which)].min() > 6.0 > np.delete(found.scores, which).max()


def test_good_transients_are_all_kept_with_equal_weight(clean: np.ndarray) -> None:
    """Noise alone: with 20 scans of 16 transients no rejection, and weights within 5 % of equal for nearly all."""
    weights = []
    for seed in range(20):
        found = weigh(spoiled(clean, COUNT, (), seed), ACQUISITION, reject=True)
        assert not found.rejected.any()
        weights.append(found.weights * COUNT)
    assert np.mean(np.abs(np.array(weights) - 1.0) < 0.05) > 0.95


def test_a_transient_between_good_and_bad_is_down_weighted(clean: np.ndarray) -> None:
    """Robust z between 3 and 6: kept, with weight 3 / z of the others'."""
    rng = np.random.default_rng(12)
    noise_sd = noise_sd_for(clean, 10.0)
    signals = np.repeat(clean[:, None], COUNT, axis=1) + noise(rng, (POINTS, COUNT), noise_sd)
    for extra in np.arange(0.3, 2.0, 0.05):
        worse = signals.copy()
        worse[:, 4] += extra * noise(np.random.default_rng(13), POINTS, noise_sd)
        found = weigh(worse, ACQUISITION, reject=True)
        if 3.5 < found.scores[4] < 5.5:
            break
    assert 3.5 < found.scores[4] < 5.5
    assert not found.rejected.any()
    assert found.weights[4] / np.median(found.weights) == pytest.approx(3.0 / found.scores[4])


@pytest.mark.parametrize("count", range(1, FEWEST_FOR_REJECTION))
def test_fewer_than_six_are_never_rejected(clean: np.ndarray, count: int) -> None:
    found = weigh(spoiled(clean, count, (0,)), ACQUISITION, reject=True)
    assert not found.rejected.any()
    np.testing.assert_allclose(found.weights, 1.0 / count)


def test_rejection_can_be_switched_off(clean: np.ndarray) -> None:
    found = weigh(spoiled(clean, COUNT, (5,)), ACQUISITION, reject=False)
    np.testing.assert_allclose(found.weights, 1.0 / COUNT)
    assert not found.rejected.any()
