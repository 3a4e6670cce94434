"""The MRSinMRS checklist: told by headers, declared, computed, or named as missing with its remedy."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from pharmrs.spectra.records import ScanResult
from pharmrs.spectra.records.acquisition import Scanner
from pharmrs.spectra.records.declared import Reporting
from pharmrs.spectra.report.checklist import ChecklistItem, checklist, checklist_section
from tests.study import report_factory


def _items(results: list[ScanResult], reporting: Reporting | None = None, **header: object) -> dict[str, ChecklistItem]:
    study = replace(report_factory.study(), reporting=reporting or Reporting())
    changed = [replace(result, acquisition=replace(result.acquisition, **header)) for result in results]
    return {item.item: item for item in checklist(study, changed, "water-scaled (mmol/L)")}


def test_every_item_of_the_standard_is_there_once(results: list[ScanResult]) -> None:
    """Lin et al. 2021, table 1: four sections."""
    study = report_factory.study()
    items = checklist(study, results, "a scale")
    assert len({item.item for item in items}) == len(items)
    count = {
        name: sum(item.section == name for item in items) for name in dict.fromkeys(item.section for item in items)
    }
    assert list(count) == ["1 Hardware", "2 Acquisition", "3 Data analysis", "4 Data quality"]
    assert min(count.values()) >= 5
    for item in items:
        assert bool(item.value) == (item.source != "missing")
        assert bool(item.remedy) == (item.source == "missing")


def test_what_is_declared_stands_before_the_header(results: list[ScanResult]) -> None:
    scanner = Scanner(field_strength="7", model="Terra", receive_coil="header coil")
    found = _items(results, Reporting(receive_coil="32 channels, head", shimming="FASTMAP, < 15 Hz"), scanner=scanner)
    assert (found["Field strength"].value, found["Field strength"].source) == ("7 T", "header")
    assert (found["Model"].value, found["Model"].source) == ("Terra", "header")
    assert (found["Receive coil"].value, found["Receive coil"].source) == ("32 channels, head", "study.yaml")
    assert found["Shimming"].value == "FASTMAP, < 15 Hz"


def test_what_nobody_told_is_missing_with_its_key(results: list[ScanResult]) -> None:
    found = _items(results, scanner=Scanner())
    assert (found["Shimming"].value, found["Shimming"].source) == ("", "missing")
    assert found["Shimming"].remedy == "declare reporting.shimming in study.yaml"
    assert "MHz" in found["Field strength"].value  # the frequency tells the field


def test_values_that_differ_between_scans_are_a_range(results: list[ScanResult]) -> None:
    assert len(results) > 1
    changed = [
        replace(result, acquisition=replace(result.acquisition, repetition_time_s=2.0 + number))
        for number, result in enumerate(results)
    ]
    (item,) = [one for one in checklist(report_factory.study(), changed, "s") if one.item == "Repetition time"]
    assert item.value == f"2000 to {1000 * (len(results) + 1)} ms"


def test_voxel_size_is_that_of_the_affine(results: list[ScanResult]) -> None:
    """Turning the voxel does not change its edges: a rotation by 30 degrees about z of 20 x 15 x 10 mm."""
    import numpy as np

    turned = np.eye(4)
    turned[:2, :2] = [[np.cos(np.pi / 6), -np.sin(np.pi / 6)], [np.sin(np.pi / 6), np.cos(np.pi / 6)]]
    affine = turned @ np.diag([20.0, 15.0, 10.0, 1.0])
    result = results[0]
    spectrum = replace(result.preprocessed.spectrum, affine=affine)
    moved = replace(result, preprocessed=replace(result.preprocessed, spectrum=spectrum))
    (item,) = [one for one in checklist(report_factory.study(), [moved], "s") if "size" in one.item]
    assert item.value == "20 x 15 x 10 mm (3 mL)"


def test_the_section_says_how_many_are_missing_and_escapes(results: list[ScanResult]) -> None:
    study = replace(report_factory.study(), reporting=Reporting(region="<b>here</b>"))
    items = checklist(study, results, "s")
    body = str(checklist_section(items).body)
    missing = sum(item.source == "missing" for item in items)
    assert f"{missing} of {len(items)} items are not reported" in body
    assert "&lt;b&gt;here&lt;/b&gt;" in body and "<b>here" not in body


def test_no_scan_at_all() -> None:
    items = checklist(report_factory.study(), [], "s")
    assert {item.source for item in items if item.item in ("Echo time", "Sample spectrum", "Line width")} == {"missing"}


@pytest.mark.parametrize("key", [one.name for one in fields(Reporting)])
def test_every_declared_text_is_reported(results: list[ScanResult], key: str) -> None:
    text = f"text of {key}"
    assert text in [item.value for item in _items(results, Reporting(**{key: text})).values()]
