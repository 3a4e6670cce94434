"""Mediation, exploratory only: the part of a treatment's effect on the biomarker that goes with the metabolite."""

from __future__ import annotations

import numpy as np

from pharmrs.core.records.arrays import BoolArray, FloatArray
from pharmrs.trial.chain.change_design import ChangeModel, change_model, period_indicators
from pharmrs.trial.least_squares.coefficients import check_estimable
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows
from pharmrs.trial.models.extension import ExtensionModel, ModelInput
from pharmrs.trial.records.analysis import EffectEstimate, ModelOutcome
from pharmrs.trial.tests.resampling_weights import weighted_estimates

SAMPLES = 2000
_MOST_LOST = 0.05  # share of samples without a solution
_TITLE = "Mediation by the metabolite change"
_METHODS = (
    "The effect of each treatment on the biomarker change was divided into the part that goes with the metabolite "
    "change (its effect on the metabolite times the common slope) and the rest, with percentile intervals of "
    f"{SAMPLES} bootstrap samples of participants (10.1080/00273170701341316)."
)
_ASSUMES = (
    "the parts are those of a cause only if nothing else moves both changes (the metabolite change was not allocated "
    "at random), the metabolite moves before the biomarker (both are measured at the same follow-up), it is measured "
    "without error, and its slope is the same under every treatment (see the interaction): none of these is tested here"
)


def run_mediation(given: ModelInput) -> ModelOutcome:
    """Indirect, direct and total effect of every treatment but the reference."""
    if len(given.changes.treatments) < 2:
        raise NotEstimable("one treatment has nothing to be compared with")
    model = change_model(given.changes, given.plan)
    rows, arms = model.rows, model.rows.treatments[1:]
    base = [np.ones(len(rows)), *(rows.of_treatment(name).astype(float) for name in arms)]
    if given.table.kind == "crossover" and np.isfinite(rows.period).all():
        base += list(period_indicators(rows.period).values())
    treated = np.column_stack(base)
    full = np.column_stack([treated, rows.change_metabolite])
    check_estimable(_TITLE, model.outcome, full, [f"column {k}" for k in range(full.shape[1])])
    people = PersonRows.of(model.subject)
    if len(people) < 4:
        raise NotEstimable(f"{len(people)} participants, 4 are the least")
    generator = np.random.default_rng(given.plan.seed)
    drawn = generator.multinomial(len(people), np.full(len(people), 1 / len(people)), size=SAMPLES).astype(float)
    whole, _ = _parts(model, treated, full, people, np.ones((1, len(people))), len(arms))
    sampled, usable = _parts(model, treated, full, people, drawn, len(arms))
    lost = int(np.sum(~usable))
    if lost > _MOST_LOST * SAMPLES:
        raise NotEstimable(f"{lost} of {SAMPLES} samples of participants do not determine the effects")
    tail = 100 * given.plan.alpha / 2
    low, high = np.percentile(sampled[usable], [tail, 100 - tail], axis=0)
    spread = sampled[usable].std(axis=0, ddof=1)
    estimates = tuple(
        EffectEstimate(
            model="mediation", term=f"{part} effect of {arm}", estimate=float(whole[0, k, place]),
            se=float(spread[k, place]), ci_low=float(low[k, place]), ci_high=float(high[k, place]), statistic_name="",
            n=len(rows), subjects=len(people), unit=f"change in {given.plan.biomarker}", hypothesis=part == "indirect",
            treatment=arm,
        )
        for k, arm in enumerate(arms)
        for place, part in enumerate(("indirect", "direct", "total"))
    )  # fmt: skip
    return ModelOutcome(name="mediation", title=_TITLE, estimates=estimates, notes=(_ASSUMES,), methods=(_METHODS,))


def _parts(
    model: ChangeModel, treated: FloatArray, full: FloatArray, people: PersonRows, weights: FloatArray, arms: int
) -> tuple[FloatArray, BoolArray]:
    """Indirect, direct and total effects (samples, arms, 3), and which samples determine them."""
    on_metabolite, first = weighted_estimates(model.rows.change_metabolite, treated, people, weights)
    on_biomarker, second = weighted_estimates(model.outcome, full, people, weights)
    indirect = on_metabolite[:, 1 : 1 + arms] * on_biomarker[:, [-1]]
    direct = on_biomarker[:, 1 : 1 + arms]
    return np.stack([indirect, direct, indirect + direct], axis=2), np.asarray(first & second)


MEDIATION_MODELS = (
    ExtensionModel(
        name="mediation", title=_TITLE, run=run_mediation, of_effects=True, takes_as_exact=True,
        never="it rests on assumptions that no analysis can check, and is exploratory wherever it stands",
    ),
)  # fmt: skip
