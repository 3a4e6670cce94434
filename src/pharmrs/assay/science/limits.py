"""The range of a plate: recovery of its standards, limit of detection, limits of quantification."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pharmrs.assay.records.choices import RefersTo
from pharmrs.assay.records.settings import AssaySettings, DeclaredLimit
from pharmrs.assay.records.standard_curve import AssayLimits, ReplicateNoise, StandardCurve, StandardLevel
from pharmrs.assay.science.logistic import inverse
from pharmrs.assay.science.noise import well_variance

_ROUNDING = 1e-12  # equal readings differ by as much once a reference was subtracted
DETECTION_SD = 3.0  # SD of the zero response (IUPAC; Armbruster and Pry 2008, Clin Biochem Rev 29 Suppl 1:S49)


def standard_levels(curve: StandardCurve, recovery_percent: tuple[float, float]) -> tuple[StandardLevel, ...]:
    """Every concentration of the standards, read back from the curve."""
    found = []
    for level in np.unique(curve.x):
        values = curve.y[curve.x == level]
        mean, nominal = float(values.mean()), float(level)
        back = float(np.exp(inverse(curve.search, np.array([mean]))[0]))
        recovery = 100.0 * back / nominal if nominal > 0 else float("nan")
        found.append(
            StandardLevel(
                nominal=nominal,
                wells=len(values),
                response=mean,
                cv_percent=cv_percent(values),
                back_fitted=back,
                recovery_percent=recovery,
                accepted=recovery_percent[0] <= recovery <= recovery_percent[1],
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


def limit_of_detection(curve: StandardCurve, noise: ReplicateNoise) -> float:
    """Concentration whose response is three SD of a single well away from the response at zero."""
    zero, infinite = curve.search[:2]
    largest = float(np.abs(curve.y).max())
    sd = float(np.sqrt(well_variance(noise, np.array([zero]), largest)[0]))
    return float(np.exp(inverse(curve.search, np.array([zero + np.sign(infinite - zero) * DETECTION_SD * sd]))[0]))


def assay_limits(
    curve: StandardCurve, noise: ReplicateNoise, levels: Sequence[StandardLevel], settings: AssaySettings
) -> AssayLimits:
    """Declared limits, or those derived from the standards: the longest run of accepted levels above detection."""
    detection = limit_of_detection(curve, noise)
    run = _accepted_run([level for level in levels if level.nominal > 0], detection)
    low_band, high_band = settings.recovery_percent
    why = f"with recovery {low_band:g}-{high_band:g} % and above the limit of detection"
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
