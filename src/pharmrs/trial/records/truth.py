"""What a trial would be like: the truth that power calculations and checks of the models draw from."""

from __future__ import annotations

from pharmrs.core.records.declaration import Fraction, NotNegative, Positive, declaration, key


@declaration
class TrialNumbers:
    """Numbers of a trial with a measurement before and one after each treatment. All SDs and changes are natural logs.

    A log of 0.1 is a change, or a coefficient of variation, of about 10 %. One value per treatment, reference first:
    `slopes`, `metabolite_changes`, `biomarker_changes`.
    """

    slopes: tuple[float, ...] = key(
        "log change of the biomarker per log change of the metabolite, per treatment in order; needed for a coupling",
        default=(),
    )
    metabolite_changes: tuple[float, ...] = key("mean log change per treatment; empty: none", default=())
    biomarker_changes: tuple[float, ...] = key("mean log change per treatment; empty: none", default=())
    metabolite_median: Positive = key(
        "typical level of the metabolite, its unit; needed with a metabolite", default=0.0
    )
    metabolite_person_sd: NotNegative = key("between participants (log); needed with a metabolite", default=0.0)
    metabolite_visit_sd: NotNegative = key("between visits of a participant (log)", default=0.0)
    metabolite_change_sd: Positive = key("of the true change (log); needed with a metabolite", default=0.0)
    metabolite_error_sd: NotNegative = key(
        "of one measurement (log; the CRLB as a fraction); needed with a metabolite", default=0.0
    )
    biomarker_median: Positive = key("typical level of the biomarker, its unit; needed with a biomarker", default=0.0)
    biomarker_person_sd: NotNegative = key("between participants (log); needed with a biomarker", default=0.0)
    biomarker_visit_sd: NotNegative = key("between visits of a participant (log)", default=0.0)
    biomarker_change_sd: Positive = key(
        "of the true change that the metabolite does not explain (log); needed with a biomarker", default=0.0
    )
    biomarker_error_sd: NotNegative = key(
        "of one measurement (log; the CV of the assay); needed with a biomarker", default=0.0
    )
    shared_change_sd: NotNegative = key("part of the change that a participant always shows (log)", default=0.0)
    lower_limit: NotNegative = key("limit of the assay, unit of the biomarker; 0: none", default=0.0)
    missing_metabolite: Fraction = key("probability that a spectrum is lost or excluded", default=0.0)
    missing_biomarker: Fraction = key("probability that a sample is lost", default=0.0)
    period_change: float = key("added to the biomarker's log change in later periods", default=0.0)
    metabolite_change_sds: tuple[float, ...] = key(
        "metabolite_change_sd of each treatment where they differ; empty: the common one", default=()
    )
    biomarker_change_sds: tuple[float, ...] = key(
        "biomarker_change_sd of each treatment where they differ; empty: the common one", default=()
    )
    at_baseline: Fraction = key(
        "share of what comes and goes that is there at baseline, the rest at follow-up; 0.5: both vary as much",
        default=0.5,
    )

    def change_sds(self, arm: int) -> tuple[float, float]:
        """SDs of the true changes of metabolite and biomarker under a treatment, by its position."""
        return (
            self.metabolite_change_sds[arm] if self.metabolite_change_sds else self.metabolite_change_sd,
            self.biomarker_change_sds[arm] if self.biomarker_change_sds else self.biomarker_change_sd,
        )


@declaration
class TrialTruth(TrialNumbers):
    """The numbers with the design they are for: what trials are drawn from."""

    kind: str
    treatments: tuple[str, ...]
    sequences: tuple[tuple[str, ...], ...] = ()
    doses: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in ("crossover", "parallel", "single_arm"):
            raise ValueError(f"kind must be crossover, parallel or single_arm, is {self.kind!r}")
        for name in ("slopes", "metabolite_changes", "biomarker_changes"):
            if len(getattr(self, name)) != len(self.treatments):
                raise ValueError(f"{name} needs one value per treatment ({len(self.treatments)})")
        for name in ("metabolite_change_sds", "biomarker_change_sds"):
            if len(getattr(self, name)) not in (0, len(self.treatments)):
                raise ValueError(f"{name} needs no value, or one per treatment ({len(self.treatments)})")
