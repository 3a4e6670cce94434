"""What a planned trial is expected to be like, as `study.yaml` declares it for `pharmrs power`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from pharmrs.core.records.declaration import Declaration, Fraction, Positive
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.truth import TrialTruth

NotNegative = Annotated[float, Field(ge=0)]
_MAIN = "main"


class Power(Declaration):
    """Truth and sizes of the planned trial. Changes and SDs are natural logs: 0.1 is about 10 %."""

    slopes: tuple[float, ...] = Field(
        min_length=2, description="log change of the biomarker per log change of the metabolite, per treatment in order"
    )
    subjects: tuple[Annotated[int, Field(ge=4, le=5000)], ...] = Field(
        min_length=1, description="numbers of participants to try"
    )
    metabolite_changes: tuple[float, ...] = Field((), description="mean log change per treatment; empty: none")
    biomarker_changes: tuple[float, ...] = Field((), description="mean log change per treatment; empty: none")
    metabolite_median: Positive = Field(description="typical level of the metabolite, its unit")
    metabolite_person_sd: NotNegative = Field(description="between participants (log)")
    metabolite_visit_sd: NotNegative = Field(0.0, description="between visits of a participant (log)")
    metabolite_change_sd: Positive = Field(description="of the true change (log)")
    metabolite_error_sd: NotNegative = Field(description="of one measurement (log; the CRLB as a fraction)")
    biomarker_median: Positive = Field(description="typical level of the biomarker, its unit")
    biomarker_person_sd: NotNegative = Field(description="between participants (log)")
    biomarker_visit_sd: NotNegative = Field(0.0, description="between visits of a participant (log)")
    biomarker_change_sd: Positive = Field(description="of the true change that the metabolite does not explain (log)")
    biomarker_error_sd: NotNegative = Field(description="of one measurement (log; the CV of the assay)")
    shared_change_sd: NotNegative = Field(0.0, description="part of the change that a participant always shows (log)")
    lower_limit: NotNegative = Field(0.0, description="limit of the assay, unit of the biomarker; 0: none")
    missing_metabolite: Fraction = Field(0.0, description="probability that a spectrum is lost or excluded")
    missing_biomarker: Fraction = Field(0.0, description="probability that a sample is lost")
    period_change: float = Field(0.0, description="added to the biomarker's log change in later periods")
    models: tuple[str, ...] = Field(
        (_MAIN,), min_length=1, description="main, or extension models as in analysis.models; each gets a curve"
    )
    simulations: int = Field(1000, ge=20, le=100_000, description="simulated trials per size")
    target: float = Field(0.8, gt=0, lt=1, description="power whose number of participants is looked for")
    seed: int = Field(1, ge=0, description="of the simulated trials")

    @model_validator(mode="after")
    def _makes_sense(self) -> Power:
        for name in ("metabolite_changes", "biomarker_changes"):
            if len(getattr(self, name)) not in (0, len(self.slopes)):
                raise ValueError(f"{name} needs one value per treatment, as slopes ({len(self.slopes)})")
        if len(set(self.subjects)) < len(self.subjects) or len(set(self.models)) < len(self.models):
            raise ValueError("subjects and models must name each value once")
        return self

    def truth(self, design: Design) -> TrialTruth:
        """The truth to draw trials from."""
        none = (0.0,) * len(self.slopes)
        own = {
            name: getattr(self, name)
            for name in TrialTruth.__dataclass_fields__
            if name in type(self).model_fields and name not in ("metabolite_changes", "biomarker_changes")
        }
        return TrialTruth(
            kind=design.kind, treatments=design.treatments,
            metabolite_changes=self.metabolite_changes or none, biomarker_changes=self.biomarker_changes or none, **own,
        )  # fmt: skip
