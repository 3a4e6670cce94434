"""Groups of a broad component add up to it, and each holds its part of the spectrum."""

from __future__ import annotations

import numpy as np
import pytest

from pharmrs.spectra.fit.macromolecules import COARSE_EDGES_PPM, FINE_EDGES_PPM, levels, split_groups
from tests.spectra.first_order import macromolecule_fid
from tests.spectra.simulated import ACQUISITION
from tests.spectra.spin_groups import BroadPeak

PPM_2048 = ACQUISITION.ppm_axis(2048)


@pytest.mark.parametrize("points", [2047, 2048])
def test_groups_sum_to_the_component(points: int) -> None:
    fid = macromolecule_fid(ACQUISITION, points)
    groups = split_groups(fid, ACQUISITION.ppm_axis(points), COARSE_EDGES_PPM)
    assert groups.shape == (6, points)
    np.testing.assert_allclose(groups.sum(axis=0), fid, atol=1e-9 * np.abs(fid).max())


def test_initial_amplitudes_are_the_areas_of_the_peaks() -> None:
    """Peaks 30 times the windows' edges apart: each group is its own peak."""
    peaks = [BroadPeak(0.6, 0.06, 3.0), BroadPeak(1.3, 0.06, 2.0), BroadPeak(3.0, 0.06, 1.0)]
    groups = split_groups(macromolecule_fid(ACQUISITION, 2048, peaks), PPM_2048, COARSE_EDGES_PPM)
    assert groups.shape[0] == 3
    np.testing.assert_allclose(groups[:, 0].real, [3.0, 2.0, 1.0], rtol=1e-3)
    for group, peak in zip(groups, peaks, strict=True):
        spectrum = np.fft.fft(group).real
        assert PPM_2048[int(np.argmax(spectrum))] == pytest.approx(peak.ppm, abs=0.01)
        np.testing.assert_allclose(group, macromolecule_fid(ACQUISITION, 2048, [peak]), atol=2e-3 * peak.protons)


def test_groups_are_causal() -> None:
    """A group is a signal that begins at t = 0: nothing comes before it."""
    groups = split_groups(macromolecule_fid(ACQUISITION, 2048), PPM_2048, COARSE_EDGES_PPM)
    np.testing.assert_array_equal(groups[:, 1024:], 0.0)


def test_one_group_is_no_division() -> None:
    middle = 0.5 * (COARSE_EDGES_PPM[2] + COARSE_EDGES_PPM[3])
    lone = macromolecule_fid(ACQUISITION, 2048, [BroadPeak(middle, 0.1, 2.0)])
    assert split_groups(lone, PPM_2048, COARSE_EDGES_PPM).shape == (0, 2048)


def test_at_low_field_groups_are_coarse_only() -> None:
    assert levels(297.2) == (COARSE_EDGES_PPM, FINE_EDGES_PPM)
    assert levels(127.7) == levels(63.9) == (COARSE_EDGES_PPM,)
