"""Spearman's rho and both p values: R's `cor.test`, counting of all orders, and the cases without a result."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharmrs.trial.report.statistics_text import as89_text
from pharmrs.trial.tests.spearman import as89_p, pearson_test, spearman_test
from tests.trial.surrogate import acceptance, read_rows

# Printed with five or six significant digits in acceptance.json.
PRINTED = 5e-6


@pytest.mark.parametrize("treatment", ["K", "P"])
def test_r_on_the_parity_data(treatment: str) -> None:
    """cor.test(dG, dB, method = "spearman"), also exact = FALSE; cor.test(b1 - b0, (b0 + b1) / 2, ...); R 4.2.2."""
    parity = acceptance()["stat_parity"]
    rows = [row for row in read_rows("stat-parity/wide.csv") if row["treatment"] == treatment]
    metabolite, change, before, after = (
        np.array([float(row[name]) for row in rows]) for name in ("dG", "dB", "b0", "b1")
    )
    rho, p_as89, p_t, _ = parity[f"sp_{treatment}"]
    ours = spearman_test(metabolite, change, treatment, "")
    assert (ours.estimate, ours.p_alternative, ours.p) == pytest.approx((rho, p_as89, p_t), rel=1e-8)
    assert ours.n == len(rows)
    oldham = spearman_test(after - before, (after + before) / 2, treatment, "", family="oldham")
    assert (oldham.estimate, oldham.p_alternative) == pytest.approx(parity[f"old_{treatment}"], rel=1e-8)
    linear = pearson_test(metabolite, change, treatment, "")
    assert (linear.estimate, linear.p) == pytest.approx(parity[f"pe_{treatment}"][:2], rel=1e-8)
    linear = pearson_test(after - before, (after + before) / 2, treatment, "")
    assert (linear.estimate, linear.p) == pytest.approx(parity[f"oldp_{treatment}"], rel=1e-8)


@pytest.mark.parametrize("case", ["n26_S1926", "n50_S16946"])
def test_the_printed_p_values(case: str) -> None:
    n, s = (int(part[1:]) for part in case.split("_"))
    expected = acceptance()["spearman_p"][case]
    assert as89_p(1 - 6 * s / (n**3 - n), n) == pytest.approx(expected["AS89"], abs=PRINTED)


def test_upper_tail_follows_r_not_the_odd_sum() -> None:
    """S is even without ties: R evaluates S - 1 = 1715 at 1716. acceptance.json gives 0.21504, the value at 1715.

    R's own results on the parity data (sp_P, old_K, old_P, all in the upper tail) are only met at the even sum.
    """
    assert as89_p(1 - 6 * 1716 / (20**3 - 20), 20) == pytest.approx(0.2138090, abs=1e-7)


def test_large_samples_by_t() -> None:
    """Beyond 1290 pairs as R does: t = r sqrt((n - 2) / (1 - r^2)), here 0.05 sqrt(1498 / 0.9975) = 1.9376."""
    assert as89_p(0.05, 1500) == pytest.approx(0.05285, abs=5e-5)


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_small_samples_are_counted(n: int) -> None:
    """Two-sided p by writing down every order of n ranks."""
    ranks = np.arange(n)
    sums = np.array([np.sum((np.array(order) - ranks) ** 2) for order in itertools.permutations(range(n))])
    middle = (n**3 - n) / 6
    for s in np.unique(sums):
        tail = np.mean(sums >= s) if s > middle else np.mean(sums <= s)
        assert as89_p(1 - 6 * s / (n**3 - n), n) == pytest.approx(min(1.0, 2 * tail), abs=1e-12)


@given(st.permutations(list(range(12))), st.integers(0, 2**32 - 1))
def test_pairs_in_any_order_and_any_rising_scale(order: list[int], seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=12)
    y = np.random.default_rng(seed + 1).normal(size=12)
    first = spearman_test(x, y, "", "")
    again = spearman_test(np.exp(x[order]), 3 * y[order] - 7, "", "")
    assert again.estimate == pytest.approx(first.estimate, abs=1e-12)
    assert again.p == pytest.approx(first.p, abs=1e-12)
    mirrored = spearman_test(-x, y, "", "")
    assert mirrored.estimate == pytest.approx(-first.estimate, abs=1e-12)
    assert mirrored.p == pytest.approx(first.p, abs=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([], [], "0 pairs"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], "3 pairs, 4 are the least"),
        ([1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0], "the same in every pair"),
    ],
)
def test_no_result_has_a_reason(x: list[float], y: list[float], reason: str) -> None:
    for test in (spearman_test, pearson_test):
        found = test(np.array(x), np.array(y), "", "")
        assert reason in found.reason
        assert found.n == len(x)
        assert np.isnan(found.p)


def test_perfect_order() -> None:
    found = spearman_test(np.arange(5.0), np.arange(5.0), "", "")
    assert (found.estimate, found.p) == (pytest.approx(1.0), 0.0)
    assert found.p_alternative == pytest.approx(2 / 120)  # one of 5! orders, two-sided


def test_ties_are_told() -> None:
    found = spearman_test(np.array([1.0, 1.0, 2.0, 3.0, 4.0]), np.arange(5.0), "", "")
    assert found.ties
    assert as89_text(found).endswith(" (ties)")
