"""Normality of residuals: Shapiro and Wilk's W (doi:10.1093/biomet/52.3-4.591), computed as Royston's AS R94."""

from __future__ import annotations

import warnings

import numpy as np
from scipy import stats

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.records.analysis import StatisticalTest

_FEWEST = 3
_MOST = 5000  # AS R94 was fitted up to here


def shapiro_test(values: FloatArray, quantity: str) -> StatisticalTest:
    """W and p of `values` (n,), or the reason why there is none."""
    n = len(values)
    if n < _FEWEST:
        return StatisticalTest(
            family="shapiro", group="", quantity=quantity, n=n, reason=f"{n} values, {_FEWEST} are the least"
        )
    if np.ptp(values) == 0.0:
        return StatisticalTest(family="shapiro", group="", quantity=quantity, n=n, reason="all values are the same")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of more than 5000 values, which `p_method` says
        w, p = stats.shapiro(values)
    method = "Royston AS R94" + (f", approximate above {_MOST} values" if n > _MOST else "")
    return StatisticalTest(
        family="shapiro", group="", quantity=quantity, statistic_name="W", statistic=float(w), p=float(p),
        p_method=method, n=n,
    )  # fmt: skip
