"""Walks through a BIDS dataset and says what it could not look into: nothing is passed over without a word."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pharmrs.core.errors import InputProblem, input_problem, some_of
from pharmrs.core.files.checksums import signature
from pharmrs.core.files.content import is_there

_IMAGES = (".nii", ".nii.gz")
_SUFFIXES = ("svs", "mrsref")
_ALSO_READ = ("phenotype", "sourcedata", "sourcedata/assay", "sourcedata/genotyping", "derivatives")
_AT_THE_ROOT = ("participants.tsv", "dataset_description.json", "phenotype", "sourcedata", "derivatives")
LONGEST_NAME = 150  # bytes; what is made of a scan has up to 80 more, and file systems take 255


def find_recordings(root: Path) -> tuple[list[Path], list[InputProblem]]:
    """The files `*_svs` and `*_mrsref` of sub-*/[ses-*/]mrs, sorted, and what is in the way of others.

    An unreadable folder, a link that leads nowhere and a folder that is nearly called as BIDS wants (`Sub-04`, `ses2`)
    may hide recordings: each is an error. Images of other names in a folder `mrs` are a warning. A link that leads
    nowhere is an error in every folder of which something is read, also beside recordings: a table that is not there
    plans nobody, one that is not connected does.
    """
    problems: list[InputProblem] = []
    found: list[Path] = []
    for entry in _entries(root, []):
        if (wanted := entry.name.lower()) in _AT_THE_ROOT and entry.name != wanted:
            rule, remedy = "looks like a part of the dataset and is passed over", f"rename it as BIDS wants: {wanted}"
            problems.append(input_problem(entry.path, "name", rule, ascii(entry.name), remedy))
    for name in _ALSO_READ:
        if is_there(root / name):
            _entries(root / name, problems)
    for subject in _folders(root, "sub", problems):
        inside = list(_folders(subject, "ses", problems))
        for place in (subject, *inside):
            for folder in _folders(place, "mrs", problems):
                found += _files(folder, problems)
            if is_there(place / "anat"):
                _entries(place / "anat", problems, "T1w")
    return sorted(found), list(dict.fromkeys(problems))


def same_recordings(paths: Sequence[Path]) -> list[InputProblem]:
    """Recordings that are one and the same, byte for byte, under several names: no two of a scanner are."""
    alike: dict[object, list[Path]] = {}
    for path in paths:
        if (about := signature(path)) and about[0] > 0:  # an empty file is said where it is opened
            alike.setdefault(about[0], []).append(path)
    for told in (_end_of, _checksum):  # the whole of a file is read only where size and end are those of another
        groups = [group for group in alike.values() if len(group) > 1]
        alike = {}
        for path in (path for group in groups for path in group):
            with contextlib.suppress(OSError):  # what cannot be read is said where it is opened
                alike.setdefault((told.__name__, told(path)), []).append(path)
    rule = "should be recordings of their own, and hold the same bytes: one of them has a wrong name"
    remedy = "find out whose recording it is, and bring the other; both are processed as they are called"
    return [
        input_problem(group[0], "recording", rule, some_of([path.name for path in group], 4), remedy, "warning")
        for group in alike.values()
        if len(group) > 1
    ]


def _end_of(path: Path) -> bytes:
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - (1 << 16)))
        return stream.read()


def _checksum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _folders(place: Path, key: str, problems: list[InputProblem]) -> Iterator[Path]:
    """The folders in `place` that are called `key` (mrs) or begin with it (sub-01)."""
    for entry in _entries(place, problems):
        right = entry.name == key if key == "mrs" else entry.name.startswith(f"{key}-")
        nearly = re.match(rf"{key}(?![a-z])", entry.name, re.IGNORECASE) is not None
        if not (right or nearly):
            continue
        if right and entry.is_dir():
            yield Path(entry.path)
        elif nearly and not right and entry.is_dir():
            rule, wanted = "looks like a folder of recordings and is passed over", key if key == "mrs" else f"{key}-01"
            remedy = f"rename it as BIDS wants, e.g. {wanted}, with the files in it; or move it out of the dataset"
            problems.append(input_problem(entry.path, "folder name", rule, ascii(entry.name), remedy))


def _entries(place: Path, problems: list[InputProblem], of: str = "") -> list[os.DirEntry[str]]:
    """What is in a folder, without links that lead nowhere: an error where `of` is in their name."""
    try:
        with os.scandir(place) as entries:
            every = sorted(entries, key=lambda one: one.name)
        if not os.access(place, os.X_OK):  # names can be listed, but nothing be opened
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        remedy = "ask for the right to read it, or connect the drive again: what is in it is missing"
        problems.append(input_problem(place, "folder", "must be readable", error.strerror or str(error), remedy))
        return []
    lost = [one for one in every if one.is_symlink() and not is_there(Path(one.path))]
    problems += [_leads_nowhere(one.path) for one in lost if of in one.name and not one.name.startswith(".")]
    return [one for one in every if one not in lost]


def _leads_nowhere(path: str) -> InputProblem:
    rule, remedy = "must lead to something", "connect the drive, fetch the file (git annex get), or delete the link"
    return input_problem(path, "link", rule, str(Path(path).readlink()), remedy)


def _files(folder: Path, problems: list[InputProblem]) -> list[Path]:
    found, strangers = [], []
    for entry in _entries(folder, problems):
        if not entry.name.lower().endswith(_IMAGES) or entry.name.startswith("."):
            continue
        if _suffix(entry.name) not in _SUFFIXES or not entry.name.endswith(_IMAGES):
            strangers.append(entry.name)
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
