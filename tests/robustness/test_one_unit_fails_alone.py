"""One scan, head, plate or model that cannot be, or that sets off a bug, is named; all the others get their results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Extension

from pharmrs.core.errors import InputError
from pharmrs.core.unit import attempt
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.stage import scan_tasks
from tests.study.e2e import RESULTS, contents, pharmrs, recordings, table


@pytest.mark.parametrize(
    ("field", "change"),
    [
        *(("AcquisitionStartTime", {"AcquisitionStartTime": start_s}) for start_s in (-0.35, -0.2)),
        *(("data", factor) for factor in (1e300, 1e150, 1e40, 1e-300)),
    ],
)  # fmt: skip
def test_what_no_scanner_gives_is_named_at_the_edge(field: str, change: Any, make_nifti: Callable[..., Path]) -> None:
    path = make_nifti(changes=change) if isinstance(change, dict) else make_nifti()
    if not isinstance(change, dict):
        image = nib.load(path)
        scaled = nib.Nifti2Image(
            np.asanyarray(image.dataobj).astype(np.complex128) * change, image.affine, image.header
        )
        scaled.header.set_data_dtype(np.complex128)
        nib.save(scaled, path)
    with pytest.raises(InputError) as caught:
        read_fids(path)
    (problem,) = [one for one in caught.value.problems if one.field == field]
    assert problem.file == str(path) and problem.value and problem.remedy


def test_a_scan_that_cannot_be_and_one_that_meets_a_bug(
    copy_of_demo: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bad scan is an outcome with its reason and a kept traceback; the good one has its numbers; exit code 3."""
    root = copy_of_demo("dataset")
    good = pharmrs("run", root, "-j", "1")
    assert good.code in (0, 3)
    numbers = [row for row in table(root / RESULTS / "metabolites.tsv") if "ses-1" in row["scan"]]
    svs = recordings(root / "sub-01" / "ses-2" / "mrs").svs
    image = nib.load(svs)
    content = json.loads(image.header.extensions[0].get_content())
    image.header.extensions[0] = Nifti1Extension(44, json.dumps({**content, "AcquisitionStartTime": -0.35}).encode())
    nib.save(nib.Nifti2Image(np.asanyarray(image.dataobj), image.affine, image.header), svs)
    checked = pharmrs("validate", root)
    assert (
        checked.code == 2
        and "ses-2" in checked.err
        and "AcquisitionStartTime" in checked.err
        and "-0.35" in checked.err
    )
    end = pharmrs("run", root, "-j", "1")
    assert end.code == 3 and "-0.35" in end.err
    assert [row for row in table(root / RESULTS / "metabolites.tsv") if "ses-1" in row["scan"]] == numbers

    fitted = scan_tasks.fitted_scan

    def broken(files: Any, *others: Any) -> Any:
        if files.session == "2":
            raise ZeroDivisionError("a bug")
        return fitted(files, *others)

    monkeypatch.setattr(scan_tasks, "fitted_scan", broken)
    end = pharmrs("run", root, "--fresh", "-j", "1")
    assert end.code == 3 and "please report it with faults/" in end.err
    assert [row for row in table(root / RESULTS / "metabolites.tsv") if "ses-1" in row["scan"]] == numbers
    (kept,) = [text for name, text in contents(root / RESULTS).items() if name.startswith("faults/")]
    assert b"ZeroDivisionError: a bug" in kept and b"in broken" in kept and str(root).encode() not in kept


def test_memory_and_the_system() -> None:
    def without_memory() -> None:
        raise MemoryError

    def full() -> None:
        raise OSError(28, "No space left on device")

    def long() -> None:
        raise OSError(36, "File name too long")

    assert attempt(lambda: 3, "scan", "processing") == (3, ())
    assert "workers" in attempt(without_memory, "scan", "processing")[1][0].remedy
    assert "too long" in attempt(long, "scan", "processing")[1][0].value
    with pytest.raises(OSError, match="No space"):
        attempt(full, "scan", "processing")
