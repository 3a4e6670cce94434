"""The range of a plate: recovery of its standards, limit of detection, limits of quantification."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pharmrs.assay.records.acceptance import AcceptanceCheck, Verdict
from pharmrs.assay.records.choices import RefersTo
from pharmrs.assay.records.settings import AssaySettings, DeclaredLimit
from pharmrs.assay.records.standard_curve import (
    THROUGH_STANDARDS,
    AssayLimits,
    PrecisionProfile,
    ReplicateNoise,
    StandardCurve,
    StandardLevel,
)
from pharmrs.assay.science.back_calculation import invert
from pharmrs.assay.science.curve.values import inverse, response
from pharmrs.assay.science.noise import well_variance
from pharmrs.core.records.arrays import FloatArray

_ROUNDING = 1e-12  # equal readings differ by as much once a reference was subtracted
_PROFILE_POINTS, _BEYOND = 40, 2.0  # points of the profile of precision, factor beyond the standards
_FLAT_CV = 100.0
_MOST_OUTSIDE = 1 / 3  # of the standards
DETECTION_SD = 3.0  # SD of the zero response (IUPAC; Armbruster and Pry 2008, Clin Biochem Rev 29 Suppl 1:S49)


def standard_levels(
    curve: StandardCurve, noise: ReplicateNoise, settings: AssaySettings, replicates: int
) -> tuple[StandardLevel, ...]:
    """Every concentration of the standards, read back from the curve; `replicates`: of the plate's samples."""
    low, high = settings.recovery_percent
    most_cv, most_error = settings.precision_percent or np.inf, settings.total_error_percent or np.inf
    found = []
    for level in np.unique(curve.x):
        values = curve.y[curve.x == level]
        mean, nominal = float(values.mean()), float(level)
        back = float(np.exp(inverse(curve, np.array([mean]))[0]))
        recovery = 100.0 * back / nominal if nominal > 0 else float("nan")
        cv = float(concentration_cv(curve, noise, np.array([nominal]), replicates)[0]) if nominal > 0 else float("nan")
        error = abs(recovery - 100.0) + cv
        found.append(
            StandardLevel(
                nominal=nominal,
                wells=len(values),
                response=mean,
                cv_percent=cv_percent(values),
                back_fitted=back,
                recovery_percent=recovery,
                precision_percent=cv,
                total_error_percent=error,
                accepted=bool(low <= recovery <= high and cv <= most_cv and error <= most_error),
            )
        )
    return tuple(found)


def cv_percent(values: Sequence[float] | np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    """Coefficient of variation (%), NaN below two values or around a mean of zero."""
    array = np.asarray(values, dtype=float)
    if len(array) < 2 or array.mean() == 0:
        return float("nan")
    if np.ptp(array) < _ROUNDING * abs(array.mean()):
        return 0.0
    return float(100.0 * array.std(ddof=1) / abs(array.mean()))


def concentration_cv(curve: StandardCurve, noise: ReplicateNoise, x: FloatArray, replicates: int) -> FloatArray:
    """CV (percent) of concentrations read back at `x` (n,) from the mean of `replicates` wells; endless where flat."""
    responses = response(curve, np.log(x))
    variance = well_variance(noise, responses, float(np.abs(curve.y).max())) / replicates
    with np.errstate(divide="ignore", invalid="ignore"):
        found = invert(curve, responses, variance)
    return np.asarray(np.where(np.isfinite(found.variance), 100.0 * np.sqrt(found.variance), np.inf))


def precision_profile(curve: StandardCurve, noise: ReplicateNoise, replicates: int) -> PrecisionProfile:
    """That CV over the range of the standards and a little beyond."""
    beyond = 1.0 if curve.model in THROUGH_STANDARDS else _BEYOND
    x = np.geomspace(curve.lowest_standard / beyond, curve.highest_standard * beyond, _PROFILE_POINTS)
    return PrecisionProfile(x=x, cv_percent=concentration_cv(curve, noise, x, replicates), replicates=replicates)


def judge_range(levels: Sequence[StandardLevel], limits: AssayLimits) -> AcceptanceCheck:
    """Whether derived limits leave most of the standards between them."""
    asked = "the range of quantification should reach over most of the standards"
    stated = [level for level in levels if level.nominal > 0]
    if "declared" in (limits.lower_source, limits.upper_source):
        return AcceptanceCheck(rule="range", asked=asked, found="the study declares its limits", verdict="not judged")
    outside = [level for level in stated if not limits.lower <= level.nominal <= limits.upper]
    bad = [level for level in stated if not level.accepted]
    listed = ", ".join(f"{level.nominal:g} {_what_is_wrong(level)}" for level in bad)
    found = f"{limits.lower:g} to {limits.upper:g}" + (f" ({listed})" if bad else "")
    verdict: Verdict = "noted" if len(outside) > _MOST_OUTSIDE * len(stated) else "met"
    return AcceptanceCheck(rule="range", asked=asked, found=found, verdict=verdict)


def _what_is_wrong(level: StandardLevel) -> str:
    if not level.precision_percent < _FLAT_CV:
        return "lies where the curve is flat"
    return f"reads {level.recovery_percent:.0f} %, CV {level.precision_percent:.0f} %"


def limit_of_detection(curve: StandardCurve, noise: ReplicateNoise) -> float:
    """Concentration whose response is three SD of a single well away from the response at zero."""
    zero = float(curve.search[0])
    if np.isnan(zero):
        return curve.lowest_standard  # nothing is known below it
    largest = float(np.abs(curve.y).max())
    reach = DETECTION_SD * float(np.sqrt(well_variance(noise, np.array([zero]), largest)[0]))
    found = float(np.exp(inverse(curve, np.array([zero + (reach if curve.rising else -reach)]))[0]))
    return max(found, curve.lowest_standard) if curve.model in THROUGH_STANDARDS else found


def assay_limits(
    curve: StandardCurve, noise: ReplicateNoise, levels: Sequence[StandardLevel], settings: AssaySettings
) -> AssayLimits:
    """Declared limits, or those derived from the standards: the longest run of accepted levels above detection."""
    detection = limit_of_detection(curve, noise)
    run = _accepted_run([level for level in levels if level.nominal > 0], detection)
    low_band, high_band = settings.recovery_percent
    cv = f", CV up to {settings.precision_percent:g} %" if settings.precision_percent else ""
    error = f", total error up to {settings.total_error_percent:g} %" if settings.total_error_percent else ""
    why = f"with recovery {low_band:g}-{high_band:g} %{cv}{error} and above the limit of detection"
    ends = (run[0].nominal, run[-1].nominal) if run else (curve.lowest_standard, curve.highest_standard)
    which = why if run else f"(no standard {why})"
    lower, lower_refers_to, lower_source = _limit(settings.lower_limit, ends[0], f"lowest standard {which}")
    upper, upper_refers_to, upper_source = _limit(settings.upper_limit, ends[1], f"highest standard {which}")
    return AssayLimits(
        detection=detection,
        lower=lower,
        lower_refers_to=lower_refers_to,
        lower_source=lower_source,
        upper=upper,
        upper_refers_to=upper_refers_to,
        upper_source=upper_source,
    )


def _limit(declared: DeclaredLimit | None, derived: float, source: str) -> tuple[float, RefersTo, str]:
    return (derived, "in_well", source) if declared is None else (declared.value, declared.refers_to, "declared")


def _accepted_run(levels: Sequence[StandardLevel], detection: float) -> list[StandardLevel]:
    """The longest run of neighbouring accepted levels at or above detection."""
    best: list[StandardLevel] = []
    run: list[StandardLevel] = []
    for level in levels:
        run = [*run, level] if level.accepted and level.nominal >= detection else []
        best = run if len(run) > len(best) else best
    return best
