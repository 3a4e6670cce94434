"""What a simulated trial plants: sizes of effects, spreads and losses.

The defaults take the reference study (Marx et al. 2025, doi:10.3389/fpsyt.2025.1662051): 35 healthy men, S-ketamine and
placebo in a crossover, glutamate and plasma BDNF before and 24 h after. Its coefficients (slope -0.330 under placebo,
interaction 1.005, residual SD 0.266) are planted as changes of ln(BDNF) per change of ln(glutamate), a scale that no
unit and no sample moves. The study itself prints them for relative changes, that of BDNF after a shifted logarithm;
that outcome exists only once the samples are known (the shift is the lowest of them), so nothing can be planted on it.
What the study's own chain makes of such a trial is measured, not assumed: docs/recovery.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pharmrs.spectra.records.declared_series import Series

SERIES_PERCENT = 8.0  # change of a metabolite during the session under the drug


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentEffect:
    """What one treatment does between baseline and follow-up.

    `metabolite_change`, `metabolite_sd`: mean and SD over people of ln(follow-up / baseline) of the metabolite.
    `biomarker_change`: mean of the same of the biomarker. `slope`: the coupling, change of the one logarithm per change
    of the other.
    """

    metabolite_change: float
    metabolite_sd: float
    biomarker_change: float
    slope: float


# coefficients as printed by the reference study; means and SDs of the changes are those its printed statistics leave
# (t-tests, coefficients, n; relative changes of 5 and 10 %), the SDs less the noise of measuring them
REFERENCE_TREATMENT = TreatmentEffect(
    metabolite_change=0.045, metabolite_sd=0.12, biomarker_change=-0.063, slope=-0.330
)
ACTIVE_TREATMENT = TreatmentEffect(metabolite_change=0.08, metabolite_sd=0.175, biomarker_change=-0.133, slope=0.675)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The people and what varies between and within them; SDs of logarithms unless said otherwise.

    `age_years`, `bmi`: mean and SD. `biomarker_visit_sd`: of every visit, so that the change has sqrt(2) times it.
    `biomarker_per_hour`: change of ln(biomarker) per hour of the day; `biomarker_per_allele`: of
    ln(follow-up / baseline) per minor allele. `period_effect`: shift of ln(biomarker) from one period to the next;
    `carry_over`: share of a treatment's mean change of it that is left in the next period.
    """

    age_years: tuple[float, float] = (25.1, 4.3)
    bmi: tuple[float, float] = (23.6, 2.6)
    female_share: float = 0.0
    genotypes: Mapping[str, float] = field(
        default_factory=lambda: {"Val/Val": 24 / 35, "Val/Met": 9 / 35, "Met/Met": 2 / 35}
    )
    metabolite_mm: float = 11.3
    metabolite_person_sd: float = 0.06
    metabolite_visit_sd: float = 0.06
    biomarker_median: float = 350.0
    biomarker_person_sd: float = 0.50
    biomarker_visit_sd: float = 0.178
    biomarker_per_hour: float = -0.015
    biomarker_per_allele: float = 0.0
    period_effect: float = 0.0
    carry_over: float = 0.0
    sampling_hours: tuple[float, float] = (8.25, 19.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Shares of visits without a usable recording or sample: no scan, a scan too broad or too weak, a lost tube.

    `always_bad`: visits (`sub-01_ses-2`) whose scan is bad whatever is drawn.
    """

    lost_scans: float = 0.03
    bad_scans: float = 0.035
    lost_samples: float = 1 / 140
    always_bad: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Everything that is planted. `treatments`: by name, as the design calls them."""

    treatments: Mapping[str, TreatmentEffect]
    population: Population = field(default_factory=Population)
    losses: Losses = field(default_factory=Losses)

    def interaction(self, treatment: str, reference: str) -> float:
        """Difference of the planted slopes."""
        return self.treatments[treatment].slope - self.treatments[reference].slope


def reference_effects(treatments: tuple[str, ...]) -> Effects:
    """The reference study's effects for these treatments: the first is its placebo, every other its S-ketamine."""
    return Effects(
        treatments={name: ACTIVE_TREATMENT if index else REFERENCE_TREATMENT for index, name in enumerate(treatments)}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedSeries:
    """`declared`: of study.yaml; `percent`: mean change by treatment, with the same SD over people in each."""

    declared: Series
    metabolite: str
    percent: Mapping[str, float]
    person_sd_percent: float = 2.0
