"""What a planned trial is expected to be like, as `study.yaml` declares it for `pharmrs power`."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Interval

from pharmrs.core.records.declaration import NotNegative, Positive, declaration, key, taken_from
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.truth import TrialNumbers, TrialTruth

_MAIN = "main"
_NUMBERS = ("median", "person_sd", "change_sd", "error_sd")


@declaration
class SeriesPower:
    """The change of one metabolite during the session, as a planned trial is expected to show it."""

    change_percent: tuple[float, ...] = key("mean change under each treatment, in their order", min_length=1)
    person_sd_percent: NotNegative = key("SD over people of their own mean change", default=0.0)
    session_sd_percent: Positive = key(
        "SD of a session about that: true spread and the sd_percent of series.tsv, added as squares"
    )
    subjects: tuple[Annotated[int, Interval(ge=2, le=5000)], ...] = key("numbers of participants to try", min_length=1)
    simulations: int = key("simulated trials per size", default=1000, ge=20, le=100_000)
    target: float = key("power whose number of participants is looked for", default=0.8, gt=0, lt=1)
    seed: int = key("of the simulated trials", default=1, ge=0)

    def __post_init__(self) -> None:
        if len(set(self.subjects)) < len(self.subjects):
            raise ValueError("subjects must name each value once")


@declaration
class Power(TrialNumbers):
    """Truth and sizes of the planned trial. Changes and SDs are natural logs: 0.1 is about 10 %."""

    subjects: tuple[Annotated[int, Interval(ge=4, le=5000)], ...] = key("numbers of participants to try", min_length=1)
    models: tuple[str, ...] = key(
        "main (the interaction), 'effect: NAME' (the treatment effect on the metabolite or the biomarker), or "
        "extension models as in analysis.models; each gets a curve",
        default=(_MAIN,),
        min_length=1,
    )
    simulations: int = key("simulated trials per size", default=1000, ge=20, le=100_000)
    target: float = key("power whose number of participants is looked for", default=0.8, gt=0, lt=1)
    seed: int = key("of the simulated trials", default=1, ge=0)

    def __post_init__(self) -> None:
        for name in ("metabolite_changes", "biomarker_changes", "metabolite_change_sds", "biomarker_change_sds"):
            if self.slopes and len(getattr(self, name)) not in (0, len(self.slopes)):
                raise ValueError(f"{name} needs one value per treatment, as slopes ({len(self.slopes)})")
        if len(set(self.subjects)) < len(self.subjects) or len(set(self.models)) < len(self.models):
            raise ValueError("subjects and models must name each value once")

    def missing(self, metabolite: str, biomarker: str) -> list[str]:
        """Keys that the named quantities need and that are not there, or 0."""
        needed = ["slopes"] if metabolite and biomarker else []
        named = (quantity for quantity, name in (("metabolite", metabolite), ("biomarker", biomarker)) if name)
        needed += [f"{quantity}_{number}" for quantity in named for number in _NUMBERS]
        return [name for name in needed if not getattr(self, name)]

    def truth(self, design: Design) -> TrialTruth:
        """The truth to draw trials from. A quantity that the plan does not name is one that nothing moves."""
        none = (0.0,) * len(design.treatments)
        return taken_from(
            self,
            TrialTruth,
            kind=design.kind,
            treatments=design.treatments,
            sequences=design.sequences,
            doses=design.doses,
            slopes=self.slopes or none,
            metabolite_changes=self.metabolite_changes or none,
            biomarker_changes=self.biomarker_changes or none,
            metabolite_median=self.metabolite_median or 1.0,
            biomarker_median=self.biomarker_median or 1.0,
        )
