"""The frame of the derivative: what it is, and which of its files lie outside the BIDS specification."""

from __future__ import annotations

from pathlib import Path

from pharmrs import __version__
from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.json_text import json_text
from pharmrs.core.files.owned import MARKER
from pharmrs.core.files.places import CACHE_FOLDER, REVIEW_FOLDER
from pharmrs.core.report.site import PAGES_FOLDER
from pharmrs.core.unit import FAULTS_FOLDER
from pharmrs.study.declared import Study
from pharmrs.study.log import LOG_FILE

REPORT_FILE = "report.html"
PROVENANCE_FILE = "provenance.json"
# what is no result of a run: when it ran, what people decided, what is kept to save time
NOT_RESULTS = (LOG_FILE, REVIEW_FOLDER, CACHE_FOLDER, FAULTS_FOLDER, MARKER)

_README = """\
# {title}

Written by pharmrs {version} (`pharmrs run`). Begin with `{report}`; it needs no network, but
the folders beside it.

Each table (`*.tsv`) has its data dictionary beside it (`*.json`). `methods.md` says what was executed, `{provenance}`
with which versions, settings and inputs; `pharmrs rerun {provenance}` repeats it and compares. Preprocessed spectra are
NIfTI-MRS files in `sub-*/`. BIDS has no rules yet for derivatives of spectroscopy, so `.bidsignore` names them.
"""
_IGNORED = (
    "*.html",
    PAGES_FOLDER,
    "*.log",
    "*.md",
    "/*.tsv",
    "/*.json",
    "!/dataset_description.json",
    "/*.nii.gz",
    "sub-*",
    "figures",
    "statistics",
    "basis",
)


def describe_derivative(output: Path, study: Study) -> None:
    """Write `dataset_description.json`, `README` and `.bidsignore` of the derivative."""
    description = {
        "Name": f"pharmrs derivatives of {study.title}",
        "BIDSVersion": "1.10.0",
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "pharmrs", "Version": __version__}],
    }
    write_text(output / "dataset_description.json", json_text(description))
    readme = _README.format(title=study.title, version=__version__, report=REPORT_FILE, provenance=PROVENANCE_FILE)
    write_text(output / "README", readme)
    ignored = (*_IGNORED, REVIEW_FOLDER, CACHE_FOLDER, FAULTS_FOLDER, MARKER)
    write_text(output / ".bidsignore", "\n".join(ignored) + "\n")
