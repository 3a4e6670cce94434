"""Where things lie: the study file, and the derivative with its folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_LONGEST_LABEL = 80  # bytes of a label in the name of a file: file systems take 255, and names hold more than one label
STUDY_FILE = "study.yaml"


REVIEW_FOLDER = "review"


CACHE_FOLDER = "cache"


CHECKSUMS_FILE = Path(CACHE_FOLDER) / "checksums.json"


def default_output(root: Path) -> Path:
    """Where the derivative of the dataset `root` lies, unless told otherwise."""
    return root / "derivatives" / "pharmrs"


def file_names(labels: Iterable[str]) -> dict[str, str]:
    """What each label is in the name of a file: letters, digits, `-` and `_`, not too long, and no two the same."""
    found: dict[str, str] = {}
    for label in dict.fromkeys(labels):
        plain = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in label)
        plain = plain.encode()[:_LONGEST_LABEL].decode(errors="ignore")
        name, number = plain, 1
        while name.casefold() in {one.casefold() for one in found.values()}:
            number += 1
            name = f"{plain}-{number}"
        found[label] = name
    return found
