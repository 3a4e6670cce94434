"""Tables of the assay: concentrations, estimates, wells, standards, curves, dilutions, agreement of plates, flow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pharmrs.assay.records.results import AssayStudy, BiomarkerConcentration, Estimate, PlateResult
from pharmrs.assay.records.standard_curve import LOGISTIC
from pharmrs.assay.report import dictionary as dictionary_assay
from pharmrs.core.report.tables import Row, Table, write_table

_LABEL = re.compile(r"sub-([A-Za-z0-9]+)(?:_ses-([A-Za-z0-9]+))?")


def subject_and_session(sample: str) -> tuple[str, str]:
    """`sub-01_ses-1` -> 01, 1; empty where the label is not of this kind."""
    match = _LABEL.fullmatch(sample)
    return (match[1], match[2] or "") if match else ("", "")


def biomarkers_table(study: AssayStudy) -> Table:
    """One row per sample: the table the statistics read."""
    return Table(name="biomarkers", columns=dictionary_assay.BIOMARKERS, rows=_concentrations(study.concentrations))


def rejected_table(study: AssayStudy) -> Table:
    """What the rejected samples would have been: the statistics show the result with them, too."""
    return Table(name="assay_rejected", columns=dictionary_assay.REJECTED, rows=_concentrations(study.rejected))


def _concentrations(concentrations: Sequence[BiomarkerConcentration]) -> tuple[Row, ...]:
    rows = []
    for one in concentrations:
        subject, session = subject_and_session(one.sample)
        rows.append({"subject": subject, "session": session, **asdict(one)})
    return tuple(rows)


def weights_table(study: AssayStudy) -> Table:
    """The curve of every plate under each kind of weights."""
    rows = tuple({"plate": plate.name, **asdict(one)} for plate in study.plates for one in plate.weightings)
    return Table(name="assay_weights", columns=dictionary_assay.WEIGHTS, rows=rows)


def acceptance_table(study: AssayStudy) -> Table:
    """Every rule on every plate, those without a curve included."""
    rows: list[Row] = [
        {"plate": plate.name, "analyte": plate.analyte, **asdict(check)}
        for plate in study.all_plates
        for check in plate.checks
    ]
    rows += [{"plate": "*", "analyte": study.settings.analyte, **asdict(check)} for check in study.checks]
    return Table(name="assay_acceptance", columns=dictionary_assay.ACCEPTANCE, rows=tuple(rows))


def estimates_table(study: AssayStudy) -> Table:
    """One row per sample or control, dilution and plate."""
    rows = tuple(_estimate_row(one, study.settings.unit) for plate in study.plates for one in plate.estimates)
    return Table(name="assay_estimates", columns=dictionary_assay.ESTIMATES, rows=rows)


def _estimate_row(one: Estimate, unit: str) -> Row:
    row: Row = {column: getattr(one, column) for column in dictionary_assay.ESTIMATES if hasattr(one, column)}
    row["wells"] = " ".join(one.wells)
    return row | {"unit": unit}


def wells_table(study: AssayStudy) -> Table:
    """One row per well of the layouts."""
    columns = dictionary_assay.WELLS
    rows = tuple(
        {"plate": plate.name} | {column: getattr(well, column) for column in columns if column != "plate"}
        for plate in study.all_plates
        for well in plate.wells
    )
    return Table(name="assay_wells", columns=columns, rows=rows)


def standards_table(study: AssayStudy) -> Table:
    """One row per concentration of the standards and plate."""
    rows = tuple(
        {"plate": plate.name, "analyte": plate.analyte, **asdict(level), "unit": study.settings.unit}
        for plate in study.plates
        for level in plate.levels
    )
    return Table(name="assay_standards", columns=dictionary_assay.STANDARDS, rows=rows)


def profile_table(study: AssayStudy) -> Table:
    """The profile of precision of every plate."""
    rows: list[Row] = [
        {"plate": plate.name, "x": float(x), "cv_percent": float(cv), "replicates": plate.profile.replicates}
        for plate in study.plates
        if plate.profile is not None
        for x, cv in zip(plate.profile.x, plate.profile.cv_percent, strict=True)
    ]
    return Table(name="assay_precision", columns=dictionary_assay.PRECISION, rows=tuple(rows))


def curves_table(study: AssayStudy) -> Table:
    """One row per plate."""
    rows = tuple(_curve_row(plate, study.settings.unit) for plate in study.plates)
    return Table(name="assay_curves", columns=dictionary_assay.CURVES, rows=rows)


def _curve_row(plate: PlateResult, unit: str) -> Row:
    curve, limits = plate.curve, plate.limits
    row: Row = {
        "plate": plate.name,
        "analyte": plate.analyte,
        "instrument": plate.plate.instrument,
        "model": curve.model,
        "weights": plate.settings.weights,
        **curve.parameters,
        **{f"{name}_se": value for name, value in curve.standard_errors.items()},
        "residual_sd": curve.residual_variance**0.5,
        "freedom": curve.freedom,
        "lack_of_fit_p": curve.lack_of_fit_p,
        **{f"aicc_{one.model}": one.aicc for one in curve.candidates if one.model in LOGISTIC},
        "noise_cv_percent": 100.0 * plate.noise.variance**0.5,
        "noise_power": plate.noise.power,
        "detection": limits.detection,
        "unit": unit,
        "notes": "; ".join(plate.notes),
    }
    for end in ("lower", "upper"):
        row[f"{end}_limit"] = getattr(limits, end)
        row[f"{end}_refers_to"] = getattr(limits, f"{end}_refers_to")
        row[f"{end}_source"] = getattr(limits, f"{end}_source")
    return row


def dilutions_table(study: AssayStudy) -> Table:
    """One row per sample measured at several dilutions."""
    rows = tuple(
        {**asdict(one), "dilutions": _spaced(one.dilutions), "hooked": _spaced(one.hooked)}
        for plate in study.plates
        for one in plate.series
    )
    return Table(name="assay_dilutions", columns=dictionary_assay.DILUTIONS, rows=rows)


def _spaced(dilutions: Sequence[float]) -> str:
    return " ".join(f"{value:g}" for value in dilutions)


def inter_plate_table(study: AssayStudy) -> Table:
    """Controls and standards over the plates: a row `*` for all, then one per plate."""
    rows: list[Row] = []
    for one in study.inter_plate:
        name: Row = {"name": one.name, "analyte": one.analyte, "quantity": one.quantity}
        summary: Row = {
            "plate": "*",
            "value": one.mean,
            "sd": one.sd,
            "cv_percent": one.cv_percent,
            "within_cv_percent": one.within_cv_percent,
        }
        rows.append(name | summary)
        rows += [name | asdict(point) for point in one.points]
    return Table(name="assay_interplate", columns=dictionary_assay.INTER_PLATE, rows=tuple(rows))


def write_assay_tables(folder: Path, study: AssayStudy) -> tuple[Path, ...]:
    """Write all tables of the assay with their data dictionaries; of the empty ones only that of concentrations."""
    tables = (
        biomarkers_table(study),
        rejected_table(study),
        acceptance_table(study),
        weights_table(study),
        estimates_table(study),
        wells_table(study),
        standards_table(study),
        profile_table(study),
        curves_table(study),
        dilutions_table(study),
        inter_plate_table(study),
    )
    return tuple(
        path for table in tables if table.rows or table.name == "biomarkers" for path in write_table(folder, table)
    )
