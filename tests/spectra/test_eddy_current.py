"""The eddy-current phase is taken off exactly where the reference is heard, and smoothly where it is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharmrs.spectra.preprocess.eddy_current import correct, reference_phase
from tests.spectra.simulated import ACQUISITION, POINTS, line, noise

TIME_S = ACQUISITION.time_axis_s(POINTS)
EARLY = TIME_S < 0.1


def eddy_phase(sizes_rad: tuple[float, ...], decays_s: tuple[float, ...] = (0.006, 0.012, 0.06)) -> np.ndarray:
    return sum(size * np.exp(-TIME_S / decay) for size, decay in zip(sizes_rad, decays_s, strict=True))


@settings(max_examples=30)
@given(
    sizes_rad=st.tuples(*[st.floats(-1.5, 1.5)] * 3),
    offset_hz=st.floats(-25.0, 25.0),
    phase_rad=st.floats(-np.pi, np.pi),
)
def test_a_simulated_phase_is_removed(sizes_rad: tuple[float, ...], offset_hz: float, phase_rad: float) -> None:
    """Exact but for the smoothing over nine points (1.5 ms): its curvature bias is (1.5 ms / 6 ms)^2 / 24 * 1.5 rad,
    0.4 % of a radian, largest in the first samples."""
    turn = np.exp(1j * (eddy_phase(sizes_rad) + 2.0 * np.pi * offset_hz * TIME_S + phase_rad))
    clean = 30.0 * line(2.0) + 20.0 * line(3.0) + 4.0j * line(3.9)
    corrected = correct(clean * turn, reference_phase(1e3 * line(4.65, lorentz_hz=8.0) * turn))
    assert np.abs(corrected - clean)[EARLY].max() < 0.01 * np.abs(clean).max()


def test_the_water_itself_becomes_real_and_positive() -> None:
    water = 1e3 * line(4.70, phase_rad=2.2) * np.exp(1j * eddy_phase((1.2, -0.5, 0.4)))
    corrected = correct(water, reference_phase(water))[EARLY]
    np.testing.assert_allclose(corrected.real, np.abs(water[EARLY]), rtol=1e-4)


def test_every_transient_is_corrected_alike() -> None:
    phase = eddy_phase((1.0, 0.0, 0.0))
    both = np.stack([line(2.0), 1j * line(3.0)], axis=1)
    corrected = correct(both, phase)
    np.testing.assert_allclose(corrected[:, 1], correct(both[:, 1], phase))
    np.testing.assert_allclose(np.abs(corrected), np.abs(both))


@pytest.mark.parametrize("relative_noise", [1e-3, 1e-2])
def test_noise_of_a_decayed_reference_is_not_carried_over(relative_noise: float) -> None:
    """Beyond the last point above ten times the noise the phase is a straight line.

    The raw phase of such a reference, as Klose's formula has it, is uniform noise there.
    """
    rng = np.random.default_rng(3)
    phase = eddy_phase((1.0, -0.8, 0.3)) + 2.0 * np.pi * 5.0 * TIME_S
    reference = line(4.65, lorentz_hz=8.0) * np.exp(1j * phase) + noise(rng, POINTS, relative_noise)
    found = reference_phase(reference)
    lost = TIME_S > 0.25  # exp(-pi 8 0.25) = 0.2 %
    assert np.std(np.diff(np.unwrap(np.angle(reference))[lost], 2)) > 1.0
    assert np.abs(np.diff(found[lost], 2)).max() < 1e-9
    # frequency of the continuation: within 1.5 Hz of the true one
    slope_hz = (found[-1] - found[lost][0]) / (TIME_S[-1] - TIME_S[lost][0]) / (2.0 * np.pi)
    assert slope_hz == pytest.approx(5.0, abs=1.5)


def test_phase_error_from_noise_is_below_that_of_a_single_sample() -> None:
    """S/N 100 per sample: 10 mrad of phase noise each, a third of that after averaging nine; 4 SD allowed."""
    rng = np.random.default_rng(4)
    phase = eddy_phase((0.0, 0.5, 0.2))
    clean = line(4.65, lorentz_hz=3.0) * np.exp(1j * phase)
    error = reference_phase(clean + noise(rng, POINTS, 0.01)) - phase
    first = TIME_S < 0.02
    assert np.sqrt(np.mean(error[first] ** 2)) < 0.006
    assert np.abs(error[first]).max() < 0.04


def test_a_reference_that_lasts_to_its_end() -> None:
    phase = 2.0 * np.pi * 3.0 * TIME_S[:256] + 0.5
    found = reference_phase(np.exp(1j * phase - 5.0 * TIME_S[:256]))
    np.testing.assert_allclose(found, phase, atol=1e-2)


def test_scale_of_the_reference_does_not_matter() -> None:
    reference = line(4.65) * np.exp(1j * eddy_phase((1.0, 0.5, 0.0)))
    np.testing.assert_allclose(reference_phase(1e-9 * reference), reference_phase(reference), atol=1e-9)
