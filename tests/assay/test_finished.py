"""Concentrations that a hospital laboratory has finished: values, limits, losses, units, several analytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.report.methods import assay_paragraphs
from pharmrs.assay.report.pictures import draw_assay
from pharmrs.assay.report.section import assay_section
from pharmrs.assay.stage.plates import AssayOutcome, analyse_files
from pharmrs.core.report.references import Citations

SETTINGS = AssaySettings(analyte="BDNF", unit="pg/mL", bootstrap_draws=0)
HEAD = "Subject;Session;Analyte;Matrix;Value;Unit;Comment\n"


def outcome(tmp_path: Path, text: str, name: str = "lab_concentrations.csv") -> AssayOutcome:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return analyse_files([path], [], SETTINGS)


def test_what_a_hospital_sends(tmp_path: Path) -> None:
    rows = (
        "01;1;BDNF;plasma;1234,5;pg/mL;\n01;2;BDNF;plasma;< 15,6;pg/mL;\n02;1;BDNF;plasma;n/a;pg/mL;hemolytic\n"
        "02;2;BDNF;plasma;> 4000;pg/mL;\n01;1;Cortisol;serum;312;nmol/L;\n01;1;BDNF;serum;25000;pg/mL;\n"
    )
    found = outcome(tmp_path, HEAD + rows)
    assert found.study is not None and not found.problems
    values = {(one.sample, one.analyte): one for one in found.study.concentrations}
    first = values["sub-01_ses-1", "BDNF (plasma)"]
    assert (first.value, first.unit, first.flag, first.censored) == (1234.5, "pg/mL", "ok", "none")
    low, high = values["sub-01_ses-2", "BDNF (plasma)"], values["sub-02_ses-2", "BDNF (plasma)"]
    assert (low.censored, low.limit, low.flag) == ("left", 15.6, "below_lloq") and np.isnan(low.value)
    assert (high.censored, high.limit) == ("right", 4000.0)
    lost = values["sub-02_ses-1", "BDNF (plasma)"]
    assert (lost.flag, lost.reason) == ("lost", "hemolytic")
    assert values["sub-01_ses-1", "Cortisol (serum)"].unit == "nmol/L"
    assert len(values) == 6
    assert assay_section(found.study, draw_assay(found.study))
    assert "6 concentrations came finished" in assay_paragraphs(found.study, Citations())[0]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("01;1;BDNF;plasma;1,234;pg/mL;", "with a decimal comma"),
        ("01;1;BDNF;plasma;high;pg/mL;", "must be a number"),
        ("01;1;BDNF;plasma;-5;pg/mL;", "must not be negative"),
        ("01;1;BDNF;plasma;12;;", "must be given"),
        (";;BDNF;plasma;12;pg/mL;", "must name a sample"),
        ("01;1;BDNF;plasma;12;pg/mL;\n01;2;BDNF;plasma;12;ng/mL;", "must have one unit"),
        ("01;1;BDNF;plasma;12;pg/mL;\n01;1;BDNF;plasma;13;pg/mL;", "once per analyte"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, row: str, rule: str) -> None:
    found = outcome(tmp_path, HEAD + row + "\n")
    assert found.study is None and any(rule in one.rule for one in found.problems), found.problems
