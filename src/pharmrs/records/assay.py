"""What is computed from plates: settings, standard curve, concentrations, quality."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from pharmrs.records.arrays import FloatArray, read_only
from pharmrs.records.plate import Missing, Plate, Role

CurveModel = Literal["4pl", "5pl"]
ModelChoice = Literal["auto", "4pl", "5pl"]
Weights = Literal["1/y^2", "1/y", "none"]
RefersTo = Literal["in_well", "in_sample"]
Censored = Literal["none", "left", "right"]
Flag = Literal["ok", "below_lloq", "above_uloq", "lost", "discordant", "high_cv"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredLimit:
    """A limit of quantification stated beforehand, and whether it holds in the well or in the undiluted sample."""

    value: float
    refers_to: RefersTo


@dataclass(frozen=True, slots=True, kw_only=True)
class AssaySettings:
    """Settings that change numbers; part of the settings hash.

    `wavelength_nm`, `reference_wavelength_nm`: reads used (None: the only one; no correction). `lower_limit`,
    `upper_limit`: declared limits; None: derived from the standards. `blanks_are_zero_standards`: blank wells enter
    the curve at concentration zero. `outlier_limit`: standardised deviation above which a well is an outlier;
    `exclude_outliers`: whether outlier wells are left out (they are shown either way). `max_cv_percent`: replicates
    that disagree by more are flagged (None: no rule). `preparation_cv_percent`: error of preparing (diluting) a sample,
    which its replicates share and cannot show. `recovery_percent`: band of the back-fitted standards within
    which a level counts as quantifiable. `bootstrap_draws`, `seed`: of the bootstrap intervals (0: none).
    """

    analyte: str = "analyte"
    unit: str = ""
    wavelength_nm: float | None = None
    reference_wavelength_nm: float | None = None
    model: ModelChoice = "auto"
    weights: Weights = "1/y^2"
    lower_limit: DeclaredLimit | None = None
    upper_limit: DeclaredLimit | None = None
    blanks_are_zero_standards: bool = True
    outlier_limit: float = 4.0
    exclude_outliers: bool = False
    max_cv_percent: float | None = None
    preparation_cv_percent: float = 0.0
    recovery_percent: tuple[float, float] = (80.0, 120.0)
    confidence: float = 0.95
    bootstrap_draws: int = 1000
    seed: int = 1

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssayWell:
    """One well with its role and its response (wavelength-corrected), NaN where `missing` says why.

    `deviation`: distance of the response from its replicates (samples) or from the curve (standards), in standard
    deviations of the plate's noise; `outlier`: beyond the stated limit; `used`: entered the result.
    """

    well: str
    role: Role
    sample: str
    analyte: str
    nominal: float
    dilution: float
    response: float
    missing: Missing | None = None
    deviation: float = float("nan")
    outlier: bool = False
    used: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveCandidate:
    """One model that was fitted: its small-sample Akaike criterion, weighted residual sum of squares, convergence."""

    model: CurveModel
    aicc: float
    cost: float
    converged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardCurve:
    """A fitted standard curve (equation in `assay/logistic.py`).

    `search` (p,) zero, infinite, log midpoint, log slope[, log asymmetry] and their `covariance` (p, p): residual
    variance times the inverse of the weighted normal matrix, as R's nls. `residual_variance`: of the weighted
    residuals, on `freedom` degrees. `x`, `y`, `weights` (n,): the wells that entered.
    `candidates`: the models compared; `lack_of_fit_p`: F test of level means against the curve, NaN without
    replicates; `notes`: what a reader must know (a parameter at its bound, weights that met their floor).
    """

    model: CurveModel
    search: FloatArray
    covariance: FloatArray
    residual_variance: float
    freedom: int
    x: FloatArray
    y: FloatArray
    weights: FloatArray
    candidates: tuple[CurveCandidate, ...]
    lack_of_fit_p: float
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("search", "covariance", "x", "y", "weights"):
            object.__setattr__(self, name, read_only(getattr(self, name), np.float64))

    @property
    def log_x(self) -> FloatArray:
        """Logarithms of the concentrations; -inf for zero."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.x))

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters by name, on their own scale."""
        names = ("zero", "infinite", "midpoint", "slope", "asymmetry")
        values = [*self.search[:2], *np.exp(self.search[2:])]
        return {name: float(value) for name, value in zip(names, values, strict=False)}

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard errors of `parameters` (delta method for those searched as logarithms)."""
        sd = np.sqrt(np.diag(self.covariance))
        scale = {name: 1.0 if name in ("zero", "infinite") else value for name, value in self.parameters.items()}
        return {name: float(sd[index]) * scale[name] for index, name in enumerate(scale)}

    @property
    def rising(self) -> bool:
        """Whether more analyte gives more response."""
        return bool(self.search[1] > self.search[0])

    @property
    def highest_standard(self) -> float:
        return float(np.max(self.x))

    @property
    def lowest_standard(self) -> float:
        """The lowest concentration above zero."""
        return float(np.min(self.x[self.x > 0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveBand:
    """The curve to be drawn: concentrations `x` (n,), `response` and its confidence band `low` to `high` (n,)."""

    x: FloatArray
    response: FloatArray
    low: FloatArray
    high: FloatArray

    def __post_init__(self) -> None:
        for name in ("x", "response", "low", "high"):
            object.__setattr__(self, name, read_only(getattr(self, name), np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicateNoise:
    """Variance of a single well as a function of its response: `variance` x |response|^(2 `power`).

    `freedom`: degrees of freedom of the pooled replicates; `source`: where it was estimated from.
    """

    variance: float
    power: float
    freedom: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardLevel:
    """One concentration of the standards: mean response, replicate CV, back-fitted concentration and its recovery."""

    nominal: float
    wells: int
    response: float
    cv_percent: float
    back_fitted: float
    recovery_percent: float
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AssayLimits:
    """Range of a plate, in-well concentrations unless declared otherwise.

    `detection`: concentration whose response is three SD from the zero response; `lower`, `upper`: limits of
    quantification with `lower_refers_to`, `upper_refers_to` and how each was obtained.
    """

    detection: float
    lower: float
    lower_refers_to: RefersTo
    lower_source: str
    upper: float
    upper_refers_to: RefersTo
    upper_source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One sample at one dilution on one plate.

    `cv_percent`: of the replicates' responses, `concentration_cv_percent`: of their concentrations. `in_well`:
    concentration in the well; `value` = in_well x dilution with its SD and interval (delta method, curve and replicate
    noise); `curve_sd`: the part of the curve alone; `bootstrap_*`: SD and interval from the bootstrap. NaN where the
    response lies beyond the curve. `limit`: the limit in the sample where `censored` is not none. `nominal`: stated
    concentration in the well of controls, else NaN. `gradient` (p,): of log concentration with respect to the curve's
    parameters; `noise_variance`: of log concentration from the replicates alone; `freedom`: of its total variance.
    """

    plate: str
    sample: str
    role: Role
    analyte: str
    dilution: float
    wells: tuple[str, ...]
    replicates: int
    response: float
    cv_percent: float
    concentration_cv_percent: float
    in_well: float
    value: float
    sd: float
    curve_sd: float
    ci_low: float
    ci_high: float
    bootstrap_sd: float
    bootstrap_low: float
    bootstrap_high: float
    flag: Flag
    censored: Censored
    limit: float
    nominal: float
    gradient: FloatArray
    noise_variance: float
    freedom: float
    reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "gradient", read_only(self.gradient, np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class BiomarkerConcentration:
    """The concentration of one analyte in one sample, all its dilutions and plates put together."""

    sample: str
    analyte: str
    plate: str
    value: float
    sd: float
    ci_low: float
    ci_high: float
    unit: str
    dilution: str
    flag: Flag
    censored: Censored
    limit: float
    replicates: int
    cv_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DilutionSeries:
    """Linearity of one sample measured at several dilutions.

    `cv_percent`: CV of the dilution-corrected concentrations within range (`n`); `slope` with its interval: of log
    in-well concentration on log (1 / dilution), 1 where sample and standards are parallel; NaN below three dilutions.
    """

    plate: str
    sample: str
    analyte: str
    dilutions: tuple[float, ...]
    n: int
    cv_percent: float
    slope: float
    slope_low: float
    slope_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateResult:
    """Everything about one plate."""

    name: str
    analyte: str
    plate: Plate
    settings: AssaySettings
    wells: tuple[AssayWell, ...]
    curve: StandardCurve
    band: CurveBand
    noise: ReplicateNoise
    levels: tuple[StandardLevel, ...]
    limits: AssayLimits
    estimates: tuple[Estimate, ...]
    series: tuple[DilutionSeries, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InterPlatePoint:
    """One control (or standard) on one plate.

    `deviation`: distance from the mean of the other plates, on the log scale, as a normal deviate (NaN below four
    plates); `verdict`: ok, warning (beyond 2) or out (beyond 3).
    """

    plate: str
    value: float
    deviation: float
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InterPlate:
    """Agreement between plates in one control (concentration) or one standard (response).

    Mean, SD and CV over the plates; `within_cv_percent`: root mean square of the replicate CVs within plates.
    """

    name: str
    analyte: str
    quantity: Literal["concentration", "response"]
    mean: float
    sd: float
    cv_percent: float
    within_cv_percent: float
    points: tuple[InterPlatePoint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssayStudy:
    """All plates of a study and what they say together."""

    settings: AssaySettings
    plates: tuple[PlateResult, ...]
    concentrations: tuple[BiomarkerConcentration, ...]
    inter_plate: tuple[InterPlate, ...]
