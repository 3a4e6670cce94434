"""The water amplitude at t = 0 against Voigt lines of known amplitude."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharmrs.core.errors import FitFailure
from pharmrs.spectra.quantify.water import _extrapolated, water_amplitude
from tests.spectra.simulated import ACQUISITION, POINTS, line, noise, spectrum

VOIGT = {
    "lorentz_hz": st.floats(2.0, 25.0),
    "gauss_hz": st.floats(0.0, 15.0),
    "phase_rad": st.floats(-np.pi, np.pi),
    "offset_ppm": st.floats(-0.1, 0.1),
}


@settings(max_examples=40)
@given(**VOIGT, exponent=st.integers(-6, 9))
def test_a_voigt_line_is_extrapolated_exactly(
    lorentz_hz: float, gauss_hz: float, phase_rad: float, offset_ppm: float, exponent: int
) -> None:
    """The logarithm of a Voigt decay is a parabola, one of the polynomials tried."""
    fid = line(4.65 + offset_ppm, lorentz_hz=lorentz_hz, gauss_hz=gauss_hz, phase_rad=phase_rad)
    found = water_amplitude(spectrum(10.0**exponent * fid))
    assert found.amplitude == pytest.approx(10.0**exponent, rel=1e-6)
    assert found.shift_hz == pytest.approx(-offset_ppm * 297.2, abs=6000.0 / POINTS / 8)


@pytest.mark.parametrize("ringing", [1, 2, 3])
def test_ringing_first_points_do_not_count(ringing: int) -> None:
    """Receiver filters build up during the first half millisecond: three samples of 1/6 ms."""
    fid = 1000.0 * line(4.65, lorentz_hz=6.0, gauss_hz=5.0)
    fid[:ringing] *= np.array([0.2, 0.7, 1.15])[:ringing]
    assert water_amplitude(spectrum(fid)).amplitude == pytest.approx(1000.0, rel=1e-3)


@pytest.mark.parametrize(("lorentz_hz", "gauss_hz"), [(8.0, 0.0), (4.0, 9.0), (2.0, 14.0), (20.0, 5.0)])
def test_amplitude_and_its_sd_in_noise(lorentz_hz: float, gauss_hz: float) -> None:
    """S/N 1000 in the first sample, as poor water references have: 0.1 %, and an SD that is right within a factor 1.5.

    With 60 repetitions the spread is known to 9 %; the degree of the polynomial is chosen from the data, which makes
    the spread larger than the SD of the degree chosen.
    """
    clean = 1000.0 * line(4.65, lorentz_hz=lorentz_hz, gauss_hz=gauss_hz)
    found = [water_amplitude(spectrum(clean + noise(np.random.default_rng(seed), POINTS, 1.0))) for seed in range(60)]
    amplitudes, sds = np.array([f.amplitude for f in found]), np.array([f.sd for f in found])
    assert np.abs(amplitudes.mean() / 1000.0 - 1.0) < 1e-3
    assert 1 / 1.5 < np.std(amplitudes - 1000.0) / np.sqrt(np.mean(sds**2)) < 1.5


def test_a_reference_that_begins_late_is_followed_back_to_the_top_of_the_echo() -> None:
    """Twelve samples lost: exp(-pi 10 2 ms) is 6 % less by then."""
    late = replace(ACQUISITION, acquisition_start_time_s=12 * ACQUISITION.dwell_time_s)
    fid = 1000.0 * line(4.65, lorentz_hz=10.0, gauss_hz=4.0)[12:]
    assert water_amplitude(spectrum(fid, late)).amplitude == pytest.approx(1000.0, rel=1e-6)
    assert water_amplitude(spectrum(fid)).amplitude < 945.0


def test_line_width_is_the_full_width() -> None:
    found = water_amplitude(spectrum(line(4.65, lorentz_hz=9.0)))
    assert found.line_width_hz == pytest.approx(9.0, rel=2e-3)
    assert found.dwell_time_s == ACQUISITION.dwell_time_s


def test_shown_model_follows_the_decay_where_it_was_fitted() -> None:
    found = water_amplitude(spectrum(50.0 * line(4.65, lorentz_hz=12.0)))
    fitted = np.isfinite(found.fitted)
    end = np.flatnonzero(~fitted)[0]
    assert fitted[:end].all()
    assert not fitted[end:].any()
    np.testing.assert_allclose(found.fitted[:end], found.observed[:end], rtol=1e-6)
    # followed down to 15 % or for 60 ms, whichever comes first: exp(-pi 12 t) = 0.15 at 50.3 ms
    assert end * ACQUISITION.dwell_time_s == pytest.approx(0.0503, abs=3e-4)


def test_no_signal_is_a_failure_with_a_reason() -> None:
    rng = np.random.default_rng(8)
    for fid in (noise(rng, POINTS, 1.0), np.zeros(POINTS, dtype=complex), np.exp(2j * np.pi * 0.1 * np.arange(POINTS))):
        with pytest.raises(FitFailure, match="simulated: no decaying water signal"):
            water_amplitude(spectrum(fid))


def test_the_degree_of_the_decay_is_chosen_by_bic() -> None:
    """Schwarz's penalty, log n for each coefficient; numpy's own weighted polynomials, over decays in which the penalty
    of Akaike, 2, would choose another degree."""
    differed = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        time_s = np.linspace(1e-3, 0.1, 120)
        magnitude = np.exp(3.0 - 20.0 * time_s) + 0.05 * rng.normal(size=120)
        weight = magnitude / 0.05
        scores: dict[float, list[float]] = {np.log(120): [], 2.0: []}
        values = []
        for degree in (1, 2, 3):
            fitted = np.polynomial.Polynomial.fit(time_s, np.log(magnitude), degree, w=weight)
            rest = weight * (np.log(magnitude) - fitted(time_s))
            values.append(float(np.exp(fitted(0.0))))
            for penalty, row in scores.items():
                row.append(120 * np.log(rest @ rest / (119 - degree)) + penalty * (degree + 1))
        bic, aic = (int(np.argmin(row)) for row in scores.values())
        differed += bic != aic
        assert _extrapolated(time_s, magnitude, 0.05, time_s)[0] == pytest.approx(values[bic], rel=1e-6)
    assert differed > 0
