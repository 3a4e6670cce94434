"""Starting values are near the truth for any shift and phase."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharmrs.spectra.fit.line_shape import free_form
from pharmrs.spectra.fit.model import Model
from pharmrs.spectra.fit.starting_values import find_starts
from pharmrs.spectra.preprocess.band import make_band
from pharmrs.spectra.records import BasisSet
from tests.spectra.simulated import ACQUISITION, AMOUNTS, MHZ, POINTS, brain, noise, noise_sd_for

TIME_S = ACQUISITION.time_axis_s(POINTS)
REACH_HZ = 0.4 * MHZ


@pytest.fixture(scope="module")
def model(basis: BasisSet) -> Model:
    band = make_band(ACQUISITION, POINTS, 0.2, 4.2)
    signals = band.decimate_model(basis.fids)
    broad = np.array([name == "mm" for name in basis.names])
    signals = signals / np.linalg.norm(band.model_spectrum(signals), axis=1)[:, None]
    none = np.zeros((0, band.time_s.size), dtype=complex)
    return Model(band, signals, free_form(band.time_s, 0.0, 0.0), broad, none, np.zeros(0, dtype=np.intp), 0)


@settings(max_examples=30)
@given(
    shift_hz=st.floats(-0.33 * MHZ, 0.33 * MHZ),
    phase_rad=st.floats(-np.pi, np.pi),
    width_hz=st.floats(3.0, 20.0),
    signal_to_noise=st.sampled_from([8.0, 15.0, 40.0]),
    seed=st.integers(0, 99),
)
def test_the_best_start_is_near_the_truth(
    basis: BasisSet, model: Model, shift_hz: float, phase_rad: float, width_hz: float, signal_to_noise: float, seed: int
) -> None:
    """3 Hz and 22 degrees are well inside what Levenberg-Marquardt needs (a fraction of the line width of at least
    4 Hz, 60 degrees); the grid of shifts has steps of 1.5 Hz."""
    clean = brain(basis, AMOUNTS, width_hz=width_hz)
    data = clean * np.exp(1j * phase_rad + 2j * np.pi * shift_hz * TIME_S)
    data = data + noise(np.random.default_rng(seed), POINTS, noise_sd_for(clean, signal_to_noise))
    best = find_starts(model, model.band.decimate(data), model.broad, REACH_HZ)[0]
    assert best.shift_hz == pytest.approx(shift_hz, abs=3.0)
    assert abs(np.angle(np.exp(1j * (best.phase_rad - phase_rad)))) < np.pi / 8


def test_inverted_data_are_seen_by_non_negative_amplitudes(basis: BasisSet, model: Model) -> None:
    clean = brain(basis, AMOUNTS)
    upright, inverted = (find_starts(model, model.band.decimate(s * clean), model.broad, REACH_HZ)[0] for s in (1, -1))
    turn = inverted.phase_rad - upright.phase_rad
    assert abs(abs(np.angle(np.exp(1j * turn))) - np.pi) < 1e-9


@settings(max_examples=15)
@given(moved_hz=st.floats(-60.0, 60.0))
def test_shifting_the_data_shifts_the_best_start(basis: BasisSet, model: Model, moved_hz: float) -> None:
    """Whatever the grid: the top of the parabola is within 0.15 Hz (a tenth of a step), which the fit window needs."""
    clean = brain(basis, AMOUNTS)
    still, moved = (
        find_starts(model, model.band.decimate(clean * np.exp(2j * np.pi * hz * TIME_S)), model.broad, REACH_HZ)[0]
        for hz in (0.0, moved_hz)
    )
    assert moved.shift_hz - still.shift_hz == pytest.approx(moved_hz, abs=0.15)


def test_starts_are_sorted_apart_and_of_several_widths(basis: BasisSet, model: Model) -> None:
    starts = find_starts(model, model.band.decimate(brain(basis, AMOUNTS)), model.broad, REACH_HZ)
    scores = [start.score for start in starts]
    assert scores == sorted(scores, reverse=True)
    assert len({start.width_hz for start in starts}) > 1
    for width in {start.width_hz for start in starts}:
        shifts = np.sort([start.shift_hz for start in starts if start.width_hz == width])
        # grid points more than 4 Hz apart, each moved by less than half a step of 1.5 Hz
        assert (np.diff(shifts) > 4.0 - 1.5).all()
        assert (np.abs(shifts) <= REACH_HZ).all()


def test_scale_does_not_matter(basis: BasisSet, model: Model) -> None:
    data = model.band.decimate(brain(basis, AMOUNTS))
    first, second = (find_starts(model, factor * data, model.broad, REACH_HZ) for factor in (1.0, 1e-12))
    # the best ones: the order of worse ones whose scores are nearly equal is a matter of rounding
    for one, other in zip(first[:3], second[:3], strict=True):
        assert other.width_hz == one.width_hz
        assert other.shift_hz == pytest.approx(one.shift_hz, abs=1e-6)
        assert other.phase_rad == pytest.approx(one.phase_rad, abs=1e-6)
