"""What a trial would be like: the truth that power calculations and checks of the models draw from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialTruth:
    """Truth of a trial with a measurement before and one after each treatment. All SDs and changes are natural logs.

    A log of 0.1 is a change, or a coefficient of variation, of about 10 %. One value per treatment, reference first:
    `slopes` (change of the biomarker per change of the metabolite), `metabolite_changes`, `biomarker_changes`.
    `*_median`: typical level in its unit; `*_person_sd`: between participants; `*_visit_sd`: between visits of a
    participant; `*_change_sd`: of the true change (biomarker: around the regression); `*_error_sd`: of a measurement;
    `shared_change_sd`: part of the biomarker's change that a participant shows under every treatment.
    `lower_limit`: of the biomarker's assay, its unit; `missing_*`: probability that a value is lost;
    `period_change`: added to the biomarker's change in the second period.
    """

    kind: str
    treatments: tuple[str, ...]
    slopes: tuple[float, ...]
    metabolite_changes: tuple[float, ...]
    biomarker_changes: tuple[float, ...]
    metabolite_median: float = 10.0
    metabolite_person_sd: float = 0.08
    metabolite_visit_sd: float = 0.05
    metabolite_change_sd: float = 0.12
    metabolite_error_sd: float = 0.04
    biomarker_median: float = 400.0
    biomarker_person_sd: float = 0.5
    biomarker_visit_sd: float = 0.3
    biomarker_change_sd: float = 0.4
    biomarker_error_sd: float = 0.08
    shared_change_sd: float = 0.1
    lower_limit: float = 0.0
    missing_metabolite: float = 0.0
    missing_biomarker: float = 0.0
    period_change: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in ("crossover", "parallel"):
            raise ValueError(f"kind must be crossover or parallel, is {self.kind!r}")
        for name in ("slopes", "metabolite_changes", "biomarker_changes"):
            if len(getattr(self, name)) != len(self.treatments):
                raise ValueError(f"{name} needs one value per treatment ({len(self.treatments)})")
