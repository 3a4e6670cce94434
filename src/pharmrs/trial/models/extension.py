"""What an extension model is: a function of the observation table, the paired changes and the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pharmrs.trial.records.analysis import AnalysisPlan, ModelOutcome
from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.records.observations import ObservationTable

# what a model changes in the declared analysis, in the order in which a report compares them
PEOPLE = "People instead of pairs"
LIMITS = "Values below the limit kept"
DRAWN = "Drawn again"
OUTLIERS = "Outliers weighed down"
ERROR = "Error of the metabolite"
OTHER_MODELS = "Other models"
ASPECTS = (PEOPLE, LIMITS, DRAWN, OUTLIERS, ERROR, OTHER_MODELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInput:
    """What every extension model is given."""

    table: ObservationTable
    changes: ChangeTable
    plan: AnalysisPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionModel:
    """A model beyond the reference chain. `run` may raise `NotEstimable`: its text becomes the outcome's reason.

    `misses`: where its test of equal slopes does not hold its level (docs/models.md, type I error); such a model is
    shown beside the plan and never as part of it. `takes_as_exact`: it takes the metabolite change for exact, so that
    its level holds only where that is measured equally reliably under every treatment. `logs`: it is about log ratios
    of both, whatever the plan declares; `corrects_error`: its slope is that of the change without its error.
    `of_effects`: it tests treatment effects, not differences of slopes. `unmeasured`: how often its test errs is not
    known; it is shown beside the plan too. `never`: another reason why it is.
    `aspect`: what it changes in the declared analysis, one of `ASPECTS`.
    """

    name: str
    title: str
    run: Callable[[ModelInput], ModelOutcome]
    misses: str = ""
    takes_as_exact: bool = False
    logs: bool = False
    corrects_error: bool = False
    of_effects: bool = False
    unmeasured: bool = False
    never: str = ""
    aspect: str = OTHER_MODELS

    @property
    def why_never_declared(self) -> str:
        """Why no plan can have it as a declared model, whatever the data; empty where one can."""
        if self.misses:
            return f"its test does not hold its level {self.misses}"
        return "how often its test errs where there is nothing has not been measured" if self.unmeasured else self.never
