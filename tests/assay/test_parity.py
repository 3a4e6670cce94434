"""Curves and intervals against R and against the certified values of NIST, digits quoted, data written out.

R 4.2.2, for each `w` of none, 1/y, 1/y^2 (nls tol 1e-5; V by vcov, gradients by central differences of 1e-6):

    d <- subset(DNase, Run == 1)
    f <- nls(density ~ A + (B - A)/(1 + exp((xmid - log(conc))/scal)), d, weights = w,
             start = list(A = -0.0079, B = 2.4, xmid = 1.5, scal = 1.06))
    inv <- function(p) p["xmid"] - p["scal"]*log((p["B"] - y)/(y - p["A"]))
    s <- sqrt(t(g) %*% vcov(f) %*% g); exp(inv(coef(f)) + c(-1, 1)*qt(.975, df.residual(f))*s)
"""

from __future__ import annotations

import numpy as np
import pytest

from pharmrs.assay.records.choices import ModelChoice, Weights
from pharmrs.assay.science.back_calculation import invert, log_interval
from pharmrs.assay.science.bootstrap import bootstrap
from pharmrs.assay.science.curve.fit import fit_curve
from pharmrs.assay.science.curve.least_squares import solve
from pharmrs.assay.science.curve.logistic import gradient
from pharmrs.assay.science.curve.values import inverse
from pharmrs.core.errors import FitFailure

from .plates import Floats

# run 1 of R's data set DNase: concentration (ng/ml) and optical density
CONC = np.repeat([0.04882812, 0.1953125, 0.390625, 0.78125, 1.5625, 3.125, 6.25, 12.5], 2)
DENSITY = np.array(
    [0.017, 0.018, 0.121, 0.124, 0.206, 0.215, 0.377, 0.374, 0.614, 0.609, 1.019, 1.001, 1.334, 1.364, 1.73, 1.71]
)
# A, B, xmid, scal; their standard errors; residual SD
R: dict[Weights, tuple[tuple[float, ...], tuple[float, ...], float]] = {
    "none": (
        (-0.0078970822555, 2.3772381030787, 1.5074022353686, 1.0625782202172),
        (0.017199702461, 0.109516143400, 0.102079676475, 0.056996009093), 0.019805838698,
    ),
    "1/y": (
        (-0.023057609658, 2.541166729615, 1.659084225715, 1.138179604888),
        (0.0058767392146, 0.1458668618229, 0.1366681626533, 0.0467313269962), 0.025753361452,
    ),
    "1/y^2": (
        (-0.032885648836, 2.898686517739, 1.981760747930, 1.236145702358),
        (0.004999227785, 0.305161409591, 0.243085964356, 0.056925330757), 0.041156813491,
    ),
}  # fmt: skip
# response -> concentration, lower and upper end of its 95 % interval (the curve's uncertainty alone)
INTERVALS: dict[Weights, dict[float, tuple[float, float, float]]] = {
    "none": {0.1: (0.17675805561, 0.14822645381, 0.2107816076), 0.5: (1.1256009303, 1.0707554282, 1.1832556911),
             1.5: (8.0284642265, 7.7156755481, 8.3539331631)},
    "1/y": {0.1: (0.1752893957, 0.16254725372, 0.18903039912), 0.5: (1.1155590574, 1.0714342466, 1.1615010575),
            1.5: (8.1012847629, 7.656411731, 8.5720069813)},
    "1/y^2": {0.1: (0.16774839444, 0.15897590764, 0.17700495789), 0.5: (1.129912933, 1.0747404046, 1.1879177806),
              1.5: (8.1255583918, 7.3536962714, 8.9784370664)},
}  # fmt: skip


@pytest.mark.parametrize("weights", ["none", "1/y", "1/y^2"])
def test_dnase_as_r_has_it(weights: Weights) -> None:
    """R stops a little early: 2e-5 of each number."""
    curve = fit_curve(CONC, DENSITY, weights=weights, model="4pl")
    found, errors = curve.parameters, curve.standard_errors
    values, theirs, sigma = R[weights]
    ours = (found["zero"], found["infinite"], np.log(found["midpoint"]), 1 / found["slope"])
    assert ours == pytest.approx(values, rel=1e-4)
    scaled = (
        errors["zero"],
        errors["infinite"],
        errors["midpoint"] / found["midpoint"],
        errors["slope"] / found["slope"] ** 2,
    )
    assert scaled == pytest.approx(theirs, rel=1e-4)
    assert curve.residual_variance**0.5 == pytest.approx(sigma, rel=1e-5) and curve.freedom == 12
    for response, (x, low, high) in INTERVALS[weights].items():
        one = invert(curve, np.array([response]), np.zeros(1))
        ends = log_interval(one.log_x, one.variance, np.array([12.0]), 0.95)
        assert (np.exp(one.log_x[0]), ends[0][0], ends[1][0]) == pytest.approx((x, low, high), rel=1e-4)


def test_fitted_weights_lie_between() -> None:
    """The scatter of the pairs of run 1 grows with the response, but less than in proportion."""
    ends = {weights: fit_curve(CONC, DENSITY, weights=weights, model="4pl") for weights in ("none", "fitted", "1/y^2")}
    assert 0.3 < ends["fitted"].power < 1.0
    asymptotes = [curve.parameters["infinite"] for curve in ends.values()]
    assert asymptotes == sorted(asymptotes)


def test_rat43_as_nist_certifies_it() -> None:
    """NIST StRD Ratkowsky3 (higher difficulty): y = b1 / (1 + exp(b2 - b3 x))^(1/b4), certified to 11 digits.

    It is the five-parameter curve of exp(-x) with its far end held at zero: zero = b1, slope = b3,
    log midpoint = -b2 / b3, asymmetry = 1 / b4. Start 1 of NIST.
    """
    x = np.arange(1.0, 16.0)
    y = np.array(
        [16.08, 33.83, 65.80, 97.20, 191.55, 326.20, 386.87, 520.53, 590.03, 651.92, 724.93, 699.56, 689.96, 637.56,
         717.41]
    )  # fmt: skip
    certified = (6.9964151270e02, 5.2771253025e00, 7.5962938329e-01, 1.2792483859e00)
    deviations = (1.6302297817e01, 2.0828735829e00, 1.9566123451e-01, 6.8761936385e-01)
    b1, b2, b3, b4 = 100.0, 10.0, 1.0, 1.0
    start = np.array([[b1, 0.0, -b2 / b3, np.log(b3), -np.log(b4)]])
    far = np.array([1e4, 0.0, 50.0, 5.0, 5.0])
    found = solve(start, -x, y, np.ones(15), low=-far, high=far)
    zero, _, log_midpoint, log_slope, log_asymmetry = found.parameters[0]
    b3, b4 = np.exp(log_slope), np.exp(-log_asymmetry)
    ours = (zero, -log_midpoint * b3, b3, b4)
    assert ours == pytest.approx(certified, rel=1e-7)
    assert found.cost[0] == pytest.approx(8.7864049080e03, rel=1e-10)
    jacobian = gradient(found.parameters, -x)[0][:, [0, 2, 3, 4]]  # by zero, log midpoint, log slope, log asymmetry
    covariance = np.linalg.inv(jacobian.T @ jacobian) * found.cost[0] / 11
    turn = np.array([[1, 0, 0, 0], [0, -b3, -log_midpoint * b3, 0], [0, 0, b3, 0], [0, 0, 0, -b4]])
    assert np.sqrt(np.diag(turn @ covariance @ turn.T)) == pytest.approx(deviations, rel=1e-6)


def rational(parameters: Floats, log_x: Floats) -> Floats:
    """b1 (x^2 + b2 x) / (x^2 + b3 x + b4)."""
    b1, b2, b3, b4 = (parameters[:, [place]] for place in range(4))
    x = np.exp(log_x)
    return np.asarray(b1 * (x**2 + b2 * x) / (x**2 + b3 * x + b4))


def rational_gradient(parameters: Floats, log_x: Floats) -> Floats:
    b1, b2, b3, b4 = (parameters[:, [place]] for place in range(4))
    x = np.exp(log_x)
    over, under = x**2 + b2 * x, x**2 + b3 * x + b4
    return np.stack([over / under, b1 * x / under, -b1 * over * x / under**2, -b1 * over / under**2], axis=-1)


@pytest.mark.parametrize("start", [(25.0, 39.0, 41.5, 39.0), (0.25, 0.39, 0.415, 0.39)])
def test_mgh09_as_nist_certifies_it(start: tuple[float, ...]) -> None:
    """NIST StRD MGH09 (higher difficulty, Kowalik and Osborne 1978) is no standard curve: it proves the search, from
    both starts of NIST. The same from R 4.2.2: nls(y ~ b1*(x^2 + b2*x)/(x^2 + b3*x + b4), start = NIST's second)."""
    x = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
    y = np.array([0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246])
    far = np.full(4, 1e6)
    form = (rational, rational_gradient)
    found = solve(np.array([start]), np.log(x), y, np.ones(11), low=-far, high=far, form=form, iterations=4000)
    certified = (1.9280693458e-01, 1.9128232873e-01, 1.2305650693e-01, 1.3606233068e-01)
    assert found.converged[0] and found.parameters[0] == pytest.approx(certified, rel=1e-6)
    assert found.cost[0] == pytest.approx(3.0750560385e-04, rel=1e-10)
    jacobian = rational_gradient(found.parameters, np.log(x))[0]
    errors = np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian)) * found.cost[0] / 7)
    deviations = (1.1435312227e-02, 1.9633220911e-01, 8.0842031232e-02, 9.0025542308e-02)
    assert errors == pytest.approx(deviations, rel=1e-5)


def test_weights_by_the_curve_as_r_finds_them_in_turns() -> None:
    """nls(..., weights = w) and w <- 1/fitted^2, a hundred times: GraphPad Prism's 1/Y^2."""
    curve = fit_curve(CONC, DENSITY, weights="1/curve^2", model="4pl")
    found, errors = curve.parameters, curve.standard_errors
    ours = (found["infinite"], found["zero"], np.log(found["midpoint"]), found["slope"])
    np.testing.assert_allclose(ours, (2.90068581448, -0.0331720197483, 1.97961082147, 0.808197922029), rtol=2e-5)
    theirs = (0.310141383268, 0.00500579784392, 0.24598246698, 0.0372222408735)
    ours = (errors["infinite"], errors["zero"], errors["midpoint"] / found["midpoint"], errors["slope"])
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)


# lm(y ~ x, weights = 1/y^2), lm(log(y) ~ log(x)), splinefun(log(x), means, method = "natural") with uniroot,
# approx(log(means), log(x), log(y)) on the same run, concentrations of responses 0.1, 0.5, 1.2
LINES: dict[ModelChoice, tuple[float, float, float]] = {
    "linear": (0.409978469377, 2.22235540949, 5.39401505468),
    "log-log": (0.209207253672, 1.5639811674, 4.67158409902),
    "spline": (0.151264100525, 1.19009774494, 4.56084664085),
    "point-to-point": (0.169020980954, 1.17369011965, 4.72215296279),
}


@pytest.mark.parametrize("model", LINES)
def test_curves_of_kit_inserts_as_r_has_them(model: ModelChoice) -> None:
    """The spline to 1e-4: uniroot's tolerance."""
    curve = fit_curve(CONC, DENSITY, model=model)
    found = np.exp(inverse(curve, np.array([0.1, 0.5, 1.2])))
    np.testing.assert_allclose(found, LINES[model], rtol=1e-4 if model == "spline" else 1e-9)
    errors = {"linear": [0.00609522007064, 0.0339870447349], "log-log": [0.0842601374104, 0.0486841791231]}
    if model in errors:
        np.testing.assert_allclose(np.sqrt(np.diag(curve.covariance))[-2:], errors[model], rtol=1e-9)


@pytest.mark.parametrize("model", LINES)
def test_a_curve_through_the_standards_reads_them_back(model: ModelChoice) -> None:
    """Where means of the replicates lie on the line themselves, every model reads them back; beyond: nothing."""
    x = np.repeat([1.0, 2.0, 4.0, 8.0, 16.0], 2)
    y = 0.5 * x * np.tile([0.98, 1.02], 5)
    curve = fit_curve(x, y, model=model, weights="none")
    means = 0.5 * np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    np.testing.assert_allclose(np.exp(inverse(curve, means)), 2 * means, rtol=2e-3)
    beyond = inverse(curve, np.array([0.01, 100.0]))
    assert np.all(np.isinf(beyond)) is np.bool_(model in ("spline", "point-to-point"))


@pytest.mark.parametrize("model", ["spline", "point-to-point"])
def test_a_curve_that_turns_back_is_none(model: ModelChoice) -> None:
    with pytest.raises(FitFailure, match="turns back near"):
        fit_curve(np.array([1.0, 2, 4, 8, 16]), np.array([1.0, 2, 1.5, 3, 4]), model=model)


@pytest.mark.parametrize("model", LINES)
def test_the_bootstrap_of_lines_is_the_delta_method_where_noise_is_small(model: ModelChoice) -> None:
    curve = fit_curve(CONC, DENSITY, model=model)
    responses, sd = np.array([0.3, 0.8]), np.array([0.003, 0.008])
    draws = bootstrap(curve, responses, sd, 4000, 1)
    wanted = np.exp(draws.estimate) * np.sqrt(invert(curve, responses, sd**2).variance)
    np.testing.assert_allclose(draws.sd(), wanted, rtol=0.25 if model == "point-to-point" else 0.1)
