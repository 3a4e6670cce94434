"""Numbers that a hand gives, which nothing else asserted: each of them survived a planted fault."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pharmrs.assay.science.back_calculation import satterthwaite
from pharmrs.assay.science.inter_plate import _deviations
from pharmrs.assay.science.limits import DETECTION_SD


def test_freedom_of_a_sum_of_variances() -> None:
    """(1 + 3)^2 / (1^2 / 2 + 3^2 / 6) = 8."""
    assert satterthwaite(np.array([1.0]), 2.0, np.array([3.0]), 6.0) == pytest.approx([8.0])


def test_a_plate_is_judged_by_the_others_and_their_number() -> None:
    """t = (log value - mean of the others) / (their SD sqrt(1 + 1/3)), 2 degrees of freedom, as a normal deviate."""
    values = np.array([10.0, 11.0, 9.5, 20.0])
    others = np.log(values[:3])
    t = (np.log(20.0) - others.mean()) / (others.std(ddof=1) * np.sqrt(4 / 3))
    assert _deviations(values)[3] == pytest.approx(stats.norm.isf(stats.t.sf(t, 2)))


def test_detection_is_three_sd_of_the_zero_response() -> None:
    assert DETECTION_SD == 3.0  # IUPAC, as its docstring and docs/assay.md say
