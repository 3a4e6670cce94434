"""Hardy-Weinberg equilibrium of one marker.

Exact test: Wigginton, Cutler and Abecasis 2005, 10.1086/429864 (all samples with the same allele counts that are not
more probable than the observed one). Mid-p: half the probability of the observed sample, Graffelman and Moreno 2013,
10.1515/sagmb-2012-0039. Chi-squared without continuity correction. With more than two alleles the exact test is that of
Guo and Thompson 1992, 10.2307/2532296, over permutations of the alleles (a fixed seed).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import gammaln
from scipy.stats import chi2 as chi2_distribution
from scipy.stats import norm

from pharmrs.core.records.arrays import FloatArray, IntArray
from pharmrs.genotype.records.marker import HardyWeinberg

_PERMUTATIONS, _FEWEST_PERMUTATIONS, _MOST_DEALT = 10_000, 1_000, 20_000_000
_SAME = 1e-9  # two samples whose probabilities differ by less (relative) are equally probable


def equilibrium(counts: Sequence[int]) -> HardyWeinberg:
    """Test the counts of all genotypes, in the order 1/1, 1/2, ..., 2/2, ... of their alleles."""
    alleles = int((math.isqrt(8 * len(counts) + 1) - 1) // 2)
    if alleles == 2:
        return hardy_weinberg(*counts)
    return _of_many(np.array(counts, dtype=np.intp), alleles)


def _of_many(counts: IntArray, alleles: int) -> HardyWeinberg:
    first, second = np.triu_indices(alleles)
    people = int(counts.sum())
    copies = np.bincount(first, counts, alleles) + np.bincount(second, counts, alleles)
    share = copies / (2 * people)
    expected = people * share[first] * share[second] * np.where(first == second, 1.0, 2.0)
    seen = int(np.sum(copies > 0))
    freedom = seen * (seen - 1) // 2
    statistic = p_chi2 = inbreeding = math.nan
    if freedom:
        possible = expected > 0
        statistic = float(np.sum((counts - expected)[possible] ** 2 / expected[possible]))
        p_chi2 = float(chi2_distribution.sf(statistic, freedom))
        mixed = first != second
        inbreeding = 1.0 - float(counts[mixed].sum()) / float(expected[mixed].sum())
    low, high = _wilson(int(copies[1]), 2 * people)
    return HardyWeinberg(
        counts=tuple(map(int, counts)), expected=tuple(map(float, expected)), freedom=freedom,
        frequencies=tuple(map(float, share)), frequency=float(share[1]), frequency_low=low, frequency_high=high,
        inbreeding=inbreeding, chi2=statistic, p_chi2=p_chi2,
        p_exact=_permuted(counts, copies.astype(np.intp), alleles) if freedom else 1.0, p_mid=math.nan,
    )  # fmt: skip


def _permuted(counts: IntArray, copies: IntArray, alleles: int) -> float:
    """Share of permutations whose genotypes are not more probable than those seen, given the counts of the alleles."""
    first, second = np.triu_indices(alleles)
    weight = np.where(first == second, 0.0, math.log(2.0))
    code = np.zeros((alleles, alleles), dtype=np.intp)
    code[first, second] = code[second, first] = np.arange(len(first))
    deck = np.repeat(np.arange(alleles), copies)
    random = np.random.default_rng(1)
    observed = float(counts @ weight - gammaln(counts + 1.0).sum())
    draws = max(_FEWEST_PERMUTATIONS, min(_PERMUTATIONS, _MOST_DEALT // len(deck)))
    rare = 0
    for _ in range(draws):
        dealt = random.permutation(deck)
        found = np.bincount(code[dealt[::2], dealt[1::2]], minlength=len(first))
        rare += bool(found @ weight - gammaln(found + 1.0).sum() <= observed + _SAME)
    return (rare + 1) / (draws + 1)


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
        counts=(first, mixed, second), expected=expected, freedom=1,
        frequencies=(1 - share, share), frequency=share, frequency_low=low, frequency_high=high,
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
