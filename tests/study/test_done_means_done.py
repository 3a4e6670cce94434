"""A scan that gives no value on the scale the study asks for has failed: said beforehand, counted, exit code 3."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.study.e2e import RESULTS, pharmrs, table


def _without_water(dataset: Path, visit: str, scale: str) -> None:
    """The dataset without the water of one visit, and with `scale` as its primary one."""
    for path in dataset.rglob(f"*{visit}*_mrsref.*"):
        path.unlink()
    plan = yaml.safe_load((dataset / "study.yaml").read_text())
    plan["quantification"]["primary_scale"] = scale
    (dataset / "study.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))


def test_a_scan_without_a_value_on_the_primary_scale_has_failed(copy_of_demo: Callable[[str], Path]) -> None:
    dataset = copy_of_demo("no-water")
    _without_water(dataset, "ses-1", "lcmodel_water")
    told = pharmrs("validate", dataset)
    (line,) = [line for line in told.lines("error") if "primary_scale" in line]
    assert told.code == 2 and "ses-1" in line and "no water reference" in line
    end = pharmrs("run", dataset, "-j", 1)
    assert end.code == 3
    assert "1 of 2 scans processed, 1 with no value on the primary scale" in end.err
    status = {row["session"]: row["status"] for row in table(dataset / RESULTS / "quality.tsv")}
    assert status == {"1": "no value", "2": "analysed"}
    text = (dataset / RESULTS / "report.html").read_text(encoding="utf-8")
    assert "1 without a value" in text


def test_on_a_scale_of_the_fit_alone_it_has_not(copy_of_demo: Callable[[str], Path]) -> None:
    dataset = copy_of_demo("ratios")
    _without_water(dataset, "ses-1", "ratio_tcr")
    told = pharmrs("validate", dataset)
    assert told.code == 0 and not [line for line in told.err.splitlines() if "primary_scale" in line]


def test_vendor_headers_of_twenty_scans_do_not_bury_the_one_without_water(copy_of_demo: Callable[[str], Path]) -> None:
    """The case: 236 of 237 lines named the same four header fields, and line 81 of 239 was the one that mattered."""
    dataset = copy_of_demo("flood")
    first = dataset / "sub-01" / "ses-1" / "mrs"
    for number in range(3, 23):
        for path in first.iterdir():
            target = dataset / f"sub-{number:02d}" / "ses-1" / "mrs" / path.name.replace("sub-01", f"sub-{number:02d}")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            if path.suffix == ".json":
                named = {"PatientName": f"N{number}", "PatientBirthDate": "19900101", "DeviceSerialNumber": "4711",
                         "PatientID": "7"}  # fmt: skip
                target.write_text(json.dumps({**json.loads(path.read_text()), **named}), encoding="utf-8")
    _without_water(dataset, "sub-07_ses-1", "lcmodel_water")
    told = pharmrs("validate", dataset)
    lines = told.err.splitlines()
    named = [place for place, line in enumerate(lines) if "PatientName" in line]
    (water,) = [place for place, line in enumerate(lines) if "sub-07" in line and "no water reference" in line]
    assert told.code == 2 and len(named) == 1 and water < named[0] and len(lines) < 12, told.err
    assert all(field in lines[named[0]] for field in ("PatientBirthDate", "DeviceSerialNumber", "PatientID"))
