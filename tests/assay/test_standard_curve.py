"""The standard curve against R's nls, and against curves of known truth.

    # R 4.2.2
    d <- read.csv("elisar_standards.csv")
    f <- nls(od ~ c + (dd - c) / (1 + exp(b * (log(conc) - log(e)))), d, weights = 1 / od^2,
             start = list(b = -1, c = .06, dd = 3, e = 600))
    coef(f); summary(f)$coefficients[, 2]; deviance(f)

R stops at a relative offset of 1e-5 of the convergence criterion, so its digits agree to 5e-7 of the value at best.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharmrs.assay.science.back_calculation import invert
from pharmrs.assay.science.curve.fit import fit_curve
from pharmrs.assay.science.curve.logistic import inverse
from pharmrs.core.errors import FitFailure
from tests.assay.plates import STANDARDS, Truth, noisy

Arrays = tuple[np.ndarray, np.ndarray]
X = np.repeat(STANDARDS, 2)


def test_equal_to_r(elisar: Arrays, r_results: dict[str, Any]) -> None:
    curve = fit_curve(*elisar, weights="1/y^2", model="4pl")
    wanted = r_results["4pl_inv_y2"]
    found = curve.parameters
    assert -found["slope"] == pytest.approx(wanted["b"], rel=1e-6)
    assert found["zero"] == pytest.approx(wanted["c"], rel=1e-6)
    assert found["infinite"] == pytest.approx(wanted["d"], rel=1e-6)
    assert found["midpoint"] == pytest.approx(wanted["e"], rel=1e-6)
    errors = [curve.standard_errors[name] for name in ("slope", "zero", "infinite", "midpoint")]
    assert errors == pytest.approx(wanted["se"], rel=2e-6)
    assert curve.residual_variance * curve.freedom == pytest.approx(wanted["wrss"], rel=1e-9)


def test_unweighted_equal_to_r(elisar: Arrays, r_results: dict[str, Any]) -> None:
    curve = fit_curve(*elisar, weights="none", model="4pl")
    wanted = r_results["4pl_unweighted"]
    found = [-curve.parameters["slope"], *(curve.parameters[name] for name in ("zero", "infinite", "midpoint"))]
    assert found == pytest.approx([wanted[name] for name in "bcde"], rel=2e-6)
    errors = [curve.standard_errors[name] for name in ("slope", "zero", "infinite", "midpoint")]
    assert errors == pytest.approx(wanted["se"], rel=1e-5)


def test_back_calculation_equal_to_r(elisar: Arrays, r_results: dict[str, Any]) -> None:
    """Concentration of a known response and its delta-method SE: sqrt(g' vcov(f) g) / |df/dx| in R."""
    curve = fit_curve(*elisar, model="4pl")
    for response, (value, error) in r_results["backcalc_inv_y2"].items():
        found = invert(curve, np.array([float(response)]), np.array([0.0]))
        x = float(np.exp(found.log_x[0]))
        assert x == pytest.approx(value, rel=1e-6)
        assert x * float(np.sqrt(found.variance[0])) == pytest.approx(error, rel=1e-6)


def test_model_is_chosen_by_evidence() -> None:
    rng = np.random.default_rng(5)
    symmetric = fit_curve(X, noisy(Truth().density(X), rng, 0.02))
    assert symmetric.model == "4pl"
    ratio = (X / 60.0) ** 2.0
    asymmetric = fit_curve(X, noisy(3.0 + (0.06 - 3.0) / (1 + ratio) ** 0.3, rng, 0.01))
    assert asymmetric.model == "5pl"
    by_name = {one.model: one.aicc for one in asymmetric.candidates}
    assert by_name["5pl"] < by_name["4pl"] - 2


def test_lack_of_fit_is_seen() -> None:
    rng = np.random.default_rng(5)
    ratio = (X / 60.0) ** 2.0
    wrong = fit_curve(X, noisy(3.0 + (0.06 - 3.0) / (1 + ratio) ** 0.3, rng, 0.01), model="4pl")
    right = fit_curve(X, noisy(Truth().density(X), rng, 0.01), model="4pl")
    assert wrong.lack_of_fit_p < 0.01 < right.lack_of_fit_p


@given(st.floats(0.05, 3000.0), st.floats(0.01, 1000.0))
def test_units_do_not_matter(scale: float, gain: float) -> None:
    """ng instead of pg, another gain of the reader: the same concentrations in the new unit."""
    y = noisy(Truth().density(X), np.random.default_rng(3), 0.03)
    plain, scaled = fit_curve(X, y, model="4pl"), fit_curve(X * scale, y * gain, model="4pl")
    responses = np.array([0.2, 0.9, 2.0])
    np.testing.assert_allclose(
        np.exp(inverse(scaled.search, responses * gain)), scale * np.exp(inverse(plain.search, responses)), rtol=1e-6
    )


@pytest.mark.parametrize("model", ["4pl", "5pl"])
@pytest.mark.parametrize(("weights", "turned"), [("1/y^2", 0.0), ("none", 4.0)])
def test_direction_of_the_response_does_not_matter(model: Any, weights: Any, turned: float) -> None:
    """y -> turned - y: a falling curve gives the same concentrations (1/y^2 weights know no offset)."""
    y = noisy(Truth().density(X), np.random.default_rng(3), 0.03)
    rising, falling = (
        fit_curve(X, y, weights=weights, model=model),
        fit_curve(X, turned - y, weights=weights, model=model),
    )
    assert rising.rising and not falling.rising
    responses = np.array([0.15, 0.4, 0.9, 2.0])
    np.testing.assert_allclose(
        inverse(rising.search, responses), inverse(falling.search, turned - responses), rtol=0, atol=1e-6
    )


def test_a_competitive_curve_is_recovered() -> None:
    truth = Truth(zero=2.4, infinite=0.1, midpoint=80.0, slope=0.9)
    curve = fit_curve(X, truth.density(X), model="4pl")
    found = curve.parameters
    assert found == pytest.approx({"zero": 2.4, "infinite": 0.1, "midpoint": 80.0, "slope": 0.9}, rel=1e-6)


def test_an_upper_plateau_out_of_reach_is_said() -> None:
    x = np.repeat([0.0, 1.0, 2.0, 4.0, 8.0, 16.0], 2)
    curve = fit_curve(x, 0.05 + 0.01 * x, model="4pl")
    assert any("not determined" in note for note in curve.notes)
    np.testing.assert_allclose(np.exp(inverse(curve.search, np.array([0.05 + 0.05])))[0], 5.0, rtol=0.01)


def test_responses_at_zero_do_not_take_all_weight() -> None:
    y = Truth(zero=0.0).density(X)  # background was subtracted by the reader
    y[-1] = -0.001
    curve = fit_curve(X, y, model="4pl")
    assert "weight is limited" in curve.notes[0]
    assert curve.parameters["midpoint"] == pytest.approx(600.0, rel=0.02)


def test_too_few_standards() -> None:
    with pytest.raises(FitFailure, match="too few"):
        fit_curve(np.repeat([0.0, 1.0, 10.0], 3), np.repeat([0.1, 0.5, 1.0], 3))
