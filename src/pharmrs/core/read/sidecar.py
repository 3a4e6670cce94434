"""BIDS sidecars: the JSON files whose keys apply to one recording.

Source: BIDS 1.10, "The Inheritance Principle"; the file next to the recording comes first, then those above it
up to the dataset root.
"""

from __future__ import annotations

import os
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from pharmrs.core.files.json_text import read_json
from pharmrs.core.read.problems import Problems, shorten

_DEEPEST = 5  # folders from a recording to the root: mrs, ses-*, sub-*, the root, and one to spare
_SETTLED_NS = 2_000_000_000  # a folder changed this shortly ago could change again within one tick of a coarse clock


def stem_of(path: Path) -> str:
    """File name without `.nii`, `.nii.gz` or `.json`."""
    name = path.name
    for ending in (".nii.gz", ".nii", ".json"):
        if name.endswith(ending):
            return name[: -len(ending)]
    return path.stem


def read_sidecars(path: Path, problems: Problems) -> tuple[dict[str, Any], str]:
    """All keys of the sidecars that apply to `path`, nearest first, and the names of the files used.

    A broken sidecar is added to `problems` and left out.
    """
    merged: dict[str, Any] = {}
    used = []
    for sidecar in sidecars_of(path):
        content = _read_json_object(sidecar, problems)
        if content:
            used.append(sidecar.name)
        for key, value in content.items():
            merged.setdefault(key, value)
    return merged, ", ".join(used)


def sidecars_of(path: Path) -> list[Path]:
    """The sidecars that apply to `path`, nearest first."""
    beside = path.with_name(stem_of(path) + ".json")
    found = [beside] if beside.is_file() else []
    folders = _folders_to_root(path)
    if not folders:  # not a BIDS dataset: only the file's own sidecar
        return found
    *entities, suffix = stem_of(path).split("_")
    for folder in folders:
        level = []
        for candidate in _candidates(folder, suffix):
            *wanted, candidate_suffix = stem_of(candidate).split("_")
            if candidate_suffix == suffix and set(wanted) <= set(entities) and candidate.name != beside.name:
                level.append((len(wanted), candidate))
        found += [candidate for _, candidate in sorted(level, reverse=True)]
    return found


def _folders_to_root(path: Path) -> list[str]:
    """The folder of `path` and those above it up to the root of its dataset; empty: it is in none.

    As text: a study asks for each of its recordings, and paths as objects take four times as long.
    """
    folders = [os.path.dirname(path.absolute())]  # noqa: PTH120
    for _ in range(_DEEPEST):
        if os.path.isfile(f"{folders[-1]}/dataset_description.json"):  # noqa: PTH113
            return folders
        folders.append(os.path.dirname(folders[-1]))  # noqa: PTH120
    return []


def _candidates(folder: str, suffix: str) -> tuple[Path, ...]:
    """JSON files of `folder` that end in `suffix`, by name.

    Every recording asks for those of the dataset's root, where there is a folder for each participant: so a listing is
    remembered as long as the folder has not been changed, if that was not a moment ago.
    """
    changed = os.stat(folder).st_mtime_ns  # noqa: PTH116
    return _listed(folder, suffix, changed if changed < time.time_ns() - _SETTLED_NS else time.monotonic_ns())


@lru_cache(maxsize=1 << 14)  # a folder or two a participant
def _listed(folder: str, suffix: str, _changed: int) -> tuple[Path, ...]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(f"{suffix}.json"))  # noqa: PTH208
    except OSError:
        return ()
    return tuple(Path(folder, name) for name in names)


def _read_json_object(path: Path, problems: Problems) -> dict[str, Any]:
    field = f"sidecar {path.name}"
    try:
        content = read_json(path)
    except OSError as error:
        problems.add(field, "must be readable", error.strerror or error, "check the permissions and the disk")
        return {}
    except ValueError as error:
        problems.add(field, "must be valid JSON", shorten(str(error)), "correct the JSON syntax of the sidecar")
        return {}
    if not isinstance(content, dict):
        problems.add(field, "must be a JSON object", type(content).__name__, "write the sidecar as { key: value, ... }")
        return {}
    return content
