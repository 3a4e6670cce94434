"""Declared ratio priors: they pull as far as Bayes' rule says, and not at all when they are not declared."""

from __future__ import annotations

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.fit.ratios import make_ratios, penalty
from pharmrs.spectra.records import FitSettings, LinearCombinationFit, RatioPrior
from tests.spectra.test_verdict import AMOUNTS, BASIS, spectrum

NAMES = ("a", "b", "c")


def prior(sd: float, ratio: float = 1.5, numerator: str = "Cr") -> RatioPrior:
    return RatioPrior(numerator=numerator, denominator=("PCr",), ratio=ratio, sd=sd)


def fitted(*priors: RatioPrior) -> LinearCombinationFit:
    return fit_spectrum(spectrum(), BASIS, FitSettings(ratio_priors=priors))


def ratio_of(fit: LinearCombinationFit) -> float:
    return float(fit.amplitudes[fit.names.index("Cr")] / fit.amplitudes[fit.names.index("PCr")])


def test_penalty_by_hand() -> None:
    """a/(b + c) = 2 +- 0.5 with signals of norm 1, 2, 4 and amplitudes 3, 2, 8: totals 2/2 + 8/4 = 3."""
    ratios = make_ratios(
        [RatioPrior(numerator="a", denominator=("b", "c"), ratio=2.0, sd=0.5)], NAMES, np.array([1.0, 2.0, 4.0])
    )
    row = np.array([1.0, -1.0, -0.5]) / (0.5 * 3.0)
    np.testing.assert_allclose(penalty(ratios, np.array([3.0, 2.0, 8.0])), np.outer(row, row))


def test_a_prior_on_something_that_is_not_fitted_is_left_out() -> None:
    ratios = make_ratios([prior(0.1)], NAMES, np.ones(3))
    assert ratios.contrasts.shape == (0, 3)
    assert not penalty(ratios, np.ones(3)).any()


def test_no_prior_no_pull_and_a_vague_one_hardly_any() -> None:
    free = fitted()
    assert AMOUNTS["Cr"] == AMOUNTS["PCr"]
    assert ratio_of(free) == pytest.approx(1.0, abs=0.25)  # truth 1; Cr and PCr overlap
    assert ratio_of(fitted(prior(50.0))) == pytest.approx(ratio_of(free), abs=1e-3)


def test_the_pull_grows_as_the_prior_gets_tighter() -> None:
    ratios = [ratio_of(fitted(prior(sd))) for sd in (1.0, 0.1, 0.02, 1e-3)]
    assert ratios == sorted(ratios)
    assert ratios[-1] == pytest.approx(1.5, abs=0.01)


def test_the_pull_is_that_of_two_normal_estimates() -> None:
    """Prior and data weighted by their precisions; 20 % for the curvature of a ratio and the re-estimated variances."""
    free = fitted()
    cr, pcr = (free.names.index(name) for name in ("Cr", "PCr"))
    gradient = np.zeros(len(free.names))
    gradient[cr], gradient[pcr] = 1.0 / free.amplitudes[pcr], -ratio_of(free) / free.amplitudes[pcr]
    sd = float(np.sqrt(gradient @ free.covariance @ gradient))
    moved = ratio_of(fitted(prior(sd, ratio_of(free) + 0.5 * sd))) - ratio_of(free)
    assert moved == pytest.approx(0.25 * sd, rel=0.2)


def test_the_sum_hardly_moves_and_its_sd_does_not_grow() -> None:
    free, pulled = fitted(), fitted(prior(0.02, 1.0))
    pick = np.array([float(name in ("Cr", "PCr")) for name in free.names])
    sds = [float(np.sqrt(pick @ fit.covariance @ pick)) for fit in (free, pulled)]
    assert abs(pick @ (pulled.amplitudes - free.amplitudes)) < sds[0]
    assert sds[1] < 1.02 * sds[0]


def test_unknown_components_are_named() -> None:
    with pytest.raises(InputError) as caught:
        fitted(prior(0.1, numerator="Xyz"))
    assert caught.value.problems[0].field == "fit.ratio_priors"
    assert caught.value.problems[0].value == "Xyz"
