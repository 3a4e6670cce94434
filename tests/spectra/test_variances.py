"""The Fellner-Schall updates settle where the marginal likelihood is highest, found by brute force."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from pharmrs.spectra.fit import variances as module
from pharmrs.spectra.fit.baseline import SMOOTH, make_baseline
from pharmrs.spectra.fit.model import SKEW, ParameterLayout
from pharmrs.spectra.fit.variances import Variances, precision, updated, updated_smoothness
from pharmrs.spectra.records import FitSettings

SETTINGS = FitSettings()
BROAD = np.array([False] * 17 + [True])
LAYOUT = ParameterLayout(components=18, shapes=9, groups=17, coarse=6)
START = Variances(
    smoothness=(10.0, 10.0),
    noise=0.01,
    real_shape_sd=0.1,
    imaginary_shape_sd=0.1,
    group_sd=0.1,
    fine_group_sd=0.1,
    skew_sd=0.1,
    turn_sd_rad=0.1,
    size_sd=0.1,
    shift_sd_hz=SETTINGS.shift_sd_hz,
    damping_sd_hz=SETTINGS.damping_sd_hz,
)
# field: parameters, expected SD and its weight
GROUPS = {
    "real_shape_sd": (module._free_shapes(LAYOUT)[0], module._SHAPE_WEIGHT, module._SHAPE_EXPECTED),
    "imaginary_shape_sd": (module._free_shapes(LAYOUT)[1], module._SHAPE_WEIGHT, module._SHAPE_EXPECTED),
    "group_sd": (LAYOUT.coarse_scales, module._GROUP_WEIGHT, module._GROUP_EXPECTED),
    "fine_group_sd": (LAYOUT.fine_scales, module._GROUP_WEIGHT, module._GROUP_EXPECTED),
    "skew_sd": (slice(SKEW, SKEW + 1), module._SKEW_WEIGHT, module._SKEW_EXPECTED),
    "turn_sd_rad": (LAYOUT.turns, module._TURN_WEIGHT, module._TURN_EXPECTED_RAD),
    "size_sd": (LAYOUT.sizes, module._SIZE_WEIGHT, module._SIZE_EXPECTED),
    "shift_sd_hz": (
        slice(LAYOUT.shifts.start, LAYOUT.shifts.stop - 1),
        module._SHARED_WEIGHT,
        module._USUAL_SHARE * SETTINGS.shift_sd_hz,
    ),
    "damping_sd_hz": (
        slice(LAYOUT.dampings.start, LAYOUT.dampings.stop - 1),
        module._SHARED_WEIGHT,
        module._USUAL_SHARE * SETTINGS.damping_sd_hz,
    ),
}


def settled(observed: np.ndarray, error_sd: np.ndarray) -> Variances:
    """Each parameter is observed once with a known error: posterior in closed form, updates until nothing changes."""
    current = START
    for _ in range(3000):
        prior = 1.0 / precision(LAYOUT, current, BROAD, SETTINGS).clip(1e-12)
        shrink = prior / (prior + error_sd**2)
        changed = updated(current, LAYOUT, shrink * observed, shrink * error_sd**2, BROAD, SETTINGS)
        if all(abs(getattr(changed, field) / getattr(current, field) - 1.0) < 1e-9 for field in GROUPS):
            break
        current = changed
    return current


@pytest.mark.parametrize("field", GROUPS)
@pytest.mark.parametrize("seed", range(4))
def test_sd_of_a_group_is_its_marginal_maximum(field: str, seed: int) -> None:
    """Parameters N(0, sd^2), observed with errors of different size. Marginally each observation is N(0, sd^2 + e^2);
    the expected SD adds `weight` (log sd^2 + expected^2 / sd^2) to -2 log likelihood."""
    rng = np.random.default_rng(seed)
    where, weight, expected = GROUPS[field]
    true_sd = {"shift_sd_hz": 0.2, "damping_sd_hz": 0.4}.get(field, 0.2)
    error_sd = np.full(LAYOUT.size, 1.0)
    error_sd[where] = true_sd * rng.uniform(0.2, 0.8, error_sd[where].size)
    observed = np.zeros(LAYOUT.size)
    observed[where] = rng.normal(0.0, np.hypot(true_sd, error_sd[where]))

    def marginal(log_sd: float) -> float:
        variance = np.exp(2.0 * log_sd)
        total = variance + error_sd[where] ** 2
        likelihood = np.sum(np.log(total) + observed[where] ** 2 / total)
        return float(likelihood + weight * (2.0 * log_sd + expected**2 / variance))

    shape, group = module._SHAPE_SD, (module._LEAST_GROUP_SD, SETTINGS.group_sd_limit)
    limits = {
        "real_shape_sd": shape,
        "imaginary_shape_sd": shape,
        "group_sd": group,
        "fine_group_sd": group,
        "skew_sd": module._SKEW_SD,
        "turn_sd_rad": module._TURN_SD_RAD,
        "size_sd": module._SIZE_SD,
    }.get(field, (1e-4, expected / module._USUAL_SHARE))
    best = minimize_scalar(marginal, bounds=tuple(np.log(limits)), method="bounded", options={"xatol": 1e-9})
    assert getattr(settled(observed, error_sd), field) == pytest.approx(np.exp(best.x), rel=1e-3)


def test_spreads_of_single_metabolites_never_grow_beyond_their_start() -> None:
    observed = np.full(LAYOUT.size, 5.0)
    found = settled(observed, np.full(LAYOUT.size, 0.1))
    assert found.shift_sd_hz == SETTINGS.shift_sd_hz
    assert found.damping_sd_hz == SETTINGS.damping_sd_hz


def test_an_sd_moves_by_a_factor_of_three_at_most() -> None:
    far = np.full(LAYOUT.size, 100.0)
    once = updated(START, LAYOUT, far, np.zeros(LAYOUT.size), BROAD, SETTINGS)
    assert once.group_sd == pytest.approx(min(3.0 * START.group_sd, SETTINGS.group_sd_limit))
    assert once.real_shape_sd == pytest.approx(3.0 * START.real_shape_sd)


def test_broad_components_have_their_own_spreads() -> None:
    """They do not enter the estimate of the others' SD, and keep the precision of the settings."""
    theta = np.zeros(LAYOUT.size)
    theta[LAYOUT.shifts.stop - 1] = 50.0
    first = updated(START, LAYOUT, theta, np.zeros(LAYOUT.size), BROAD, SETTINGS)
    second = updated(START, LAYOUT, 0.0 * theta, np.zeros(LAYOUT.size), BROAD, SETTINGS)
    assert first == second
    prior = precision(LAYOUT, START, BROAD, SETTINGS)
    assert prior[LAYOUT.shifts][-1] == pytest.approx(SETTINGS.broad_shift_sd_hz**-2)
    assert prior[LAYOUT.dampings][-1] == pytest.approx(SETTINGS.broad_damping_sd_hz**-2)
    assert prior[LAYOUT.shifts][0] == pytest.approx(SETTINGS.shift_sd_hz**-2)


def test_without_free_form_and_groups_nothing_is_updated_there() -> None:
    bare = ParameterLayout(components=18, shapes=0, groups=0)
    found = updated(START, bare, np.zeros(bare.size), np.zeros(bare.size), BROAD, SETTINGS)
    assert (found.real_shape_sd, found.group_sd) == (START.real_shape_sd, START.group_sd)
    assert found.fine_group_sd == START.fine_group_sd


@pytest.mark.parametrize("seed", range(4))
def test_smoothness_of_the_baseline_is_its_reml_estimate(seed: int) -> None:
    """Baseline and known noise. The brute force is the restricted likelihood of the equivalent mixed model,
    y = X beta + Z u + e, in dense matrices: log|V| + log|X' V^-1 X| + y' P y, V = Z Z' / smoothness + 1."""
    rng = np.random.default_rng(seed)
    x = np.linspace(4.2, 0.2, 200)
    baseline = make_baseline(x, 297.2, 2.5 / 297.2, foreign=False)
    cycles = np.arange(0.0, 2.0, 0.01)  # a causal signal that decays as broad lines do
    signal = rng.normal(size=(2, 200)) * np.exp(-((cycles / 0.5) ** 2))
    truth = np.exp(2j * np.pi * x[:, None] * cycles) @ (signal[0] + 1j * signal[1])
    data = np.concatenate([truth.real, truth.imag]) + rng.normal(size=400)

    chosen, projected, smoothness = baseline.of(SMOOTH), baseline.project(data[:, None])[:, 0], 10.0
    for _ in range(500):
        solver, penalties = baseline.solver((smoothness, 1.0)), baseline.penalties((smoothness, 1.0))
        energy = float(penalties @ np.abs(solver @ projected) ** 2)
        trace = 2.0 * float(penalties @ np.diag(solver).real)
        changed = updated_smoothness(smoothness, energy, trace, 2 * np.count_nonzero(chosen))
        if abs(np.log(changed / smoothness)) < 1e-10:
            break
        smoothness = changed
    roughness = np.concatenate([baseline.roughness, baseline.roughness])

    functions = np.block(
        [
            [baseline.functions.real, -baseline.functions.imag],
            [baseline.functions.imag, baseline.functions.real],
        ]
    )
    fixed = functions[:, roughness == 0.0]
    random = functions[:, roughness > 0.0] / np.sqrt(roughness[roughness > 0.0])

    def reml(log_smoothness: float) -> float:
        covariance = random @ random.T * np.exp(-log_smoothness) + np.eye(data.size)
        inverse = np.linalg.inv(covariance)
        inner = fixed.T @ inverse @ fixed
        remover = inverse - inverse @ fixed @ np.linalg.solve(inner, fixed.T @ inverse)
        return float(data @ remover @ data + np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(inner)[1])

    best = minimize_scalar(reml, bounds=(-8.0, 12.0), method="bounded", options={"xatol": 1e-6})
    assert np.log(smoothness) == pytest.approx(best.x, abs=1e-3)


def test_smoothness_stays_within_its_limits() -> None:
    low, high = module._SMOOTHNESS
    assert updated_smoothness(high, 1e-12, 0.0, 50) == high
    assert updated_smoothness(low, 1e12, 49.0, 50) == low
    assert updated_smoothness(1.0, 1e12, 49.0, 50) == pytest.approx(0.2)
    assert updated_smoothness(1.0, 1e-12, 0.0, 50) == pytest.approx(5.0)


def test_precision_is_that_of_the_stated_sds() -> None:
    found = replace(START, real_shape_sd=0.5, group_sd=0.25, fine_group_sd=0.5, size_sd=0.2, turn_sd_rad=0.25)
    prior = precision(LAYOUT, found, BROAD, SETTINGS)
    np.testing.assert_allclose(prior[LAYOUT.real_shape][1:], 4.0)
    np.testing.assert_allclose(prior[LAYOUT.imaginary_shape][1:], 100.0)
    for where in (LAYOUT.real_shape, LAYOUT.imaginary_shape):  # the size of a line does not follow the other functions
        assert prior[where.start] == pytest.approx(25.0)
    np.testing.assert_allclose(prior[LAYOUT.turns], 16.0)
    np.testing.assert_allclose(prior[LAYOUT.coarse_scales], 16.0)
    np.testing.assert_allclose(prior[LAYOUT.fine_scales], 4.0)
    assert prior[0] == 0.0  # the zero-order phase is free
