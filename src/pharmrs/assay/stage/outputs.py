"""What plates leave behind, from `pharmrs plate` as from `pharmrs run`: tables and pictures."""

from __future__ import annotations

from pathlib import Path

from pharmrs.assay.records.results import AssayStudy
from pharmrs.assay.report.pictures import AssayPictures, draw_assay, write_assay_pictures
from pharmrs.assay.report.tables import write_assay_tables


def write_plates(folder: Path, study: AssayStudy) -> tuple[AssayPictures, tuple[Path, ...]]:
    """Write tables and pictures of all plates into `folder`; returns the pictures and the files."""
    tables, pictures = write_assay_tables(folder, study), draw_assay(study)
    return pictures, (*tables, *write_assay_pictures(folder, pictures))
