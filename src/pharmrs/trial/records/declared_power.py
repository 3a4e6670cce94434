"""What a planned trial is expected to be like, as `study.yaml` declares it for `pharmrs power`."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Interval

from pharmrs.core.records.declaration import declaration, key, taken_from
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.truth import TrialNumbers, TrialTruth

_MAIN = "main"


@declaration
class Power(TrialNumbers):
    """Truth and sizes of the planned trial. Changes and SDs are natural logs: 0.1 is about 10 %."""

    subjects: tuple[Annotated[int, Interval(ge=4, le=5000)], ...] = key("numbers of participants to try", min_length=1)
    models: tuple[str, ...] = key(
        "main, or extension models as in analysis.models; each gets a curve", default=(_MAIN,), min_length=1
    )
    simulations: int = key("simulated trials per size", default=1000, ge=20, le=100_000)
    target: float = key("power whose number of participants is looked for", default=0.8, gt=0, lt=1)
    seed: int = key("of the simulated trials", default=1, ge=0)

    def __post_init__(self) -> None:
        for name in ("metabolite_changes", "biomarker_changes", "metabolite_change_sds", "biomarker_change_sds"):
            if len(getattr(self, name)) not in (0, len(self.slopes)):
                raise ValueError(f"{name} needs one value per treatment, as slopes ({len(self.slopes)})")
        if len(set(self.subjects)) < len(self.subjects) or len(set(self.models)) < len(self.models):
            raise ValueError("subjects and models must name each value once")

    def truth(self, design: Design) -> TrialTruth:
        """The truth to draw trials from."""
        none = (0.0,) * len(self.slopes)
        return taken_from(
            self,
            TrialTruth,
            kind=design.kind,
            treatments=design.treatments,
            sequences=design.sequences,
            metabolite_changes=self.metabolite_changes or none,
            biomarker_changes=self.biomarker_changes or none,
        )
