"""Agreement of two raters beyond chance: Cohen's kappa.

Cohen 1960, 10.1177/001316446002000104; large-sample standard error: Fleiss, Cohen and Everitt 1969, 10.1037/h0028106.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import norm

from pharmrs.core.records.arrays import FloatArray
from pharmrs.spectra.review.records import VERDICTS, RaterAgreement


def agreement(first: str, second: str, pairs: Sequence[tuple[str, str]]) -> RaterAgreement:
    """Agreement over `pairs` of verdicts (first rater, second rater), one per scan that both judged."""
    counts = np.zeros((len(VERDICTS), len(VERDICTS)))
    for one, other in pairs:
        counts[VERDICTS.index(one), VERDICTS.index(other)] += 1
    kappa, error = cohen_kappa(counts)
    low, high = np.clip([kappa - norm.ppf(0.975) * error, kappa + norm.ppf(0.975) * error], -1.0, 1.0)
    reject = VERDICTS.index("reject")
    rest = [place for place in range(len(VERDICTS)) if place != reject]
    folded = np.array(
        [
            [counts[reject, reject], counts[reject, rest].sum()],
            [counts[rest, reject].sum(), counts[np.ix_(rest, rest)].sum()],
        ]
    )
    return RaterAgreement(
        first=first, second=second, scans=len(pairs), table=tuple(tuple(int(n) for n in row) for row in counts),
        agreed=float(np.trace(counts) / len(pairs)) if pairs else math.nan, kappa=kappa,
        low=float(low), high=float(high), kappa_reject=cohen_kappa(folded)[0],
    )  # fmt: skip


def pairs_of(standing: Mapping[str, Mapping[str, str]], first: str, second: str) -> list[tuple[str, str]]:
    """Verdicts of two raters on the scans that both judged; `standing`: scan -> rater -> verdict."""
    return [(raters[first], raters[second]) for raters in standing.values() if first in raters and second in raters]


def cohen_kappa(counts: FloatArray) -> tuple[float, float]:
    """Kappa of a square table of counts (categories, categories), first rater by second, and its standard error; NaN
    where it is not defined.
    """
    from statsmodels.stats.inter_rater import cohens_kappa

    total = counts.sum()
    expected = float(counts.sum(axis=1) @ counts.sum(axis=0)) / total**2 if total else 1.0
    if math.isclose(expected, 1.0):
        return math.nan, math.nan  # no scan, or both raters gave everything the same verdict
    with np.errstate(invalid="ignore", divide="ignore"):  # of its test of kappa = 0, which is not used
        found = cohens_kappa(counts)
    return float(found.kappa), math.sqrt(max(float(found.var_kappa), 0.0))
