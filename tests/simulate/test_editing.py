"""MEGA-PRESS by spin simulation: what the editing pulses do to each spin, by the rules of weak coupling."""

from __future__ import annotations

import numpy as np
import pytest

from pharmrs.spectra.basis.basis_set import simulated_basis
from pharmrs.spectra.basis.editing_pulses import at_bands, gaussian_pulse
from pharmrs.spectra.basis.shaped_pulses import turned
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.records.editing import Editing

MHZ = 127.7
PROTOCOL = BasisProtocol(
    sequence="megapress", echo_time_s=0.068, spectrometer_frequency_mhz=MHZ, bandwidth_hz=2000, points=2048
)


def _area(basis: BasisSet, fids: np.ndarray, low: float, high: float) -> float:
    """Protons between two chemical shifts: the real part holds half of them."""
    ppm = basis.ppm_axis()
    inside = (ppm > low) & (ppm < high)
    return 2.0 * float(np.fft.fft(fids)[inside].real.sum()) / basis.points


def test_the_pulse_inverts_its_bands_and_nothing_else() -> None:
    pulse = at_bands(gaussian_pulse(0.014), (1.9, 4.56), MHZ)
    places = np.array([1.9, 4.56, 3.0, 0.9, 7.5])
    rotation = turned(pulse.b1_hz, pulse.step_s, (4.65 - places) * MHZ)
    inverted = np.abs(rotation[:, 1, 0]) ** 2
    np.testing.assert_allclose(inverted, [1.0, 1.0, 0.0, 0.0, 0.0], atol=0.02)


def test_half_inversion_is_where_the_bandwidth_says() -> None:
    """A Gaussian of 14 ms inverts half 45 Hz from its centre, twice as near when it lasts twice as long."""
    for duration_s, half_hz in ((0.014, 45.0), (0.028, 22.5)):
        pulse = gaussian_pulse(duration_s)
        at = np.abs(turned(pulse.b1_hz, pulse.step_s, np.array([half_hz]))[0, 1, 0]) ** 2
        assert at == pytest.approx(0.5, abs=0.05)


def test_gaba_is_edited_and_singlets_cancel() -> None:
    basis = simulated_basis(PROTOCOL, ["GABA", "Cr", "NAA"], macromolecules=False)
    off, on = basis.fids, basis.edited[0].fids
    # 3.0 ppm is a triplet of 2 protons whose outer lines turn over with J TE = 1/2: their sum is near zero in OFF and
    # near 2 in ON (weak coupling), less what the band misses of the multiplet at 1.89 ppm
    assert abs(_area(basis, off[0], 2.8, 3.2)) < 0.15
    assert 1.6 < _area(basis, on[0], 2.8, 3.2) < 2.05
    assert np.abs(on[1] - off[1]).max() < 0.01 * np.abs(off[1]).max()
    # NAA at 2.01 ppm lies in the band: its own signal is crushed
    assert _area(basis, off[2], 1.9, 2.1) == pytest.approx(3.0, rel=0.1)
    assert abs(_area(basis, on[2], 1.9, 2.1)) < 0.2
    assert basis.proton_amplitude == pytest.approx(1.0)


def test_a_pulse_far_away_is_no_pulse() -> None:
    """With both bands where nothing is, ON is OFF, and OFF is PRESS with these intervals."""
    from dataclasses import replace

    far = replace(PROTOCOL, editing=Editing(on_ppm=(9.5,), off_ppm=-2.0))
    basis = simulated_basis(far, ["GABA", "Glu"], macromolecules=False)
    np.testing.assert_allclose(basis.edited[0].fids, basis.fids, atol=0.05 * np.abs(basis.fids).max())
    te = 0.068
    intervals = (te / 15, te / 2, te / 2 - te / 15)
    press = simulated_basis(
        replace(PROTOCOL, sequence="press", intervals_s=intervals), ["GABA", "Glu"], macromolecules=False
    )
    np.testing.assert_allclose(press.fids, basis.fids, atol=0.05 * np.abs(basis.fids).max())


def test_two_bands_make_four_conditions() -> None:
    assert Editing(on_ppm=(1.9, 4.56)).conditions == ((7.5,), (1.9,), (4.56,), (1.9, 4.56))
