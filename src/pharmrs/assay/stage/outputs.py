"""What plates leave behind, from `pharmrs plate` as from `pharmrs run`: tables and pictures."""

from __future__ import annotations

from pathlib import Path

from pharmrs.assay.records.results import AssayStudy
from pharmrs.assay.report.pictures import AssayPictures, draw_assay, write_assay_pictures
from pharmrs.assay.report.section import assay_section
from pharmrs.assay.report.tables import write_assay_tables
from pharmrs.core.report.site import write_page
from pharmrs.core.unit import Within, unbounded


def write_plates(folder: Path, study: AssayStudy, within: Within = unbounded) -> tuple[AssayPictures, tuple[Path, ...]]:
    """Write tables and pictures of all plates into `folder`; returns the pictures and the files."""
    tables, pictures = write_assay_tables(folder, study), draw_assay(study, within)
    return pictures, (*tables, *write_assay_pictures(folder, pictures))


def write_plate_page(folder: Path, study: AssayStudy, pictures: AssayPictures) -> Path:
    """The page of `pharmrs plate`: the section of the report alone."""
    section = assay_section(study, pictures)
    return write_page(folder / "report.html", kind="Assay", heading=section.title, sections=(section,))
