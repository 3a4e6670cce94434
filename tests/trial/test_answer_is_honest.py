"""What the first page says: words that the interval allows, and no agreement from what cannot disagree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.core.report.answer import (
    FAILS,
    HOLDS,
    NOTHING,
    OTHER,
    STRONGER,
    UNCOUNTED,
    UNKNOWN,
    WEAKER,
    AnswerCheck,
    Variant,
)
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.models.extension import ASPECTS, OTHER_MODELS
from pharmrs.trial.models.registry import MODELS
from pharmrs.trial.power.trial_model import draw_trial
from pharmrs.trial.records.analysis import AnalysisPlan, EffectEstimate, ModelOutcome
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.records.multiverse import MultiversePlan
from pharmrs.trial.report.answer import trial_answer
from pharmrs.trial.report.hangs_on import _in_sds, checks
from pharmrs.trial.report.results_text import results_paragraphs
from pharmrs.trial.report.statistics_text import effect_findings, findings
from pharmrs.trial.report.verdicts import verdict
from tests.trial.random_trials import TRUTH, random_rows, table_of

PLAN = AnalysisPlan(biomarker="BDNF")
# words of a difference that was found; none may stand where the interval covers zero
FOUND = ("differed", "more positive", "more negative", "was higher", "was lower", ": higher", ": lower")


def with_interval(result: AnalysisResult, low: float, high: float) -> AnalysisResult:
    """The same trial with another interval of every tested term, the estimate in its middle."""
    model = result.chain.model
    assert model is not None
    moved = {"estimate": (low + high) / 2, "ci_low": low, "ci_high": high}
    terms = tuple(replace(one, **moved) if one.hypothesis else one for one in model.estimates)
    effects = tuple(
        replace(effect, estimates=tuple(replace(one, **moved) if one.hypothesis else one for one in effect.estimates))
        for effect in result.chain.effects
    )
    return replace(result, chain=replace(result.chain, model=replace(model, estimates=terms), effects=effects))


@pytest.fixture(scope="module")
def result() -> AnalysisResult:
    return analyse(table_of(random_rows(21, subjects=20)), PLAN)


@pytest.mark.parametrize(
    ("low", "high", "covers"),
    [(-0.536, 0.866, True), (-1.0, 0.0, True), (0.0, 2.0, True), (0.01, 2.0, False), (-2.0, -0.01, False)],
)
def test_words_follow_the_interval(result: AnalysisResult, low: float, high: float, covers: bool) -> None:
    """The case: p = 0.64 was printed as "differed between treatments"."""
    shown = with_interval(result, low, high)
    answer = trial_answer(shown)
    for text in (*findings(shown), *effect_findings(shown), *answer.findings, *results_paragraphs(shown)[1:2]):
        assert any(word in text for word in FOUND) is not covers, text
        assert ("no evidence" in text) is covers, text


def test_every_model_says_what_it_changes() -> None:
    assert {model.aspect for model in MODELS.values()} <= set(ASPECTS)
    assert {name for name, model in MODELS.items() if model.aspect == OTHER_MODELS} >= {"log_ratio", "levels"}
    assert MODELS["tobit"].aspect == MODELS["joint"].aspect != OTHER_MODELS


def test_a_joint_model_of_few_people_is_not_read_as_agreement(result: AnalysisResult) -> None:
    """Of changes that are mostly error the joint model knows no slope: -288 to 133 in a demonstration of 8 people."""
    item = EffectEstimate(
        model="joint", term="slope difference, drug", estimate=-12.0, ci_low=-288.0, ci_high=133.0, p=0.4,
        unit="log ratio of both (biomarker per metabolite)", hypothesis=True, treatment="drug",
    )  # fmt: skip
    outcome = ModelOutcome(
        name="joint", title="Joint", estimates=(item,), aspect=MODELS["joint"].aspect, says_nothing=(item.term,)
    )
    shown = replace(result, models=(outcome,))
    assert any("Read nothing into Joint: the interval holds" in text for text in trial_answer(shown).warnings)
    (check,) = [one for one in checks(shown) if one.name == outcome.aspect]
    assert check.verdict == NOTHING


def test_the_analysis_marks_models_whose_interval_holds_everything() -> None:
    """Three people are too few for any slope."""
    logs = replace(PLAN, time_adjustment="none", biomarker_transform="log", biomarker_change="difference")
    found = analyse(table_of(random_rows(5, subjects=3, missing=0.0)), replace(logs, exploratory=("log_ratio", "cr2")))
    for outcome in found.models:
        for item in outcome.tested:
            told = [note for note in outcome.notes if f"the interval of {item.term}" in note]
            assert (item.term in outcome.says_nothing) is bool(told)
    assert any(outcome.says_nothing for outcome in found.models)


@pytest.mark.long
def test_an_interval_that_does_not_close_is_told() -> None:
    truth = replace(TRUTH, metabolite_change_sd=0.005, shared_change_sd=0.005, metabolite_error_sd=0.1)
    found = analyse(draw_trial(truth, 12, np.random.default_rng(2)), replace(PLAN, exploratory=("joint",)))
    (joint,) = found.models
    (item,) = [one for one in joint.estimates if one.hypothesis]
    assert not np.isfinite(item.ci_high) and joint.says_nothing == (item.term,)
    assert any("do not bound" in note for note in joint.notes)


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(-1.0, 1.0, HOLDS), (0.1, 1.0, UNCOUNTED), (-1.0, -0.1, UNCOUNTED)]
)
def test_a_test_that_rejects_too_often_is_counted_only_where_it_does_not(
    result: AnalysisResult, low: float, high: float, verdict: str
) -> None:
    outcome = analyse(table_of(random_rows(21, subjects=20)), replace(PLAN, exploratory=("cr0",))).models[0]
    assert outcome.misses and outcome.aspect == MODELS["cr0"].aspect
    terms = tuple(
        replace(one, estimate=(low + high) / 2, ci_low=low, ci_high=high) if one.hypothesis else one
        for one in outcome.estimates
    )
    declared = with_interval(result, -0.5, 0.5)
    shown = replace(declared, models=(replace(outcome, estimates=terms),))
    (check,) = [one for one in checks(shown) if one.name == outcome.aspect]
    assert [one.verdict for one in check.variants] == [verdict]


@pytest.mark.parametrize(
    ("verdicts", "verdict", "summary"),
    [
        ((HOLDS, HOLDS, UNCOUNTED), HOLDS, "2 of 2 agree; 1 not counted"),
        ((HOLDS, FAILS, WEAKER), FAILS, "1 of 3 agree; 1 weaker; 1 does not"),
        ((HOLDS, WEAKER), WEAKER, "1 of 2 agree; 1 weaker"),
        ((HOLDS, STRONGER, OTHER), STRONGER, "1 of 2 agree; 1 stronger; 1 in another unit"),
        ((OTHER, NOTHING), OTHER, "1 in another unit; 1 says nothing"),
        ((NOTHING, UNKNOWN), NOTHING, "1 says nothing"),
        ((UNKNOWN, UNKNOWN), UNKNOWN, "2 not estimable"),
    ],
)
def test_the_strip_counts_what_asks_the_same(verdicts: tuple[str, ...], verdict: str, summary: str) -> None:
    check = AnswerCheck(name="c", variants=tuple(Variant(name="v", found="f", verdict=one) for one in verdicts))
    assert (check.verdict, check.summary) == (verdict, summary)


FOUND_ONE, FOUND_NONE = (1.0, 0.3, 1.7), (0.4, -0.3, 1.1)  # declared: estimate and interval


@pytest.mark.parametrize(
    ("declared", "other", "expected"),
    [
        (FOUND_ONE, (0.8, 0.1, 1.5), HOLDS),
        (FOUND_ONE, (3.0, 1.8, 4.2), HOLDS),  # more of the same
        (FOUND_ONE, (0.9, -0.2, 2.0), WEAKER),  # the same estimate, less certain
        (FOUND_ONE, (2.5, -1.0, 6.0), WEAKER),  # further from zero, and its interval holds the declared estimate
        (FOUND_ONE, (0.2, -1.0, 1.4), FAILS),  # most of the effect is gone
        (FOUND_ONE, (-0.1, -1.5, 1.3), FAILS),
        (FOUND_ONE, (-0.8, -1.5, -0.1), FAILS),
        (FOUND_NONE, (0.1, -0.9, 1.1), HOLDS),
        (FOUND_NONE, (2.0, -0.5, 4.5), HOLDS),  # knows less, and contradicts nothing
        (FOUND_NONE, (0.6, 0.1, 1.1), STRONGER),
        (FOUND_NONE, (1.5, 0.9, 2.1), FAILS),
        (FOUND_NONE, (-0.7, -1.6, 0.2), FAILS),  # both cover zero, and exclude each other's estimate
        (FOUND_NONE, (0.5, float("nan"), float("nan")), UNKNOWN),
    ],
)
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_variant_is_judged_by_where_its_estimate_lies(
    declared: tuple[float, float, float], other: tuple[float, float, float], expected: str, side: float
) -> None:
    def estimate(values: tuple[float, float, float]) -> EffectEstimate:
        low, high = sorted((side * values[1], side * values[2]))
        return EffectEstimate(model="", term="x", estimate=side * values[0], ci_low=low, ci_high=high)

    assert verdict(estimate(other), estimate(declared), 0.05) == expected


def test_the_declared_analysis_agrees_with_itself_in_the_multiverse() -> None:
    """Its own specification has the declared estimate once both are in the same unit: a curve of it alone holds."""
    plan = replace(PLAN, biomarker_transform="log", biomarker_change="difference", metabolite_change="log_ratio",
                   time_adjustment="none", exploratory=("multiverse",),
                   multiverse=MultiversePlan(quality=("declared",), metabolite=("log_ratio",), time=("none",),
                                             outcome=("log difference",), censoring=("left_out",), model=("ols",),
                                             permutations=20))  # fmt: skip
    found = analyse(table_of(random_rows(21, subjects=20)), plan)
    (check,) = [one for one in checks(found) if one.name == "All declared choices"]
    curve = found.models[0].curve
    assert curve is not None and found.chain.model is not None
    assert _in_sds(found.chain.model.hypothesis[0], found).estimate == pytest.approx(curve.effect[0], rel=1e-9)
    assert check.verdict == HOLDS and check.summary == "1 of 1 combinations of choices say the same"
