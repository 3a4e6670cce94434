"""Acceptance of a plate: standards and controls read back against what they are, and how well the curve fits.

The limits are those of ICH M10 (2022) for ligand-binding assays. Biomarkers lie outside its scope: they are borrowed
as defaults, which a study replaces by its own. Without controls nothing is said of them: `not judged`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pharmrs.assay.records.acceptance import AcceptanceCheck, AcceptanceRules, Verdict
from pharmrs.assay.records.results import Estimate
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.records.standard_curve import (
    THROUGH_STANDARDS,
    AssayLimits,
    AssayWell,
    ReplicateNoise,
    StandardCurve,
    StandardLevel,
)
from pharmrs.assay.science.curve.values import inverse, response, sensitivity
from pharmrs.assay.science.noise import well_variance
from pharmrs.core.records.arrays import FloatArray

_AT_LIMIT = 1.15  # a control within this factor of a limit is one at that limit
_ANCHOR_SD = 0.20  # log SD of a level's mean read back beyond which its accuracy cannot be judged: an anchor point
_FEWEST_JUDGED = 2  # standards that can be judged, and the share of them: single wells are seldom sure enough
_LEAST_JUDGED, _LEAST_JUDGED_SINGLE = 0.5, 1 / 3
_SHOWN = 6


def judge_standards(
    curve: StandardCurve,
    levels: Sequence[StandardLevel],
    limits: AssayLimits,
    noise: ReplicateNoise,
    settings: AssaySettings,
) -> tuple[AcceptanceCheck, ...]:
    """Number of concentrations, accuracy of the standards, lack of fit, asymmetry at its bound."""
    rules = settings.acceptance
    return (
        _level_count(len(levels), rules),
        _calibrators(curve, levels, limits, noise, rules),
        _lack_of_fit(curve, rules),
        _asymmetry(curve),
    )


def _level_count(count: int, rules: AcceptanceRules) -> AcceptanceCheck:
    return AcceptanceCheck(
        rule="levels",
        asked=f"at least {rules.min_levels} concentrations of standards, zero included",
        found=str(count),
        verdict="met" if count >= rules.min_levels else "failed",
        rejects=True,
    )


def _calibrators(
    curve: StandardCurve,
    levels: Sequence[StandardLevel],
    limits: AssayLimits,
    noise: ReplicateNoise,
    rules: AcceptanceRules,
) -> AcceptanceCheck:
    """Standards within the range, read back; those beyond it, or too flat to be read back, are anchor points."""
    if rules.calibrator_percent is None:
        return _not_judged("calibrators", "accuracy of the standards", "the study declares no limit")
    if curve.model in THROUGH_STANDARDS:
        return _not_judged("calibrators", "accuracy of the standards", f"a {curve.model} curve goes through them")
    judged = [level for level in levels if level.nominal > 0 and not _is_anchor(level, curve, limits, noise)]
    asked = (
        f"at least {100 * rules.calibrator_share:.0f} % of the standards within {rules.calibrator_percent:g} % of "
        f"nominal ({rules.calibrator_end_percent:g} % at the ends)"
    )
    least = _LEAST_JUDGED if any(level.wells > 1 for level in levels) else _LEAST_JUDGED_SINGLE
    if len(judged) < max(_FEWEST_JUDGED, least * sum(level.nominal > 0 for level in levels) - 1e-9):
        found = f"only {len(judged)} of {sum(level.nominal > 0 for level in levels)} can be read back from the curve"
        return AcceptanceCheck(rule="calibrators", asked=asked, found=found, verdict="failed", rejects=True)
    ends = (judged[0], judged[-1])
    bad = [
        level
        for level in judged
        if not _within(level.recovery_percent, rules.calibrator_percent, rules.calibrator_end_percent, level in ends)
    ]
    good = len(judged) - len(bad)
    listed = ", ".join(f"{level.nominal:g} reads {level.recovery_percent:.0f} %" for level in bad[:_SHOWN])
    found = f"{good} of {len(judged)}" + (f" ({listed})" if bad else "")
    verdict: Verdict = "met" if good >= rules.calibrator_share * len(judged) - 1e-9 else "failed"
    return AcceptanceCheck(rule="calibrators", asked=asked, found=found, verdict=verdict, rejects=True)


def _within(recovery: float, limit: float, end_limit: float, at_end: bool) -> bool:
    return bool(abs(recovery - 100.0) <= (end_limit if at_end else limit))


def _is_anchor(level: StandardLevel, curve: StandardCurve, limits: AssayLimits, noise: ReplicateNoise) -> bool:
    """Beyond a declared limit, or where the curve is so flat that noise alone moves the level too far."""
    if limits.lower_source == "declared" and limits.lower_refers_to == "in_well" and level.nominal < limits.lower:
        return True
    if limits.upper_source == "declared" and limits.upper_refers_to == "in_well" and level.nominal > limits.upper:
        return True
    return level.nominal < limits.detection or log_sd(curve, noise, level.nominal, level.wells) > _ANCHOR_SD


def log_sd(curve: StandardCurve, noise: ReplicateNoise, x: float, wells: int) -> float:
    """SD of the log concentration of `wells` replicates at concentration `x`, from noise alone."""
    log_x = np.array([np.log(x)])
    slope = float(sensitivity(curve, log_x)[0])
    if slope == 0:
        return float("inf")
    largest = float(np.abs(curve.y).max())
    variance = float(well_variance(noise, response(curve, log_x), largest)[0]) / max(wells, 1)
    return float(np.sqrt(variance)) / abs(slope)


def judge_controls(
    wells: Sequence[AssayWell], curve: StandardCurve, limits: AssayLimits, rules: AcceptanceRules
) -> AcceptanceCheck:
    """Controls of stated concentration, well by well: the share of all and of each level that reads right."""
    stated = [well for well in wells if well.role == "control" and well.nominal > 0]
    if not stated or rules.control_percent is None:
        why = "no control of stated concentration" if not stated else "the study declares no limit"
        return _not_judged("controls", "accuracy of the controls", why)
    recoveries: dict[str, list[float]] = {}
    good: dict[str, list[bool]] = {}
    for well in stated:
        name = f"{well.sample} ({well.nominal:g})"
        measured: FloatArray = np.array([well.response])
        recovery = 100.0 * float(np.exp(inverse(curve, measured)[0])) / well.nominal
        right = _within(recovery, rules.control_percent, rules.control_end_percent, _at_end(well.nominal, limits))
        recoveries.setdefault(name, []).append(recovery)
        good.setdefault(name, []).append(right)
    total = sum(map(len, good.values()))
    right_ones = sum(sum(one) for one in good.values())
    poor = [name for name, one in good.items() if sum(one) < rules.control_level_share * len(one) - 1e-9]
    passed = right_ones >= rules.control_share * total - 1e-9 and not poor
    listed = ", ".join(
        f"{name} reads {_mean_text(recoveries[name])}" for name, one in list(good.items())[:_SHOWN] if not all(one)
    )
    asked = (
        f"at least {100 * rules.control_share:.0f} % of control wells, and {100 * rules.control_level_share:.0f} % of "
        f"each control's, within {rules.control_percent:g} % of nominal ({rules.control_end_percent:g} % at the limits)"
    )
    found = f"{right_ones} of {total} wells" + (f" ({listed})" if listed else "")
    return AcceptanceCheck(
        rule="controls", asked=asked, found=found, verdict="met" if passed else "failed", rejects=True
    )


def _mean_text(recoveries: Sequence[float]) -> str:
    known = [value for value in recoveries if np.isfinite(value)]
    return f"{np.mean(known):.0f} %" if known else "beyond the curve"


def _at_end(nominal: float, limits: AssayLimits) -> bool:
    return any(
        refers_to == "in_well" and limit / _AT_LIMIT <= nominal <= limit * _AT_LIMIT
        for limit, refers_to in ((limits.lower, limits.lower_refers_to), (limits.upper, limits.upper_refers_to))
    )


def judge_spikes(estimates: Sequence[Estimate], rules: AcceptanceRules) -> AcceptanceCheck:
    """Spikes: what was found of the amount added, beside the same sample without it."""
    low, high = rules.spike_recovery_percent
    asked = f"recovery of spikes {low:g} to {high:g} %"
    spikes = [one for one in estimates if one.role == "spike" and one.nominal > 0]
    if not spikes:
        return _not_judged("spike_recovery", asked, "no spiked sample")
    bad = [one for one in spikes if not low <= one.recovery_percent <= high]
    listed = ", ".join(f"{one.sample} {one.recovery_percent:.0f} %" for one in spikes[:_SHOWN])
    return AcceptanceCheck(rule="spike_recovery", asked=asked, found=listed, verdict="noted" if bad else "met")


def _lack_of_fit(curve: StandardCurve, rules: AcceptanceRules) -> AcceptanceCheck:
    asked = f"the curve must fit within the scatter of replicates (p of lack of fit above {rules.lack_of_fit_p:g})"
    if np.isnan(curve.lack_of_fit_p):
        return _not_judged("lack_of_fit", asked, "too few replicates or concentrations")
    verdict: Verdict = "noted" if curve.lack_of_fit_p < rules.lack_of_fit_p else "met"
    return AcceptanceCheck(rule="lack_of_fit", asked=asked, found=f"p {curve.lack_of_fit_p:.2g}", verdict=verdict)


def _asymmetry(curve: StandardCurve) -> AcceptanceCheck:
    asked = "the standards must determine the curve"
    listed = "; ".join(note for note in curve.notes if "bound" in note)
    found = listed or f"all parameters of the {curve.model.upper()} inside their range"
    return AcceptanceCheck(rule="asymmetry", asked=asked, found=found, verdict="noted" if listed else "met")


def _not_judged(rule: str, asked: str, why: str) -> AcceptanceCheck:
    return AcceptanceCheck(rule=rule, asked=asked, found=why, verdict="not judged")  # type: ignore[arg-type]
