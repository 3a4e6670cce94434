"""Widths against the closed forms, and the free form's behaviour at t = 0."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import voigt_profile

from pharmrs.spectra.fit.line_shape import (
    TIME_UNIT_S,
    TYPICAL_WIDTH_HZ,
    bends,
    free_form,
    full_width_hz,
    gauss_of_quadratic,
    quadratic_of_gauss,
    skew_slope,
    skewed,
)

TIME_S = np.arange(700) / 1400.0  # 0.5 s, as the decimated signals of the fit


def decay(lorentz_hz: float, gauss_hz: float, time_s: np.ndarray = TIME_S) -> np.ndarray:
    return np.exp(-np.pi * lorentz_hz * time_s - (np.pi * gauss_hz * time_s) ** 2 / (4.0 * np.log(2.0)))


def voigt_width(lorentz_hz: float, gauss_hz: float) -> float:
    """FWHM from scipy's Voigt profile, by root finding."""
    sigma, gamma = gauss_hz / (2.0 * np.sqrt(2.0 * np.log(2.0))), 0.5 * lorentz_hz
    half = 0.5 * voigt_profile(0.0, sigma, gamma)
    return 2.0 * brentq(lambda f: voigt_profile(f, sigma, gamma) - half, 0.0, 5.0 * (lorentz_hz + gauss_hz))


@settings(max_examples=40)
@given(lorentz_hz=st.floats(0.0, 20.0), gauss_hz=st.just(0.0) | st.floats(0.01, 20.0))
def test_width_of_a_voigt_line(lorentz_hz: float, gauss_hz: float) -> None:
    if lorentz_hz + gauss_hz < 4.0:  # such lines have not decayed after 0.5 s
        lorentz_hz += 4.0
    found = full_width_hz(decay(lorentz_hz, gauss_hz).astype(complex), TIME_S)
    # bins are 0.125 Hz wide and interpolated; a line of 4 Hz is cut at exp(-2 pi), which rings by 0.2 % of its height
    assert found == pytest.approx(voigt_width(lorentz_hz, gauss_hz), rel=3e-3)


@pytest.mark.parametrize(("lorentz_hz", "gauss_hz", "width_hz"), [(8.0, 0.0, 8.0), (0.0, 8.0, 8.0)])
def test_width_of_pure_lines_is_their_own(lorentz_hz: float, gauss_hz: float, width_hz: float) -> None:
    assert full_width_hz(decay(lorentz_hz, gauss_hz).astype(complex), TIME_S) == pytest.approx(width_hz, rel=1e-3)


def test_width_does_not_depend_on_where_the_line_is() -> None:
    turned = decay(6.0, 3.0) * np.exp(2j * np.pi * 37.0 * TIME_S)
    # interpolated between bins of 0.125 Hz
    assert full_width_hz(turned, TIME_S) == pytest.approx(full_width_hz(decay(6.0, 3.0) + 0j, TIME_S), rel=1e-3)


def test_a_line_cut_off_by_the_band_has_no_width() -> None:
    """At the edge of the band one half-height crossing is missing: NaN, not a number made up."""
    turned = decay(6.0, 3.0) * np.exp(2j * np.pi * 700.0 * TIME_S)
    assert np.isnan(full_width_hz(turned, TIME_S))


@settings(max_examples=20)
@given(gauss_hz=st.floats(0.0, 50.0))
def test_quadratic_coefficient_and_width_belong_together(gauss_hz: float) -> None:
    quadratic = quadratic_of_gauss(gauss_hz)
    assert gauss_of_quadratic(quadratic) == pytest.approx(gauss_hz, abs=1e-12)
    # -q (t / 50 ms)^2 is the exponent of that Gaussian
    np.testing.assert_allclose(np.exp(-quadratic * (TIME_S / 0.05) ** 2), decay(0.0, gauss_hz), rtol=1e-9)


def test_negative_quadratic_has_no_width() -> None:
    assert gauss_of_quadratic(-1.0) == 0.0


def test_free_form_leaves_value_slope_and_curvature_at_zero() -> None:
    step_s = 1e-6
    time_s = step_s * np.arange(-3, 4)
    functions = free_form(time_s, 0.015, 0.18)
    assert functions.shape[0] > 3
    np.testing.assert_array_equal(functions[:, time_s <= 0], 0.0)
    slope = (functions[:, 4] - functions[:, 2]) / (2.0 * step_s)
    curvature = (functions[:, 4] - 2.0 * functions[:, 3] + functions[:, 2]) / step_s**2
    # cubic B-splines begin with t^3 / 6 knot^3: at 1 us over a knot of 15 ms that is 1e-4 of the values in between
    assert np.abs(slope).max() < 1e-4
    assert np.abs(curvature).max() < 1.0 < np.abs(np.diff(free_form(TIME_S, 0.015, 0.18), 2)).max() * 1400.0**2


def test_free_form_functions_bend_once_and_go_on_straight() -> None:
    """f_k is 0 up to k knots, bends over the next three, and is the line (t - (k + 1) knots) / 50 ms after that."""
    knot_s = 0.015
    functions = bends(TIME_S, knot_s, 0.18)
    assert functions.shape == (9, TIME_S.size)  # 12 knots, the last function bends from the ninth to the twelfth
    for k, function in enumerate(functions):
        early, late = k * knot_s >= TIME_S, (k + 3) * knot_s <= TIME_S
        np.testing.assert_allclose(function[early], 0.0, atol=1e-12)
        np.testing.assert_allclose(function[late], (TIME_S[late] - (k + 1) * knot_s) / 0.05, rtol=1e-9)
        curves = np.diff(function, 2)[~(early | late)[1:-1]]
        assert (curves > -1e-12).all()
    beyond = np.diff(functions[:, TIME_S >= 0.18], 2)
    np.testing.assert_allclose(beyond, 0.0, atol=1e-12)


def test_only_the_first_function_changes_the_size_of_a_line() -> None:
    """The span and the norm of coefficients are those of the bends; a usual line's mean feels the first one alone,
    which takes off."""
    functions, before = free_form(TIME_S, 0.025, 0.18), bends(TIME_S, 0.025, 0.18)
    energy = np.exp(-2.0 * np.pi * TYPICAL_WIDTH_HZ * TIME_S)
    means = functions @ energy / energy.sum()
    assert means[0] < 0.0
    np.testing.assert_allclose(means[1:], 0.0, atol=1e-9)
    rotation = np.linalg.lstsq(before.T, functions.T, rcond=None)[0]
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(before.shape[0]), atol=1e-6)


def test_free_form_can_be_switched_off() -> None:
    assert free_form(TIME_S, 0.0, 0.18).shape == (0, TIME_S.size)


@pytest.mark.parametrize("tail_hz", [-2.0, 0.5, 3.0])
def test_skewed_line_is_that_of_an_exponential_tail_of_frequencies(tail_hz: float) -> None:
    """Mean over an exponential distribution of frequencies, its own mean taken off, by quadrature (64 Gauss-Laguerre
    nodes: exact to 1e-9 while the phase of a node stays below one turn, so the first 80 ms are compared)."""
    time_s = TIME_S[TIME_S < 0.08]
    nodes, weights = np.polynomial.laguerre.laggauss(64)
    frequencies_hz = tail_hz * (nodes - 1.0)
    expected = weights @ np.exp(2j * np.pi * frequencies_hz[:, None] * time_s) * decay(4.0, 3.0, time_s)
    scale = 2.0 * np.pi * tail_hz * TIME_UNIT_S
    # the Gaussian's coefficient holds the variance of the tail as well
    quadratic = quadratic_of_gauss(3.0) + 0.5 * scale**2
    np.testing.assert_allclose(skewed(time_s, 4.0, quadratic, scale**3 / 3.0), expected, rtol=0, atol=1e-9)


def test_without_skew_the_line_is_a_voigt_profile() -> None:
    np.testing.assert_allclose(skewed(TIME_S, 4.0, quadratic_of_gauss(3.0), 0.0), decay(4.0, 3.0), rtol=1e-12)


@pytest.mark.parametrize("skew", [-0.2, 0.01, 0.1])
def test_slope_of_the_skew_is_the_derivative_of_the_logarithm(skew: float) -> None:
    """Central difference of step h: error of order h^2 = 1e-10 times a third derivative of at most 1e5."""
    time_s, h = TIME_S[TIME_S < 0.2], 1e-5
    ratio = skewed(time_s, 0.0, 0.0, skew + h) / skewed(time_s, 0.0, 0.0, skew - h)
    np.testing.assert_allclose(skew_slope(time_s, skew), np.log(ratio) / (2.0 * h), rtol=0, atol=1e-4)
