"""One plate from wells to concentrations: curve, noise, limits, estimates; everything that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pharmrs.assay.records.acceptance import AcceptanceCheck
from pharmrs.assay.records.plate import MEASURED, LayoutWell, Plate
from pharmrs.assay.records.results import PlateResult, RefusedPlate
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.records.standard_curve import AssayWell, ReplicateNoise, StandardCurve
from pharmrs.assay.science.acceptance import judge_controls, judge_spikes, judge_standards
from pharmrs.assay.science.band import curve_band
from pharmrs.assay.science.checks import (
    check_labels,
    check_layout_fits,
    check_limits,
    check_samples,
    check_standards,
)
from pharmrs.assay.science.curve.fit import fit_curve
from pharmrs.assay.science.curve.weights import noise_power
from pharmrs.assay.science.curve_wells import check_blanks, curve_wells, points, responses_by_level
from pharmrs.assay.science.dilution import dilution_series
from pharmrs.assay.science.dose_response import judge_dose_response, judge_floor, plate_noise, standards_noise
from pharmrs.assay.science.estimates import estimate_samples, group_wells
from pharmrs.assay.science.limits import assay_limits, judge_range, precision_profile, standard_levels
from pharmrs.assay.science.noise import noise_without, replicate_noise
from pharmrs.assay.science.outliers import judge_replicates, mark_group, standard_deviations
from pharmrs.assay.science.response import choose_reads, join_wells
from pharmrs.assay.science.weightings import compare_weights
from pharmrs.assay.science.wells_in_place import judge_place_alone, judge_places
from pharmrs.core.errors import FitFailure, InputError, InputProblem

_MOST_OUTLIER_SHARE = 0.2  # of the standards: beyond it the curve is in doubt, not a well
_ROUNDS = 5


class PlateRefused(InputError):
    """A plate that gives no curve: what is known of it, so that its samples are counted and named."""

    def __init__(self, plate: RefusedPlate, problems: Sequence[InputProblem]) -> None:
        super().__init__(problems)
        self.plate = plate


def analyse_plate(
    name: str, plate: Plate, layout: Sequence[LayoutWell], layout_file: str, settings: AssaySettings
) -> tuple[PlateResult, tuple[InputProblem, ...]]:
    """Analyse one plate. Returns the result and warnings; raises InputError with every problem found."""
    reads = choose_reads(plate, settings)
    if isinstance(reads, InputProblem):
        raise InputError([reads])
    problems = check_layout_fits(layout, reads[0], plate.source, layout_file)
    problems += check_labels(layout, plate.labels, layout_file)
    analytes = sorted({entry.analyte or settings.analyte for entry in layout})
    if len(analytes) > 1:
        problems.append(_several_analytes(name, analytes, layout_file))
    _raise_errors(problems)
    wells = join_wells(*reads, layout, settings.analyte)
    noise = plate_noise(wells, noise_power(settings.weights))
    refused = RefusedPlate(name=name, analyte=analytes[0], plate=plate, wells=wells, checks=())
    noise = standards_noise(wells, noise, noise_power(settings.weights))
    responding = _judge_response(wells, noise)
    if responding is not None and responding.fatal:
        raise _refusal(refused, responding, layout_file, problems)
    blank = check_blanks(wells, noise, settings)
    blanks = settings.blanks_are_zero_standards and (blank is None or blank.verdict == "met")
    problems += check_standards(curve_wells(wells, blanks=blanks), noise, name, layout_file)
    _raise_errors(problems)
    problems += check_samples(wells, name, layout_file)
    try:
        curve, wells = _fit_standards(wells, settings, blanks=blanks)
    except FitFailure as error:
        why = AcceptanceCheck(
            rule="curve", asked="a curve must fit the standards", found=str(error), verdict="failed", rejects=True
        )
        raise _refusal(refused, why, layout_file, problems) from None
    result = _quantified(refused, wells, curve, [one for one in (responding, blank) if one is not None], settings)
    problems += check_limits(result, layout_file)
    _raise_errors(problems)
    return result, tuple(problems)


def _raise_errors(problems: Sequence[InputProblem]) -> None:
    if any(problem.severity == "error" for problem in problems):
        raise InputError(problems)


def _judge_response(wells: Sequence[AssayWell], noise: ReplicateNoise) -> AcceptanceCheck | None:
    """None where there are too few concentrations to speak of a response: another rule says so."""
    levels = responses_by_level([well for well in wells if well.role == "standard"])
    return judge_dose_response(levels, noise) if len(levels) > 1 else None


def _refusal(
    refused: RefusedPlate, why: AcceptanceCheck, layout_file: str, problems: Sequence[InputProblem]
) -> PlateRefused:
    problem = InputProblem(
        file=layout_file,
        field=f"plate {refused.name}, standards",
        rule=f"{why.asked}; the plate gives no result",
        value=why.found,
        remedy="check wavelength, layout and reagents, and repeat the plate; its samples are listed as rejected",
    )
    return PlateRefused(replace(refused, checks=(why,)), [*problems, problem])


def _quantified(
    known: RefusedPlate,
    wells: tuple[AssayWell, ...],
    curve: StandardCurve,
    checks: Sequence[AcceptanceCheck],
    settings: AssaySettings,
) -> PlateResult:
    """Noise, limits, concentrations and acceptance of a plate that has its curve."""
    noise, wells = _judge_replicates(wells, curve, settings)
    replicates = _usual_replicates(wells)
    levels = standard_levels(curve, noise, settings, replicates)
    limits = assay_limits(curve, noise, levels, settings)
    estimates = estimate_samples(known.name, wells, curve, noise, limits, settings)
    rules = settings.acceptance
    judged = (
        *judge_standards(curve, levels, limits, noise, settings),
        judge_controls(wells, curve, limits, rules),
        judge_spikes(estimates, rules),
        *judge_places(wells, noise, float(np.abs(curve.y).max()), known.plate.shape),
        judge_place_alone(wells, noise),
        judge_floor(wells, float(curve.search[0]), rising=curve.rising, noise=noise),
        judge_range(levels, limits),
        judge_replicates(wells, levels, limits, rules),
    )
    return PlateResult(
        name=known.name,
        analyte=known.analyte,
        plate=known.plate,
        settings=settings,
        wells=wells,
        curve=curve,
        band=curve_band(curve, settings.confidence),
        noise=noise,
        levels=levels,
        limits=limits,
        estimates=estimates,
        series=dilution_series(estimates, curve, noise, settings),
        notes=curve.notes,
        weightings=compare_weights(curve, estimates),
        profile=precision_profile(curve, noise, replicates),
        checks=(*checks, *judged),
    )


def _usual_replicates(wells: Sequence[AssayWell]) -> int:
    """Wells that most samples of the plate have; of standards where there is no sample."""
    groups = group_wells(wells) or [[well for well in wells if well.role == "standard" and well.nominal > 0]]
    return max(int(np.median([sum(well.used for well in group) for group in groups])), 1)


def _several_analytes(name: str, analytes: Sequence[str], layout_file: str) -> InputProblem:
    return InputProblem(
        file=layout_file,
        field=f"plate {name}, analyte",
        rule="one plate measures one analyte",
        value=", ".join(analytes),
        remedy="give the analytes plates of their own in the layout",
    )


def _fit_standards(
    wells: tuple[AssayWell, ...], settings: AssaySettings, *, blanks: bool
) -> tuple[StandardCurve, tuple[AssayWell, ...]]:
    """The curve, and all wells with the standards judged by it; outliers are left out only where declared."""
    standards = [well for well in curve_wells(wells, blanks=blanks) if well.missing is None]
    dropped: set[str] = set()
    first: dict[str, float] = {}
    while True:
        used = [well for well in standards if well.well not in dropped]
        curve = fit_curve(*points(used), weights=settings.weights, model=settings.model)
        deviations = standard_deviations(curve)
        first = first or {well.well: float(far) for well, far in zip(used, deviations, strict=True)}
        worst = int(np.argmax(np.abs(deviations)))
        room = len(dropped) + 1 <= _MOST_OUTLIER_SHARE * len(standards)
        if not (settings.exclude_outliers and room and abs(deviations[worst]) > settings.outlier_limit):
            break
        dropped.add(used[worst].well)
    marked = [
        replace(
            well,
            deviation=first[well.well],
            outlier=well.well in dropped or abs(first[well.well]) > settings.outlier_limit,
            used=well.well not in dropped,
        )
        if well.well in first
        else well
        for well in wells
    ]
    return curve, tuple(marked)


def _judge_replicates(
    wells: tuple[AssayWell, ...], curve: StandardCurve, settings: AssaySettings
) -> tuple[ReplicateNoise, tuple[AssayWell, ...]]:
    """The plate's noise and the samples' outliers, in turns.

    Each group is judged by the noise of the others, and one with an outlier no longer informs the noise.
    """
    groups = group_wells(wells)
    rest = [well for well in wells if well.role not in MEASURED]
    standards = [curve.y[curve.x == level] for level in np.unique(curve.x)]
    largest = float(np.abs(curve.y).max())
    power = curve.power
    values = [np.array([well.response for well in group if well.missing is None]) for group in groups]
    pooled = [False] * len(groups)  # the standards speak first: a column that was not filled must not excuse itself
    for _ in range(_ROUNDS):
        concordant = [value for value, counts in zip(values, pooled, strict=True) if counts]
        noise = replicate_noise([*standards, *concordant], power, curve.residual_variance, curve.freedom)
        others = [
            noise_without(noise, value, largest) if counts else noise
            for value, counts in zip(values, pooled, strict=True)
        ]
        marked = [
            mark_group(group, judge, largest, settings.outlier_limit, exclude=settings.exclude_outliers)
            for group, judge in zip(groups, others, strict=True)
        ]
        clean = [not any(well.outlier for well in group) for group in marked]
        if clean == pooled:
            break
        pooled = clean
    by_name = {well.well: well for group in marked for well in group} | {well.well: well for well in rest}
    return noise, tuple(by_name[well.well] for well in wells)
