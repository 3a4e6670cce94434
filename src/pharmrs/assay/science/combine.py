"""One concentration per sample from all its dilutions and plates.

Values within range are averaged on the log scale with weights inverse to their variance. Those of one plate share its
curve, so their errors are correlated: the variance of the mean uses the curve's covariance. Out-of-range values do not
enter when another dilution is in range; when none is, the sample is censored at its most telling limit. Values that
disagree by more than their replicate noise allows (the rule for outliers, applied to Cochran's Q) are marked discordant
and their variance is widened by the Birge ratio. Values that acceptance rejected do not enter; a sample with no other
is listed as rejected, with its reason and without a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from pharmrs.assay.records.results import BiomarkerConcentration, Estimate, Flag, PlateResult, RefusedPlate
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.records.standard_curve import AssayWell
from pharmrs.assay.science.back_calculation import log_interval
from pharmrs.assay.science.limits import cv_percent
from pharmrs.core.records.arrays import FloatArray

_CONCERNS: tuple[Flag, ...] = ("discordant", "high_cv")


def combine(
    plates: Sequence[PlateResult], settings: AssaySettings, refused: Sequence[RefusedPlate] = ()
) -> tuple[BiomarkerConcentration, ...]:
    """Every sample once, in alphabetical order of sample and analyte; those of refused plates, too."""
    kept, out = _groups(plates)
    covariance = {plate.name: plate.curve.covariance for plate in plates}
    rows = {key: _combined(group, covariance, settings) for key, group in kept.items()}
    for key, group in out.items():
        rows.setdefault(key, _rejected(group, settings))
    for plate in refused:
        for well in plate.wells:
            if well.role == "sample":
                rows.setdefault((well.sample, well.analyte), _without_curve(plate, well, settings))
    return tuple(rows[key] for key in sorted(rows))


def combine_rejected(plates: Sequence[PlateResult], settings: AssaySettings) -> tuple[BiomarkerConcentration, ...]:
    """What the rejected samples would have been: for the result with and without the rule."""
    kept, out = _groups(plates)
    covariance = {plate.name: plate.curve.covariance for plate in plates}
    return tuple(
        replace(_combined(out[key], covariance, settings), reason=_why(out[key]))
        for key in sorted(out)
        if key not in kept
    )


_Groups = dict[tuple[str, str], list[Estimate]]


def _groups(plates: Sequence[PlateResult]) -> tuple[_Groups, _Groups]:
    """Estimates of each sample and analyte that count, and those that do not."""
    kept: _Groups = {}
    out: _Groups = {}
    for plate in plates:
        for one in plate.estimates:
            if one.role == "sample":
                (out if one.rejected else kept).setdefault((one.sample, one.analyte), []).append(one)
    return kept, out


def _why(group: Sequence[Estimate]) -> str:
    return "; ".join(dict.fromkeys(one.rejected for one in group))


def _rejected(group: Sequence[Estimate], settings: AssaySettings) -> BiomarkerConcentration:
    plates = _joined([one.plate for one in group])
    return replace(_single(group[0], settings, lost=True), plate=plates, flag="rejected", reason=_why(group))


def _without_curve(plate: RefusedPlate, well: AssayWell, settings: AssaySettings) -> BiomarkerConcentration:
    nan = float("nan")
    return BiomarkerConcentration(
        sample=well.sample, analyte=well.analyte, plate=plate.name, value=nan, sd=nan, ci_low=nan, ci_high=nan,
        unit=settings.unit, dilution=f"{well.dilution:g}", flag="rejected", censored="none", limit=nan, replicates=0,
        cv_percent=nan, reason=f"plate {plate.name}: {plate.rejected}",
    )  # fmt: skip


def _combined(
    group: Sequence[Estimate], covariance: Mapping[str, FloatArray], settings: AssaySettings
) -> BiomarkerConcentration:
    within = [one for one in group if one.censored == "none" and np.isfinite(one.value)]
    if within:
        return _mean(within, covariance, settings)
    left = [one for one in group if one.censored == "left"]
    right = [one for one in group if one.censored == "right"]
    if left and not right:
        return _single(min(left, key=lambda one: one.limit), settings)
    if right and not left:
        return _single(max(right, key=lambda one: one.limit), settings)
    return _single(group[0], settings, lost=True)


def _mean(
    within: Sequence[Estimate], covariance: Mapping[str, FloatArray], settings: AssaySettings
) -> BiomarkerConcentration:
    if len(within) == 1:
        return _single(within[0], settings)
    log_values = np.log([one.value for one in within])
    variances = np.array([(one.sd / one.value) ** 2 for one in within])
    weights = (1.0 / variances) / np.sum(1.0 / variances)
    total = float(np.sum(weights**2 * [one.noise_variance for one in within]))
    for plate in {one.plate for one in within}:
        on_plate = [index for index, one in enumerate(within) if one.plate == plate]
        pull = sum(weights[index] * within[index].gradient for index in on_plate)
        total += float(pull @ covariance[plate] @ pull)
    strangeness = _strangeness(log_values, np.array([one.noise_variance for one in within]))
    discordant = stats.chi2.sf(strangeness * (len(within) - 1), len(within) - 1) < 2 * stats.norm.sf(
        settings.outlier_limit
    )
    total *= max(strangeness, 1.0) if discordant else 1.0
    parts = weights**2 * variances
    freedom = float(parts.sum() ** 2 / np.sum(parts**2 / [one.freedom for one in within]))
    middle = weights @ log_values
    value = float(np.exp(middle))
    low, high = log_interval(np.array([middle]), np.array([total]), np.array([freedom]), settings.confidence)
    concerns: list[Flag] = [flag for flag in _CONCERNS if any(one.flag == flag for one in within)]
    concerns = ["discordant", *concerns] if discordant else concerns
    return BiomarkerConcentration(
        sample=within[0].sample,
        analyte=within[0].analyte,
        plate=_joined([one.plate for one in within]),
        value=value,
        sd=value * float(np.sqrt(total)),
        ci_low=float(low[0]),
        ci_high=float(high[0]),
        unit=settings.unit,
        dilution=_joined([f"{one.dilution:g}" for one in within]),
        flag=concerns[0] if concerns else "ok",
        censored="none",
        limit=float("nan"),
        replicates=sum(one.replicates for one in within),
        cv_percent=cv_percent([one.value for one in within]),
        reason="; ".join(dict.fromkeys(one.reason for one in within if one.reason)),
    )


def _strangeness(log_values: FloatArray, noise_variances: FloatArray) -> float:
    """Cochran's Q over its degrees of freedom (the squared Birge ratio): 1 where noise explains the differences."""
    weights = 1.0 / noise_variances
    mean = float(weights @ log_values / weights.sum())
    return float(weights @ (log_values - mean) ** 2 / (len(log_values) - 1))


def _single(one: Estimate, settings: AssaySettings, *, lost: bool = False) -> BiomarkerConcentration:
    return BiomarkerConcentration(
        sample=one.sample,
        analyte=one.analyte,
        plate=one.plate,
        value=float("nan") if lost else one.value,
        sd=float("nan") if lost else one.sd,
        ci_low=float("nan") if lost else one.ci_low,
        ci_high=float("nan") if lost else one.ci_high,
        unit=settings.unit,
        dilution=f"{one.dilution:g}",
        flag="lost" if lost else one.flag,
        censored="none" if lost else one.censored,
        limit=float("nan") if lost else one.limit,
        replicates=one.replicates,
        cv_percent=one.cv_percent,
        reason=one.reason,
    )


def _joined(names: Sequence[str]) -> str:
    return "+".join(dict.fromkeys(names))
