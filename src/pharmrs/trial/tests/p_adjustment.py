"""p values of a family of tests, adjusted: Holm 1979 (10.2307/4615733) and Benjamini & Hochberg 1995."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.records.analysis import StatisticalTest


def adjusted(tests: Sequence[StatisticalTest]) -> tuple[StatisticalTest, ...]:
    """The tests with p adjusted for all tests of the same family and sample that gave a p."""
    families = [(test.family, test.sample) for test in tests]
    found = list(tests)
    for family in dict.fromkeys(families):
        places = [place for place, own in enumerate(families) if own == family]
        p = [tests[place].p for place in places]
        for place, by_holm, by_bh in zip(places, holm(p), benjamini_hochberg(p), strict=True):
            found[place] = replace(found[place], p_holm=float(by_holm), p_bh=float(by_bh))
    return tuple(found)


def _sorted_p(p_values: ArrayLike) -> tuple[FloatArray, FloatArray, np.ndarray[tuple[int], np.dtype[np.intp]]]:
    p = np.asarray(p_values, dtype=float).ravel()
    known = p[np.isfinite(p)]
    if np.any((known < 0) | (known > 1)):
        raise ValueError("p values must lie between 0 and 1")
    order = np.argsort(p, kind="stable")[: known.size]  # NaN sort last: tests that gave no p are not in the family
    return p, p[order], order


def holm(p_values: ArrayLike) -> FloatArray:
    """Holm's step-down adjustment (family-wise error). NaN stay NaN and are not counted."""
    p, ordered, order = _sorted_p(p_values)
    adjusted = np.full(p.shape, np.nan)
    steps = ordered.size - np.arange(ordered.size)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(ordered * steps))
    return adjusted


def hochberg(p_values: ArrayLike) -> FloatArray:
    """Hochberg's step-up adjustment (10.1093/biomet/75.4.800): for tests that do not oppose each other. NaN stay."""
    p, ordered, order = _sorted_p(p_values)
    adjusted = np.full(p.shape, np.nan)
    raised = ordered * (ordered.size - np.arange(ordered.size))
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(raised[::-1])[::-1])
    return adjusted


def bonferroni(p_values: ArrayLike) -> FloatArray:
    """Each p times their number. NaN stay NaN and are not counted."""
    p, ordered, _ = _sorted_p(p_values)
    return np.asarray(np.minimum(1.0, p * ordered.size))


def fixed_sequence(p_values: ArrayLike) -> FloatArray:
    """Each at the full level in the given order until one is not rejected: the largest p so far."""
    p, _, _ = _sorted_p(p_values)
    return np.asarray(np.maximum.accumulate(p))


def benjamini_hochberg(p_values: ArrayLike) -> FloatArray:
    """Benjamini-Hochberg adjustment (false discovery rate, 10.1111/j.2517-6161.1995.tb02031.x). NaN stay NaN."""
    p, ordered, order = _sorted_p(p_values)
    adjusted = np.full(p.shape, np.nan)
    raised = ordered * ordered.size / np.arange(1, ordered.size + 1)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(raised[::-1])[::-1])
    return adjusted
