"""What acceptance does: plates and values that fail lose their say, by the declared rule, and keep their reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pharmrs.assay.records.acceptance import AcceptanceCheck, Verdict
from pharmrs.assay.records.results import Estimate, InterPlate, PlateResult
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.science.westgard import judge_westgard

_SHOWN = 6
_FEWEST_SHARED, _COPIED_SHARE = 8, 0.5  # wells, and the share of them that chance does not make alike


def accept_plates(
    plates: Sequence[PlateResult], inter_plate: Sequence[InterPlate], settings: AssaySettings
) -> tuple[PlateResult, ...]:
    """The plates judged beside each other, their values marked where they do not count."""
    judged = []
    for one_plate in plates:
        charts = judge_westgard(inter_plate, one_plate.name, settings.acceptance.westgard)
        plate = replace(one_plate, checks=(*one_plate.checks, *_series(one_plate), charts, _copy(one_plate, plates)))
        rejects = settings.acceptance.action == "reject"
        estimates = [replace(one, rejected=_why(one, plate) if rejects else "") for one in plate.estimates]
        judged.append(replace(plate, estimates=tuple(estimates)))
    return tuple(judged)


def _why(one: Estimate, plate: PlateResult) -> str:
    """Why a value does not count: its plate, its replicates, or its dilutions; empty where it does."""
    if plate.rejected:
        return f"plate {plate.name}: {plate.rejected}"
    limit = plate.settings.acceptance.replicate_cv_percent
    if one.flag == "discordant" and limit is not None and one.cv_percent > limit:
        return f"plate {plate.name}: replicates disagree ({one.cv_percent:.0f} % CV, {one.reason})"
    if one.flag == "high_cv":
        return f"plate {plate.name}: {one.reason}"
    for series in plate.series:
        if series.sample == one.sample and one.role != "spike":
            if one.dilution in series.hooked:
                return f"plate {plate.name}: hook effect, reads less than a stronger dilution"
            if series.agrees is False and not series.hooked:
                return f"plate {plate.name}: dilutions differ by {series.cv_percent:.0f} % CV"
    return ""


def _copy(plate: PlateResult, plates: Sequence[PlateResult]) -> AcceptanceCheck:
    """Readings that stand on another plate, too: one of both exports is not what it is called."""
    asked = "no two plates read the same"
    mine = {well.well: well.response for well in plate.wells if well.missing is None}
    twins = []
    for other in plates:
        shared = [
            well.response == mine[well.well] for well in other.wells if well.missing is None and well.well in mine
        ]
        if other.name != plate.name and len(shared) >= _FEWEST_SHARED and sum(shared) > _COPIED_SHARE * len(shared):
            twins.append(f"{sum(shared)} of {len(shared)} wells read as on plate {other.name}")
    verdict: Verdict = "failed" if twins else "met" if len(plates) > 1 else "not judged"
    found = "; ".join(twins) or ("all differ" if len(plates) > 1 else "one plate")
    return AcceptanceCheck(rule="copy", asked=asked, found=found, verdict=verdict, rejects=True)


def _series(plate: PlateResult) -> tuple[AcceptanceCheck, ...]:
    """Hook effect, and agreement of dilutions (parallelism)."""
    limit = plate.settings.acceptance.parallelism_cv_percent
    hooked = [one for one in plate.series if one.hooked]
    hook = AcceptanceCheck(
        rule="hook",
        asked="more of a sample must read as more",
        found=", ".join(f"{one.sample} at 1:{one.hooked[0]:g}" for one in hooked[:_SHOWN]) or "no dilution reads less",
        verdict="noted" if hooked else "met" if plate.series else "not judged",
    )
    judged = [one for one in plate.series if one.agrees is not None]
    poor = [one for one in judged if not one.agrees]
    listed = ", ".join(f"{one.sample} {one.cv_percent:.0f} %" for one in poor[:_SHOWN])
    parallel = AcceptanceCheck(
        rule="parallelism",
        asked=f"dilutions of a sample within {limit:g} % CV" if limit is not None else "dilutions of a sample agree",
        found=listed or (f"all {len(judged)}" if judged else "no sample at two dilutions in range"),
        verdict="noted" if poor else "met" if judged else "not judged",
    )
    return hook, parallel


def judge_reanalysis(plates: Sequence[PlateResult], settings: AssaySettings) -> AcceptanceCheck:
    """Incurred samples measured again: samples on two plates, first against second (ICH M10 5.3)."""
    rules = settings.acceptance
    asked = (
        f"at least {100 * rules.reanalysis_share:.0f} % of samples measured again within "
        f"{rules.reanalysis_percent or 0:g} % of the mean of both"
    )
    values: dict[tuple[str, str], list[float]] = {}
    for plate in plates:
        own: dict[tuple[str, str], list[float]] = {}
        for one in plate.estimates:
            if one.role == "sample" and one.censored == "none" and not one.rejected and one.value > 0:
                own.setdefault((one.sample, one.analyte), []).append(float(np.log(one.value)))
        for key, logs in own.items():
            values.setdefault(key, []).append(float(np.exp(np.mean(logs))))
    again = {key: found for key, found in values.items() if len(found) > 1}
    if not again or rules.reanalysis_percent is None:
        return AcceptanceCheck(rule="reanalysis", asked=asked, found="no sample on two plates", verdict="not judged")
    far = {key[0]: 200.0 * (found[1] - found[0]) / (found[1] + found[0]) for key, found in again.items()}
    poor = {name: value for name, value in far.items() if abs(value) > rules.reanalysis_percent}
    passed = len(far) - len(poor) >= rules.reanalysis_share * len(far) - 1e-9
    listed = ", ".join(f"{name} {value:+.0f} %" for name, value in list(poor.items())[:_SHOWN])
    found_text = f"{len(far) - len(poor)} of {len(far)}" + (f" ({listed})" if listed else "")
    return AcceptanceCheck(rule="reanalysis", asked=asked, found=found_text, verdict="met" if passed else "noted")
