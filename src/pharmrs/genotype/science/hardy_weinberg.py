"""Hardy-Weinberg equilibrium of one marker with two alleles.

Exact test: Wigginton, Cutler and Abecasis 2005, 10.1086/429864 (all samples with the same allele counts that are not
more probable than the observed one). Mid-p: half the probability of the observed sample, Graffelman and Moreno 2013,
10.1515/sagmb-2012-0039. Chi-squared without continuity correction.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln
from scipy.stats import chi2 as chi2_distribution
from scipy.stats import norm

from pharmrs.core.records.arrays import FloatArray
from pharmrs.genotype.records.marker import HardyWeinberg

_SAME = 1e-9  # two samples whose probabilities differ by less (relative) are equally probable


def hardy_weinberg(first: int, mixed: int, second: int) -> HardyWeinberg:
    """Test the counts of first homozygotes, heterozygotes and second homozygotes.

    Raises ValueError for negative counts or no individual at all.
    """
    if min(first, mixed, second) < 0 or first + mixed + second == 0:
        raise ValueError("counts of genotypes must not be negative, and at least one must be positive")
    people = first + mixed + second
    share = (2 * second + mixed) / (2 * people)
    expected = (people * (1 - share) ** 2, 2 * people * share * (1 - share), people * share**2)
    statistic = p_chi2 = inbreeding = math.nan
    if 0.0 < share < 1.0:
        pairs = zip((first, mixed, second), expected, strict=True)
        statistic = sum((seen - wanted) ** 2 / wanted for seen, wanted in pairs)
        p_chi2 = float(chi2_distribution.sf(statistic, 1))
        inbreeding = 1.0 - mixed / expected[1]
    p_exact, p_mid = _exact(mixed, 2 * first + mixed, 2 * second + mixed)
    low, high = _wilson(2 * second + mixed, 2 * people)
    return HardyWeinberg(
        counts=(first, mixed, second), expected=expected, frequency=share, frequency_low=low, frequency_high=high,
        inbreeding=inbreeding, chi2=statistic, p_chi2=p_chi2, p_exact=p_exact, p_mid=p_mid,
    )  # fmt: skip


def heterozygote_probabilities(first_alleles: int, second_alleles: int) -> tuple[FloatArray, FloatArray]:
    """Every possible number of heterozygotes given the allele counts, and its probability under equilibrium."""
    mixed = np.arange(first_alleles % 2, min(first_alleles, second_alleles) + 1, 2, dtype=np.float64)
    log_weight = (
        mixed * math.log(2.0)
        - gammaln((first_alleles - mixed) / 2 + 1)
        - gammaln(mixed + 1)
        - gammaln((second_alleles - mixed) / 2 + 1)
    )
    weight = np.exp(log_weight - log_weight.max())
    return mixed, weight / weight.sum()


def _exact(mixed: int, first_alleles: int, second_alleles: int) -> tuple[float, float]:
    values, probability = heterozygote_probabilities(first_alleles, second_alleles)
    observed = float(probability[values == mixed][0])
    p_exact = float(probability[probability <= observed * (1 + _SAME)].sum())
    return min(p_exact, 1.0), min(p_exact, 1.0) - observed / 2.0


def _wilson(successes: int, trials: int) -> tuple[float, float]:
    z = float(norm.ppf(0.975))
    share = successes / trials
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    low = 0.0 if successes == 0 else middle - half  # exactly, not but for rounding
    return low, 1.0 if successes == trials else middle + half
