"""The decimated window against the full-length computation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharmrs.core.errors import InputError
from pharmrs.spectra.preprocess.band import make_band
from tests.spectra.simulated import ACQUISITION, MHZ, line, noise

LENGTHS = [1024, 2047, 2048, 4095]


def full_bins(fid: np.ndarray, ppm: np.ndarray) -> np.ndarray:
    """The bins of the full FFT at the chemical shifts `ppm`, found by their frequency, not by index arithmetic."""
    axis = ACQUISITION.ppm_axis(fid.shape[-1])
    order = np.array([int(np.argmin(np.abs(axis - value))) for value in ppm])
    np.testing.assert_allclose(axis[order], ppm, atol=1e-9)
    return np.fft.fft(fid, axis=-1)[..., order]


@pytest.mark.parametrize("points", LENGTHS)
@pytest.mark.parametrize("limits", [(0.2, 4.2), (1.8, 4.0), (0.5, 8.8)])
def test_decimated_spectrum_is_the_full_one(points: int, limits: tuple[float, float]) -> None:
    """Nothing is approximated in the window, for noise and for a line a thousand times larger outside of it."""
    fid = noise(np.random.default_rng(1), points, 1.0) + 1000.0 * line(4.65 if limits[1] < 4.65 else 12.0, points)
    band = make_band(ACQUISITION, points, *limits)
    found = band.spectrum(band.decimate(fid))
    expected = full_bins(fid, band.ppm)
    np.testing.assert_allclose(found, expected, atol=1e-12 * np.abs(np.fft.fft(fid)).max())


@pytest.mark.parametrize("points", LENGTHS)
def test_window_holds_every_bin_between_the_limits(points: int) -> None:
    band = make_band(ACQUISITION, points, 0.2, 4.2)
    axis = ACQUISITION.ppm_axis(points)
    inside = np.sort(axis[(axis >= 0.2) & (axis <= 4.2)])[::-1]
    np.testing.assert_allclose(band.ppm, inside, atol=1e-9)
    assert band.step_hz == pytest.approx(6000.0 / points)
    assert band.count < points / 3  # 4 + 2 * 0.5 ppm of 20.2 ppm, and a length that is quick to transform


def test_several_signals_at_once() -> None:
    fids = np.stack([line(2.0), 1j * line(3.0)])
    band = make_band(ACQUISITION, 2048, 0.2, 4.2)
    both = band.spectrum(band.decimate(fids))
    np.testing.assert_allclose(both[1], band.spectrum(band.decimate(fids[1])), atol=1e-9)


@settings(max_examples=30)
@given(
    ppm=st.floats(0.4, 4.0),
    natural_hz=st.floats(0.0, 3.0),
    lorentz_hz=st.floats(2.0, 20.0),
    gauss_hz=st.floats(0.0, 15.0),
    shift_hz=st.floats(-10.0, 10.0),
    points=st.sampled_from([1024, 2047, 2048]),
)
def test_shaped_basis_signal_is_the_full_length_computation(
    ppm: float, natural_hz: float, lorentz_hz: float, gauss_hz: float, shift_hz: float, points: int
) -> None:
    """Line shape and shift applied after decimation, to a basis signal that need not have decayed at its end.

    The reference multiplies the full-length signal and transforms it. The product of band-limited signal and line
    shape is not exactly band-limited: what the shape carries from the guard band into the window and the ringing cut
    off at the margins stay below 3e-3 of the line's peak, and below 3e-4 RMS over the window (3000 random cases: worst
    2.4e-3 and 2.7e-4, median 1.2e-4 and 1.4e-5; the worst are broad lines 0.2 ppm from the window's edge).
    """
    fid = line(ppm, points, lorentz_hz=natural_hz)
    band = make_band(ACQUISITION, points, 0.2, 4.2)

    def shape(time_s: np.ndarray) -> np.ndarray:
        decay = np.pi * lorentz_hz * time_s + (np.pi * gauss_hz * time_s) ** 2 / (4.0 * np.log(2.0))
        return np.exp(2j * np.pi * shift_hz * time_s - decay)

    expected = full_bins(fid * shape(ACQUISITION.time_axis_s(points)), band.ppm)
    found = band.model_spectrum(band.decimate_model(fid) * shape(band.time_s))
    error = np.abs(found - expected) / np.abs(expected).max()
    assert error.max() < 3e-3
    assert np.sqrt(np.mean(error**2)) < 3e-4


@pytest.mark.parametrize("points", LENGTHS)
def test_without_a_line_shape_the_model_is_exact(points: int) -> None:
    """A basis signal that never decays: only the ringing beyond the margins is lost (worst 1.3e-5, 1024 points)."""
    fid = line(2.0, points, lorentz_hz=0.0)
    band = make_band(ACQUISITION, points, 0.2, 4.2)
    expected = full_bins(fid, band.ppm)
    found = band.model_spectrum(band.decimate_model(fid))
    assert np.abs(found - expected).max() < 3e-5 * np.abs(expected).max()


def test_receiver_away_from_water_moves_the_window_along() -> None:
    moved = replace(ACQUISITION, receiver_ppm=3.0)
    band = make_band(moved, 2048, 0.2, 4.2)
    fid = line(2.0, acquisition=moved)
    spectrum = np.abs(band.spectrum(band.decimate(fid)))
    assert band.ppm[int(np.argmax(spectrum))] == pytest.approx(2.0, abs=0.5 * band.step_hz / MHZ)


@pytest.mark.parametrize(
    ("low", "high", "points"),
    [(-6.0, 4.2, 2048), (0.2, 15.0, 2048), (2.0, 2.1, 2048), (0.2, 4.2, 64)],
    ids=["too low", "too high", "too narrow", "too short"],
)
def test_a_window_that_cannot_be_fitted_is_named(low: float, high: float, points: int) -> None:
    with pytest.raises(InputError) as caught:
        make_band(ACQUISITION, points, low, high)
    (problem,) = caught.value.problems
    assert problem.field == "fit window"
    assert f"{low}-{high} ppm" in problem.value
    assert "--ppm" in problem.remedy
