"""What `pharmrs plate` leaves behind: tables and pictures."""

from __future__ import annotations

from pathlib import Path

from pharmrs.records.assay import AssayStudy
from pharmrs.report.assay_tables import write_assay_tables


def write_plates(folder: Path, study: AssayStudy) -> tuple[Path, ...]:
    """Write the tables of all plates into `folder`; returns the files."""
    return write_assay_tables(folder, study)
