"""What is computed from plates: concentrations, their flags, and the agreement of plates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pharmrs.assay.records.acceptance import AcceptanceCheck
from pharmrs.assay.records.plate import Plate, Role
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.records.standard_curve import (
    AssayLimits,
    AssayWell,
    CurveBand,
    PrecisionProfile,
    ReplicateNoise,
    StandardCurve,
    StandardLevel,
    WeightedFit,
)
from pharmrs.core.records.arrays import FloatArray, read_only

Censored = Literal["none", "left", "right"]
Flag = Literal["ok", "below_lloq", "above_uloq", "lost", "discordant", "high_cv", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One sample at one dilution on one plate.

    `cv_percent`: of the replicates' responses, `concentration_cv_percent`: of their concentrations. `in_well`:
    concentration in the well; `value` = in_well x dilution with its SD and interval (delta method, curve and replicate
    noise); `curve_sd`: the part of the curve alone; `bootstrap_*`: SD and interval from the bootstrap. NaN where the
    response lies beyond the curve. `limit`: the limit in the sample where `censored` is not none. `nominal`: stated
    concentration in the well of controls, else NaN. `gradient` (p,): of log concentration with respect to the curve's
    parameters; `noise_variance`: of log concentration from the replicates alone; `freedom`: of its total variance.
    `unspiked`: concentration in the well of the same sample without the `nominal` amount that was added (spikes), else
    zero. `rejected`: why this value does not count although it could be computed; empty where it does.
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
    unspiked: float = 0.0
    rejected: str = ""

    @property
    def recovery_percent(self) -> float:
        """What was found of the stated (or added) concentration; NaN where none is stated."""
        return 100.0 * (self.in_well - self.unspiked) / self.nominal if self.nominal > 0 else float("nan")

    def __post_init__(self) -> None:
        object.__setattr__(self, "gradient", read_only(self.gradient, np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class BiomarkerConcentration:
    """The concentration of one analyte in one sample, all its dilutions and plates put together.

    `flag` rejected: it was measured, and does not count; `reason` says why, and `AssayStudy.rejected` has the value.
    """

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
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DilutionSeries:
    """Linearity of one sample measured at several dilutions.

    `cv_percent`: CV of the dilution-corrected concentrations within range (`n`); `slope` with its interval: of log
    in-well concentration on log (1 / dilution), 1 where sample and standards are parallel; NaN below three dilutions.
    `agrees`: whether that CV is within the declared limit (None: not judged); `hooked`: dilutions that read less than
    a stronger one.
    """

    plate: str
    sample: str
    analyte: str
    dilutions: tuple[float, ...]
    n: int
    cv_percent: float
    agrees: bool | None
    hooked: tuple[float, ...]
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
    checks: tuple[AcceptanceCheck, ...] = ()
    weightings: tuple[WeightedFit, ...] = ()
    profile: PrecisionProfile | None = None

    @property
    def rejected(self) -> str:
        """Why the plate does not count; empty where it does (or where the study only wants to be told)."""
        failed = "; ".join(str(check) for check in self.checks if check.fatal)
        return failed if self.settings.acceptance.action == "reject" else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPlate:
    """A plate without a curve: its wells are known, its samples have no value."""

    name: str
    analyte: str
    plate: Plate
    wells: tuple[AssayWell, ...]
    checks: tuple[AcceptanceCheck, ...]

    @property
    def rejected(self) -> str:
        """Why there is no curve."""
        return "; ".join(str(check) for check in self.checks if check.fatal)


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

    Mean, SD and CV over the plates that were not rejected; `within_cv_percent`: root mean square of the replicate CVs
    within plates.
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
    """All plates of a study and what they say together.

    `rejected`: what the rejected values would have been, for the result without the rule; `refused`: plates that gave
    no curve; `checks`: rules that are judged over all plates.
    """

    settings: AssaySettings
    plates: tuple[PlateResult, ...]
    concentrations: tuple[BiomarkerConcentration, ...]
    inter_plate: tuple[InterPlate, ...]
    rejected: tuple[BiomarkerConcentration, ...] = ()
    refused: tuple[RefusedPlate, ...] = ()
    checks: tuple[AcceptanceCheck, ...] = ()

    @property
    def all_plates(self) -> tuple[PlateResult | RefusedPlate, ...]:
        """Every plate that was read, with a curve or without."""
        return (*self.plates, *self.refused)
