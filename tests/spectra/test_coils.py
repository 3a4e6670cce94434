"""Coil combination: sensitivities recovered, ratios kept, signal-to-noise better than without whitening."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharmrs.spectra.preprocess.coils import coil_weights, combine, noise_covariance
from tests.spectra.simulated import POINTS, fids, line

COILS, TRANSIENTS = 6, 8
METABOLITES = 30.0 * line(2.008) + 20.0 * line(3.027)
WATER = 2e4 * line(4.65, lorentz_hz=8.0)


@dataclass(frozen=True)
class Array:
    """Sensitivities (coils,) and noise covariance (coils, coils) per complex sample."""

    gains: np.ndarray
    covariance: np.ndarray

    def record(self, signal: np.ndarray, transients: int, rng: np.random.Generator, noisy: float = 1.0) -> np.ndarray:
        mixing = np.linalg.cholesky(self.covariance)
        white = rng.standard_normal((2, self.gains.size, signal.size * transients)) / np.sqrt(2.0)
        noise = (mixing @ (white[0] + 1j * white[1])).reshape(self.gains.size, signal.size, transients)
        return signal[:, None, None] * self.gains[:, None] + noisy * noise.transpose(1, 0, 2)


def draw_array(rng: np.random.Generator, coils: int = COILS, shared: float = 0.8) -> Array:
    """Coils of different gain whose noise comes to `shared` from a few common sources."""
    gains = rng.uniform(0.3, 1.5, coils) * np.exp(2j * np.pi * rng.random(coils))
    sources = rng.normal(size=(coils, 3)) + 1j * rng.normal(size=(coils, 3))
    covariance = shared * sources @ sources.conj().T + (1.0 - shared) * np.eye(coils)
    return Array(gains, covariance)


def test_noise_covariance_is_that_of_the_noise() -> None:
    array = draw_array(np.random.default_rng(1))
    data = array.record(METABOLITES, 32, np.random.default_rng(2))
    found = noise_covariance(fids(data))
    # a quarter of 2048 points times 32 transients: 16384 samples, so each entry is known to 1 / sqrt(16384) = 0.8 %
    scale = np.sqrt(np.outer(np.diag(array.covariance), np.diag(array.covariance)).real)
    assert np.abs((found - array.covariance) / scale).max() < 0.035


def test_signal_that_all_transients_share_is_not_taken_for_noise() -> None:
    array = draw_array(np.random.default_rng(1))
    lasting = 50.0 * line(2.0, lorentz_hz=0.0)
    data = array.record(lasting, 32, np.random.default_rng(2))
    reference = array.record(0.0 * lasting, 32, np.random.default_rng(2))
    np.testing.assert_allclose(noise_covariance(fids(data)), noise_covariance(fids(reference)), atol=1e-9)


@pytest.mark.parametrize("coils", [2, 6, 20])
def test_known_sensitivities_are_recovered(coils: int) -> None:
    array = draw_array(np.random.default_rng(3), coils)
    rng = np.random.default_rng(4)
    noise = noise_covariance(fids(array.record(METABOLITES, TRANSIENTS, rng)))
    weights = coil_weights(fids(array.record(WATER, 2, rng)), noise)
    # gains in units of each coil's noise, largest 1
    expected = np.abs(array.gains) / np.sqrt(np.diag(noise).real)
    np.testing.assert_allclose(weights.gains, expected / expected.max(), rtol=1e-3)
    # the sum of weights times sensitivity is the norm of the sensitivities, in the phase of the strongest coil
    strongest = array.gains[np.argmax(np.abs(array.gains))]
    total = weights.weights @ array.gains
    assert total == pytest.approx(np.linalg.norm(array.gains) * strongest / abs(strongest), rel=1e-3)
    assert weights.explained > 0.999


def test_best_signal_to_noise_for_correlated_noise() -> None:
    """Against g^H C^-1 g, which no linear combination exceeds (Roemer 1990), and against the unwhitened sum."""
    array = draw_array(np.random.default_rng(5), 8)
    rng = np.random.default_rng(6)
    metabolite = fids(array.record(METABOLITES, 16, rng))
    weights = coil_weights(fids(array.record(WATER, 2, rng)), noise_covariance(metabolite)).weights

    def snr(w: np.ndarray) -> float:
        return float(np.abs(w @ array.gains) / np.sqrt((w @ array.covariance @ w.conj()).real))

    best = np.sqrt((array.gains.conj() @ np.linalg.solve(array.covariance, array.gains)).real)
    assert snr(weights) <= best * (1.0 + 1e-9)
    assert snr(weights) > 0.99 * best  # weights from an estimated covariance: coils over samples is 1e-3
    assert snr(weights) > 1.5 * snr(array.gains.conj())  # unwhitened: sum of squares


def combined_ratio(metabolite: np.ndarray, water: np.ndarray) -> np.ndarray:
    """Mean combined metabolite signal over the first sample of the combined water."""
    weights = coil_weights(fids(water), noise_covariance(fids(metabolite))).weights
    return combine(fids(metabolite), weights).mean(axis=1) / combine(fids(water), weights).mean(axis=1)[0]


@settings(max_examples=25)
@given(
    order=st.permutations(range(COILS)),
    log_gains=st.lists(st.floats(-5.0, 5.0), min_size=COILS, max_size=COILS),
    phases=st.lists(st.floats(-np.pi, np.pi), min_size=COILS, max_size=COILS),
)
def test_order_and_complex_gain_of_the_coils_do_not_matter(
    order: list[int], log_gains: list[float], phases: list[float]
) -> None:
    """Algebraically exact, for gains from 1e-5 to 1e5; 1e-6 leaves room for rounding."""
    array = draw_array(np.random.default_rng(7))
    rng = np.random.default_rng(8)
    metabolite, water = array.record(METABOLITES, TRANSIENTS, rng), array.record(WATER, 2, rng)
    factor = (10.0 ** np.array(log_gains) * np.exp(1j * np.array(phases)))[:, None]
    expected = combined_ratio(metabolite, water)
    found = combined_ratio((metabolite * factor)[:, order], (water * factor)[:, order])
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


def test_one_coil_is_left_as_it_is() -> None:
    data = draw_array(np.random.default_rng(9), 1).record(METABOLITES, 4, np.random.default_rng(10))
    weights = coil_weights(fids(data), noise_covariance(fids(data)))
    np.testing.assert_allclose(np.abs(weights.weights), 1.0, rtol=1e-12)
    assert weights.explained == pytest.approx(1.0)
    np.testing.assert_allclose(np.abs(combine(fids(data), weights.weights)), np.abs(data[:, 0]), rtol=1e-12)


def test_a_dead_coil_gets_no_weight_and_changes_nothing() -> None:
    array, rng = draw_array(np.random.default_rng(11)), np.random.default_rng(12)
    metabolite, water = array.record(METABOLITES, TRANSIENTS, rng), array.record(WATER, 2, rng)
    expected = combined_ratio(metabolite, water)
    dead = np.zeros_like(metabolite[:, :1])
    found = combined_ratio(np.append(metabolite, dead, axis=1), np.append(water, dead[:, :, :2], axis=1))
    np.testing.assert_allclose(found, expected, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("transients", [1, 3])
def test_without_noise_the_signal_is_combined_all_the_same(transients: int) -> None:
    """What is taken for noise is rounding or signal; the weights are still consistent with the sensitivities."""
    array = draw_array(np.random.default_rng(13))
    data = array.record(METABOLITES, transients, np.random.default_rng(14), noisy=0.0)
    weights = coil_weights(fids(data), noise_covariance(fids(data))).weights
    expected = np.abs(METABOLITES) * np.linalg.norm(array.gains)
    np.testing.assert_allclose(np.abs(combine(fids(data), weights)[:, 0]), expected, rtol=1e-6)


def test_two_sources_are_said_not_to_be_one() -> None:
    """A second signal with other sensitivities: the first mode explains only a part, which the report warns of."""
    first, second = draw_array(np.random.default_rng(15)), draw_array(np.random.default_rng(16))
    data = first.record(WATER, 2, np.random.default_rng(17))
    data = data + second.record(WATER * np.exp(2j * np.pi * 0.02 * np.arange(POINTS)), 2, np.random.default_rng(18))
    assert coil_weights(fids(data), np.eye(COILS)).explained < 0.9


def test_a_phase_cycled_reference_does_not_cancel() -> None:
    """Transients of opposite phase: the weights are those of the same reference without the cycle."""
    array = draw_array(np.random.default_rng(5))
    record = array.record(WATER, 4, np.random.default_rng(6))
    cycled = record * np.array([1.0, -1.0, 1j, -1j])
    plain, turned = (coil_weights(fids(data), array.covariance) for data in (record, cycled))
    # turning noise with the signal changes the mean by its noise only: 1e-4 of the water at this size
    assert np.abs(turned.weights - plain.weights).max() < 1e-3 * np.abs(plain.weights).max()
    assert turned.explained == pytest.approx(plain.explained, abs=1e-3)
