"""`pharmrs import`: vendor files into a BIDS dataset."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem, input_problem
from pharmrs.core.files.atomic import write_bytes, write_text
from pharmrs.core.files.content import read_content
from pharmrs.core.files.json_text import json_text
from pharmrs.core.files.targets import check_target
from pharmrs.core.files.unfinished import is_left, unfinished
from pharmrs.core.read.participants import PARTICIPANTS
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.checks.of_recordings import is_suppressed, shows_water
from pharmrs.spectra.read.import_table import read_import_table
from pharmrs.spectra.read.lcmodel_raw import read_lcmodel_raw
from pharmrs.spectra.read.nifti_mrs import identifying_fields, read_fids, write_fids
from pharmrs.spectra.read.proposal.propose import COLUMNS, Proposal, propose
from pharmrs.spectra.read.separate_files import together
from pharmrs.spectra.read.vendor.conversion import check_points, convert
from pharmrs.spectra.read.vendor.headers import mended
from pharmrs.spectra.read.vendor.old_dicom import is_cut, read_siemens_csa, siemens_va
from pharmrs.spectra.read.vendor.old_pfile import is_old_pfile, read_old_pfile
from pharmrs.spectra.records.acquisition import Fids
from pharmrs.spectra.records.import_plan import ImportLine

_COMMAND, _TEMPORARY = "pharmrs import", ".import-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of one line: the files written (none where it failed), and the problems."""

    line: ImportLine
    files: tuple[Path, ...]
    problems: tuple[InputProblem, ...]


def import_recordings(
    table: Path,
    dataset: Path,
    begin: Callable[[int], None] = lambda _count: None,
    done: Callable[[Imported], None] = lambda _one: None,
) -> tuple[Imported, ...]:
    """Convert every line of the mapping table into `dataset`; nothing there is ever overwritten.

    Each recording is converted in a temporary folder, read back and checked, and only then moved to its place. What
    the same table left there when the command was killed is converted again. Raises InputError, before anything is
    converted, for what is wrong with the table or where a target exists already.
    """
    warnings: list[InputProblem] = []
    lines = read_import_table(table, warnings.append)
    work = repr(lines)
    if not is_left(dataset, _COMMAND, work):
        _check_targets(lines, table, dataset)
    finished: list[Imported] = []
    with unfinished(dataset, _COMMAND, work):
        for left in dataset.glob(f"{_TEMPORARY}*"):
            shutil.rmtree(left)
        begin(len(lines))
        for line in lines:
            with tempfile.TemporaryDirectory(prefix=_TEMPORARY, dir=dataset) as folder:
                one = _convert(line, table, dataset, Path(folder))
            if not finished:  # what is odd about the table is told once
                one = replace(one, problems=(*warnings, *one.problems))
            finished.append(one)
            done(one)
        if any(one.files for one in finished):
            _describe(dataset, lines)
    return tuple(finished)


def propose_table(folder: Path, out: Path) -> Proposal:
    """Write a mapping table for the vendor files below `folder`; returns what is in it.

    Raises InputError where no file is recognised, or `out` is not a table that may be written.
    """
    problems = check_target(out, (".tsv",), b"second_file")
    proposal = propose(folder) if not problems else Proposal(rows=[])
    rows = proposal.rows
    if not rows and not problems:
        kinds = (
            "SDAT, RDA, twix .dat, P-files .7, DICOM and IMA of spectroscopy, .RAW, .H2O, jMRUI, NIfTI-MRS, Bruker fid"
        )
        remedy = "check the folder; files that unpack to nothing known can be written into a table by hand"
        problems = [input_problem(folder, "folder", f"must hold recordings: {kinds} were looked for", "none", remedy)]
    if problems:
        raise InputError(problems)
    here = out.resolve().parent
    for row in rows:  # paths of a table are taken from its own folder
        for column in ("file", "second_file"):
            if row[column]:
                row[column] = os.path.relpath(folder.resolve() / row[column], here)
    lines = ["\t".join(COLUMNS), *("\t".join(row[column] for column in COLUMNS) for row in rows)]
    write_text(out, "\n".join(lines) + "\n")
    return proposal


def _check_targets(lines: tuple[ImportLine, ...], table: Path, dataset: Path) -> None:
    problems = Problems(str(table))
    for line in lines:
        for path in (dataset / f"{line.target}{ending}" for ending in (".nii.gz", ".nii", ".json")):
            if path.exists():
                problems.add(line.where, "must not be there already", path, "delete it, or leave the line out")
    problems.raise_errors()


def _convert(line: ImportLine, table: Path, dataset: Path, folder: Path) -> Imported:
    problems = Problems(str(table))
    try:
        recording = _recording(line, folder, problems)
        if recording is None:
            return Imported(line=line, files=(), problems=tuple(problems.found))
        sidecar = _write_sidecar(line, recording)
        fids = read_fids(recording)
        check_points(line, fids.points, problems)
        _check_kind(line, fids, problems)
        for field in identifying_fields(recording):
            remedy = "remove it in the vendor's export; it is never copied into derivatives"
            problems.add(f"{line.where}: {field}", "may identify a person", "", remedy, severity="note")
    except InputError as error:
        for found in error.problems:
            remedy = f"{found.remedy}; times can be given in this table (echo_time_s, repetition_time_s, mixing_time_s)"
            problems.add(f"{line.where}: {found.field}", found.rule, found.value, remedy, severity=found.severity)
        return Imported(line=line, files=(), problems=tuple(problems.found))
    stopped = any(problem.severity == "error" for problem in problems.found)
    moved = () if stopped else _move(recording, sidecar, dataset / line.target)
    return Imported(line=line, files=moved, problems=tuple(problems.found))


def _recording(line: ImportLine, folder: Path, problems: Problems) -> Path | None:
    """The NIfTI-MRS file that `line` asks for, in `folder`; None with the reason in `problems`."""
    if not line.transients:
        return _one(line, folder, problems)
    parts = []
    for number, file in enumerate(line.transients):
        place = folder / str(number)
        place.mkdir()
        path = _one(replace(line, files=(file,), transients=()), place, problems)
        if path is None:
            return None
        _write_sidecar(line, path)
        parts.append(read_fids(path))
    whole = together(parts, [Path(file).name for file in line.transients], line.where, problems)
    return _written(whole, folder)


def _written(fids: Fids | None, folder: Path) -> Path | None:
    if fids is None:
        return None
    write_fids(folder / "out.nii.gz", fids)
    return folder / "out.nii.gz"


def _one(line: ImportLine, folder: Path, problems: Problems) -> Path | None:
    """The same for one file."""
    if line.format == "nifti":
        source = Path(line.files[0])
        write_bytes(folder / source.name, read_content(source))
        return folder / source.name
    if line.format == "lcmodel":
        return _written(read_lcmodel_raw(line, problems), folder)
    if is_old_pfile(line):
        return _written(read_old_pfile(line, problems), folder)
    if is_cut(line, problems):
        return None
    tags = siemens_va(line)
    if tags is not None:
        return _written(read_siemens_csa(line, tags, problems), folder)
    readable = mended(line, folder, problems)
    return convert(readable, folder, problems) if readable is not None else None


def _write_sidecar(line: ImportLine, recording: Path) -> Path:
    """The sidecar with what the table tells; none where the header of the recording holds the same."""
    sidecar = recording.with_name(recording.name.removesuffix(".gz").removesuffix(".nii") + ".json")
    if line.sidecar:
        write_text(sidecar, json.dumps(line.sidecar, indent=2) + "\n")
    else:
        sidecar.unlink(missing_ok=True)
    return sidecar


def _check_kind(line: ImportLine, fids: Fids, problems: Problems) -> None:
    """A warning where a recording without water suppression is to be a spectrum, or the other way round."""
    reference = line.target.endswith("_mrsref")
    for found in shows_water("quantification", fids) if reference else is_suppressed(fids):
        remedy = "svs, if it is a spectrum" if reference else found.remedy
        problems.add(f"{line.where}: suffix", found.rule, found.value, remedy, severity="warning")


def _move(recording: Path, sidecar: Path, target: Path) -> tuple[Path, ...]:
    target.parent.mkdir(parents=True, exist_ok=True)
    ending = ".nii.gz" if recording.name.endswith(".gz") else ".nii"
    moved = []
    # the sidecar first: a recording whose times are missing must not be there for a moment
    for source, place in ((sidecar, f"{target}.json"), (recording, f"{target}{ending}")):
        if source.is_file():
            source.chmod(0o644)
            moved.append(source.replace(place))
    return tuple(moved)


def _describe(dataset: Path, lines: tuple[ImportLine, ...]) -> None:
    """The files without which a folder is no BIDS dataset, where they are missing."""
    description = dataset / "dataset_description.json"
    if not description.exists():
        content = {"Name": dataset.resolve().name, "BIDSVersion": "1.10.0", "DatasetType": "raw"}
        write_text(description, json_text(content))
    participants = dataset / PARTICIPANTS
    if not participants.exists():
        labels = sorted({line.target.split("/", 1)[0] for line in lines})
        write_text(participants, "\n".join(["participant_id", *labels]) + "\n")
