"""What the answer hangs on: the declared result beside each other way to ask, grouped, each judged in a word."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

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
from pharmrs.core.report.numbers import number_text, p_phrase
from pharmrs.trial.models.extension import ASPECTS, OTHER_MODELS
from pharmrs.trial.records.analysis import EffectEstimate, ModelOutcome
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.report.statistics_text import interval_text
from pharmrs.trial.report.verdicts import direction, verdict


def checks(result: AnalysisResult) -> tuple[AnswerCheck, ...]:
    """Every check that the plan and these data allow, those that change the data first."""
    model = result.chain.model
    if model is None or not model.hypothesis:
        return ()
    main = model.hypothesis
    found = [
        AnswerCheck(name="Exclusions lifted", variants=tuple(_rules(result, main))),
        AnswerCheck(name="Unit of the assay", variants=tuple(_units(result, main))),
        AnswerCheck(name="One covariate added", variants=tuple(_covariates(result, main))),
        *_models(result, main),
        *(_multiverse(one, result, main) for one in result.models if one.curve is not None),
    ]
    return tuple(one for one in found if one.variants)


def _text(estimate: float, low: float, high: float, p: float) -> str:
    interval = f" ({interval_text(low, high)})" if math.isfinite(low) and math.isfinite(high) else ""
    said = f", {p_phrase(p)}" if math.isfinite(p) and not interval else ""
    return f"{number_text(estimate)}{interval}{said}"


def _of_term(main: Sequence[EffectEstimate], term: str) -> EffectEstimate | None:
    return next((one for one in main if one.term == term), None)


def _rules(result: AnalysisResult, main: Sequence[EffectEstimate]) -> Iterator[Variant]:
    for item in result.chain.rule_changes:
        declared = _of_term(main, item.term)
        if not item.lifted:
            continue
        if declared is None or item.reason:
            yield Variant(name=f"without {item.lifted}", found=item.reason or "not estimable", verdict=UNKNOWN)
            continue
        here = EffectEstimate(
            model="", term=item.term, estimate=item.estimate, ci_low=item.ci_low, ci_high=item.ci_high, p=item.p
        )
        found = _text(item.estimate, item.ci_low, item.ci_high, item.p)
        judged = verdict(here, declared, result.plan.alpha)
        yield Variant(name=f"without {item.lifted}", found=f"{found}, {item.n} pairs", verdict=judged)


def _units(result: AnalysisResult, main: Sequence[EffectEstimate]) -> Iterator[Variant]:
    for item in result.chain.unit_changes:
        declared = _of_term(main, item.term)
        name = f"times {item.factor:g}"
        if declared is None or item.reason:
            yield Variant(name=name, found=item.reason or "not estimable", verdict=UNKNOWN)
            continue
        here = EffectEstimate(model="", term=item.term, estimate=item.estimate, p=item.p)
        judged = verdict(here, declared, result.plan.alpha)
        yield Variant(name=name, found=_text(item.estimate, math.nan, math.nan, item.p), verdict=judged)


def _covariates(result: AnalysisResult, main: Sequence[EffectEstimate]) -> Iterator[Variant]:
    for one in result.chain.covariate_models:
        if one.model is None:
            yield Variant(name=one.covariate, found=one.reason, verdict=UNKNOWN)
            continue
        for item, declared in zip(one.model.hypothesis, main, strict=False):
            found = _text(item.estimate, item.ci_low, item.ci_high, item.p)
            yield Variant(name=f"with {one.covariate}", found=found, verdict=verdict(item, declared, result.plan.alpha))


def _models(result: AnalysisResult, main: Sequence[EffectEstimate]) -> Iterator[AnswerCheck]:
    """The extension models by what they change; those in another unit apart."""
    found: dict[str, list[Variant]] = {}
    elsewhere: list[Variant] = []
    for model in result.models:
        for variant in _variants(model, main, result.plan.alpha):
            if variant.verdict == OTHER and (model.aspect or OTHER_MODELS) == OTHER_MODELS:
                elsewhere.append(variant)
            else:
                found.setdefault(model.aspect or OTHER_MODELS, []).append(variant)
    for aspect in ASPECTS:
        if aspect in found:
            yield AnswerCheck(name=aspect, variants=tuple(found[aspect]))
    if elsewhere:
        yield AnswerCheck(name="Models in other units", variants=tuple(elsewhere))


def _variants(model: ModelOutcome, main: Sequence[EffectEstimate], alpha: float) -> Iterator[Variant]:
    title = model.title if model.declared else f"{model.title} (exploratory)"
    if model.reason:
        yield Variant(name=title, found=model.reason, verdict=UNKNOWN)
        return
    tested = [one for one in model.estimates if one.hypothesis and math.isfinite(one.estimate)]
    for item, declared in zip(tested, main, strict=False):
        found = _text(item.estimate, item.ci_low, item.ci_high, item.p)
        if item.term in model.says_nothing:
            yield Variant(name=title, found=found, verdict=NOTHING)
        elif item.unit and item.unit != declared.unit:
            side = direction(item, alpha)
            zero = {0: "covers zero", None: "no interval"}.get(side, "does not cover zero")
            yield Variant(name=title, found=f"{found} {item.unit}; {zero}", verdict=OTHER)
        else:
            yield Variant(name=title, found=found, verdict=_counted(model, item, declared, alpha))


def _counted(model: ModelOutcome, item: EffectEstimate, declared: EffectEstimate, alpha: float) -> str:
    """The verdict; an effect found by a test that is known to reject too often is not counted, none found by it is."""
    beside_zero = direction(item, alpha) not in (0, None)
    return UNCOUNTED if model.misses and beside_zero else verdict(item, declared, alpha)


def _multiverse(model: ModelOutcome, result: AnalysisResult, main: Sequence[EffectEstimate]) -> AnswerCheck:
    """How many of all combinations of choices say the same as the declared one.

    Where nothing is there, each of them is significant with the probability alpha, so so many may differ by chance.
    """
    curve, alpha = model.curve, result.plan.alpha
    assert curve is not None
    known = np.isfinite(curve.effect) & np.isfinite(curve.p)
    if not known.any():
        variant = Variant(name=model.title, found="no specification could be estimated", verdict=UNKNOWN)
        return AnswerCheck(name="All declared choices", variants=(variant,))
    declared = _in_sds(main[0], result)
    count = Counter(
        verdict(EffectEstimate(model="", term="", estimate=float(effect), p=float(p)), declared, alpha)
        for effect, p in zip(curve.effect[known], curve.p[known], strict=True)
    )
    total = count.total()
    others = {one: count[one] for one in (FAILS, WEAKER, STRONGER) if count[one]}
    judged = HOLDS
    if sum(others.values()) > alpha * total:
        judged = FAILS if count[FAILS] > alpha * total else max(others, key=others.__getitem__)
    words = [f"{number} do not" if one == FAILS else f"{number} {one}" for one, number in others.items()]
    found = "; ".join([f"{count[HOLDS]} of {total} combinations of choices say the same", *words])
    return AnswerCheck(name="All declared choices", variants=(Variant(name=model.title, found=found, verdict=judged),))


def _in_sds(main: EffectEstimate, result: AnalysisResult) -> EffectEstimate:
    """The declared estimate in the unit of the specification curve: SDs of the one change per SD of the other."""
    changes = result.chain.changes
    assert changes is not None
    pairs = changes.where(changes.complete & np.isin(changes.treatment, changes.treatments[:2]))
    unit = float(np.std(pairs.change_metabolite, ddof=1) / np.std(pairs.change_biomarker, ddof=1))
    return replace(main, estimate=main.estimate * unit, ci_low=main.ci_low * unit, ci_high=main.ci_high * unit)
