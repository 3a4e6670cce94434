"""Where things lie: the study file, and the derivative with its folders."""

from __future__ import annotations

from pathlib import Path

STUDY_FILE = "study.yaml"


REVIEW_FOLDER = "review"


CACHE_FOLDER = "cache"


CHECKSUMS_FILE = Path(CACHE_FOLDER) / "checksums.json"


def default_output(root: Path) -> Path:
    """Where the derivative of the dataset `root` lies, unless told otherwise."""
    return root / "derivatives" / "pharmrs"
