"""Extension model: the joint model with priors, by draws of its posterior."""

from __future__ import annotations

import math

from pharmrs.trial.joint.posterior import COEFFICIENT_SD, SPREAD_SD, PosteriorEffect, sample_joint
from pharmrs.trial.models.errors import LOG_UNIT
from pharmrs.trial.models.extension import LIMITS, ExtensionModel, ModelInput
from pharmrs.trial.records.analysis import EffectEstimate, ModelOutcome

_TITLE = "Joint model with priors (Bayesian)"
_METHODS = (
    "The joint model was also fitted with priors, with the quantities in SDs of all their log levels: Normal(0, "
    f"{COEFFICIENT_SD:g}) for means, slopes, differences of slopes and the regressions of baselines on changes, "
    f"half-normal(0, {SPREAD_SD:g}) for SDs. Its posterior was drawn by an ensemble sampler (emcee, 10.1086/670067); "
    "estimates are posterior means, intervals are credible intervals."
)
_NEVER = "a posterior is no test: what its intervals hold also depends on the priors"


def run_joint_bayes(given: ModelInput) -> ModelOutcome:
    """Posterior means, intervals and probabilities of the joint model's slopes and treatment effects."""
    plan = given.plan
    found = sample_joint(
        given.changes, adjust_clock=plan.time_adjustment == "linear", level=1 - plan.alpha, seed=plan.seed
    )
    facts = {f"probability above 0: {one.term}": one.above for one in found.effects}
    facts |= {"pairs": float(found.pairs), "complete_pairs": float(found.complete)}
    fewest = math.floor(min(one.draws for one in found.effects))
    notes = (
        *found.notes,
        f"at least {fewest} independent draws of each; priors as stated, no p: a posterior is no test",
    )
    estimates = tuple(_estimate(one, found.pairs, found.subjects) for one in found.effects)
    return ModelOutcome(
        name="joint_bayes", title=_TITLE, estimates=estimates, facts=facts, notes=notes, methods=(_METHODS,)
    )


def _estimate(one: PosteriorEffect, pairs: int, subjects: int) -> EffectEstimate:
    return EffectEstimate(
        model="joint_bayes", term=one.term, estimate=one.mean, se=one.sd, ci_low=one.low, ci_high=one.high,
        statistic_name="", n=pairs, subjects=subjects, unit="log ratio" if one.quantity else LOG_UNIT,
        hypothesis=one.hypothesis, treatment=one.treatment,
    )  # fmt: skip


POSTERIOR_MODELS = (
    ExtensionModel(
        name="joint_bayes",
        title=_TITLE,
        run=run_joint_bayes,
        never=_NEVER,
        logs=True,
        corrects_error=True,
        aspect=LIMITS,
    ),
)
