"""BIDS sidecars: the JSON files whose keys apply to one recording.

Source: BIDS 1.10, "The Inheritance Principle"; the file next to the recording comes first, then those above it
up to the dataset root.
"""

from __future__ import annotations

import glob
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from pharmrs.io.json_text import read_json
from pharmrs.io.problems import Problems, shorten

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
    parents = path.absolute().parents
    root = next((i for i, folder in enumerate(parents) if (folder / "dataset_description.json").is_file()), None)
    if root is None or root > 4:  # not a BIDS dataset: only the file's own sidecar
        return found
    *entities, suffix = stem_of(path).split("_")
    for folder in parents[: root + 1]:
        level = []
        for candidate in _candidates(folder, suffix):
            *wanted, candidate_suffix = stem_of(candidate).split("_")
            if candidate_suffix == suffix and set(wanted) <= set(entities) and candidate.name != beside.name:
                level.append((len(wanted), candidate))
        found += [candidate for _, candidate in sorted(level, reverse=True)]
    return found


def _candidates(folder: Path, suffix: str) -> tuple[Path, ...]:
    """JSON files of `folder` that end in `suffix`, by name.

    Every recording asks for those of the dataset's root, where there is a folder for each participant: so a listing is
    remembered as long as the folder has not been changed, if that was not a moment ago.
    """
    changed = folder.stat().st_mtime_ns
    return _listed(folder, suffix, changed if changed < time.time_ns() - _SETTLED_NS else time.monotonic_ns())


@lru_cache(maxsize=1024)
def _listed(folder: Path, suffix: str, _changed: int) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob(f"*{glob.escape(suffix)}.json")))


def _read_json_object(path: Path, problems: Problems) -> dict[str, Any]:
    field = f"sidecar {path.name}"
    try:
        content = read_json(path)
    except (OSError, ValueError) as error:
        problems.add(field, "must be valid JSON", shorten(str(error)), "correct the JSON syntax of the sidecar")
        return {}
    if not isinstance(content, dict):
        problems.add(field, "must be a JSON object", type(content).__name__, "write the sidecar as { key: value, ... }")
        return {}
    return content
