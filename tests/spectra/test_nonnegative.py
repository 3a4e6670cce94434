"""Non-negative least squares against scipy's active-set solver and against the conditions of an optimum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from pharmrs.spectra.fit.nonnegative import solve_nonnegative

problems = st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 25), st.floats(0.0, 0.99))


def draw(seed: int, unknowns: int, likeness: float) -> tuple[np.ndarray, np.ndarray]:
    """Design (60, unknowns) whose columns share a part `likeness`, and data that leave about half of them out."""
    rng = np.random.default_rng(seed)
    design = (1.0 - likeness) * rng.normal(size=(60, unknowns)) + likeness * rng.normal(size=(60, 1))
    return design, design @ rng.normal(size=unknowns) + rng.normal(size=60)


@settings(max_examples=60)
@given(problem=problems)
def test_same_answer_as_scipy(problem: tuple[int, int, float]) -> None:
    design, data = draw(*problem)
    expected, _ = nnls(design, data)
    found, free = solve_nonnegative(design.T @ design, design.T @ data)
    # the normal equations square the condition number (up to 1e6 here): half of the digits are left
    np.testing.assert_allclose(found, expected, atol=1e-7 * max(np.abs(expected).max(), 1.0))
    assert (found >= 0.0).all()
    np.testing.assert_array_equal(found[~free], 0.0)


@settings(max_examples=30)
@given(problem=problems, guess=st.integers(0, 2**25 - 1))
def test_any_warm_start_ends_at_the_same_optimum(problem: tuple[int, int, float], guess: int) -> None:
    design, data = draw(*problem)
    gram, moment = design.T @ design, design.T @ data
    start = np.array([bool(guess >> bit & 1) for bit in range(gram.shape[0])])
    asked = start.copy()
    cold, free_cold = solve_nonnegative(gram, moment)
    warm, free_warm = solve_nonnegative(gram, moment, start)
    np.testing.assert_allclose(warm, cold, atol=1e-9 * max(np.abs(cold).max(), 1.0))
    np.testing.assert_array_equal(free_warm, free_cold)
    np.testing.assert_array_equal(start, asked)  # the guess belongs to the caller


@settings(max_examples=30)
@given(problem=problems, exponent=st.integers(-12, 12))
def test_scaling_the_data_scales_the_answer(problem: tuple[int, int, float], exponent: int) -> None:
    design, data = draw(*problem)
    gram, moment = design.T @ design, design.T @ data
    found, _ = solve_nonnegative(gram, moment)
    scaled, _ = solve_nonnegative(gram, moment * 10.0**exponent)
    np.testing.assert_allclose(scaled, found * 10.0**exponent, rtol=1e-9)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
@example(seed=777540)  # goes round in circles
def test_nearly_dependent_columns_settle_at_an_optimum(seed: int) -> None:
    """Powers on 0 to 1 up to the eighth: block exchanges alone would go round in circles for some of these."""
    rng = np.random.default_rng(seed)
    design = np.vander(np.linspace(0.0, 1.0, 80), 9)
    gram, moment = design.T @ design + 1e-9 * np.eye(9), design.T @ rng.normal(size=80)
    found, free = solve_nonnegative(gram, moment)
    slope = moment - gram @ found
    limit = 1e-6 * np.abs(moment).max()
    assert (found >= 0.0).all()
    assert np.abs(slope[free]).max(initial=0.0) < limit
    assert slope[~free].max(initial=-1.0) < limit


def test_by_hand() -> None:
    """Two correlated columns; unconstrained (4, -2): the second is held, the first becomes 3 / 1."""
    gram, moment = np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([3.0, 0.0])
    np.testing.assert_allclose(np.linalg.solve(gram, moment), [4.0, -2.0])
    found, free = solve_nonnegative(gram, moment)
    np.testing.assert_allclose(found, [3.0, 0.0])
    assert free.tolist() == [True, False]


@pytest.mark.parametrize("moment", [np.zeros(4), -np.arange(1.0, 5.0)])
def test_nothing_above_zero(moment: np.ndarray) -> None:
    found, _ = solve_nonnegative(np.diag([1.0, 2.0, 3.0, 4.0]), moment)
    np.testing.assert_array_equal(found, 0.0)


def test_a_singular_matrix_is_said_to_be_singular() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        solve_nonnegative(np.ones((2, 2)), np.ones(2))
