"""Which tissue fractions a scan is given."""

from __future__ import annotations

from dataclasses import replace

from pharmrs.core.records.tissue import StudyTissue
from pharmrs.spectra.records.declared import Tissue
from pharmrs.spectra.stage.settings import settings_of
from tests.study import report_factory


def _tissue(gray: float) -> Tissue:
    return Tissue(gray_matter=gray, white_matter=1.0 - gray, csf=0.0, source="hand")


def test_fractions_declared_for_a_scan_come_before_measured_ones_and_those_before_one_set_for_all() -> None:
    study = report_factory.study()
    plan = replace(study.quantification, tissue=_tissue(0.1), tissue_by_scan={"a": _tissue(0.2)})
    study = replace(study, quantification=plan)
    measured = StudyTissue(measured={name: _tissue(0.3).fractions() for name in ("a", "b")})
    given = {name: settings_of(study, name, measured).quantification.tissue for name in ("a", "b", "c")}
    assert {name: found.gray_matter for name, found in given.items() if found} == {"a": 0.2, "b": 0.3, "c": 0.1}
