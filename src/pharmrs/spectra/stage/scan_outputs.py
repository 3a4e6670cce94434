"""What one scan leaves in the derivative."""

from __future__ import annotations

import glob
from pathlib import Path

from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.files.owned import remove_written
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.spectra.read.nifti_mrs import write_spectrum
from pharmrs.spectra.records.scan import ScanResult
from pharmrs.spectra.report.pictures.scan_figures import ScanFigures


def scan_folder(output: Path, files: ScanFiles) -> Path:
    """Folder of a scan's derivatives, as in the input: sub-*/[ses-*/]mrs."""
    parts = [f"sub-{files.subject}"]
    if files.session:
        parts.append(f"ses-{files.session}")
    return output.joinpath(*parts, "mrs")


def remove_former(output: Path, files: ScanFiles) -> None:
    """Delete what an earlier run left of this scan: it may fail now, or take other steps."""
    folder, name = scan_folder(output, files), files.name
    for pattern in ("desc-preproc_svs.nii.gz", "desc-preproc_mrsref.nii.gz", "fit.*", "water.*", "step-*"):
        place = folder if pattern.startswith("desc") else folder / "figures"
        remove_written(place, [f"{glob.escape(name)}_{pattern}"])


def write_scan(output: Path, result: ScanResult, figures: ScanFigures) -> tuple[Path, ...]:
    """The preprocessed spectrum and water reference (NIfTI-MRS), and the pictures of one scan; returns the files.

    The pictures come in the order fit, steps, water.
    """
    folder = scan_folder(output, result.files)
    name, prepared = result.files.name, result.preprocessed
    spectra = {"svs": prepared.spectrum, "mrsref": prepared.water}
    left = []
    for suffix, spectrum in spectra.items():
        if spectrum is not None:
            left.append(folder / f"{name}_desc-preproc_{suffix}.nii.gz")
            write_spectrum(left[-1], spectrum)
    drawn = {"fit": figures.fit}
    for number, (step, figure) in enumerate(zip(prepared.steps, figures.steps, strict=True), start=1):
        drawn[f"step-{number}_{step.name.replace(' ', '-')}"] = figure
    if figures.water is not None:
        drawn["water"] = figures.water
    for label, figure in drawn.items():
        left.append(folder / "figures" / f"{name}_{label}{figure.suffix}")
        write_bytes(left[-1], figure.content)
    return tuple(left)
