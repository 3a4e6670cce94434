"""What the first page says: words that the interval allows, and no agreement from what cannot disagree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.core.report.answer import FAILS, HOLDS, NOTHING, OTHER, UNCOUNTED, UNKNOWN, AnswerCheck, Variant
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.models.extension import ASPECTS, OTHER_MODELS
from pharmrs.trial.models.registry import MODELS
from pharmrs.trial.power.trial_model import draw_trial
from pharmrs.trial.records.analysis import AnalysisPlan, EffectEstimate, ModelOutcome
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.report.answer import trial_answer
from pharmrs.trial.report.hangs_on import checks
from pharmrs.trial.report.results_text import results_paragraphs
from pharmrs.trial.report.statistics_text import effect_findings, findings
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
        ((HOLDS, FAILS), FAILS, "1 of 2 agree"),
        ((OTHER, NOTHING), OTHER, "1 in another unit; 1 says nothing"),
        ((NOTHING, UNKNOWN), NOTHING, "1 says nothing"),
        ((UNKNOWN, UNKNOWN), UNKNOWN, "2 not estimable"),
    ],
)
def test_the_strip_counts_what_asks_the_same(verdicts: tuple[str, ...], verdict: str, summary: str) -> None:
    check = AnswerCheck(name="c", variants=tuple(Variant(name="v", found="f", verdict=one) for one in verdicts))
    assert (check.verdict, check.summary) == (verdict, summary)
