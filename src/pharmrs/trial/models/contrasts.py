"""Declared contrasts of the treatment effects, and dose-response as contrasts of a shape over the doses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.chain.effects import Quantity, effect_of, quantities
from pharmrs.trial.least_squares.linear import DesignMatrix
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.models.extension import ExtensionModel, ModelInput
from pharmrs.trial.records.analysis import EffectEstimate, ModelOutcome

_TITLE, _DOSE_TITLE = "Declared contrasts", "Dose-response"
_METHODS = "Declared contrasts of the treatment means were estimated in the model of the treatment effects."
_DOSES = (
    "The trend over the doses was tested by the contrast of the treatment means that is most powerful for each shape "
    "(10.1111/j.1541-0420.2005.00344.x), scaled to the effect of the highest against the lowest dose."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A contrast: what each treatment's mean counts, reference first; they sum to 0."""

    name: str
    values: tuple[float, ...]
    treatment: str = ""


def run_contrasts(given: ModelInput) -> ModelOutcome:
    """Every declared contrast of every quantity."""
    if not given.plan.contrasts:
        raise NotEstimable("no contrast is declared: analysis.contrasts names weights of the treatments")
    weights = [Weights(name=one.name, values=one.weights) for one in given.plan.contrasts]
    return _estimated("contrasts", _TITLE, _METHODS, weights, given)


def run_dose_response(given: ModelInput) -> ModelOutcome:
    """A linear trend, and with a declared ED50 that of an Emax curve."""
    doses = np.array(given.table.doses)
    if doses.size == 0:
        raise NotEstimable("no doses are declared: design.doses has one for each treatment")
    if len(np.unique(doses)) < 3:
        raise NotEstimable("fewer than three different doses have no shape")
    weights = list(_shapes(doses, given.plan.ed50, given.table.treatments))
    found = _estimated("dose_response", _DOSE_TITLE, _DOSES, weights, given)
    notes = ("each shape is tested by itself: p is not adjusted for their number",) if len(weights) > 1 else ()
    return replace(found, notes=(*found.notes, *notes))


def _shapes(doses: FloatArray, ed50: float, treatments: Sequence[str]) -> Iterator[Weights]:
    highest = treatments[int(np.argmax(doses))]
    shapes = {"linear trend": doses}
    if ed50 > 0:
        shapes[f"Emax trend, ED50 {ed50:g}"] = doses / (doses + ed50)
    for name, shape in shapes.items():
        about = shape - shape.mean()
        values = about / float(about @ shape) * float(np.ptp(shape))
        yield Weights(name=name, values=tuple(values.tolist()), treatment=highest)


def _estimated(name: str, title: str, methods: str, weights: Sequence[Weights], given: ModelInput) -> ModelOutcome:
    if given.table.kind == "single_arm":
        raise NotEstimable("one treatment has no contrasts")
    estimates: list[EffectEstimate] = []
    notes: list[str] = []
    for quantity in quantities(given.changes, given.plan):
        for one in weights:
            try:
                estimates.append(_one(name, quantity, one, given))
            except NotEstimable as why:
                notes.append(f"{quantity.name}, {one.name}: not estimable, {why}")
    if not estimates:
        raise NotEstimable("; ".join(notes))
    return ModelOutcome(name=name, title=title, estimates=tuple(estimates), notes=tuple(notes), methods=(methods,))


def _one(name: str, quantity: Quantity, weights: Weights, given: ModelInput) -> EffectEstimate:
    found = effect_of(
        given.table.kind, name, "", quantity, given.changes, given.plan, lambda design: with_contrast(design, weights)
    )
    (estimate,) = found.tested
    return replace(estimate, term=f"{quantity.name}: {weights.name}", treatment=weights.treatment)


def with_contrast(design: DesignMatrix, weights: Weights) -> DesignMatrix:
    """The same model with treatment columns turned so that the first coefficient is the contrast (and tested alone)."""
    columns = np.flatnonzero(design.hypothesis)
    if len(columns) != len(weights.values) - 1:
        raise NotEstimable(f"{len(weights.values)} weights for {len(columns) + 1} treatments")
    wanted = np.array(weights.values[1:])
    rest = np.linalg.qr(wanted[:, None], mode="complete")[0][:, 1:]
    matrix = design.matrix.copy()
    matrix[:, columns] = design.matrix[:, columns] @ np.linalg.inv(np.vstack([wanted, rest.T]))
    terms, tested = list(design.terms), [False] * len(design.terms)
    for place, column in enumerate(columns):
        terms[column] = f"beside {place}" if place else weights.name
    tested[columns[0]] = True
    return replace(design, matrix=matrix, terms=tuple(terms), hypothesis=tuple(tested))


CONTRAST_MODELS = (
    ExtensionModel(name="contrasts", title=_TITLE, run=run_contrasts, of_effects=True),
    ExtensionModel(name="dose_response", title=_DOSE_TITLE, run=run_dose_response, of_effects=True),
)
