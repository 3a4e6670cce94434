"""Where things lie: the study file, and the derivative with its folders."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
    return distinct(labels, _plain, lambda plain, number: f"{plain}-{number}")


def distinct(
    labels: Iterable[str], plain_of: Callable[[str], str], numbered: Callable[[str, int], str]
) -> dict[str, str]:
    """The plain form of each label; where capitals alone would tell two apart, the later one gets a number."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for label in dict.fromkeys(labels):
        plain = plain_of(label)
        name, number = plain, 1
        while name.casefold() in taken:
            number += 1
            name = numbered(plain, number)
        taken.add(name.casefold())
        found[label] = name
    return found


def _plain(label: str) -> str:
    plain = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in label)
    return plain.encode()[:_LONGEST_LABEL].decode(errors="ignore")
