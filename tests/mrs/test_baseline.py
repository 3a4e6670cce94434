"""The baseline in its Demmler-Reinsch basis is the dense penalised least-squares spline."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import BSpline

from pharmrs.mrs.baseline import SplineBaseline, make_baseline

PPM = np.linspace(4.2, 0.2, 407)  # descending, as the fit has it


def smooth(baseline: SplineBaseline, stacked: np.ndarray, smoothness: float) -> np.ndarray:
    """What the fit does: shrunk coefficients, evaluated."""
    shrink = 1.0 / (1.0 + smoothness * baseline.roughness_both())
    return baseline.evaluate(shrink * baseline.project(stacked[:, None])[:, 0])


def dense_hat_matrix(knots_per_ppm: float, smoothness: float) -> np.ndarray:
    """B (B'B + smoothness D'D)^-1 B' from cubic B-splines written down anew, (n, n)."""
    intervals = round(knots_per_ppm * 4.0)
    width = 4.0 / intervals
    knots = 0.2 + width * np.arange(-3, intervals + 4)
    inside = np.clip(PPM, knots[3] + 1e-12, knots[-4] - 1e-12)
    splines = np.stack(
        [BSpline.basis_element(knots[k : k + 5], extrapolate=False)(inside) for k in range(intervals + 3)],
        axis=1,
    )
    splines = np.nan_to_num(splines)
    difference = np.diff(np.eye(intervals + 3), 2, axis=0)
    return splines @ np.linalg.solve(splines.T @ splines + smoothness * difference.T @ difference, splines.T)


@settings(max_examples=15)
@given(log_smoothness=st.floats(-3.0, 5.0), knots_per_ppm=st.sampled_from([2.0, 5.5, 12.0]), seed=st.integers(0, 1000))
def test_it_is_the_penalised_least_squares_spline(log_smoothness: float, knots_per_ppm: float, seed: int) -> None:
    smoothness = 10.0**log_smoothness
    data = np.random.default_rng(seed).normal(size=2 * PPM.size)
    hat = dense_hat_matrix(knots_per_ppm, smoothness)
    expected = np.concatenate([hat @ data[: PPM.size], hat @ data[PPM.size :]])
    found = smooth(make_baseline(PPM, knots_per_ppm), data, smoothness)
    # make_baseline adds a ridge of 1e-10 of the mean diagonal, which the ill-conditioned end splines feel a little
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("smoothness", [1e-2, 1.0, 1e3])
def test_effective_freedom_is_the_trace_of_the_hat_matrix(smoothness: float) -> None:
    baseline = make_baseline(PPM, 12.0)
    freedom = np.sum(1.0 / (1.0 + smoothness * baseline.roughness_both()))
    assert freedom == pytest.approx(2.0 * np.trace(dense_hat_matrix(12.0, smoothness)), rel=1e-6)


def test_constant_and_line_cost_nothing_and_a_parabola_does() -> None:
    baseline = make_baseline(PPM, 12.0)
    for real, imaginary in ((1.0 + 0.0 * PPM, PPM), (2.0 - 3.0 * PPM, 0.0 * PPM)):
        data = np.concatenate([real, imaginary])
        np.testing.assert_allclose(smooth(baseline, data, 1e7), data, atol=1e-5)
    parabola = np.concatenate([PPM**2, 0.0 * PPM])
    assert np.abs(smooth(baseline, parabola, 1e-4) - parabola).max() < 1e-4
    straight = smooth(baseline, parabola, 1e12)[: PPM.size]
    np.testing.assert_allclose(straight, np.polyval(np.polyfit(PPM, PPM**2, 1), PPM), atol=1e-5)


def test_penalised_rank_and_size() -> None:
    baseline = make_baseline(PPM, 12.0)
    assert baseline.size == 48 + 3  # 4 ppm of 12 intervals, cubic
    assert np.count_nonzero(baseline.roughness) == baseline.size - 2
    assert baseline.penalised == 2 * (baseline.size - 2)
    assert (np.diff(baseline.roughness) >= -1e-12).all()


def test_functions_are_orthonormal() -> None:
    """The normal matrix is the identity: projecting what was evaluated gives the coefficients back."""
    baseline = make_baseline(PPM, 12.0)
    coefficients = np.random.default_rng(3).normal(size=2 * baseline.size)
    back = baseline.project(baseline.evaluate(coefficients)[:, None])[:, 0]
    np.testing.assert_allclose(back, coefficients, atol=1e-5)  # ridge of 1e-10, condition number about 1e4


def test_real_and_imaginary_parts_do_not_mix() -> None:
    baseline = make_baseline(PPM, 12.0)
    data = np.concatenate([np.sin(3.0 * PPM), np.zeros(PPM.size)])
    np.testing.assert_array_equal(smooth(baseline, data, 1.0)[PPM.size :], 0.0)
