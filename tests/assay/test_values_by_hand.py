"""Numbers that no other test held: each by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pharmrs.assay.records.standard_curve import StandardCurve
from pharmrs.assay.science import limits
from pharmrs.assay.science.back_calculation import satterthwaite
from pharmrs.assay.science.curve.fit import fit_curve
from pharmrs.assay.science.curve.logistic import response
from pharmrs.assay.science.inter_plate import _deviations
from pharmrs.assay.science.limits import limit_of_detection


def test_freedom_of_a_sum_of_two_variances() -> None:
    """(1 + 2)^2 / (1/3 + 4/5) = 9 / (17/15); equal variances on equal degrees have both together."""
    assert satterthwaite(np.array([1.0]), 3.0, np.array([2.0]), 5.0) == pytest.approx(135 / 17)
    assert satterthwaite(np.array([4.0]), 6.0, np.array([4.0]), 6.0) == pytest.approx(12.0)


def test_a_plate_against_the_others() -> None:
    """The last of five against the mean of four: a new value, so its error is that of a difference; Student's t on
    three degrees as a normal deviate."""
    values = np.array([100.0, 102.0, 98.0, 101.0, 112.0])
    others = np.log(values[:4])
    t = (np.log(112.0) - others.mean()) / np.sqrt(others.var(ddof=1) * (1 + 1 / 4))
    assert _deviations(values)[4] == pytest.approx(stats.norm.isf(stats.t.sf(t, 3)), rel=1e-9)


def test_detection_is_three_sd_of_the_zero_response(monkeypatch: pytest.MonkeyPatch) -> None:
    """IUPAC: zero response + 3 SD. With an SD of 0.02 the response at the limit is 0.06 above that at zero."""
    monkeypatch.setattr(limits, "well_variance", lambda *_unused: np.array([0.02**2]))
    curve = a_curve()
    found = limit_of_detection(curve, None)  # type: ignore[arg-type]
    assert float(response(curve.search, np.log([found]))[0]) - curve.search[0] == pytest.approx(0.06, rel=1e-9)


def a_curve() -> StandardCurve:
    x = np.repeat([15.6, 31.25, 62.5, 125.0, 250.0, 500.0, 1000.0], 2)
    y = 0.05 + 2.0 * x / (x + 200.0)
    return fit_curve(x, y * (1 + 0.01 * np.tile([1, -1], 7)), model="4pl")
