"""Hardy-Weinberg tests against R, hand arithmetic and enumeration of all samples."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharmrs.genotype.science.hardy_weinberg import hardy_weinberg, heterozygote_probabilities

counts = st.tuples(*[st.integers(0, 60)] * 3).filter(lambda three: sum(three) > 0)


def test_reference_study_as_r_gives_it() -> None:
    # R 4.2.2, HardyWeinberg 1.7.8 (tests/data/stat-parity/acceptance.json): x <- c(MM = 24, MN = 9, NN = 2)
    # HWChisq(x, cc = 0); HWExact(x, pvaluetype = "selome"); HWExact(x, pvaluetype = "midp")
    found = hardy_weinberg(24, 9, 2)
    assert found.chi2 == pytest.approx(0.785375928141749, rel=1e-12)
    assert found.p_chi2 == pytest.approx(0.375502015949142, rel=1e-12)
    assert found.p_exact == pytest.approx(0.31315552178583, rel=1e-10)
    assert found.p_mid == pytest.approx(0.189391962833428, rel=1e-10)
    assert found.frequency == pytest.approx(13 / 70)
    assert found.expected == pytest.approx((35 * (57 / 70) ** 2, 70 * 57 / 70 * 13 / 70, 35 * (13 / 70) ** 2))
    assert found.inbreeding == pytest.approx(1 - 9 / (70 * 57 * 13 / 4900))


def test_exact_probabilities_are_those_of_all_pairings() -> None:
    # 3 A and 3 B alleles dealt to three people: 6! orders, counted one by one
    tally: dict[int, int] = {}
    for order in set(itertools.permutations("AAABBB")):
        mixed = sum(order[i] != order[i + 1] for i in (0, 2, 4))
        tally[mixed] = tally.get(mixed, 0) + 1
    values, probability = heterozygote_probabilities(3, 3)
    assert dict(zip(values.astype(int).tolist(), probability.tolist(), strict=True)) == pytest.approx(
        {mixed: count / sum(tally.values()) for mixed, count in tally.items()}
    )


def test_mid_p_is_exact_in_expectation() -> None:
    # under the null the mean of the mid-p over all samples of the same alleles is 1/2 by construction
    values, probability = heterozygote_probabilities(23, 11)
    mids = [hardy_weinberg(int((23 - mixed) / 2), int(mixed), int((11 - mixed) / 2)).p_mid for mixed in values]
    assert float(np.dot(probability, mids)) == pytest.approx(0.5, abs=1e-12)


def test_one_allele_only_has_nothing_to_test() -> None:
    found = hardy_weinberg(12, 0, 0)
    assert math.isnan(found.chi2) and math.isnan(found.p_chi2) and math.isnan(found.inbreeding)
    assert (found.p_exact, found.p_mid, found.frequency) == (1.0, 0.5, 0.0)


@pytest.mark.parametrize("three", [(0, 0, 0), (-1, 2, 3)])
def test_impossible_counts_are_refused(three: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="counts of genotypes"):
        hardy_weinberg(*three)


@given(counts)
def test_names_of_the_alleles_do_not_matter(three: tuple[int, int, int]) -> None:
    one, other = hardy_weinberg(*three), hardy_weinberg(*three[::-1])
    assert one.p_exact == pytest.approx(other.p_exact)
    assert one.chi2 == pytest.approx(other.chi2, nan_ok=True)
    assert 0.0 < one.p_mid < one.p_exact <= 1.0
    assert one.frequency_low <= one.frequency <= one.frequency_high
