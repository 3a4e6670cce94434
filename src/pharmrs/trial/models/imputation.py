"""Extension models of what is missing: multiple imputation, and how different the missing would have to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.records.arrays import BoolArray, FloatArray
from pharmrs.trial.chain.change_design import change_model
from pharmrs.trial.chain.change_scores import log_ratios
from pharmrs.trial.chain.effects import effect_of, quantities
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.models.extension import ExtensionModel, ModelInput
from pharmrs.trial.records.analysis import AnalysisPlan, EffectEstimate, ModelOutcome
from pharmrs.trial.records.changes import BASELINE, FOLLOW_UP, ChangeTable
from pharmrs.trial.regression.cluster_robust import robust_least_squares
from pharmrs.trial.regression.normal_imputation import Incomplete, Pooled, impute, pool

TABLES = 30
_KNOWN = 0.5  # share of a further outcome that must be known under each treatment for it to help
_LOG = "log ratio"
_DELTAS = tuple(0.5 * step for step in range(-6, 7))  # SDs of the changes
_TITLE, _TIPPING = "Multiple imputation (log ratios)", "Tipping point of the treatment effects"
_METHODS = (
    f"Missing values were imputed {TABLES} times under a joint normal model of the log levels of a participant (of "
    "each treatment its own means and covariances, so that the coupling may differ between them; further outcomes as "
    "auxiliary values), values beyond a limit within it (10.1201/9781439821862), and analyses pooled by Rubin's rules "
    "(10.1093/biomet/86.4.948). Values are taken as missing at random given those that are there."
)
_DELTA = (
    "For the tipping point imputed follow-up values under each treatment but the reference were shifted by a multiple "
    "of the SD of the changes (delta adjustment, 10.1080/10543406.2013.834911) until the interval of the effect "
    "changed sides."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Completed:
    """Completed tables of changes, and which follow-up values were imputed without a limit (rows, quantities)."""

    tables: tuple[ChangeTable, ...]
    imputed: BoolArray
    plan: AnalysisPlan


def run_imputation(given: ModelInput) -> ModelOutcome:
    """The interaction of log ratios, and the effect of every treatment on both quantities, over completed tables."""
    done = _completed(given)
    estimates: list[EffectEstimate] = []
    lost: dict[str, float] = {}
    if done.plan.couples and len(given.table.treatments) > 1:
        for one, pooled in _pooled([_interaction(table, done.plan) for table in done.tables], given):
            estimates.append(one)
            lost[one.term] = pooled.lost
    notes: list[str] = []
    for place, name in enumerate(done.plan.quantities):
        try:
            runs = [_effects(table, given, done.plan, place) for table in done.tables]
        except NotEstimable as why:  # an outcome that too few have was not imputed
            notes.append(f"{name}: not imputed, {why}")
            continue
        for one, pooled in _pooled(runs, given):
            estimates.append(replace(one, term=f"{name}: {one.term}", hypothesis=not done.plan.couples))
            lost[estimates[-1].term] = pooled.lost
    facts = {f"share of variance owed to what is missing: {name}": value for name, value in lost.items()}
    return ModelOutcome(name="imputation", title=_TITLE, estimates=tuple(estimates), facts=facts,
                        notes=tuple(notes), methods=(_METHODS,))  # fmt: skip


def run_tipping_point(given: ModelInput) -> ModelOutcome:
    """The smallest shift of the imputed follow-ups at which an effect's interval no longer says what it says."""
    done = _completed(given)
    if not done.imputed.any():
        raise NotEstimable("every follow-up is known or known to lie beyond a limit: nothing to shift")
    estimates: list[EffectEstimate] = []
    notes: list[str] = []
    for place, name in enumerate(done.plan.quantities):
        if not np.isfinite(_change(done.tables[0], done.plan, place)).any():
            notes.append(f"{name}: not imputed, fewer than half of the participants of a treatment have it")
            continue
        sd = float(np.mean([np.std(_change(table, done.plan, place), ddof=1) for table in done.tables]))
        by_treatment: dict[str, dict[float, EffectEstimate]] = {}
        for delta in sorted(_DELTAS, key=abs) if done.imputed[:, place].any() else (0.0,):
            shifted = [_shifted(table, done.plan, place, done.imputed[:, place], delta * sd) for table in done.tables]
            for one, _ in _pooled([_effects(table, given, done.plan, place) for table in shifted], given):
                by_treatment.setdefault(one.treatment, {})[delta] = one
        for arm, by_delta in by_treatment.items():
            at_zero = by_delta[0.0]
            estimates.append(replace(at_zero, model="tipping_point", term=f"{name}: {at_zero.term}"))
            tips = [delta for delta, one in by_delta.items() if _side(one) != _side(at_zero)]
            text = f"{name}, {arm}: the interval says the same for every shift from -3 to 3 SD of the changes"
            text = text if len(by_delta) > 1 else f"{name}, {arm}: no follow-up is missing without a limit"
            if tips:
                text = (
                    f"{name}, {arm}: the interval says something else once the missing follow-ups are shifted by "
                    f"{tips[0]:g} SD of the changes ({tips[0] * sd:.3g} on the scale of its effect)"
                )
            notes.append(text)
    return ModelOutcome(name="tipping_point", title=_TIPPING, estimates=tuple(estimates), notes=tuple(notes),
                        methods=(_METHODS, _DELTA))  # fmt: skip


def _side(one: EffectEstimate) -> int:
    return 1 if one.ci_low > 0 else -1 if one.ci_high < 0 else 0


def _completed(given: ModelInput) -> _Completed:
    """Tables without gaps. Raises `NotEstimable` where nothing is missing."""
    changes = given.changes
    if changes.repeated:
        raise NotEstimable("a treatment was given to a participant more than once: there is one place for each")
    plan = log_ratios(given.plan)
    if np.isfinite(np.hstack([one[:, _needed(plan, place)] for place, one in enumerate(_levels(changes, plan))])).all():
        raise NotEstimable("no value is missing or censored")
    generator = np.random.default_rng(given.plan.seed)
    arms = [[name] for name in changes.treatments] if given.table.kind == "parallel" else [list(changes.treatments)]
    filled = np.full((TABLES, len(changes), 2 * len(plan.quantities)), np.nan)
    for names in arms:
        _fill(filled, changes, plan, names, generator)
    tried = np.isfinite(filled).any(axis=(0, 1))  # columns of outcomes that too few have are not imputed
    used = np.isfinite(filled[:, :, tried]).all(axis=(0, 2))
    if not tried.any() or not used.any():
        raise NotEstimable("imputation: no participant has any value")
    rows = changes.where(used)
    return _Completed(
        tables=tuple(_table(rows, values[used], plan) for values in filled), plan=plan,
        imputed=_free_follow_ups(rows, plan),
    )  # fmt: skip


def _needed(plan: AnalysisPlan, place: int) -> list[int]:
    """Columns of a quantity that its effect needs: the follow-up alone where it has no baseline."""
    own = place - (len(plan.quantities) - len(plan.outcomes))
    return [FOLLOW_UP] if own >= 0 and plan.outcomes[own].change == "follow_up" else [BASELINE, FOLLOW_UP]


def _levels(changes: ChangeTable, plan: AnalysisPlan) -> list[FloatArray]:
    """Before and after (rows, 2) of each declared quantity on the scale on which it is imputed: logarithms, and as they
    are the outcomes that are not compared by ratios.
    """
    own = [*([changes.metabolite] if plan.metabolite else []), *([changes.biomarker] if plan.biomarker else [])]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = [np.log(values) for values in own]
        found += [
            np.log(changes.outcomes[one.name]) if one.change == "log_ratio" else changes.outcomes[one.name]
            for one in plan.outcomes
        ]
    return [np.where(np.isfinite(values), values, np.nan) for values in found]


def _free_follow_ups(rows: ChangeTable, plan: AnalysisPlan) -> BoolArray:
    """Follow-ups under another treatment than the reference that nothing is known of, (rows, quantities)."""
    other = ~rows.of_treatment(rows.treatments[0]) if len(rows.treatments) > 1 else np.ones(len(rows), dtype=bool)
    limited = rows.biomarker_censored[:, FOLLOW_UP] != 0
    found = []
    for name, levels in zip(plan.quantities, _levels(rows, plan), strict=True):
        free = ~np.isfinite(levels[:, FOLLOW_UP]) & other
        found.append(free & ~limited if name == plan.biomarker else free)
    return np.array(found).T


def _fill(
    filled: FloatArray, changes: ChangeTable, plan: AnalysisPlan, names: Sequence[str], generator: np.random.Generator
) -> None:
    """Completed log levels of the arms `names`, which the participants share, written to their rows."""
    place = {key: row for row, key in enumerate(zip(changes.subject, changes.treatment, strict=True))}
    people = [name for name in dict.fromkeys(changes.subject) if any((name, arm) in place for arm in names)]
    blocks = [_values(changes, plan, [place.get((name, arm)) for name in people]) for arm in names]
    shares = np.array([np.isfinite(block[0]).mean(axis=0) for block in blocks]).min(axis=0)
    always = 2 * (len(plan.quantities) - len(plan.outcomes))
    kept = [column for column, share in enumerate(shares) if column < always or share >= _KNOWN]
    if not kept:
        raise NotEstimable("imputation: no outcome is known of half of the participants under each treatment")
    data = [np.hstack([block[kind][:, kept] for block in blocks]) for kind in range(3)]
    if not any(np.isfinite(part).any() for part in data):
        raise NotEstimable(f"imputation: nobody has a value under {', '.join(names)}")
    found = impute(Incomplete(values=data[0], low=data[1], high=data[2]), TABLES, generator)  # everybody who took part
    width = len(kept)
    for person, name in enumerate(people):
        for position, arm in enumerate(names):
            row = place.get((name, arm))
            if row is not None:
                filled[:, row, kept] = found[:, person, position * width : (position + 1) * width]


def _values(
    changes: ChangeTable, plan: AnalysisPlan, rows: Sequence[int | None]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Levels before and after of each quantity, with the limits of censored ones."""
    known = np.hstack(_levels(changes, plan))
    low, high = np.full(known.shape, -np.inf), np.full(known.shape, np.inf)
    if plan.biomarker:
        first = 2 if plan.metabolite else 0
        with np.errstate(divide="ignore", invalid="ignore"):
            limit = np.log(changes.biomarker_limit)
        high[:, first : first + 2] = np.where(changes.biomarker_censored < 0, limit, np.inf)
        low[:, first : first + 2] = np.where(changes.biomarker_censored > 0, limit, -np.inf)
    chosen = np.array([-1 if row is None else row for row in rows])
    gone = chosen < 0
    return (
        np.where(gone[:, None], np.nan, known[chosen]), np.where(gone[:, None], -np.inf, low[chosen]),
        np.where(gone[:, None], np.inf, high[chosen]),
    )  # fmt: skip


def _table(rows: ChangeTable, levels: FloatArray, plan: AnalysisPlan) -> ChangeTable:
    """The changes with completed `levels` (rows, 2 quantities)."""
    pairs = dict(zip(plan.quantities, np.split(levels, len(plan.quantities), axis=1), strict=True))
    nothing = np.full((len(rows), 2), np.nan)
    metabolite, biomarker = pairs.get(plan.metabolite, nothing), pairs.get(plan.biomarker, nothing)
    outcomes = {
        one.name: np.exp(pairs[one.name]) if one.change == "log_ratio" else pairs[one.name] for one in plan.outcomes
    }
    return replace(
        rows, metabolite=np.exp(metabolite), biomarker=np.exp(biomarker), biomarker_level=np.exp(biomarker),
        outcomes=outcomes, change_metabolite=metabolite[:, FOLLOW_UP] - metabolite[:, BASELINE],
        change_biomarker=biomarker[:, FOLLOW_UP] - biomarker[:, BASELINE],
        biomarker_censored=np.zeros_like(rows.biomarker_censored),
    )  # fmt: skip


def _shifted(table: ChangeTable, plan: AnalysisPlan, place: int, which: BoolArray, by: float) -> ChangeTable:
    """The table with some follow-ups of one quantity moved by `by` on the scale on which it is imputed."""
    levels = _levels(table, plan)
    levels[place] = levels[place].copy()
    levels[place][which, FOLLOW_UP] += by
    return _table(table, np.hstack(levels), plan)


def _change(table: ChangeTable, plan: AnalysisPlan, place: int) -> FloatArray:
    """What a shift is measured by: the changes of a quantity, or its follow-ups where it has no baseline."""
    levels = _levels(table, plan)[place]
    only_after = _needed(plan, place) == [FOLLOW_UP]
    return np.asarray(levels[:, FOLLOW_UP] - (0.0 if only_after else levels[:, BASELINE]))


def _interaction(table: ChangeTable, plan: AnalysisPlan) -> tuple[EffectEstimate, ...]:
    model = change_model(table, plan)
    found = robust_least_squares(model.outcome, model.design.matrix, model.design.terms, "CR2", model.subject)
    return tuple(
        EffectEstimate(
            model="imputation", term=term, estimate=float(found.estimate[k]), se=float(found.se[k]),
            df=float(found.df[k]), n=found.n, subjects=found.subjects, hypothesis=True,
            treatment=model.design.treatments[k], unit=f"{_LOG} of both (biomarker per metabolite)",
        )
        for k, term in enumerate(model.design.terms)
        if model.design.hypothesis[k]
    )  # fmt: skip


def _effects(table: ChangeTable, given: ModelInput, plan: AnalysisPlan, place: int) -> tuple[EffectEstimate, ...]:
    quantity = quantities(table, plan)[place]
    return effect_of(given.table.kind, "imputation", "", quantity, table, plan).tested


def _pooled(runs: Sequence[Sequence[EffectEstimate]], given: ModelInput) -> Iterator[tuple[EffectEstimate, Pooled]]:
    """Each estimate over all completed tables."""
    for same in zip(*runs, strict=True):
        estimates, errors = np.array([one.estimate for one in same]), np.array([one.se for one in same])
        found = pool(estimates, errors, np.array([one.df for one in same]), 1 - given.plan.alpha)
        yield replace(
            same[0], estimate=found.estimate, se=found.se, df=found.df, p=found.p, ci_low=found.ci_low,
            ci_high=found.ci_high, statistic=found.estimate / found.se,
        ), found  # fmt: skip


IMPUTATION_MODELS = (
    ExtensionModel(
        name="imputation", title=_TITLE, run=run_imputation, takes_as_exact=True, logs=True, unmeasured=True
    ),
    ExtensionModel(name="tipping_point", title=_TIPPING, run=run_tipping_point, of_effects=True, unmeasured=True),
)
