"""The curve's gradient and inverse, against differences and against each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharmrs.assay.science.curve.logistic import gradient, inverse, response, sensitivity

LOG_X = np.log([0.5, 3.0, 40.0, 600.0, 9000.0])
FOUR = st.tuples(st.floats(-1, 1), st.floats(2, 4), st.floats(1, 8), st.floats(-1, 1)).map(np.array)
FIVE = st.tuples(st.floats(-1, 1), st.floats(2, 4), st.floats(1, 8), st.floats(-1, 1), st.floats(-1, 1)).map(np.array)


def test_by_hand() -> None:
    # midpoint 100, slope 2: at 300 the ratio is 9, so the share of the zero response is 1/10
    found = response(np.array([1.0, 3.0, np.log(100.0), np.log(2.0)]), np.log([100.0, 300.0]))
    np.testing.assert_allclose(found, [2.0, 3.0 - 0.2], rtol=1e-14)


def test_ends() -> None:
    curve = np.array([1.0, 3.0, 2.0, 0.3])
    np.testing.assert_allclose(response(curve, np.array([-np.inf, np.inf])), [1.0, 3.0], rtol=1e-12)
    assert inverse(curve, np.array([0.9, 1.0, 3.0, 3.1])).tolist() == [-np.inf, -np.inf, np.inf, np.inf]


@given(st.one_of(FOUR, FIVE))
def test_gradient_is_that_of_the_response(curve: np.ndarray) -> None:
    step = 1e-6
    for index in range(len(curve)):
        moved = np.zeros(len(curve))
        moved[index] = step
        difference = (response(curve + moved, LOG_X) - response(curve - moved, LOG_X)) / (2 * step)
        np.testing.assert_allclose(gradient(curve, LOG_X)[:, index], difference, atol=1e-7)
    difference = (response(curve, LOG_X + step) - response(curve, LOG_X - step)) / (2 * step)
    np.testing.assert_allclose(sensitivity(curve, LOG_X), difference, atol=1e-7)


@given(st.one_of(FOUR, FIVE), st.floats(0.02, 0.98))
def test_inverse_undoes_the_response(curve: np.ndarray, share: float) -> None:
    wanted = np.array([curve[0] + share * (curve[1] - curve[0])])
    np.testing.assert_allclose(response(curve, inverse(curve, wanted)), wanted, rtol=1e-9)


@given(FIVE)
def test_asymmetry_one_is_the_four_parameter_curve(curve: np.ndarray) -> None:
    curve[4] = 0.0
    np.testing.assert_allclose(response(curve, LOG_X), response(curve[:4], LOG_X), rtol=1e-12)


@pytest.mark.parametrize("extreme", [-800.0, 800.0])
def test_far_away_nothing_overflows(extreme: float) -> None:
    assert np.all(np.isfinite(gradient(np.array([0.1, 3.0, 5.0, 0.5, 0.5]), np.array([extreme]))))
