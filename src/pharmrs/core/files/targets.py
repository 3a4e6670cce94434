"""What a command may write to: never one of its inputs, never a file of another kind, never somebody else's dataset."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem, input_problem, some_of
from pharmrs.core.files.owned import claim, is_marked, owner_of, release

_INPUTS: set[tuple[int, int]] = set()  # device and inode of every file this process was given to read
_HEAD_BYTES = 4096
DESCRIPTION = "dataset_description.json"
_NOBODYS = (".DS_Store", "Thumbs.db", "desktop.ini")  # what file managers leave in every folder


def protect(paths: Iterable[Path]) -> None:
    """From now on, in this process, these files are read and never written; replaces what was protected before."""
    _INPUTS.clear()
    for path in paths:
        try:
            state = path.stat()
        except (OSError, ValueError):
            continue
        if path.is_file():
            _INPUTS.add((state.st_dev, state.st_ino))


def refuse_input(path: Path) -> None:
    """Raises InputError where `path` is one of the files this command reads."""
    if not _INPUTS:
        return
    try:
        state = path.stat()
    except OSError:
        return
    if (state.st_dev, state.st_ino) in _INPUTS:
        rule, remedy = "must not be a file that the command reads: that is never written to", "choose another name"
        raise InputError([input_problem(path, "out", rule, "an input of this command", remedy)])


def check_target(path: Path, endings: Sequence[str], head: bytes) -> list[InputProblem]:
    """What is wrong with a file that a person named to be written.

    `endings`: those of its kind. `head`: what such a file, written here, holds near its beginning; one that does not
    is somebody else's and stays.
    """
    if not path.name.lower().endswith(tuple(endings)):
        rule, remedy = f"must end in {' or '.join(endings)}", f"give a name such as {path.stem or 'result'}{endings[0]}"
        return [input_problem(path, "out", rule, path.name, remedy)]
    if path.is_dir():
        return [input_problem(path, "out", "must be a file", "a folder", "give the name of a file in it")]
    return check_replaced(path, head)


def check_replaced(path: Path, head: bytes) -> list[InputProblem]:
    """What is wrong with writing to `path`: there must be nothing, or what was written here before, as `head` tells.

    Below our marker the listing tells instead.
    """
    try:
        if not path.stat().st_size or owner_of(path) is not None:
            return []
        with path.open("rb") as stream:
            ours = head in stream.read(_HEAD_BYTES)
    except FileNotFoundError:
        ours = not path.is_symlink()
    except OSError:
        ours = False
    rule, remedy = "must not replace a file that this command did not write", "choose another name"
    return [] if ours else [input_problem(path, "out", rule, "it exists and holds something else", remedy)]


def check_output_folder(folder: Path) -> list[InputProblem]:
    """What is wrong with a folder for results: it must be new, empty, or one that pharmrs wrote."""
    if folder.exists() and not folder.is_dir():
        return [input_problem(folder, "out", "must be a folder", "a file", "choose another folder")]
    if is_marked(folder) or not folder.exists():
        return []
    if _made_here(folder / DESCRIPTION):
        return []
    there = sorted(entry.name for entry in os.scandir(folder) if entry.name not in _NOBODYS)
    if not there:
        return []
    if DESCRIPTION in there:
        found = f"{DESCRIPTION} of another dataset"
    elif "study.yaml" in there:
        found = "study.yaml lies there: the folder of a study is input"
    else:
        found = f"it holds {some_of(there, 3)}"
    rule, remedy = "must be new, empty, or a folder that pharmrs wrote", "choose another folder"
    return [input_problem(folder, "output", rule, found, remedy)]


def refuse_output(folder: Path) -> None:
    """Raises InputError where a folder for results is somebody else's; before anything is computed."""
    if problems := check_output_folder(folder):
        raise InputError(problems)


def claim_output(folder: Path) -> None:
    """Take a folder for results. Raises InputError where it is somebody else's."""
    refuse_output(folder)
    claim(folder, all_ours=_made_here(folder / DESCRIPTION))


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Take a folder for results while they are made; where nothing was written, it is as it was before."""
    try:
        claim_output(folder)  # within: whatever ends the process, the folder is given back
        yield
    finally:
        with suppress(OSError):  # of a disk that fails: what it did in the block is told
            release(folder)


def _made_here(description: Path) -> bool:
    """Whether this is the derivative of a run."""
    try:
        content = json.loads(description.read_bytes()[: 1 << 20])
        made_by = [one.get("Name") for one in content.get("GeneratedBy", [])]
        return content.get("DatasetType") == "derivative" and "pharmrs" in made_by
    except (OSError, ValueError, AttributeError, TypeError):
        return False
