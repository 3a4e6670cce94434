"""Concentration of every sample and control of a plate, with flags; out of range means censored, never dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pharmrs.assay.records.plate import MEASURED, Missing
from pharmrs.assay.records.results import Censored, Estimate, Flag
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.records.standard_curve import AssayLimits, AssayWell, ReplicateNoise, StandardCurve
from pharmrs.assay.science.back_calculation import Inverted, invert, log_interval, satterthwaite
from pharmrs.assay.science.bootstrap import bootstrap
from pharmrs.assay.science.curve.values import inverse
from pharmrs.assay.science.limits import cv_percent
from pharmrs.assay.science.noise import well_variance
from pharmrs.core.records.arrays import FloatArray

_FLAG_OF: dict[Censored, Flag] = {"left": "below_lloq", "right": "above_uloq", "none": "ok"}


@dataclass(frozen=True, slots=True)
class _Group:
    """Replicates of one sample at one dilution: all wells, and the responses that count."""

    wells: tuple[AssayWell, ...]
    values: FloatArray

    @property
    def discordant(self) -> bool:
        return any(well.outlier and well.used for well in self.wells)


def group_wells(wells: Sequence[AssayWell]) -> list[list[AssayWell]]:
    """Samples, controls and spikes, replicates together: same role, sample and dilution; in the order of the layout."""
    groups: dict[tuple[str, str, float], list[AssayWell]] = {}
    for well in wells:
        if well.role in MEASURED:
            groups.setdefault((well.role, well.sample, well.dilution), []).append(well)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Per group (n,): means, inverse prediction, freedom, interval in the well; bootstrap (3, n): SD and ends."""

    means: FloatArray
    inverted: Inverted
    freedom: FloatArray
    low: FloatArray
    high: FloatArray
    bootstrap: FloatArray


def estimate_samples(
    plate: str,
    wells: Sequence[AssayWell],
    curve: StandardCurve,
    noise: ReplicateNoise,
    limits: AssayLimits,
    settings: AssaySettings,
) -> tuple[Estimate, ...]:
    """One estimate per sample and dilution of a plate."""
    groups = [
        _Group(tuple(group), np.array([well.response for well in group if well.used])) for group in group_wells(wells)
    ]
    if not groups:
        return ()
    numbers = _numbers(groups, curve, noise, settings)
    found = [_estimate(plate, group, index, numbers, curve, limits, settings) for index, group in enumerate(groups)]
    plain = {(one.sample, one.dilution): one.in_well for one in found if one.role == "sample"}
    return tuple(
        replace(one, unspiked=float(np.nan_to_num(plain.get((one.sample, one.dilution), np.nan))))
        if one.role == "spike"
        else one
        for one in found
    )


def _numbers(
    groups: Sequence[_Group], curve: StandardCurve, noise: ReplicateNoise, settings: AssaySettings
) -> _Numbers:
    means = np.array([group.values.mean() if group.values.size else np.nan for group in groups])
    variance = _mean_variance(groups, means, noise, curve)
    preparation = settings.preparation_cv_percent / 100.0
    inverted = invert(curve, means, variance)
    freedom = satterthwaite(inverted.curve_variance, curve.freedom, inverted.noise_variance, noise.freedom)
    inverted = replace(inverted, noise_variance=inverted.noise_variance + preparation**2)
    low, high = log_interval(inverted.log_x, inverted.variance, freedom, settings.confidence)
    spread = np.full((3, len(groups)), np.nan)
    if settings.bootstrap_draws:
        known = np.flatnonzero(np.isfinite(inverted.log_x))
        draws = bootstrap(
            curve,
            means[known],
            np.sqrt(variance[known]),
            settings.bootstrap_draws,
            settings.seed,
            preparation,
        )
        spread[:, known] = [draws.sd(), *draws.interval(freedom[known], settings.confidence)]
    return _Numbers(means, inverted, freedom, low, high, spread)


def _mean_variance(
    groups: Sequence[_Group], means: FloatArray, noise: ReplicateNoise, curve: StandardCurve
) -> FloatArray:
    """Variance of the mean responses: the plate's noise; for replicates that disagree, their own scatter if larger."""
    largest = float(np.abs(curve.y).max())
    counts = np.array([max(len(group.values), 1) for group in groups])
    own = np.array(
        [group.values.var(ddof=1) if group.discordant and len(group.values) > 1 else 0.0 for group in groups]
    )
    return np.asarray(np.maximum(well_variance(noise, means, largest), own) / counts)


def _estimate(
    plate: str,
    group: _Group,
    index: int,
    numbers: _Numbers,
    curve: StandardCurve,
    limits: AssayLimits,
    settings: AssaySettings,
) -> Estimate:
    inverted, first = numbers.inverted, group.wells[0]
    dilution = first.dilution
    beyond = _beyond_detector(group.wells, rising=curve.rising)
    log_x = float(inverted.log_x[index]) if not beyond else float("nan")
    known = np.isfinite(log_x)
    in_well = float(np.exp(log_x)) if known else float("nan")
    value = in_well * dilution
    sd_log = float(np.sqrt(inverted.variance[index]))
    censored = beyond or _censored(log_x, value, limits)
    flag, reason = _flag(group, censored, settings)

    def scaled(array: FloatArray) -> float:
        return float(array[index]) * dilution if known else float("nan")

    return Estimate(
        plate=plate,
        sample=first.sample,
        role=first.role,
        analyte=first.analyte,
        dilution=dilution,
        wells=tuple(well.well for well in group.wells),
        replicates=len(group.values),
        response=float(numbers.means[index]),
        cv_percent=cv_percent(group.values),
        concentration_cv_percent=_concentration_cv(curve, group.values),
        in_well=in_well,
        value=value,
        sd=value * sd_log,
        curve_sd=value * float(np.sqrt(inverted.curve_variance[index])),
        ci_low=scaled(numbers.low),
        ci_high=scaled(numbers.high),
        bootstrap_sd=scaled(numbers.bootstrap[0]),
        bootstrap_low=scaled(numbers.bootstrap[1]),
        bootstrap_high=scaled(numbers.bootstrap[2]),
        flag=flag,
        censored=censored,
        limit=_limit(censored, limits, dilution),
        nominal=first.nominal,
        gradient=inverted.gradients[index],
        noise_variance=float(inverted.noise_variance[index]),
        freedom=float(numbers.freedom[index]),
        reason=reason,
    )


def _beyond_detector(wells: Sequence[AssayWell], *, rising: bool) -> Censored | None:
    """Left or right when any replicate is beyond the detector: the mean of the others would be biased."""
    seen: set[Missing | None] = {well.missing for well in wells}
    if not seen & {"over", "under"}:
        return None
    return "right" if ("over" in seen) == rising else "left"


def _censored(log_x: float, value: float, limits: AssayLimits) -> Censored:
    if np.isnan(log_x):
        return "none"
    in_well = float(np.exp(min(log_x, 700.0)))
    value = in_well if np.isnan(value) else value  # beyond the curve: 0 or endless, whatever the dilution
    if (value if limits.lower_refers_to == "in_sample" else in_well) < limits.lower:
        return "left"
    if (value if limits.upper_refers_to == "in_sample" else in_well) > limits.upper:
        return "right"
    return "none"


def _limit(censored: Censored, limits: AssayLimits, dilution: float) -> float:
    """The limit in the undiluted sample."""
    if censored == "none":
        return float("nan")
    limit, refers_to = (
        (limits.lower, limits.lower_refers_to) if censored == "left" else (limits.upper, limits.upper_refers_to)
    )
    return limit if refers_to == "in_sample" else limit * dilution


def _flag(group: _Group, censored: Censored, settings: AssaySettings) -> tuple[Flag, str]:
    notes = [f"{well.well} {well.missing}" for well in group.wells if well.missing]
    notes += [f"{well.well} outlier, {'kept' if well.used else 'left out'}" for well in group.wells if well.outlier]
    reason = ", ".join(notes)
    if not group.values.size and censored == "none":
        return "lost", reason or "no well has a reading"
    if censored != "none":
        return _FLAG_OF[censored], reason
    if group.discordant:
        return "discordant", reason
    cv = cv_percent(group.values)
    if settings.max_cv_percent is not None and cv > settings.max_cv_percent:
        return "high_cv", ", ".join([*notes, f"replicates differ by {cv:.1f} % CV"])
    return "ok", reason


def _concentration_cv(curve: StandardCurve, values: FloatArray) -> float:
    if len(values) < 2:
        return float("nan")
    x = np.exp(inverse(curve, values))
    return cv_percent(x) if np.all(np.isfinite(x)) and x.mean() > 0 else float("nan")
