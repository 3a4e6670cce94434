"""The spread between defensible fits: what enters it, where it is told, and that it costs what it may."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.spectra.basis.basis_set import simulated_basis
from pharmrs.spectra.checks.finding import Fitted
from pharmrs.spectra.checks.of_results import _stable
from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes, selector
from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.fit.stability import OTHER_ACCOUNT, fit_with_stability, with_spread
from pharmrs.spectra.quantify.quality import broken_rules
from pharmrs.spectra.records import BasisSet, LinearCombinationFit, Spectrum
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.records.fit import FitSettings
from pharmrs.spectra.records.rules import Rules
from tests.spectra.simulated import ACQUISITION, AMOUNTS, POINTS, brain, noise, noise_sd_for
from tests.spectra.test_quality import GOOD


@pytest.fixture(scope="module")
def spectrum(basis: BasisSet) -> Spectrum:
    clean = brain(basis, AMOUNTS)
    fid = clean + noise(np.random.default_rng(0), POINTS, noise_sd_for(clean, 40.0))
    return Spectrum(fid=fid, acquisition=ACQUISITION, affine=np.eye(4), source="noisy")


@pytest.fixture(scope="module")
def repeated(spectrum: Spectrum, basis: BasisSet) -> LinearCombinationFit:
    return fit_with_stability(spectrum, basis, FitSettings())


def test_amplitudes_are_the_mean_and_the_spread_is_in_the_covariance(
    repeated: LinearCombinationFit, spectrum: Spectrum, basis: BasisSet
) -> None:
    plain, stability = fit_spectrum(spectrum, basis), repeated.stability
    assert stability is not None
    np.testing.assert_array_equal(stability.amplitudes[0], plain.amplitudes)
    np.testing.assert_allclose(repeated.amplitudes, stability.amplitudes.mean(axis=0), rtol=1e-12)
    centred = stability.amplitudes - stability.amplitudes.mean(axis=0)
    expected = centred.T @ centred / (len(stability.changes) - 1)
    np.testing.assert_allclose(repeated.covariance - plain.covariance, expected, atol=1e-9 * np.abs(expected).max())


def test_each_change_gave_another_fit(repeated: LinearCombinationFit) -> None:
    assert repeated.stability is not None
    changes = repeated.stability.changes
    assert changes[0] == "as it is"
    for part in ("first point", "window from", "macromolecules", "without", "freer", "stiffer", "coarser line shape"):
        assert sum(part in change for change in changes) == 1
    moved = np.abs(repeated.stability.amplitudes[1:] - repeated.stability.amplitudes[0]).max(axis=1)
    assert (moved > 0.0).all()


def test_a_spectrum_of_the_model_hardly_moves(repeated: LinearCombinationFit) -> None:
    """What the fit was made for: no change moves a large metabolite by more than the noise does."""
    for row in metabolite_amplitudes(repeated):
        if row.metabolite in ("Glu", "tNAA", "tCr", "Ins"):
            assert row.stability_sd < np.sqrt(row.sd**2 - row.stability_sd**2)
            assert not row.moves_with_the_model


def test_two_accounts_of_macromolecules_count_the_same(
    repeated: LinearCombinationFit, spectrum: Spectrum, basis: BasisSet
) -> None:
    """By hand, of two components: mean of the changes plus half the difference, that half squared in the spread."""
    rows = [np.array([4.0, 1.0]), np.array([6.0, 1.0]), np.array([3.0, 0.2])]
    plain = fit_spectrum(spectrum, basis)
    two = replace(plain, names=("a", "b"), amplitudes=rows[0], covariance=np.diag([0.5, 0.1]))
    found = with_spread(two, ["freer baseline", OTHER_ACCOUNT], rows)
    np.testing.assert_allclose(found.amplitudes, [5.0 - 0.5, 1.0 - 0.4])
    np.testing.assert_allclose(found.covariance, [[0.5 + 2.0 + 0.25, 0.2], [0.2, 0.1 + 0.16]])
    assert repeated.stability is not None
    assert OTHER_ACCOUNT not in repeated.stability.changes  # at 7 T groups of them are told apart


@pytest.mark.parametrize("from_settings", [False, True])
def test_built_in_macromolecules_at_3_t_have_another_account(*, from_settings: bool) -> None:
    basis, spectrum = _press_3t(macromolecules=not from_settings)
    settings = FitSettings(add=("mm",) if from_settings else ())
    fit = fit_with_stability(spectrum, basis, settings)
    assert fit.stability is not None and fit.stability.changes[-1] == OTHER_ACCOUNT
    own, other = fit.stability.amplitudes[0], fit.stability.amplitudes[-1]
    assert np.abs(other - own).max() > 0.01 * own.max()


def _press_3t(*, macromolecules: bool) -> tuple[BasisSet, Spectrum]:
    """A small basis set of 3 T and a spectrum of it with much of macromolecules."""
    protocol = BasisProtocol(
        sequence="press", echo_time_s=0.03, spectrometer_frequency_mhz=127.7, bandwidth_hz=2000.0, points=1024
    )
    whole = simulated_basis(protocol, ("NAA", "Cr", "GPC", "Glu"))
    clock = np.arange(1024) / 2000.0
    clean = np.array([12.0, 8.0, 1.5, 10.0, 5.0]) @ whole.fids * np.exp(-np.pi * 4.0 * clock)
    fid = clean + noise(np.random.default_rng(1), 1024, noise_sd_for(clean, 40.0))
    acquisition = replace(
        ACQUISITION, spectrometer_frequency_mhz=127.7, dwell_time_s=5e-4, echo_time_s=0.03, mixing_time_s=None
    )
    basis = whole if macromolecules else replace(whole, names=whole.names[:-1], fids=whole.fids[:-1])
    return basis, Spectrum(fid=fid, acquisition=acquisition, affine=np.eye(4), source="3 T")


def test_it_can_be_switched_off(spectrum: Spectrum, basis: BasisSet) -> None:
    off = fit_with_stability(spectrum, basis, FitSettings(stability=False))
    assert off.stability is None
    np.testing.assert_array_equal(off.amplitudes, fit_spectrum(spectrum, basis).amplitudes)
    assert all(np.isnan(row.stability_sd) for row in metabolite_amplitudes(off))


def _moved(fit: LinearCombinationFit, times: float) -> LinearCombinationFit:
    """`fit` as it would be with a spread of Glu of `times` the noise."""
    pick = selector("Glu", fit.names)
    assert fit.stability is not None
    noise = fit.stability.noise_covariance
    between = np.outer(pick, pick) * float(pick @ noise @ pick) * times**2
    return replace(fit, covariance=noise + between, stability=replace(fit.stability, covariance=between))


@pytest.mark.parametrize(("times", "told"), [(2.9, False), (3.1, True)])
def test_a_spread_of_three_times_the_noise_is_told(repeated: LinearCombinationFit, times: float, *, told: bool) -> None:
    fit = _moved(repeated, times)
    row = next(row for row in metabolite_amplitudes(fit) if row.metabolite == "Glu")
    assert row.moves_with_the_model is told
    assert row.sd == pytest.approx(row.stability_sd * np.sqrt(1.0 + times**-2))
    found = list(_stable(Fitted(acquisition=ACQUISITION, fit=fit, water=None, corrected=False)))
    assert [one.value.startswith("Glu moves by") for one in found] == [True] * told


def test_the_rule_excludes_what_moves_too_far(repeated: LinearCombinationFit) -> None:
    rows = metabolite_amplitudes(_moved(repeated, 3.0))
    percent = next(row.stability_percent for row in rows if row.metabolite == "Glu")
    glu = Rules(max_stability_percent=0.9 * percent, metabolites=("Glu",))
    assert [(one.metabolite, one.limit) for one in broken_rules("s", GOOD, rows, glu)] == [("Glu", 0.9 * percent)]
    assert not broken_rules("s", GOOD, rows, replace(glu, max_stability_percent=1.1 * percent))
