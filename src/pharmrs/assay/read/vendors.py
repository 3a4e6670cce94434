"""Exports of other readers through allotropy: Gen5, SoftMax Pro, SkanIt, MARS, Magellan and what else it knows.

allotropy is heavy and is imported only when a file is none of the formats read here. Its unit of absorbance (mAU) is a
label only, values are taken as they stand in the export.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

from pharmrs.assay.read.blocks import WellBlock, as_array, plate_shape
from pharmrs.assay.read.cells import Sheet, missing_word
from pharmrs.assay.read.sections import read_sections
from pharmrs.assay.records.plate import Plate, PlateExport, PlateRead, well_name, well_position
from pharmrs.core.read.problems import Problems

NAME = "allotropy"
# Vendor of allotropy -> words (lower case) that its exports carry near the beginning, all of them.
VENDORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "AGILENT_GEN5": (("software version", "reader type"), ("gen5",)),
    "MOLDEV_SOFTMAX_PRO": (("##blocks=",),),
    "BMG_LABTECH_SMART_CONTROL": (("smart control",), ("protocol information", "microplate end point")),
    "BMG_MARS": (("user:", "path:", "test name:"),),
    "TECAN_MAGELLAN": (("well positions",), ("date of measurement", "magellan")),
    "THERMO_SKANIT": (("skanit",), ("session information", "instrument information")),
    "PERKIN_ELMER_ENVISION": (("plate information", "background information"), ("envision",)),
    "REVVITY_KALEIDO": (("ensight results",), ("exported with kaleido",)),
}
_LOOKED_AT = 60  # rows at either end in which a format shows itself
_SIGNALS = ("absorbance", "fluorescence", "luminescence")


def vendor_of(sheets: tuple[Sheet, ...]) -> str | None:
    """allotropy's name of the format, from its own words."""
    rows = [row for sheet in sheets for row in (*sheet.rows[:_LOOKED_AT], *sheet.rows[-_LOOKED_AT:])]
    words = [cell.lower() for row in rows for cell in row]
    text = " ".join([*words, *(sheet.title.lower() for sheet in sheets)])
    for vendor, alternatives in VENDORS.items():
        if any(all(word in text for word in needed) for needed in alternatives):
            return vendor
    return None


def recognises(_path: Path, sheets: tuple[Sheet, ...]) -> bool:
    """Whether the file carries the words of one of these formats."""
    return vendor_of(sheets) is not None


def read(path: Path, sheets: tuple[Sheet, ...], problems: Problems) -> PlateExport:
    """Read through allotropy; what it cannot read becomes a problem with its own words."""
    import logging
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own imports are deprecated, which is not the user's concern
        import allotropy.to_allotrope  # noqa: F401
    from allotropy.exceptions import AllotropeConversionError, AllotropeValidationError
    from allotropy.to_allotrope import allotrope_from_file

    vendor = vendor_of(sheets)
    logging.getLogger().setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            document = allotrope_from_file(str(path), vendor_type=vendor, default_timezone=UTC)
        plates, why = plates_of(document, path), "none found"
    except (AllotropeConversionError, AllotropeValidationError) as error:
        plates, why = None, str(error)
    except Exception as error:  # a parser that meets a file it was not written for may raise anything
        plates, why = None, f"{type(error).__name__}: {error}"
    if not plates:  # what allotropy made of the file cannot be used; the wells in it speak for themselves
        plates = read_sections(path, sheets, problems, vendor or NAME)
    if not plates:
        remedy = "export the plate as a plain grid (rows A-H, columns 1-12) or as a long table (well, value)"
        problems.add("file", f"must hold end-point readings of wells ({vendor or NAME})", why, remedy)
    return PlateExport(source=str(path), plates=plates)


def plates_of(document: Mapping[str, Any], path: Path) -> tuple[Plate, ...] | None:
    """The plates of an Allotrope document of a plate reader (REC/2024/06 and later).

    None where a wavelength is none, or a well was read twice by the same description: allotropy 0.1.150 takes the
    number of a MARS read for its wavelength, and one read would overwrite the other.
    """
    reader = document.get("plate reader aggregate document", {})
    instrument = _instrument(reader)
    blocks: dict[str, dict[tuple[str, float | None, str], WellBlock]] = {}
    measured: dict[str, str] = {}
    for group in reader.get("plate reader document", []):
        aggregate = group.get("measurement aggregate document", {})
        for one in aggregate.get("measurement document", []):
            sample, control = one.get("sample document", {}), _control(one)
            position = well_position(str(sample.get("location identifier", "")))
            signal = next((name for name in _SIGNALS if name in one), None)
            if position is None or signal is None:
                continue
            plate = str(sample.get("well plate identifier", "")).strip()
            label = (
                str(control.get("detection type", signal)),
                _wavelength(control),
                str(control.get("device identifier", "")),
            )
            block = blocks.setdefault(plate, {}).setdefault(label, WellBlock(0, 0))
            measured.setdefault(plate, str(aggregate.get("measurement time", "")))
            well = well_name(*position)
            if well in block.values or well in block.missing or not _plausible(label[1]):
                return None
            _take(block, well, one[signal], one)
    return tuple(_plates(blocks, measured, instrument, path))


def _take(block: WellBlock, well: str, quantity: Mapping[str, Any], measurement: Mapping[str, Any]) -> None:
    """A reading. Words about it count only where there is none: what the vendor's software made of a well that was
    read (`<15.6`, `Range?`, `Fail`) is its opinion. allotropy writes -0.0 for a reading that is a word."""
    value = quantity.get("value")
    if isinstance(value, (int, float)) and math.isfinite(value) and not (value == 0 and math.copysign(1, value) < 0):
        block.values[well] = float(value)
        return
    known = [word for text in _error_words(measurement) if (word := missing_word(text)) is not None]
    block.missing[well] = known[0] if known else "masked" if list(_error_words(measurement)) else "empty"


def _error_words(measurement: Mapping[str, Any]) -> Iterator[str]:
    """What the reader wrote in place of a number."""
    for one in measurement.get("error aggregate document", {}).get("error document", []):
        yield str(one.get("error", ""))


def _plates(
    blocks: Mapping[str, Mapping[tuple[str, float | None, str], WellBlock]],
    measured: Mapping[str, str],
    instrument: str,
    path: Path,
) -> Iterable[Plate]:
    for name, reads in blocks.items():
        shape = plate_shape(list(reads.values()))
        names = [name, f"{path.stem}_{name}", f"{path.stem}/{name}", *([path.stem] if len(blocks) == 1 else [])]
        yield Plate(
            source=str(path),
            names=tuple(dict.fromkeys(one for one in names if one)),
            instrument=instrument,
            reads=tuple(
                PlateRead(
                    label=f"{mode} {wavelength:g} nm" if wavelength is not None else mode,
                    mode=mode,
                    wavelength_nm=wavelength,
                    values=as_array(block.values, shape),
                    missing=block.missing,
                )
                for (mode, wavelength, _), block in reads.items()
            ),
            measured=measured.get(name, "")[:19],
        )


def _control(measurement: Mapping[str, Any]) -> Mapping[str, Any]:
    controls = measurement.get("device control aggregate document", {}).get("device control document", [])
    return controls[0] if controls else {}


def _wavelength(control: Mapping[str, Any]) -> float | None:
    value = control.get("detector wavelength setting", {}).get("value")
    return float(value) if isinstance(value, (int, float)) else None


def _plausible(wavelength: float | None) -> bool:
    return wavelength is None or 200.0 <= wavelength <= 1100.0


def _instrument(reader: Mapping[str, Any]) -> str:
    device, data = reader.get("device system document", {}), reader.get("data system document", {})
    parts = (device.get("product manufacturer"), device.get("model number"), data.get("software name"))
    return " ".join(str(part) for part in parts if part and str(part).upper() != "N/A") or NAME
