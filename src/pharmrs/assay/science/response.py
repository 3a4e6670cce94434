"""From reads and layout to wells: which reads are used, wavelength correction, what each well holds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pharmrs.assay.records.plate import LayoutWell, Missing, Plate, PlateRead
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.records.standard_curve import AssayWell
from pharmrs.core.errors import InputProblem

_SAME_WAVELENGTH_NM = 1.5  # readers round the wavelength they print


def choose_reads(plate: Plate, settings: AssaySettings) -> tuple[PlateRead, PlateRead | None] | InputProblem:
    """The read of the signal and the one it is corrected by (None: no correction), or why they cannot be told."""
    signal = _read_at(plate, settings.wavelength_nm, "wavelength_nm")
    if isinstance(signal, InputProblem):
        return signal
    if settings.reference_wavelength_nm is None:
        return signal, None
    reference = _read_at(plate, settings.reference_wavelength_nm, "reference_wavelength_nm")
    return reference if isinstance(reference, InputProblem) else (signal, reference)


def _read_at(plate: Plate, wavelength_nm: float | None, key: str) -> PlateRead | InputProblem:
    if wavelength_nm is None and len(plate.reads) == 1:
        return plate.reads[0]
    found = [
        read
        for read in plate.reads
        if wavelength_nm is not None
        and read.wavelength_nm is not None
        and abs(read.wavelength_nm - wavelength_nm) < _SAME_WAVELENGTH_NM
    ]
    if len(found) == 1:
        return found[0]
    only = plate.reads[0]
    if wavelength_nm is not None and key == "wavelength_nm" and len(plate.reads) == 1 and only.wavelength_nm is None:
        return only  # a bare grid tells no wavelength
    given = ", ".join(f"{read.label} ({_nm(read.wavelength_nm)})" for read in plate.reads)
    rule = (
        "several reads: the wavelength must be declared"
        if wavelength_nm is None
        else f"exactly one read at {wavelength_nm:g} nm is needed, {len(found)} found"
    )
    remedy = f"declare assay.{key} in study.yaml (or on the command line) as one of the reads of the export"
    return InputProblem(file=plate.source, field=key, rule=rule, value=given, remedy=remedy)


def _nm(wavelength: float | None) -> str:
    return "wavelength not told" if wavelength is None else f"{wavelength:g} nm"


def join_wells(
    signal: PlateRead, reference: PlateRead | None, layout: Sequence[LayoutWell], analyte: str
) -> tuple[AssayWell, ...]:
    """One record per well of the layout, with its wavelength-corrected response."""
    wells = []
    for entry in layout:
        value, missing = _response(entry.well, signal, reference)
        wells.append(
            AssayWell(
                well=entry.well,
                role=entry.role,
                sample=entry.sample,
                analyte=entry.analyte or analyte,
                nominal=entry.nominal,
                dilution=entry.dilution,
                response=value,
                missing=missing,
                used=missing is None,
            )
        )
    return tuple(wells)


def _response(well: str, signal: PlateRead, reference: PlateRead | None) -> tuple[float, Missing | None]:
    value, missing = signal.value(well), signal.missing.get(well)
    if reference is not None:
        value -= reference.value(well)
        missing = missing or reference.missing.get(well)
    if missing is None and not math.isfinite(value):
        missing = "empty"
    return (math.nan if missing else value), missing
