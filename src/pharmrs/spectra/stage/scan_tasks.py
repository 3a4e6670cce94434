"""The scans of a run: which have to be fitted again and why, and the work of one."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pharmrs.core.errors import InputProblem
from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.files.checksums import Signature, signature
from pharmrs.core.files.owned import remove_written
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.unit import Boundary, attempt
from pharmrs.spectra.read.find_recordings import LONGEST_NAME
from pharmrs.spectra.read.nifti_mrs import write_fit, write_spectrum
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.quantification import Exclusion
from pharmrs.spectra.records.scan import ScanOutcome, ScanResult
from pharmrs.spectra.report.pictures.scan_figures import ScanFigures, render_scan_figures
from pharmrs.spectra.stage.scan import fitted_scan, quantified
from pharmrs.spectra.stage.scan_cache import ScanCache
from pharmrs.spectra.stage.scan_key import ScanKey
from pharmrs.spectra.stage.settings import ScanSettings

_SCAN_S, _SCAN_S_PER_BYTE = 0.13, 7.2e-9  # fit, tables and pictures; reading and unpacking


def scan_folder(output: Path, files: ScanFiles) -> Path:
    """Folder of a scan's derivatives, as in the input: sub-*/[ses-*/]mrs."""
    parts = [f"sub-{files.subject}"]
    if files.session:
        parts.append(f"ses-{files.session}")
    return output.joinpath(*parts, "mrs")


def remove_former(output: Path, files: ScanFiles) -> None:
    """Delete what an earlier run left of this scan: it may fail now, or take other steps."""
    folder, name = scan_folder(output, files), files.name
    for pattern in (
        "desc-preproc_svs.nii.gz",
        "desc-preproc_mrsref.nii.gz",
        "desc-fit_mrs.nii.gz",
        "fit.*",
        "water.*",
        "step-*",
    ):
        place = folder if pattern.startswith("desc") else folder / "figures"
        remove_written(place, [f"{glob.escape(name)}_{pattern}"])


def write_scan(output: Path, result: ScanResult, figures: ScanFigures) -> tuple[Path, ...]:
    """Preprocessed spectrum, water reference and fit (NIfTI-MRS), and the pictures of one scan; returns the files.

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
    left.append(folder / f"{name}_desc-fit_mrs.nii.gz")
    write_fit(left[-1], result.fit, prepared.spectrum)
    drawn = {"fit": figures.fit}
    for number, (step, figure) in enumerate(zip(prepared.steps, figures.steps, strict=True), start=1):
        drawn[f"step-{number}_{step.name.replace(' ', '-')}"] = figure
    if figures.water is not None:
        drawn["water"] = figures.water
    for label, figure in drawn.items():
        left.append(folder / "figures" / f"{name}_{label}{figure.suffix}")
        write_bytes(left[-1], figure.content)
    return tuple(left)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanTask:
    """One scan to be processed by a worker.

    `known`: what is already known to be wrong with it. `signatures`: of the recordings when their checksums were taken.
    `reasons`: why it has to be fitted; none: an earlier run did, and nothing it depends on changed. `judged`: by
    raters.
    """

    files: ScanFiles
    root: Path
    output: Path
    known: tuple[InputProblem, ...]
    settings: ScanSettings
    key: ScanKey
    signatures: Mapping[str, Signature | None]
    reasons: tuple[str, ...]
    judged: tuple[Exclusion, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether a known error stops the scan before it is read."""
        return any(problem.severity == "error" for problem in self.known)

    @property
    def cache(self) -> ScanCache:
        return ScanCache(self.output, self.root)


def expected_s(scans: Sequence[ScanFiles]) -> float:
    """Seconds of CPU that one of these scans takes in the mean, from the size of its recordings (docs/scale.md)."""
    found = [signature(Path(path)) for files in scans for path in files.paths]
    size = sum(one[0] for one in found if one is not None)
    return _SCAN_S + _SCAN_S_PER_BYTE * size / max(1, len(scans))


def fit_and_draw(task: ScanTask, basis: BasisSet) -> ScanOutcome:
    """One scan as far as its fit, or why there is none: whatever happens to it, the others go on."""
    done, problems = attempt(partial(_fit_and_draw, task, basis), task.files.metabolite, "processing", task.output)
    return done or ScanOutcome(files=task.files, result=None, problems=problems)


def _fit_and_draw(task: ScanTask, basis: BasisSet) -> ScanOutcome:
    """Numbers, pictures, files. Everything that is left is remembered for the next run."""
    if len(task.files.name.encode()) <= LONGEST_NAME:
        task.cache.forget(task.files)
        remove_former(task.output, task.files)
    if task.stopped:
        return ScanOutcome(files=task.files, result=None)
    outcome = fitted_scan(task.files, basis, task.settings)
    changed = [path for path, then in task.signatures.items() if signature(Path(path)) != then]
    if changed:
        return replace(outcome, result=None, problems=tuple(map(_changed, changed)))
    if outcome.result is None:
        return outcome
    within = Boundary(task.output)
    figures = render_scan_figures(outcome.result, within)
    left = write_scan(task.output, outcome.result, figures)
    problems = (*outcome.problems, *within.problems)
    done = replace(outcome, result=outcome.result.without_signals(), problems=problems)
    task.cache.store(done, figures, task.key, left)
    return done


def lost_scan(task: ScanTask, what: str) -> ScanOutcome:
    """The outcome of a scan whose worker died every time."""
    problem = InputProblem(
        file=task.files.metabolite,
        field="processing",
        rule="must finish",
        value=what,
        remedy="run again: only this scan is tried; if memory ran out, use fewer workers; else report it with the scan",
    )
    return ScanOutcome(files=task.files, result=None, problems=(problem,))


def finished(task: ScanTask, done: ScanOutcome, proton_amplitude: float) -> ScanOutcome:
    """The scan with its concentrations, the rules it breaks, and what was known to be wrong with it."""
    outcome, problems = attempt(
        partial(quantified, done, proton_amplitude, task.settings), task.files.metabolite, "quantification", task.output
    )
    if outcome is None:
        return ScanOutcome(files=task.files, result=None, problems=(*task.known, *done.problems, *problems))
    if outcome.result is not None:
        exclusions = (*outcome.result.exclusions, *task.judged)
        outcome = replace(outcome, result=replace(outcome.result, exclusions=exclusions))
    return replace(outcome, problems=task.known + outcome.problems)


def _changed(path: str) -> InputProblem:
    return InputProblem(
        file=path,
        field="file",
        rule="must not change during the run",
        value="changed",
        remedy="wait until it is complete, then run again: only this scan is done anew",
    )
