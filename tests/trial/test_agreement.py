"""Cohen's kappa by hand, and its interval against a bootstrap."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pharmrs.spectra.review.agreement import agreement, cohen_kappa, pairs_of
from pharmrs.spectra.review.records import VERDICTS


def _pairs(table: list[list[int]]) -> list[tuple[str, str]]:
    return [
        (VERDICTS[i], VERDICTS[j]) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)
    ]


def test_kappa_by_hand() -> None:
    # 50 scans: observed (20 + 15) / 50 = .7; expected .5 * .6 + .5 * .4 = .5; kappa = .2 / .5
    found = agreement("A", "B", _pairs([[20, 5, 0], [10, 15, 0], [0, 0, 0]]))
    assert (found.scans, found.agreed) == (50, pytest.approx(0.7))
    assert found.kappa == pytest.approx(0.4)
    assert found.kappa_reject == pytest.approx(0.4)
    assert found.table == ((20, 5, 0), (10, 15, 0), (0, 0, 0))


def test_kappa_of_reject_puts_unsure_with_accept() -> None:
    # reject against the rest: [[15, 10], [5, 20]], the same counts as above turned round
    found = agreement("A", "B", _pairs([[8, 2, 4], [4, 15, 6], [4, 3, 4]]))
    assert found.kappa_reject == pytest.approx(0.4)
    # three verdicts: observed 27/50; expected (14 * 16 + 25 * 20 + 11 * 14) / 2500 = .3512
    assert found.kappa == pytest.approx((27 / 50 - 0.3512) / (1 - 0.3512))


def test_interval_is_that_of_a_bootstrap() -> None:
    counts = np.array([[60.0, 6, 4], [8, 30, 5], [3, 4, 10]])
    _, error = cohen_kappa(counts)
    rng = np.random.default_rng(7)
    draws = rng.multinomial(int(counts.sum()), (counts / counts.sum()).ravel(), size=1500).reshape(-1, 3, 3)
    spread = np.std([cohen_kappa(draw.astype(float))[0] for draw in draws])
    assert error == pytest.approx(spread, rel=0.07)  # SE of a SD from 1500 draws: 1.8 %; large-sample formula: a few %


def test_without_anything_to_agree_on_there_is_no_kappa() -> None:
    for pairs in ([], [("accept", "accept")] * 5):
        found = agreement("A", "B", pairs)
        assert math.isnan(found.kappa) and math.isnan(found.kappa_reject)
        assert math.isnan(found.low) and math.isnan(found.high)


def test_only_scans_that_both_judged_are_compared() -> None:
    verdicts = {"1": {"A": "accept", "B": "reject"}, "2": {"A": "accept"}, "3": {"B": "accept", "A": "unsure"}}
    assert pairs_of(verdicts, "A", "B") == [("accept", "reject"), ("unsure", "accept")]
