"""Significance levels for several correlated outcomes, as the SISA calculator computes them.

Bonferroni and Sidak with k replaced by k^(1 - r), r the mean correlation of the outcomes: r = 0 is the usual
correction for k independent tests, r = 1 none. r must not be estimated from what is tested.
Uitenbroek 1997, "SISA Bonferroni"; Dubey/Armitage-Parmar as described in Sankoh et al. 1997, Stat Med 16:2529,
doi:10.1002/(SICI)1097-0258(19971130)16:22<2529::AID-SIM692>3.0.CO;2-J.
"""

from __future__ import annotations


def correlation_adjusted_bonferroni(alpha: float, tests: int, correlation: float) -> float:
    """alpha / k^(1 - r). Raises ValueError unless k >= 1, 0 <= r <= 1 and 0 < alpha < 1."""
    return alpha / _effective_tests(alpha, tests, correlation)


def correlation_adjusted_sidak(alpha: float, tests: int, correlation: float) -> float:
    """1 - (1 - alpha)^(1 / k^(1 - r)). Raises ValueError unless k >= 1, 0 <= r <= 1 and 0 < alpha < 1."""
    return float(1.0 - (1.0 - alpha) ** (1.0 / _effective_tests(alpha, tests, correlation)))


def _effective_tests(alpha: float, tests: int, correlation: float) -> float:
    if tests < 1 or not 0.0 <= correlation <= 1.0 or not 0.0 < alpha < 1.0:
        raise ValueError(f"needs k >= 1, 0 <= r <= 1, 0 < alpha < 1; got k = {tests}, r = {correlation}, {alpha}")
    return float(tests ** (1.0 - correlation))
