"""What a planned trial is expected to be like, as `study.yaml` declares it for `pharmrs power`."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Interval

from pharmrs.core.records.declaration import Fraction, NotNegative, Positive, declaration, key
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.truth import TrialTruth

_MAIN = "main"


@declaration
class Power:
    """Truth and sizes of the planned trial. Changes and SDs are natural logs: 0.1 is about 10 %."""

    slopes: tuple[float, ...] = key(
        "log change of the biomarker per log change of the metabolite, per treatment in order", min_length=2
    )
    subjects: tuple[Annotated[int, Interval(ge=4, le=5000)], ...] = key("numbers of participants to try", min_length=1)
    metabolite_changes: tuple[float, ...] = key("mean log change per treatment; empty: none", default=())
    biomarker_changes: tuple[float, ...] = key("mean log change per treatment; empty: none", default=())
    metabolite_median: Positive = key("typical level of the metabolite, its unit")
    metabolite_person_sd: NotNegative = key("between participants (log)")
    metabolite_visit_sd: NotNegative = key("between visits of a participant (log)", default=0.0)
    metabolite_change_sd: Positive = key("of the true change (log)")
    metabolite_error_sd: NotNegative = key("of one measurement (log; the CRLB as a fraction)")
    biomarker_median: Positive = key("typical level of the biomarker, its unit")
    biomarker_person_sd: NotNegative = key("between participants (log)")
    biomarker_visit_sd: NotNegative = key("between visits of a participant (log)", default=0.0)
    biomarker_change_sd: Positive = key("of the true change that the metabolite does not explain (log)")
    biomarker_error_sd: NotNegative = key("of one measurement (log; the CV of the assay)")
    shared_change_sd: NotNegative = key("part of the change that a participant always shows (log)", default=0.0)
    lower_limit: NotNegative = key("limit of the assay, unit of the biomarker; 0: none", default=0.0)
    missing_metabolite: Fraction = key("probability that a spectrum is lost or excluded", default=0.0)
    missing_biomarker: Fraction = key("probability that a sample is lost", default=0.0)
    period_change: float = key("added to the biomarker's log change in later periods", default=0.0)
    models: tuple[str, ...] = key(
        "main, or extension models as in analysis.models; each gets a curve", default=(_MAIN,), min_length=1
    )
    simulations: int = key("simulated trials per size", default=1000, ge=20, le=100_000)
    target: float = key("power whose number of participants is looked for", default=0.8, gt=0, lt=1)
    seed: int = key("of the simulated trials", default=1, ge=0)

    def __post_init__(self) -> None:
        for name in ("metabolite_changes", "biomarker_changes"):
            if len(getattr(self, name)) not in (0, len(self.slopes)):
                raise ValueError(f"{name} needs one value per treatment, as slopes ({len(self.slopes)})")
        if len(set(self.subjects)) < len(self.subjects) or len(set(self.models)) < len(self.models):
            raise ValueError("subjects and models must name each value once")

    def truth(self, design: Design) -> TrialTruth:
        """The truth to draw trials from."""
        none = (0.0,) * len(self.slopes)
        own = {
            name: getattr(self, name)
            for name in TrialTruth.__dataclass_fields__
            if hasattr(self, name) and name not in ("metabolite_changes", "biomarker_changes")
        }
        return TrialTruth(
            kind=design.kind, treatments=design.treatments,
            metabolite_changes=self.metabolite_changes or none, biomarker_changes=self.biomarker_changes or none, **own,
        )  # fmt: skip
