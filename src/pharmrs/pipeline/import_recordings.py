"""`pharmrs import`: vendor files into a BIDS dataset, by spec2nii.

Converter: Clarke et al. 2022, Magn Reson Med 88:2358, doi:10.1002/mrm.29418.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pharmrs.errors import InputError, InputProblem
from pharmrs.io.import_table import read_import_table
from pharmrs.io.nifti_mrs import identifying_fields, read_fids
from pharmrs.io.participants import PARTICIPANTS
from pharmrs.io.problems import Problems, shorten
from pharmrs.pipeline.derivative import json_text
from pharmrs.records.import_plan import ImportLine
from pharmrs.report.atomic import write_text

_LONGEST_S = 1200
_PLAIN = "(plain)"  # a recording that spec2nii gives no ending of its own
_ARGUMENTS = {"bruker": ("-m", "FID"), "twix": ("-e",)}
_RUN = "import sys; from spec2nii.spec2nii import main; sys.exit(main())"


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

    Each recording is converted in a temporary folder, read back and checked, and only then moved to its place. Raises
    InputError, before anything is converted, for what is wrong with the table or where a target exists already.
    """
    lines = read_import_table(table)
    _check_targets(lines, table, dataset)
    begin(len(lines))
    dataset.mkdir(parents=True, exist_ok=True)
    finished = []
    for line in lines:
        with tempfile.TemporaryDirectory(prefix=".import-", dir=dataset) as folder:
            one = _convert(line, table, dataset, Path(folder))
        finished.append(one)
        done(one)
    if any(one.files for one in finished):
        _describe(dataset, lines)
    return tuple(finished)


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
        sidecar = recording.with_name(recording.name.removesuffix(".gz").removesuffix(".nii") + ".json")
        if line.sidecar:
            write_text(sidecar, json.dumps(line.sidecar, indent=2) + "\n")
        else:
            sidecar.unlink(missing_ok=True)  # the header of the recording holds the same
        read_fids(recording)
        for field in identifying_fields(recording):
            remedy = "remove it in the vendor's export; it is never copied into derivatives"
            problems.add(f"{line.where}: {field}", "identifies a person", "(not shown)", remedy, severity="warning")
    except InputError as error:
        for found in error.problems:
            remedy = f"{found.remedy}; times can be given in this table (echo_time_s, repetition_time_s, mixing_time_s)"
            problems.add(f"{line.where}: {found.field}", found.rule, found.value, remedy, severity=found.severity)
        return Imported(line=line, files=(), problems=tuple(problems.found))
    return Imported(line=line, files=_move(recording, sidecar, dataset / line.target), problems=tuple(problems.found))


def _recording(line: ImportLine, folder: Path, problems: Problems) -> Path | None:
    """The NIfTI-MRS file that `line` asks for, in `folder`; None with the reason in `problems`."""
    if line.format == "nifti":
        source = Path(line.files[0])
        return Path(shutil.copy(source, folder / source.name))
    arguments = list(_ARGUMENTS.get(line.format, ()))
    if line.format == "twix":
        arguments.append(line.part or "image")
    command = [
        sys.executable,
        "-c",
        _RUN,
        line.format,
        *arguments,
        "--anon",
        "-f",
        "out",
        "-o",
        str(folder),
        *line.files,
    ]
    try:
        ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_LONGEST_S)
    except subprocess.TimeoutExpired:
        remedy = "try spec2nii by hand and give its result with the format nifti"
        problems.add(line.where, f"must be converted within {_LONGEST_S} s", "still running", remedy)
        return None
    found = sorted(folder.glob("*.nii*"))
    if not found:
        said = (ended.stderr.strip() or ended.stdout.strip() or "nothing").splitlines()[-1]
        remedy = f"check that the file is {line.format} and complete"
        problems.add(line.where, f"spec2nii must be able to read it as {line.format}", shorten(said), remedy)
        return None
    names = {path.name.removeprefix("out").split(".")[0] or _PLAIN: path for path in found}
    if len(found) > 1 and line.part not in names:
        remedy = "name one of these in part"
        problems.add(f"{line.where}: part", "must choose one recording of the file", ", ".join(names), remedy)
        return None
    return names[line.part] if len(found) > 1 else found[0]


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
