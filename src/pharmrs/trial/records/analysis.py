"""The analysis plan as the statistics use it, and what an analysis gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pharmrs.core.records.declaration import declaration, key
from pharmrs.trial.records.multiverse import MultiversePlan, SpecificationCurve

_NAN = float("nan")


@declaration
class Covariate:
    """A covariate that is added alone to the main model."""

    name: str = key("column of participants.tsv, or genotype", min_length=1)
    reference: str = key("reference level of a category, e.g. Val/Val; empty: it is a number", default="")
    at: Literal["", "participant", "follow_up", "baseline", "change"] = key(
        "participant: the same in every session; else which value of a covariate that differs between sessions; empty: "
        "as the table shows, follow_up where it differs",
        default="",
    )

    def __post_init__(self) -> None:
        if self.reference and self.at == "change":
            raise ValueError("a category has no change: at must be participant, follow_up or baseline")

    @property
    def categorical(self) -> bool:
        return bool(self.reference)


@declaration
class Margin:
    """Differences between treatments that would not matter, of one quantity."""

    quantity: str = key("the metabolite or the biomarker", min_length=1)
    low: float = key("largest difference below that does not matter, in the unit of the declared change", lt=0)
    high: float = key("largest difference above that does not matter", gt=0)


@declaration
class Outcome:
    """An outcome beside metabolite and biomarker: what each treatment does to it is estimated."""

    name: str = key(
        "column of the observation table; in a run a column of a table in phenotype/, another metabolite or "
        "analyte, or a change of a series, e.g. Glu_drug",
        min_length=1,
    )
    change: Literal["difference", "log_ratio", "follow_up"] = key(
        "difference or log_ratio from baseline (analysis given the baseline); follow_up: measured after treatment alone"
    )


@declaration
class IntercurrentEvent:
    """What may happen after treatment that changes what an outcome means, and how it is dealt with (ICH E9 R1)."""

    event: str = key(
        "e.g. a dose that was reduced, a rescue medication, a visit missed for a side effect", min_length=1
    )
    strategy: Literal["treatment_policy", "hypothetical", "composite", "while_on_treatment", "principal_stratum"] = key(
        "treatment_policy: the value counts as it is; hypothetical: as if it had not happened, the value is missing; "
        "composite: the event is part of the outcome; while_on_treatment: the last value before; principal_stratum"
    )


@declaration
class Estimand:
    """What is to be estimated, in words (ICH E9 R1). It is printed with the plan and the results, and hashed."""

    population: str = key("whom the result is about", min_length=1)
    variable: str = key("what is measured of each of them", min_length=1)
    summary: str = key("how populations are compared, e.g. difference of mean log ratios", min_length=1)
    events: tuple[IntercurrentEvent, ...] = key("intercurrent events and their strategies", default=())


@declaration
class Contrast:
    """A comparison of treatments that was declared."""

    name: str = key("what it is called, e.g. both doses against placebo", min_length=1)
    weights: tuple[float, ...] = key(
        "what the mean of each treatment counts, in their order; they sum to 0", min_length=2
    )

    def __post_init__(self) -> None:
        if abs(sum(self.weights)) > 1e-6 * max(map(abs, self.weights)) or not any(self.weights):
            raise ValueError(f"weights must sum to 0 and not all be 0, they are {self.weights}")


@declaration
class TimeContrast:
    """A mean over time points, or a difference between them."""

    name: str = key("what it is called, e.g. mean over the day", min_length=1)
    weights: tuple[float, ...] = key("what the effect at each time point counts, in their order", min_length=2)

    def __post_init__(self) -> None:
        if not any(self.weights) or min(abs(sum(self.weights)), abs(sum(self.weights) - 1)) > 1e-6:
            raise ValueError(f"weights must sum to 1 (a mean) or to 0 (a difference), they are {self.weights}")


@declaration
class RepeatedMeasures:
    """How the model mmrm takes more than two time points."""

    time_points: tuple[str, ...] = key("time points after the baseline, in order of time", min_length=2)
    covariance: Literal["unstructured", "ar1"] = key(
        "unstructured: of each pair of time points its own; ar1: a correlation that falls by the same factor from one "
        "time point to the next"
    )
    contrasts: tuple[TimeContrast, ...] = key(
        "comparisons of time points, one weight for each, applied to every treatment's effect; the weights of a mean "
        "over time sum to 1, of a difference to 0",
        default=(),
    )

    def __post_init__(self) -> None:
        if len(set(self.time_points)) < len(self.time_points):
            raise ValueError("time_points must be different labels")
        if wrong := [one.name for one in self.contrasts if len(one.weights) != len(self.time_points)]:
            raise ValueError(f"contrasts need one weight per time point ({len(self.time_points)}): {', '.join(wrong)}")


COUPLING = "coupling"  # the name of the interaction among the members of a family


@declaration
class Family:
    """Hypotheses that are tested together, so that the probability of any false rejection is at most alpha."""

    members: tuple[str, ...] = key(
        "quantities whose treatment effects are tested, and coupling for the interaction of the main model; the order "
        "is that of fixed_sequence",
        min_length=1,
    )
    method: Literal["holm", "hochberg", "bonferroni", "fixed_sequence"] = key(
        "fixed_sequence: each at alpha, in order, until one is not rejected", default="holm"
    )


@declaration
class AnalysisPlan:
    """Every choice of the analysis that changes numbers. The names are keys of the registries of the trial.

    `time_adjustment`: none | linear; `biomarker_transform`: none | log | shifted_log; `*_change`: relative |
    difference | log_ratio; `models`: declared extension models (all others are exploratory). Without a metabolite or
    without a biomarker the trial is about the other one alone.
    """

    metabolite: str = "Glu"
    biomarker: str = "biomarker"
    time_adjustment: str = "linear"
    biomarker_transform: str = "shifted_log"
    biomarker_change: str = "relative"
    metabolite_change: str = "relative"
    scale: str = key("concentration scale; empty: quantification.primary_scale", default="")
    covariates: tuple[Covariate, ...] = key("each is added alone to the main model", default=())
    alpha: float = key("two-sided level of tests; intervals cover 1 - alpha", default=0.05, gt=0, lt=1)
    models: tuple[str, ...] = key("extension models that are part of the plan", default=())
    exploratory: tuple[str, ...] = key("extension models run beside the plan, labelled exploratory", default=())
    equivalence: tuple[Margin, ...] = key("margins of the model equivalence", default=())
    outcomes: tuple[Outcome, ...] = key("further outcomes, each with its treatment effects", default=())
    exposures: tuple[Covariate, ...] = key(
        "what was taken in or measured of the drug, such as its level in plasma: the model exposure", default=()
    )
    contrasts: tuple[Contrast, ...] = key("comparisons of treatments for the model contrasts", default=())
    ed50: float = key(
        "dose with half of the largest effect, for the Emax shape of the model dose_response; 0: linear alone",
        default=0.0,
        ge=0,
    )
    repeated: RepeatedMeasures | None = key(
        "time points and covariance of the model mmrm; left out: all time points that the table has, unstructured",
        default=None,
    )
    estimand: Estimand | None = key("what is to be estimated, in words (ICH E9 R1)", default=None)
    families: tuple[Family, ...] = key(
        "confirmatory families in the order of their gates: a family is tested where all of those before are rejected",
        default=(),
    )
    seed: int = key("of every model that draws random numbers", default=1, ge=0)
    multiverse: MultiversePlan = key("levels of each choice of the model multiverse", default=MultiversePlan())

    @property
    def couples(self) -> bool:
        """Whether the plan is about how two quantities go together, not about one alone."""
        return bool(self.metabolite and self.biomarker)

    @property
    def from_baseline(self) -> bool:
        """Whether anything is compared with a baseline."""
        alone = bool(self.outcomes) and all(one.change == "follow_up" for one in self.outcomes)
        return bool(self.metabolite or self.biomarker) or not alone

    @property
    def quantities(self) -> tuple[str, ...]:
        """Everything whose treatment effects are estimated, in order."""
        return tuple(name for name in (self.metabolite, self.biomarker, *(one.name for one in self.outcomes)) if name)

    @property
    def of_sessions(self) -> frozenset[str]:
        """Columns whose values belong to their session: one that is missing is never filled from another."""
        named = [one.name for one in self.covariates if one.at in ("follow_up", "baseline", "change")]
        named += [one.name for one in self.exposures if one.at != "participant"]
        return frozenset((*named, *(one.name for one in self.outcomes)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the observation table beyond its own that the plan names."""
        names = [one.name for one in (*self.covariates, *self.exposures)]
        return (*names, *(one.name for one in self.outcomes))


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectEstimate:
    """One term of one model with its interval (two-sided, level 1 - alpha), or the reason why it has none.

    `statistic_name`: t, z, F or empty; `df`: NaN for none; `n`: rows (or pairs), `subjects`: participants behind it.
    `hypothesis`: the term the plan is about (the interaction), shown in the forest plot. `treatment`: the arm it is
    about, empty where it is about none or all; `condition`: where the rest of an interaction is held, since a main
    effect beside an interaction is the effect at one place only.
    """

    model: str
    term: str
    estimate: float = _NAN
    se: float = _NAN
    ci_low: float = _NAN
    ci_high: float = _NAN
    statistic_name: str = "t"
    statistic: float = _NAN
    df: float = _NAN
    p: float = _NAN
    n: int = 0
    subjects: int = 0
    unit: str = ""
    hypothesis: bool = False
    treatment: str = ""
    condition: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticalTest:
    """One test: what is tested, on how many pairs or rows, and its result or the reason why there is none.

    `family`: spearman, oldham, within_treatment, shapiro, ...; `group`: treatment, time point or sample it is about.
    `p_alternative`: a second p by `p_alternative_method` where the literature uses two. `alpha`: the level it is
    judged by after correction for multiplicity (Bonferroni; `alpha_sidak`: Sidak), NaN where it is not judged;
    `alpha_reference`, `alpha_sidak_reference`: the levels as the reference study corrected them, which are not used.
    `ties`: values share a rank, which AS 89 does not allow for.
    `interval`: what `ci_low` to `ci_high` is, where it is not the interval of the declared level.
    `p_holm`, `p_bh`: p adjusted for all tests of its family and sample (Holm; Benjamini and Hochberg).
    """

    family: str
    group: str
    quantity: str
    estimate_name: str = ""
    estimate: float = _NAN
    ci_low: float = _NAN
    ci_high: float = _NAN
    statistic_name: str = ""
    statistic: float = _NAN
    df: float = _NAN
    df2: float = _NAN
    p: float = _NAN
    p_method: str = ""
    p_alternative: float = _NAN
    p_alternative_method: str = ""
    n: int = 0
    alpha: float = _NAN
    alpha_sidak: float = _NAN
    alpha_reference: float = _NAN
    alpha_sidak_reference: float = _NAN
    ties: bool = False
    p_holm: float = _NAN
    p_bh: float = _NAN
    sample: str = ""
    interval: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOutcome:
    """What a model gives back: estimates, tests, single numbers, remarks; or `reason` why it could not be computed.

    `facts`: name -> number (log likelihood, variance components, ...), names as in the data dictionary; `notes`: what
    a reader must know (an estimate at its boundary, pairs left out). Set by the analysis, not the model: `declared`;
    `aspect`: what it changes in the declared analysis; `misses`: where its test does not hold its level;
    `says_nothing`: terms whose interval covers every value that these data could give.
    """

    name: str
    title: str
    estimates: tuple[EffectEstimate, ...] = ()
    tests: tuple[StatisticalTest, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    reason: str = ""
    declared: bool = True
    aspect: str = ""
    misses: str = ""
    says_nothing: tuple[str, ...] = ()
    curve: SpecificationCurve | None = None

    @property
    def tested(self) -> tuple[EffectEstimate, ...]:
        """The terms that the model is about."""
        return tuple(one for one in self.estimates if one.hypothesis)

    @property
    def shown(self) -> tuple[EffectEstimate, ...]:
        """What a summary shows: the tested terms, else those of an arm each, else the first."""
        return self.tested or tuple(one for one in self.estimates if one.treatment) or self.estimates[:1]
