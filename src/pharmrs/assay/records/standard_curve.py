"""A plate of the assay up to its standard curve: wells, curve, noise, levels, limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pharmrs.assay.records.choices import RefersTo
from pharmrs.assay.records.plate import Missing, Role
from pharmrs.core.records.arrays import FloatArray, read_only

CurveModel = Literal["4pl", "5pl", "linear", "log-log", "spline", "point-to-point"]
LOGISTIC: frozenset[CurveModel] = frozenset({"4pl", "5pl"})
THROUGH_STANDARDS: frozenset[CurveModel] = frozenset({"spline", "point-to-point"})
# what `search` holds that has a name; of those through the standards the rest are the mean responses of the levels
_NAMES: dict[CurveModel, tuple[str, ...]] = {
    "4pl": ("zero", "infinite", "midpoint", "slope"),
    "5pl": ("zero", "infinite", "midpoint", "slope", "asymmetry"),
    "linear": ("zero", "slope"),
    "log-log": ("zero", "intercept", "slope"),
    "spline": ("zero",),
    "point-to-point": ("zero",),
}


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
    """A fitted standard curve (equations in `assay/science/curve/logistic.py` and `lines.py`).

    `search` (p,) zero, infinite, log midpoint, log slope[, log asymmetry], or response at zero (NaN where there is no
    such well) and what the model has, and their `covariance` (p, p): residual
    variance times the inverse of the weighted normal matrix, as R's nls. `residual_variance`: of the weighted
    residuals, on `freedom` degrees. `x`, `y`, `weights` (n,): the wells that entered.
    `power`: the SD of a well that the weights assume is proportional to |y|^power; `by_curve`: y of the curve
    itself. `candidates`: the models compared;
    `lack_of_fit_p`: F test of level means against the curve, NaN without replicates; `notes`: what a reader must know
    (a parameter at its bound, weights that met their floor).
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
    power: float = 1.0
    by_curve: bool = False
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
        values = [*self.search[:2], *np.exp(self.search[2:])] if self.model in LOGISTIC else self.search
        return {name: float(value) for name, value in zip(_NAMES[self.model], values, strict=False)}

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard errors of `parameters` (delta method for those searched as logarithms)."""
        sd = np.sqrt(np.diag(self.covariance))
        as_it_is = ("zero", "infinite") if self.model in LOGISTIC else tuple(self.parameters)
        scale = {name: 1.0 if name in as_it_is else value for name, value in self.parameters.items()}
        return {name: float(sd[index]) * scale[name] for index, name in enumerate(scale)}

    @property
    def rising(self) -> bool:
        """Whether more analyte gives more response."""
        if self.model in LOGISTIC:
            return bool(self.search[1] > self.search[0])
        if self.model in THROUGH_STANDARDS:
            return bool(self.search[-1] > self.search[1])
        return bool(self.search[-1] > 0)

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
    """One concentration of the standards: mean response, replicate CV, back-fitted concentration and its recovery.

    `precision_percent`: CV of a concentration read back here, for as many replicates as the plate's samples have;
    `total_error_percent`: that CV and the distance of the recovery from 100 together; NaN at concentration zero.
    """

    nominal: float
    wells: int
    response: float
    cv_percent: float
    back_fitted: float
    recovery_percent: float
    precision_percent: float
    total_error_percent: float
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionProfile:
    """CV (percent) of a concentration read back at `x` (n,), for `replicates` wells: noise of the wells and curve."""

    x: FloatArray
    cv_percent: FloatArray
    replicates: int

    def __post_init__(self) -> None:
        for name in ("x", "cv_percent"):
            object.__setattr__(self, name, read_only(getattr(self, name), np.float64))


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
class WeightedFit:
    """The curve of the same standards under other weights: its upper asymptote and midpoint, and by how much (percent)
    the concentrations of the plate's samples change with it at most (`largest_change_percent`, NaN without samples)."""

    weights: str
    power: float
    infinite: float
    midpoint: float
    largest_change_percent: float
