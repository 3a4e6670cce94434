"""More than two time points: a crossover and AR(1), against nlme 3.1-162 in R 4.2.2, and Kenward-Roger from scratch.

lme(y ~ 0 + t + t:within + t:own + t:period2 + t:B, random = ~1 | subject, method = "REML",
    correlation = corSymm(form = ~k | subject/arm), weights = varIdent(form = ~1 | t))      # unstructured
    correlation = corAR1(form = ~k | subject/arm)                                           # ar1
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.study.analysis_file import analyse_file
from pharmrs.trial.models.analyse import analyse, plan_hash
from pharmrs.trial.records.analysis import AnalysisPlan, ModelOutcome, RepeatedMeasures, TimeContrast
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.observations import Observation, ObservationTable
from pharmrs.trial.regression.repeated import Repeated, fit_repeated
from pharmrs.trial.report.plan_text import plan_text

LATER = ("h2", "h6", "h24")
GLU = AnalysisPlan(metabolite="Glu", biomarker="", metabolite_change="difference", models=("mmrm",))
MEAN = TimeContrast(name="mean", weights=(1 / 3, 1 / 3, 1 / 3))


def number(i: int, p: int, t: int) -> float:
    return ((31 * i + 17 * p * p + 23 * t * (i + 2) + 7 * p * t) % 41) / 10


def crossover(points: tuple[str, ...] = ("pre", *LATER)) -> ObservationTable:
    """14 people, two periods of three later times, three values lost."""
    rows = [
        Observation(
            subject=f"s{i:02d}", sequence="AB" if i % 2 else "BA", period=p, treatment=arm, time_point=point,
            metabolite=10 + 0.3 * ((5 * i) % 11) + number(i, p, t) + (arm == "B") * t * 0.4
            + 0.15 * (t > 0) * number(i, p, max(t - 1, 0)),
        )
        for i in range(14)
        for p, arm in enumerate("AB" if i % 2 else "BA", start=1)
        for t, point in enumerate(points)
        if (i, p, t) not in ((2, 1, 2), (5, 2, 3), (9, 2, 1))
    ]  # fmt: skip
    return ObservationTable.of(rows, kind="crossover", treatments=("A", "B"), baseline="pre", follow_up="h2")


def fitted(covariance: str) -> ModelOutcome:
    repeated = RepeatedMeasures(time_points=LATER, covariance=covariance, contrasts=(MEAN,))  # type: ignore[arg-type]
    (found,) = analyse(crossover(), replace(GLU, repeated=repeated)).models
    return found


@pytest.mark.parametrize(
    ("covariance", "deviance", "effects", "errors"),
    [
        ("unstructured", 270.352641344, (0.353302982958, 0.382678571429, 1.236426681593),
         (0.608966123341, 0.600060264270, 0.631817494054)),
        ("ar1", 270.396937249, (0.354838876667, 0.382678571429, 1.234273459941),
         (0.614627990886, 0.604563184029, 0.614000616815)),
    ],
)  # fmt: skip
def test_a_crossover_with_three_later_times_as_in_nlme(
    covariance: str, deviance: float, effects: tuple[float, ...], errors: tuple[float, ...]
) -> None:
    """Criterion and estimates are R's; Kenward and Roger's errors are R's plain ones or a little larger."""
    found = fitted(covariance)
    tested = found.tested
    assert found.facts["reml_deviance: Glu"] == pytest.approx(deviance, abs=2e-8)
    assert [one.estimate for one in tested[:3]] == pytest.approx(effects, abs=2e-6)
    ratio = np.array([one.se for one in tested[:3]]) / errors
    assert np.all((ratio > 1 - 1e-6) & (ratio < 1.01))
    assert tested[3].estimate == pytest.approx(np.mean([one.estimate for one in tested[:3]]))
    assert (tested[3].term, tested[3].treatment) == ("Glu, mean: B", "B")
    if covariance == "ar1":
        assert found.facts["correlation of neighbouring time points: Glu"] == pytest.approx(
            np.tanh(0.4732084 / 2), abs=1e-6
        )  # nlme keeps log((1 + phi) / (1 - phi))


@pytest.mark.parametrize("covariance", ["unstructured", "ar1"])
def test_kenward_roger_from_scratch(covariance: str) -> None:
    """Kenward and Roger 1997 with dense matrices: derivatives of V by differences, its second ones too."""
    generator = np.random.default_rng(4)
    n, count = 9, 3
    arm = np.repeat(np.arange(n) % 2, count).astype(float)
    times = np.tile(np.arange(count), n)
    x = np.column_stack([np.ones(n * count), times, arm, arm * times])
    y = generator.normal(size=n * count) + np.repeat(generator.normal(size=n), count)
    people = tuple(f"p{k:02d}" for k in range(n) for _ in range(count))
    keep = np.flatnonzero(generator.random(n * count) > 0.15)
    y, x, times, people = y[keep], x[keep], times[keep], tuple(people[k] for k in keep)
    weights = np.array([[0.0, 0.0, 1.0, 1.0]])
    found = fit_repeated(
        Repeated(outcome=y, design=x, terms=tuple("abcd"), subjects=people, visits=people, times=times), covariance,
        combinations=weights, names=("mean",),
    )  # fmt: skip
    upper = np.triu_indices(count)

    def v(theta: np.ndarray) -> np.ndarray:
        cov = np.zeros((count, count))
        if covariance == "ar1":
            cov = theta[1] * theta[0] ** np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
        else:
            cov[upper] = theta
            cov = cov + np.triu(cov, 1).T
        return np.where(np.array(people)[:, None] == np.array(people), cov[np.ix_(times, times)], 0.0)

    at = np.array([found.correlation, found.covariance[0, 0]]) if covariance == "ar1" else found.covariance[upper]
    k, h = len(at), 1e-4
    step = h * np.eye(k)
    inverse = np.linalg.inv(v(at))
    phi = np.linalg.inv(x.T @ inverse @ x)
    first = [(v(at + a) - v(at - a)) / (2 * h) for a in step]
    second = [[(v(at + a + b) - v(at + a - b) - v(at - a + b) + v(at - a - b)) / (4 * h * h) for b in step]
              for a in step]  # fmt: skip
    p = [-x.T @ inverse @ g @ inverse @ x for g in first]
    q = [[x.T @ inverse @ g @ inverse @ other @ inverse @ x for other in first] for g in first]
    r = [[x.T @ inverse @ s @ inverse @ x for s in row] for row in second]
    information = np.array(
        [[np.trace(inverse @ first[i] @ inverse @ first[j]) - 2 * np.trace(phi @ q[i][j])
          + np.trace(phi @ p[i] @ phi @ p[j]) for j in range(k)] for i in range(k)]
    ) / 2  # fmt: skip
    w = np.linalg.inv(information)
    more = sum(w[i, j] * (q[i][j] - p[i] @ phi @ p[j] - r[i][j] / 4) for i in range(k) for j in range(k))
    adjusted = phi + 2 * phi @ more @ phi
    for c, se, df in (
        (np.eye(4)[2], found.coefficients.se[2], found.coefficients.df[2]),
        (weights[0], found.combined.se[0], found.combined.df[0]),  # type: ignore[union-attr]
    ):
        share = np.array([c @ phi @ one @ phi @ c for one in p]) / (c @ phi @ c)
        assert se == pytest.approx(np.sqrt(c @ adjusted @ c), rel=1e-5)
        assert df == pytest.approx(2 / (share @ w @ share), rel=1e-5)


def test_one_later_time_is_the_model_of_the_treatment_effects() -> None:
    result = analyse(crossover(("pre", "h2")), GLU)
    (mmrm,), effect = result.models[0].tested, result.chain.effects[0].tested[0]
    assert (mmrm.estimate, mmrm.se, mmrm.df) == pytest.approx((effect.estimate, effect.se, effect.df), rel=1e-5)


def test_the_order_of_time_is_part_of_the_plan(tmp_path: Path) -> None:
    repeated = RepeatedMeasures(time_points=LATER, covariance="ar1")
    assert plan_hash(crossover(), replace(GLU, repeated=repeated)) != plan_hash(crossover(), GLU)
    told = plan_text("t", Design(kind="crossover", treatments=("A", "B"), baseline="pre", follow_up="h2"),
                     replace(GLU, repeated=replace(repeated, contrasts=(MEAN,))))  # fmt: skip
    assert "time points h2, h6, h24, AR(1) covariance. Contrast mean: weights 0.333333" in told
    lost = replace(repeated, time_points=("h2", "d7"))
    assert "no participant has Glu at d7" in analyse(crossover(), replace(GLU, repeated=lost)).models[0].reason
    (tmp_path / "obs.tsv").write_text("subject\ttreatment\ttime_point\tmetabolite\nA\tA\tpre\t1\n")
    for body, rule in (
        ("{time_points: [pre, h2], covariance: ar1}", "come after the baseline"),
        ("{time_points: [h2, h2], covariance: ar1}", "different labels"),
        ("{time_points: [h2, h6], covariance: ar1, contrasts: [{name: m, weights: [1]}]}", "at least 2|one weight"),
        ("{time_points: [h2, h6], covariance: ar1, contrasts: [{name: m, weights: [1, 1]}]}", "sum to 1"),
        ("{time_points: [h2, h6]}", "covariance"),
    ):
        (tmp_path / "study.yaml").write_text(
            "title: t\ndesign: {kind: crossover, treatments: [A, B], baseline: pre, follow_up: h2}\nanalysis:\n"
            f"  metabolite: Glu\n  metabolite_change: difference\n  repeated: {body}\n"
        )
        with pytest.raises(InputError, match=rule):
            analyse_file(tmp_path / "obs.tsv", tmp_path / "study.yaml", tmp_path / "out")
