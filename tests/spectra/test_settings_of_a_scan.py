"""Which tissue fractions a scan is given, and the degree of the water decay: both survived a planted fault."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.core.records.tissue import StudyTissue
from pharmrs.spectra.quantify.water import _extrapolated
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


def test_the_decay_of_water_has_the_degree_of_the_lowest_bic() -> None:
    """By weighted polynomials of numpy; where AIC would choose another degree, the value differs."""
    time_s, differs = np.linspace(0.0005, 0.05, 60), 0
    for seed in range(60):
        noise = np.random.default_rng(seed).normal(scale=0.01, size=time_s.shape)
        magnitude = 5.0 * np.exp(-time_s / 0.04) + noise
        amplitude, _, _ = _extrapolated(time_s, magnitude, 0.01, time_s)
        unit, weight = time_s / time_s[-1], magnitude / 0.01
        at_zero, bic, aic = [], [], []
        for degree in (1, 2, 3):
            line = np.polyfit(unit, np.log(magnitude), degree, w=weight)
            rest = weight * (np.log(magnitude) - np.polyval(line, unit))
            score = 60 * np.log(rest @ rest / (60 - degree - 1))
            at_zero.append(np.exp(line[-1]))
            bic.append(score + (degree + 1) * np.log(60))
            aic.append(score + 2 * (degree + 1))
        assert amplitude == pytest.approx(at_zero[int(np.argmin(bic))], rel=1e-9)
        differs += int(np.argmin(bic) != np.argmin(aic))
    assert differs > 0
