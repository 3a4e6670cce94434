"""Residual water goes, metabolites stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharmrs.spectra.preprocess.residual_water import remove_residual_water
from tests.spectra.simulated import ACQUISITION, MHZ, line, noise, noise_sd_for, window

METABOLITES_PPM = {2.008: 33.0, 3.027: 24.0, 3.212: 13.0, 3.913: 16.0, 1.314: 2.0}


def metabolites(points: int) -> np.ndarray:
    return sum(area * line(ppm, points) for ppm, area in METABOLITES_PPM.items())


@settings(max_examples=20)
@given(
    offset_hz=st.floats(-30.0, 30.0),
    phase_rad=st.floats(-np.pi, np.pi),
    width_hz=st.floats(4.0, 20.0),
    points=st.sampled_from([1000, 2047, 2048, 4096]),
)
def test_one_line_is_removed_and_the_metabolites_stay(
    offset_hz: float, phase_rad: float, width_hz: float, points: int
) -> None:
    """Without noise a decaying sinusoid is what the model is: what is left, 0.3 % at most, is the taper's ringing."""
    water = 300.0 * line(4.65 - offset_hz / MHZ, points, lorentz_hz=width_hz, phase_rad=phase_rad)
    cleaned, count = remove_residual_water(water + metabolites(points), ACQUISITION, 4.65, 4.3)
    left = np.abs(np.fft.fft(cleaned - metabolites(points)))
    before = np.abs(np.fft.fft(water))
    assert count >= 1
    assert np.linalg.norm(left) < 3e-3 * np.linalg.norm(before)
    # from 0.2 to 4.2 ppm the tails of water, 10 to 40 % of the highest metabolite peak, are gone to 1 % of themselves
    inside = window(points, 0.2, 4.2)
    assert left[inside].max() < 0.01 * before[inside].max()


@pytest.mark.parametrize(
    "lines",
    [
        ((200.0, 4.65, 6.0, 0.0), (120.0j, 4.63, 10.0, 0.0), (-60.0, 4.69, 15.0, 0.0)),
        ((200.0, 4.65, 3.0, 12.0),),
        ((300.0, 4.65, 30.0, 0.0),),
    ],
    ids=["three lines", "Gaussian", "broad"],
)
def test_water_in_noise(lines: tuple[tuple[complex, float, float, float], ...]) -> None:
    """Water ten times the highest metabolite, S/N 40, ten times over.

    The noise within 0.25 ppm of water is 1 to 1.5 % of it, and no estimate can be better than a share of that. What is
    left or added from 0.2 to 4.2 ppm must stay below the noise there (SD 1/80 of the highest peak): it is smooth, and
    the baseline takes it up. Sinusoids that model noise once made errors of the size of the water itself.
    """
    points = 2048
    water = sum(a * line(ppm, lorentz_hz=lor, gauss_hz=gau) for a, ppm, lor, gau in lines)
    clean = metabolites(points)
    near, inside = window(points, 4.4, 4.9), window(points, 0.2, 4.2)
    left_near, left_inside = [], []
    for seed in range(10):
        noisy = clean + noise(np.random.default_rng(seed), points, noise_sd_for(clean, 40.0))
        cleaned, _ = remove_residual_water(water + noisy, ACQUISITION, 4.65, 4.3)
        left = np.abs(np.fft.fft(cleaned - noisy))
        left_near.append(np.linalg.norm(left[near]) / np.linalg.norm(np.fft.fft(water)[near]))
        left_inside.append(left[inside].max() / np.abs(np.fft.fft(clean)).max())
    assert np.median(left_near) < 0.017
    assert max(left_near) < 0.025
    assert max(left_inside) < 1 / 80


def test_signals_outside_the_water_band_are_untouched() -> None:
    """Lines at 3.9 and 5.3 ppm are modelled beside water but not subtracted with it; without water nothing is."""
    fid = 20.0 * line(3.9) + 20.0 * line(5.3) + 10.0 * line(2.0)
    cleaned, _ = remove_residual_water(fid, ACQUISITION, 4.65, 4.3)
    # 0.3 ppm from the band's edge: what leaks in is below 1e-4 of the lines
    np.testing.assert_allclose(cleaned, fid, atol=1e-4 * 20.0)


def test_lowest_ppm_protects_what_is_upfield_of_it() -> None:
    """A line at 4.38 ppm (NAA) within 0.35 ppm of water goes or stays as `lowest_ppm` says."""
    fid = 100.0 * line(4.65) + 10.0 * line(4.38)
    kept, _ = remove_residual_water(fid, ACQUISITION, 4.65, 4.45)
    gone, _ = remove_residual_water(fid, ACQUISITION, 4.65, 4.30)
    # 0.3 % of the water: ringing of the taper
    np.testing.assert_allclose(kept, 10.0 * line(4.38), atol=0.3)
    np.testing.assert_allclose(gone, 0.0, atol=0.3)


def test_nothing_found_leaves_the_very_same_signal() -> None:
    fid = 10.0 * line(2.0) + 100.0 * line(4.65)
    cleaned, count = remove_residual_water(fid, ACQUISITION, 4.65, lowest_ppm=5.1)
    assert count == 0
    assert cleaned is fid


def test_noise_is_not_taken_for_water() -> None:
    """The same spectrum without water: the very same signal comes back in at least 19 of 20 cases."""
    clean = metabolites(2048)
    sd = noise_sd_for(clean, 40.0)
    spectra = [clean + noise(np.random.default_rng(seed), 2048, sd) for seed in range(20)]
    unchanged = [remove_residual_water(fid, ACQUISITION, 4.65, 4.3)[0] is fid for fid in spectra]
    assert sum(unchanged) >= 19


@settings(max_examples=15)
@given(exponent=st.integers(-9, 9), phase_rad=st.floats(-np.pi, np.pi))
def test_it_goes_along_with_scale_and_phase(exponent: int, phase_rad: float) -> None:
    rng = np.random.default_rng(11)
    fid = metabolites(2048) + 50.0 * line(4.66) + noise(rng, 2048, 0.3)
    factor = 10.0**exponent * np.exp(1j * phase_rad)
    first, count = remove_residual_water(fid, ACQUISITION, 4.65, 4.3)
    second, again = remove_residual_water(fid * factor, ACQUISITION, 4.65, 4.3)
    assert again == count
    # rounding, blown up by near-equal poles
    np.testing.assert_allclose(second / factor, first, atol=1e-6 * np.abs(fid).max())


@pytest.mark.parametrize("water_ppm", [4.5, 4.65, 4.8])
def test_water_is_looked_for_where_the_study_says(water_ppm: float) -> None:
    fid = 100.0 * line(water_ppm) + metabolites(2048)
    cleaned, _ = remove_residual_water(fid, ACQUISITION, water_ppm, water_ppm - 0.35)
    np.testing.assert_allclose(cleaned, metabolites(2048), atol=0.3)  # 0.3 % of the water
