"""Walks through a BIDS dataset and says what it could not look into: nothing is passed over without a word."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from pharmrs.core.errors import InputProblem, input_problem, some_of

_IMAGES = (".nii", ".nii.gz")
_SUFFIXES = ("svs", "mrsref")
LONGEST_NAME = 150  # bytes; what is made of a scan has up to 80 more, and file systems take 255


def find_recordings(root: Path) -> tuple[list[Path], list[InputProblem]]:
    """The files `*_svs` and `*_mrsref` of sub-*/[ses-*/]mrs, sorted, and what is in the way of others.

    An unreadable folder, a link that leads nowhere and a folder that is nearly called as BIDS wants (`Sub-04`, `ses2`)
    may hide recordings: each is an error. Images of other names in a folder `mrs` are a warning.
    """
    problems: list[InputProblem] = []
    found: list[Path] = []
    for subject in _folders(root, "sub", problems):
        inside = list(_folders(subject, "ses", problems))
        for place in (subject, *inside):
            for folder in _folders(place, "mrs", problems):
                found += _files(folder, problems)
    return sorted(found), problems


def _folders(place: Path, key: str, problems: list[InputProblem]) -> Iterator[Path]:
    """The folders in `place` that are called `key` (mrs) or begin with it (sub-01)."""
    for entry in _entries(place, problems):
        right = entry.name == key if key == "mrs" else entry.name.startswith(f"{key}-")
        nearly = re.match(rf"{key}(?![a-z])", entry.name, re.IGNORECASE) is not None
        if not (right or nearly):
            continue
        if right and _is_folder(entry, problems):
            yield Path(entry.path)
        elif nearly and not right and entry.is_dir():
            rule, wanted = "looks like a folder of recordings and is passed over", key if key == "mrs" else f"{key}-01"
            remedy = f"rename it as BIDS wants, e.g. {wanted}, with the files in it; or move it out of the dataset"
            problems.append(input_problem(entry.path, "folder name", rule, ascii(entry.name), remedy))


def _entries(place: Path, problems: list[InputProblem]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(place) as entries:
            return sorted(entries, key=lambda one: one.name)
    except OSError as error:
        remedy = "ask for the right to read it, or connect the drive again: what is in it is missing"
        problems.append(input_problem(place, "folder", "must be readable", error.strerror or str(error), remedy))
        return []


def _is_folder(entry: os.DirEntry[str], problems: list[InputProblem]) -> bool:
    if entry.is_symlink() and not Path(entry.path).exists():
        problems.append(_leads_nowhere(entry.path))
        return False
    return entry.is_dir()


def _leads_nowhere(path: str) -> InputProblem:
    rule, remedy = "must lead to something", "connect the drive, fetch the file (git annex get), or delete the link"
    return input_problem(path, "link", rule, str(Path(path).readlink()), remedy)


def _files(folder: Path, problems: list[InputProblem]) -> list[Path]:
    found, strangers = [], []
    for entry in _entries(folder, problems):
        if not entry.name.endswith(_IMAGES) or entry.name.startswith("."):
            continue
        if _suffix(entry.name) not in _SUFFIXES:
            strangers.append(entry.name)
        elif entry.is_symlink() and not Path(entry.path).exists():
            problems.append(_leads_nowhere(entry.path))
        else:
            found.append(Path(entry.path))
    if grids := [name for name in strangers if _suffix(name) == "mrsi"]:
        rule = "a grid of voxels (MRSI) cannot be analysed, only single voxels (*_svs)"
        remedy = "store the voxel of interest alone as *_svs (mrs_tools split), or leave it"
        problems.append(input_problem(folder, "file name", rule, some_of(grids, 3), remedy, "warning"))
        strangers = [name for name in strangers if name not in grids]
    if strangers:
        rule = "recordings are called *_svs or *_mrsref; others are passed over"
        remedy = "rename what is a recording, or leave it"
        problems.append(input_problem(folder, "file name", rule, some_of(strangers, 3), remedy, "warning"))
    return found


def _suffix(name: str) -> str:
    """The last part of a BIDS name: svs, mrsref, mrsi."""
    return name.split(".", maxsplit=1)[0].rpartition("_")[2]
