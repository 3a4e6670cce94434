"""The statistical analysis plan as text, from `study.yaml` before any data are there, with the hash of its results."""

from __future__ import annotations

from collections.abc import Iterator

from pharmrs import __version__
from pharmrs.trial.models.analyse import plan_hash
from pharmrs.trial.models.registry import MODELS
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.declared_design import Design

_CHANGE = {
    "relative": "the relative change (follow-up - baseline) / baseline",
    "difference": "the difference follow-up - baseline",
    "log_ratio": "the log ratio log(follow-up / baseline)",
}
_KIND = {
    "crossover": "a crossover: every participant gets every treatment, in an order that is drawn for each",
    "parallel": "a parallel trial: every participant gets one treatment",
    "single_arm": "a trial of one arm, before and after",
}


def plan_text(title: str, design: Design, plan: AnalysisPlan) -> str:
    """The plan in Markdown, ready to be registered."""
    return "\n\n".join(_parts(title, design, plan)) + "\n"


def _parts(title: str, design: Design, plan: AnalysisPlan) -> Iterator[str]:
    yield f"# Statistical analysis plan: {title}"
    yield (
        f"SHA-256 of design and analysis: `{plan_hash(design, plan)}` (pharmrs {__version__}). Every result of this "
        "plan bears the same hash; another plan, even by one setting, has another."
    )
    yield "## Design"
    treatments = ", ".join(design.treatments)
    compared = f" Treatments: {treatments}; the first is the reference." if len(design.treatments) > 1 else ""
    yield (
        f"This is {_KIND[design.kind]}.{compared} Measurements at {design.baseline} (baseline) and {design.follow_up} "
        "(follow-up)."
    )
    yield "## Quantities"
    if plan.metabolite:
        scale = f" on the scale {plan.scale}" if plan.scale else ""
        yield f"{plan.metabolite}{scale}, as {_CHANGE[plan.metabolite_change]}."
    if plan.biomarker:
        yield f"{plan.biomarker}, {_biomarker(plan)}, as {_CHANGE[plan.biomarker_change]} of that level."
    for one in plan.outcomes:
        yield f"{one.name}, {_CHANGE.get(one.change, 'at follow-up alone (it has no baseline)')}."
    if plan.exposures:
        yield f"Exposures (model `exposure`): {', '.join(one.name for one in plan.exposures)}."
    yield from estimand_text(plan)
    yield "## Primary analysis"
    yield _primary(design, plan)
    yield from _families(plan)
    yield f"Two-sided level {plan.alpha:g}; intervals cover {100 * (1 - plan.alpha):g} %."
    if plan.covariates:
        named = ", ".join(
            one.name + (f" (reference {one.reference})" if one.reference else "") for one in plan.covariates
        )
        yield f"Each covariate is added alone to the main model: {named}."
    if plan.equivalence:
        margins = "; ".join(f"{one.quantity} {one.low:g} to {one.high:g}" for one in plan.equivalence)
        yield f"Differences that do not matter (two one-sided tests): {margins}."
    yield "## Further declared models"
    measured = [name for name in plan.models if not MODELS[name].why_never_declared]
    beside = [f"- {MODELS[name].title} (`{name}`)" for name in measured]
    yield "\n".join(beside) or "None."
    yield from _repeated(plan)
    for name in (one for one in plan.models if one not in measured):
        yield f"`{name}` is named, but will be shown beside the plan: {MODELS[name].why_never_declared}."
    yield "## Missing and censored values"
    yield (
        "Values that a declared rule excludes are missing, and the result is also shown with each rule lifted. Pairs "
        "enter the main model complete; values beyond a limit of the assay are kept, by their probability, in the "
        "models that can (joint, tobit, summaries). Nothing is replaced."
    )
    yield "## Not part of the plan"
    yield f"Exploratory, labelled so wherever shown: {', '.join(plan.exploratory) or 'nothing declared'}."


def estimand_text(plan: AnalysisPlan) -> Iterator[str]:
    """The declared estimand: population, variable, summary, each intercurrent event with its strategy."""
    declared = plan.estimand
    if declared is None:
        return
    events = (
        "; ".join(f"{one.event}: {one.strategy.replace('_', ' ')}" for one in declared.events) or "none was foreseen"
    )
    yield (
        f"Estimand (ICH E9 R1). Population: {declared.population}. Variable: {declared.variable}. "
        f"Population-level summary: {declared.summary}. Intercurrent events: {events}."
    )


def _repeated(plan: AnalysisPlan) -> Iterator[str]:
    """Time points, covariance and contrasts of the model mmrm, where they are declared."""
    if plan.repeated is None:
        return
    covariance = {"unstructured": "unstructured", "ar1": "AR(1)"}[plan.repeated.covariance]
    text = f"`mmrm`: time points {', '.join(plan.repeated.time_points)}, {covariance} covariance."
    for one in plan.repeated.contrasts:
        text += f" Contrast {one.name}: weights {', '.join(f'{weight:g}' for weight in one.weights)}."
    yield text


def _families(plan: AnalysisPlan) -> Iterator[str]:
    """What is confirmatory, in which order."""
    for number, family in enumerate(plan.families, start=1):
        gate = f"Tested where all hypotheses of family {number - 1} are rejected. " if number > 1 else ""
        members = ", ".join(family.members)
        yield (
            f"Family {number} ({family.method.replace('_', ' ')}): {members}. {gate}Each treatment against the "
            "reference is a hypothesis of its own."
        )


def _biomarker(plan: AnalysisPlan) -> str:
    transform = {
        "shifted_log": "shifted by |minimum| + 1 and log-transformed",
        "log": "log-transformed",
        "none": "untransformed",
    }[plan.biomarker_transform]  # fmt: skip
    time = {"linear": "adjusted for the time of day of the sample (residuals of a straight line)"}
    return f"{time.get(plan.time_adjustment, 'not adjusted for the time of day')}, {transform}"


def _primary(design: Design, plan: AnalysisPlan) -> str:
    if not (plan.couples and len(design.treatments) > 1):
        how = {
            "crossover": "in a mixed model with period, the baseline of the period and a random intercept of the "
            "participant (REML, Kenward-Roger)",
            "parallel": "by analysis of covariance",
            "single_arm": "by a one-sample t test of the change",
        }[design.kind]
        return f"The effect of each treatment on {', '.join(plan.quantities)}: follow-up given baseline, {how}."
    return (
        f"The change in {plan.biomarker} is regressed on the change in {plan.metabolite}, treatment and their "
        "interaction (ordinary least squares over all pairs with both changes; CR2 standard errors by participant "
        "beside). The hypothesis is the interaction: whether the coupling differs between treatments."
    )
