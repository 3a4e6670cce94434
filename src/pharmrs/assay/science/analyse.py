"""One plate from wells to concentrations: curve, noise, limits, estimates; everything that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pharmrs.assay.records.plate import LayoutWell, Plate
from pharmrs.assay.records.results import PlateResult
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.records.standard_curve import AssayWell, ReplicateNoise, StandardCurve
from pharmrs.assay.science.band import curve_band
from pharmrs.assay.science.checks import check_labels, check_layout_fits, check_samples, check_standards
from pharmrs.assay.science.dilution import dilution_series
from pharmrs.assay.science.estimates import estimate_samples, group_wells
from pharmrs.assay.science.limits import assay_limits, standard_levels
from pharmrs.assay.science.noise import noise_without, replicate_noise
from pharmrs.assay.science.outliers import mark_group, standard_deviations
from pharmrs.assay.science.response import choose_reads, join_wells
from pharmrs.assay.science.standard_curve import fit_curve, noise_power
from pharmrs.core.errors import FitFailure, InputError, InputProblem
from pharmrs.core.records.arrays import FloatArray

_MOST_OUTLIER_SHARE = 0.2  # of the standards: beyond it the curve is in doubt, not a well
_ROUNDS = 5


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
    wells = join_wells(*reads, layout, settings.analyte)
    if not any(problem.severity == "error" for problem in problems):
        problems += check_standards(_curve_wells(wells, settings), name, layout_file)
    if any(problem.severity == "error" for problem in problems):
        raise InputError(problems)
    problems += check_samples(wells, name, layout_file)
    try:
        curve, wells = _fit_standards(wells, settings)
    except FitFailure as error:
        raise InputError([*problems, _no_curve(name, str(error), layout_file)]) from None
    noise, wells = _judge_replicates(wells, curve, settings)
    levels = standard_levels(curve, settings.recovery_percent)
    limits = assay_limits(curve, noise, levels, settings)
    estimates = estimate_samples(name, wells, curve, noise, limits, settings)
    result = PlateResult(
        name=name,
        analyte=analytes[0],
        plate=plate,
        settings=settings,
        wells=wells,
        curve=curve,
        band=curve_band(curve, settings.confidence),
        noise=noise,
        levels=levels,
        limits=limits,
        estimates=estimates,
        series=dilution_series(estimates, settings.confidence),
        notes=curve.notes,
    )
    return result, tuple(problems)


def _several_analytes(name: str, analytes: Sequence[str], layout_file: str) -> InputProblem:
    return InputProblem(
        file=layout_file,
        field=f"plate {name}, analyte",
        rule="one plate measures one analyte",
        value=", ".join(analytes),
        remedy="give the analytes plates of their own in the layout",
    )


def _no_curve(name: str, reason: str, layout_file: str) -> InputProblem:
    remedy = "check the standards of the layout and the wavelength"
    return InputProblem(
        file=layout_file, field=f"plate {name}, standards", rule="a curve must fit", value=reason, remedy=remedy
    )


def _curve_wells(wells: Sequence[AssayWell], settings: AssaySettings) -> list[AssayWell]:
    """Standards, and blanks where they count as standards of concentration zero."""
    blanks = settings.blanks_are_zero_standards
    return [
        replace(well, nominal=0.0) if well.role == "blank" else well
        for well in wells
        if well.role == "standard" or (well.role == "blank" and blanks)
    ]


def _fit_standards(
    wells: tuple[AssayWell, ...], settings: AssaySettings
) -> tuple[StandardCurve, tuple[AssayWell, ...]]:
    """The curve, and all wells with the standards judged by it; outliers are left out only where declared."""
    standards = [well for well in _curve_wells(wells, settings) if well.missing is None]
    dropped: set[str] = set()
    first: dict[str, float] = {}
    while True:
        used = [well for well in standards if well.well not in dropped]
        curve = fit_curve(*_points(used), weights=settings.weights, model=settings.model)
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


def _points(standards: Sequence[AssayWell]) -> tuple[FloatArray, FloatArray]:
    return np.array([well.nominal for well in standards]), np.array([well.response for well in standards])


def _judge_replicates(
    wells: tuple[AssayWell, ...], curve: StandardCurve, settings: AssaySettings
) -> tuple[ReplicateNoise, tuple[AssayWell, ...]]:
    """The plate's noise and the samples' outliers, in turns.

    Each group is judged by the noise of the others, and one with an outlier no longer informs the noise.
    """
    groups = group_wells(wells)
    rest = [well for well in wells if well.role not in ("sample", "control")]
    standards = [curve.y[curve.x == level] for level in np.unique(curve.x)]
    largest = float(np.abs(curve.y).max())
    power = noise_power(settings.weights)
    values = [np.array([well.response for well in group if well.missing is None]) for group in groups]
    pooled = [True] * len(groups)
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
