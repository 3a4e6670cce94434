"""The section of the report on the assay: plates, curves, concentrations, agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pharmrs.assay.records.results import AssayStudy, BiomarkerConcentration, InterPlatePoint, PlateResult
from pharmrs.assay.report.acceptance_view import acceptance_view, verdict_view
from pharmrs.assay.report.pictures import AssayPictures
from pharmrs.core.report.embedded import EmbeddedFigure
from pharmrs.core.report.numbers import count_text, number_text
from pharmrs.core.report.section import Section, render_section
from pharmrs.core.report.view_tables import CellView, TableView, count_cell, number_cell

ANCHOR = "assay"
_FLAG_WORDS = {
    "ok": ("measured", "good"),
    "below_lloq": ("below limit", ""),
    "above_uloq": ("above limit", ""),
    "lost": ("lost", "bad"),
    "discordant": ("discordant", "bad"),
    "high_cv": ("high CV", "bad"),
    "rejected": ("rejected", "bad"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateView:
    """One plate as the page shows it."""

    name: str
    headline: str
    notes: tuple[str, ...]
    plate: EmbeddedFigure
    curve: EmbeddedFigure
    standards: TableView
    weights: TableView


def assay_section(study: AssayStudy, pictures: AssayPictures) -> Section:
    """All plates of the study."""
    return render_section(
        ANCHOR,
        f"Assay: {study.settings.analyte}",
        "section_assay.html.j2",
        plates=[_plate(plate, pictures) for plate in study.plates],
        verdict=verdict_view(study),
        acceptance=acceptance_view(study) if study.all_plates else None,
        summary=_summary(study) if study.plates else None,
        concentrations=_concentrations(study),
        agreement=_agreement(study) if study.inter_plate else None,
        chart=pictures.controls.embedded if pictures.controls is not None else None,
        dilutions=_dilutions(study),
    )


def _plate(result: PlateResult, pictures: AssayPictures) -> PlateView:
    samples = [one for one in result.estimates if one.role == "sample"]
    flags: list[str] = ["rejected" if one.rejected else one.flag for one in samples]
    counts = {flag: flags.count(flag) for flag in _FLAG_WORDS}
    listed = ", ".join(f"{count} {_FLAG_WORDS[flag][0]}" for flag, count in counts.items() if count)
    outliers = sum(well.outlier for well in result.wells)
    heat_map, curve = pictures.plates[result.name]
    state = "REJECTED; " if result.rejected else ""
    said = f"{listed or 'no samples'}; {count_text(outliers, 'outlier well')}"
    return PlateView(
        name=result.name,
        headline=f"{state}{result.curve.model.upper()}; {said}",
        notes=(*result.notes, *(str(one) for one in result.checks if one.verdict in ("failed", "noted"))),
        plate=heat_map.embedded,
        curve=curve.embedded,
        standards=_standards(result),
        weights=_weights(result),
    )


def _summary(study: AssayStudy) -> TableView:
    rows = tuple(
        (
            CellView(plate.name),
            CellView(plate.curve.model.upper()),
            number_cell(100 * plate.curve.residual_variance**0.5, 2),
            number_cell(plate.curve.lack_of_fit_p, 2, "bad" if plate.curve.lack_of_fit_p < 0.01 else ""),
            number_cell(plate.limits.detection),
            number_cell(plate.limits.lower),
            number_cell(plate.limits.upper),
            CellView(plate.limits.lower_refers_to.replace("_", " ")),
            count_cell(sum(one.role == "sample" for one in plate.estimates)),
            count_cell(sum(well.outlier for well in plate.wells)),
        )
        for plate in study.plates
    )
    columns = (
        "Plate", "Curve", "Residual SD (%)", "p of lack of fit", "LOD", "LLOQ", "ULOQ", "LLOQ holds",
        "Samples", "Outlier wells",
    )  # fmt: skip
    unit = f", concentrations in {study.settings.unit}" if study.settings.unit else ""
    return TableView(caption=f"Plates{unit}", columns=columns, rows=rows)


def _standards(result: PlateResult) -> TableView:
    rows = tuple(
        (
            number_cell(level.nominal, 4),
            count_cell(level.wells),
            number_cell(level.response),
            number_cell(level.cv_percent, 2),
            number_cell(level.back_fitted),
            number_cell(level.recovery_percent, 3, "" if level.accepted or level.nominal == 0 else "bad"),
            number_cell(level.precision_percent, 2),
        )
        for level in result.levels
    )
    columns = ("Standard", "Wells", "Response", "CV (%)", "Read back", "Recovery (%)", "CV there (%)")
    return TableView(caption=f"{result.name}: standards", columns=columns, rows=rows)


def _weights(result: PlateResult) -> TableView:
    rows = tuple(
        (
            CellView(one.weights + (" (in force)" if one.weights == result.settings.weights else "")),
            number_cell(one.power, 2),
            number_cell(one.infinite),
            number_cell(one.midpoint),
            number_cell(one.largest_change_percent, 2),
        )
        for one in result.weightings
    )
    columns = ("Weights", "Power of the response", "Upper end of the curve", "Midpoint", "Largest change (%)")
    return TableView(caption=f"{result.name}: the curve under other weights", columns=columns, rows=rows)


def _concentrations(study: AssayStudy) -> TableView:
    unit = f" ({study.settings.unit})" if study.settings.unit else ""
    columns = (
        "Sample", "Analyte", "Concentration", "SD", "95 % interval", "Status", "Limit", "Dilution", "Wells",
        "CV (%)", "Plate",
    )  # fmt: skip
    rows = tuple(_concentration(one) for one in study.concentrations)
    return TableView(caption=f"Concentrations in the undiluted sample{unit}", columns=columns, rows=rows, sortable=True)


def _concentration(one: BiomarkerConcentration) -> tuple[CellView, ...]:
    words, tone = _FLAG_WORDS[one.flag]
    sign = {"left": "< ", "right": "> ", "none": ""}[one.censored]
    value = (
        number_cell(one.value, 4)
        if one.censored == "none"
        else CellView(f"{sign}{number_text(one.limit)}", order=repr(one.limit))
    )
    measured = one.censored == "none" and one.value == one.value
    interval = f"{number_text(one.ci_low)} to {number_text(one.ci_high)}" if measured else ""
    return (
        CellView(one.sample),
        CellView(one.analyte),
        value,
        number_cell(one.sd if measured else None, 2),
        CellView(interval),
        CellView(words, tone=tone),
        number_cell(one.limit),
        CellView(one.dilution),
        count_cell(one.replicates),
        number_cell(one.cv_percent, 2),
        CellView(one.plate),
    )


def _agreement(study: AssayStudy) -> TableView:
    rows = tuple(
        (
            CellView(one.name),
            CellView(one.quantity),
            count_cell(len(one.points)),
            number_cell(one.mean),
            number_cell(one.sd, 2),
            number_cell(one.cv_percent, 2),
            number_cell(one.within_cv_percent, 2),
            CellView(_verdicts(one.points), tone="bad" if any(point.verdict == "out" for point in one.points) else ""),
        )
        for one in study.inter_plate
    )
    columns = (
        "Control or standard",
        "Quantity",
        "Plates",
        "Mean",
        "SD",
        "Inter-plate CV (%)",
        "Intra-plate CV (%)",
        "Judgement",
    )
    return TableView(caption="Agreement between plates", columns=columns, rows=rows)


def _verdicts(points: Sequence[InterPlatePoint]) -> str:
    far = [f"{point.plate} {point.verdict}" for point in points if point.verdict in ("warning", "out")]
    judged = any(point.verdict != "n/a" for point in points)
    return ", ".join(far) or ("in control" if judged else "too few plates")


def _dilutions(study: AssayStudy) -> TableView | None:
    rows = tuple(
        (
            CellView(one.sample),
            CellView(", ".join(f"{value:g}" for value in one.dilutions)),
            count_cell(one.n),
            number_cell(one.cv_percent, 2),
            number_cell(one.slope),
            CellView(
                f"{number_text(one.slope_low)} to {number_text(one.slope_high)}" if one.slope == one.slope else ""
            ),
            CellView(one.plate),
        )
        for plate in study.plates
        for one in plate.series
    )
    columns = (
        "Sample",
        "Dilutions",
        "In range",
        "CV of linearity (%)",
        "Slope of parallelism",
        "95 % interval",
        "Plate",
    )
    return TableView(caption="Dilution series", columns=columns, rows=rows, sortable=True) if rows else None
