"""The BIDS derivative: what each scan and the study leave behind. The input is never written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pharmrs.core.files.atomic import write_bytes, write_text
from pharmrs.core.files.relative_paths import relative_to
from pharmrs.core.report.tables import problems_table, write_study_tables, write_table
from pharmrs.core.stage import StageOutcome
from pharmrs.spectra.quantify.quantify import SCALES
from pharmrs.spectra.read.nifti_mrs import write_spectrum
from pharmrs.spectra.records.scan import ScanFiles, ScanOutcome, ScanResult
from pharmrs.spectra.report.pictures.scan_figures import ScanFigures
from pharmrs.spectra.report.scan_pages import FigureSource, KeptPages
from pharmrs.spectra.stage.settings import settings_of
from pharmrs.study.dataset import Dataset
from pharmrs.study.derivative import PROVENANCE_FILE, REPORT_FILE, describe_derivative, json_text
from pharmrs.study.report.methods import methods_text
from pharmrs.study.report.page_of_study import write_report

SCALE_LABELS = {
    name: scale.definition + ("" if scale.unit == "1" else f" ({scale.unit})") for name, scale in SCALES.items()
}


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
        for path in place.glob(f"{name}_{pattern}"):
            path.unlink()


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


def write_tables(output: Path, dataset: Dataset, outcomes: Sequence[ScanOutcome]) -> None:
    """The description of the derivative and the tables of all scans, which the stages after the scans read."""
    study, _ = dataset.usable()
    describe_derivative(output, study)
    scans = [_portable(outcome, dataset.root) for outcome in outcomes]
    write_study_tables(output, scans, SCALE_LABELS, without=["problems"])  # complete only after the stages


def write_study(
    output: Path,
    dataset: Dataset,
    outcomes: Sequence[ScanOutcome],
    figures: FigureSource,
    stages: Sequence[StageOutcome],
    provenance: Mapping[str, object],
    kept: KeptPages | None = None,
) -> Path:
    """Problems, methods, provenance and report; returns the path of the report. `kept`: pages of an earlier run."""
    study, _ = dataset.usable()
    outcomes = [_portable(outcome, dataset.root) for outcome in outcomes]
    results = [outcome.result for outcome in outcomes if outcome.result is not None]
    settings = {"study.yaml": study.model_dump(mode="json"), "fit": settings_of(study, "").fit.as_dict()}
    methods = methods_text(study, results, [part for stage in stages for part in stage.methods])
    found = [*dataset.general_problems, *(problem for stage in stages for problem in stage.problems)]
    general = [relative_to(dataset.root, problem) for problem in found]
    write_table(output, problems_table([*general, *(problem for one in outcomes for problem in one.problems)]))
    write_text(output / "methods.md", methods)
    write_text(output / PROVENANCE_FILE, json_text(provenance))
    report = output / REPORT_FILE
    write_report(
        report,
        study.title,
        outcomes,
        rules=study.quality,
        methods=methods,
        settings=settings,
        provenance=provenance,
        scale_labels=SCALE_LABELS,
        primary_scale=study.quantification.primary_scale,
        metabolites=study.quality.metabolites,
        figures=figures,
        problems=general,
        sections=[section for stage in stages for section in stage.sections],
        kept=kept,
    )
    return report


def _portable(outcome: ScanOutcome, root: Path) -> ScanOutcome:
    return replace(outcome, problems=tuple(relative_to(root, problem) for problem in outcome.problems))
