"""Points of the window that a fit does better without: where they are found, where not, and what they save."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.fit.gaps import LARGEST_SHARE, intervals, lines_in, unexplained
from pharmrs.spectra.records import BasisSet, LinearCombinationFit
from tests.spectra.simulated import ACQUISITION, AMOUNTS, POINTS, brain, line, noise, noise_sd_for, spectrum

POINTS_IN_WINDOW, LINE_POINTS = 500, 6
PPM = np.linspace(4.2, 0.2, POINTS_IN_WINDOW)


def lorentzian(centre: int, half_width: float = 3.0) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + 1j * (np.arange(POINTS_IN_WINDOW) - centre) / half_width))


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), factor=st.floats(1e-6, 1e6), centre=st.integers(40, 460))
def test_a_line_in_the_residual_is_found_whatever_the_units(seed: int, factor: float, centre: int) -> None:
    rng = np.random.default_rng(seed)
    residual = noise(rng, POINTS_IN_WINDOW, 1.0) + 15.0 * lorentzian(centre)
    found = unexplained(factor * residual, factor * residual, factor, LINE_POINTS)
    np.testing.assert_array_equal(found, unexplained(residual, residual, 1.0, LINE_POINTS))
    assert found[centre - 3 : centre + 4].all()
    # the tails of a line of 15 SD pass through the noise 45 points away
    assert np.count_nonzero(found) < 100


def test_noise_alone_opens_no_gap() -> None:
    """A chance of 1e-6 a point over 400 windows of 500 independent-enough points: 0.2 gaps expected at most."""
    rng = np.random.default_rng(5)
    opened = [
        unexplained(residual := noise(rng, POINTS_IN_WINDOW, 2.0), residual, 2.0, LINE_POINTS).any() for _ in range(400)
    ]
    assert sum(opened) <= 1


def test_a_line_whose_shape_is_a_little_wrong_is_kept() -> None:
    """A tenth of a high peak left over: far above the noise, but no reason to do without the peak."""
    rng = np.random.default_rng(6)
    peak = 500.0 * lorentzian(200)
    left_over = 0.1 * peak + noise(rng, POINTS_IN_WINDOW, 1.0)
    assert not unexplained(left_over, peak, 1.0, LINE_POINTS)[190:211].any()
    assert unexplained(left_over, left_over, 1.0, LINE_POINTS)[190:211].all()


def test_without_a_known_noise_nothing_is_left_out() -> None:
    assert not unexplained(100.0 * lorentzian(200), lorentzian(200), 0.0, LINE_POINTS).any()


def test_the_ends_of_the_window_stay() -> None:
    residual = 50.0 * lorentzian(6) + 50.0 * lorentzian(POINTS_IN_WINDOW - 7)
    found = unexplained(residual, residual, 1.0, LINE_POINTS)
    assert found[1] and found[-2]
    assert not found[0] and not found[-1]


def test_intervals_from_high_to_low_ppm() -> None:
    left_out = np.zeros(POINTS_IN_WINDOW, dtype=bool)
    left_out[[10, 11, 12, 300]] = True
    assert intervals(left_out, PPM) == ((PPM[12], PPM[10]), (PPM[300], PPM[300]))
    assert intervals(np.zeros(POINTS_IN_WINDOW, dtype=bool), PPM) == ()


def test_the_line_of_a_gap_stands_where_its_signal_does() -> None:
    """On a sloping baseline that already holds a line of an earlier attempt within the gap."""
    left_out = np.zeros(POINTS_IN_WINDOW, dtype=bool)
    left_out[180:230] = True
    slope = np.linspace(5.0, 9.0, POINTS_IN_WINDOW) * (1.0 + 0.3j)
    baseline = slope + np.where(left_out, 7.0 * lorentzian(190), 0.0)
    (found,) = lines_in(left_out, slope + 20.0 * lorentzian(205), baseline, PPM, 0.01)
    assert found.ppm == pytest.approx(PPM[205], abs=0.01)
    assert found.half_width_ppm == 0.01


CLEAN = {name: amount for name, amount in AMOUNTS.items() if name != "Lac"}
FAR = ("NAA", "Cr", "PCr", "Glu", "Ins")


def errors(basis: BasisSet, fit: LinearCombinationFit) -> np.ndarray:
    """(estimate - truth) / SD of what stands far from the fault."""
    sds = np.sqrt(np.diag(fit.covariance))
    places = [fit.names.index(name) for name in FAR]
    return np.array([(fit.amplitudes[k] - CLEAN[fit.names[k]]) / sds[k] for k in places])


def acetone() -> np.ndarray:
    """Six protons of 1.5 mM at 2.22 ppm, as high as creatine's methyl line, 7 Hz wide."""
    return 9.0 * line(2.22, lorentz_hz=7.0)


def echo() -> np.ndarray:
    """Signal refocused 40 ms late, 5 ms long, of any phase, beside the methyl lines."""
    time_s = ACQUISITION.time_axis_s(POINTS)
    late = np.exp(-0.5 * ((time_s - 0.04) / 0.005) ** 2 + 1.0j)
    return np.asarray(25.0 * late * np.exp(2j * np.pi * (4.65 - 1.45) * 297.2 * time_s))


@pytest.mark.parametrize(("fault", "ppm"), [(acetone, 2.22), (echo, 1.45)])
def test_what_the_basis_does_not_hold_costs_the_others_nothing(basis: BasisSet, fault: object, ppm: float) -> None:
    """12 noises: errors of five metabolites in units of their SD are as large as without the fault (RMS 1 +- 0.1)."""
    clean = brain(basis, CLEAN)[:POINTS]
    sd = noise_sd_for(clean, 40.0)
    found = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        fit = fit_spectrum(spectrum(clean + fault() + noise(rng, POINTS, sd)), basis)  # type: ignore[operator]
        assert any(low < ppm < high for low, high in fit.gaps_ppm)
        assert 0.0 < fit.left_out_percent < 100.0 * LARGEST_SHARE
        assert fit.converged
        found.append(errors(basis, fit))
    assert float(np.sqrt(np.mean(np.square(found)))) < 1.35
    assert np.abs(np.mean(found, axis=0)).max() < 1.0


def test_a_clean_spectrum_has_no_gap_and_no_note(basis: BasisSet) -> None:
    clean = brain(basis, CLEAN)[:POINTS]
    for seed in range(6):
        noisy = clean + noise(np.random.default_rng(seed), POINTS, noise_sd_for(clean, 40.0))
        fit = fit_spectrum(spectrum(noisy), basis)
        assert (fit.gaps_ppm, fit.left_out_percent, fit.notes) == ((), 0.0, ())
