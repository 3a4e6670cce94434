"""From reads and layout to wells: which reads are used, wavelength correction, what each well holds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pharmrs.assay.records.plate import LayoutWell, Missing, Plate, PlateRead
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.records.standard_curve import AssayWell
from pharmrs.core.errors import InputProblem

_SAME_WAVELENGTH_NM = 1.5  # readers round the wavelength they print


def choose_reads(plate: Plate, settings: AssaySettings) -> tuple[PlateRead, PlateRead | None] | InputProblem:
    """The read of the signal and the one it is corrected by (None: no correction), or why they cannot be told.

    `settings.read` names the signal by its label (or the end of it) or its number among the reads of the plate; a
    wavelength narrows the choice.
    """
    named = [read for number, read in enumerate(plate.reads, 1) if _is_named(read, number, settings.read)]
    if settings.read and not named:
        return _unclear(plate, "read", f"must be a read of the export, by its label or number, not {settings.read}")
    wavelength = None if len(named) == 1 and settings.read else settings.wavelength_nm
    sure = [read for read in plate.reads if not read.doubt]
    signal = _read_at(plate, named if settings.read else sure, wavelength, "wavelength_nm")
    if isinstance(signal, InputProblem):
        return signal
    if settings.reference_wavelength_nm is None:
        return signal, None
    reference = _read_at(plate, sure, settings.reference_wavelength_nm, "reference_wavelength_nm")
    return reference if isinstance(reference, InputProblem) else (signal, reference)


def _is_named(read: PlateRead, number: int, asked: str) -> bool:
    wanted = asked.strip().lower()
    return wanted in (str(number), read.label.strip().lower(), read.label.strip().lower().rsplit(", ", 1)[-1])


def _read_at(
    plate: Plate, reads: Sequence[PlateRead], wavelength_nm: float | None, key: str
) -> PlateRead | InputProblem:
    if wavelength_nm is None and len(reads) == 1:
        return reads[0]
    found = [
        read
        for read in reads
        if wavelength_nm is not None
        and read.wavelength_nm is not None
        and abs(read.wavelength_nm - wavelength_nm) < _SAME_WAVELENGTH_NM
    ]
    if len(found) == 1:
        return found[0]
    if wavelength_nm is not None and key == "wavelength_nm" and len(reads) == 1 and reads[0].wavelength_nm is None:
        return reads[0]  # a bare grid tells no wavelength
    rule = (
        "none of the numbers in the export is surely a reading: say which one is the signal"
        if not reads
        else "the export holds several reads: say which one is the signal"
        if wavelength_nm is None
        else f"exactly one read at {wavelength_nm:g} nm is needed, {len(found)} found"
    )
    return _unclear(plate, key, rule)


def _unclear(plate: Plate, key: str, rule: str) -> InputProblem:
    """What can be chosen from, and how."""
    given = "; ".join(
        f"{number}: {read.label} ({_nm(read.wavelength_nm)}, {_range(read)}{', ' + read.doubt if read.doubt else ''})"
        for number, read in enumerate(plate.reads, 1)
    )
    remedy = (
        f"choose by --wavelength, or by --read with the number or label in this list "
        f"(assay.{key if key != 'read' else 'wavelength_nm'} or assay.read in study.yaml)"
    )
    return InputProblem(file=plate.source, field=key, rule=rule, value=given, remedy=remedy)


def _range(read: PlateRead) -> str:
    known = read.values[np.isfinite(read.values)]
    return f"{known.min():.4g} to {known.max():.4g} in {known.size} wells" if known.size else "no number"


def _nm(wavelength: float | None) -> str:
    return "wavelength not stated" if wavelength is None else f"{wavelength:g} nm"


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
