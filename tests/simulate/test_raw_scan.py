"""What goes in must be there: amplitudes, noise, drift, eddy currents."""

import math
from dataclasses import replace

import numpy as np
import pytest

from pharmrs.simulate.raw_scan import simulate_scan
from pharmrs.simulate.relaxation import RelaxationTimes, attenuation, water_concentration_mm
from pharmrs.simulate.scan_records import SimulatedScanner
from pharmrs.simulate.signals import metabolite_signal, voigt_decay, water_signal
from pharmrs.spectra.basis.basis_set import protocol_of, simulated_basis
from pharmrs.spectra.records import Acquisition

ACQUISITION = Acquisition(
    spectrometer_frequency_mhz=297.2, dwell_time_s=1 / 6000, echo_time_s=0.02, repetition_time_s=5.0
)
# an echo time of nothing: every signal begins with its protons
BASIS = simulated_basis(replace(protocol_of(ACQUISITION, 2048, "press"), echo_time_s=1e-9), ["NAA", "Cr", "Glu"])
AMOUNTS = {"NAA": 11.0, "Cr": 8.0, "Glu": 9.5}
NO_RELAXATION = RelaxationTimes(t1_water_s=1e-9, t2_water_s=1e9, t1_metabolite_s=1e-9, t2_metabolite_s=1e9)
IDEAL = SimulatedScanner(
    signal_to_noise=1e9, drift_hz=0.0, frequency_jitter_hz=0.0, phase_jitter_rad=0.0, residual_water=0.0
)


def test_known_mm_are_the_amplitudes() -> None:
    settings = replace(IDEAL, relaxation=NO_RELAXATION)
    fid = metabolite_signal(BASIS, AMOUNTS, ACQUISITION, 1024, settings)
    assert fid[0] == pytest.approx(6 * 11.0 + 5 * 8.0 + 5 * 9.5)
    assert water_signal(ACQUISITION, ACQUISITION.time_axis_s(8), 40000.0, settings)[0] == pytest.approx(80000.0)


def test_the_amounts_come_back_from_the_recording() -> None:
    """Least squares on one coil, with gain, eddy currents, line width and relaxation undone, is exact."""
    settings = SimulatedScanner(signal_to_noise=1e7, drift_hz=0.0, frequency_jitter_hz=0.0, phase_jitter_rad=0.0)
    settings = replace(settings, residual_water=0.0, spoiled=())
    scan = simulate_scan(BASIS, AMOUNTS, ACQUISITION, np.random.default_rng(1), points=1024, settings=settings)
    eddy = np.exp(1j * np.angle(scan.eddy_current.data[:, 0].mean(axis=1)))  # holds the phase of the coil as well
    corrected = scan.metabolite.data[:, 0].mean(axis=1) / eddy
    gain = abs(scan.truth.coil_gains[0])
    decay = voigt_decay(ACQUISITION.time_axis_s(1024), settings.line_width_hz, settings.lorentz_share)
    found = np.linalg.lstsq((BASIS.fids[:, :1024] * decay).T, corrected / gain, rcond=None)[0].real
    times = settings.relaxation
    found /= attenuation(ACQUISITION, times.t1_metabolite_s, times.t2_metabolite_s)
    expected = [scan.truth.concentrations_mm[name] for name in BASIS.names]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    water = abs(scan.quantification.data[0, 0].mean()) / gain / 2
    water /= attenuation(ACQUISITION, times.t1_water_s, times.t2_water_s)
    assert water == pytest.approx(scan.truth.water_concentration_mm, rel=1e-4)


def test_attenuation_by_hand() -> None:
    stimulated = replace(ACQUISITION, mixing_time_s=0.01)
    echo = math.exp(-0.02 / 0.11)
    assert attenuation(ACQUISITION, 1.5, 0.11) == pytest.approx((1 - math.exp(-5.0 / 1.5)) * echo)
    # recovery begins at the third pulse, 10 ms of echo and 10 ms of mixing after the first: 4.98 s
    expected = (1 - math.exp(-4.98 / 1.5)) * echo * math.exp(-0.01 / 1.5)
    assert attenuation(stimulated, 1.5, 0.11) == pytest.approx(expected)


def test_attenuation_of_a_stimulated_echo_by_brute_force() -> None:
    """Bloch equations of 64 x 16 isochromats through three 90 degree pulses: crusher in both halves of TE (first
    angle), spoiler in TM (second angle). The second repetition starts from what the first one left."""
    te, tm, tr, t1, t2 = 0.03, 0.2, 1.1, 1.3, 0.09
    crusher, spoiler = (2 * np.pi * np.arange(n) / n for n in (64, 16))
    vectors = np.zeros((3, 64, 16))
    vectors[2] = 1.0
    transverse = np.zeros((64, 16), dtype=complex)

    def pulse() -> None:  # 90 degrees about x: y -> z, z -> -y
        vectors[1], vectors[2] = -vectors[2].copy(), vectors[1].copy()

    def wait(seconds: float, angle: np.ndarray | float) -> None:
        turned = (vectors[0] + 1j * vectors[1]) * np.exp(1j * angle - seconds / t2)
        vectors[0], vectors[1] = turned.real, turned.imag
        vectors[2] = 1.0 + (vectors[2] - 1.0) * math.exp(-seconds / t1)

    for _ in range(2):
        pulse()
        wait(te / 2, crusher[:, None])
        pulse()
        wait(tm, spoiler[None, :])
        pulse()
        wait(te / 2, crusher[:, None])
        transverse = vectors[0] + 1j * vectors[1]
        wait(tr - te - tm, 0.0)
        # the next repetition has other gradients: no transverse and no ordered magnetisation is carried over
        vectors[:2], vectors[2] = 0.0, vectors[2].mean()
    acquisition = replace(ACQUISITION, echo_time_s=te, mixing_time_s=tm, repetition_time_s=tr)
    assert 2 * abs(transverse.mean()) == pytest.approx(attenuation(acquisition, t1, t2), rel=1e-6)


def test_water_of_a_voxel_of_csf_only() -> None:
    csf = replace(SimulatedScanner().tissue, gray_matter=0.0, white_matter=0.0, csf=1.0)
    assert water_concentration_mm(csf) == pytest.approx(0.97 * 55510)


def test_line_width_is_the_full_width_at_half_maximum() -> None:
    time = np.arange(2**16) / 2000
    spectrum = np.fft.fft(voigt_decay(time, 6.7, 0.6)).real
    above = np.count_nonzero(spectrum - spectrum.min() > 0.5 * (spectrum.max() - spectrum.min()))
    # grid of 0.03 Hz, and 0.02 % for the formula of Olivero and Longbothum
    assert above * 2000 / 2**16 == pytest.approx(6.7, abs=0.07)


def test_noise_gives_the_wanted_signal_to_noise() -> None:
    settings = replace(IDEAL, signal_to_noise=40.0)
    scan = simulate_scan(BASIS, AMOUNTS, ACQUISITION, np.random.default_rng(2), settings=settings)
    clean = metabolite_signal(BASIS, AMOUNTS, ACQUISITION, 2048, settings)
    covariance = np.cov(scan.metabolite.data[1500:].transpose(1, 0, 2).reshape(4, -1))
    gains = scan.truth.coil_gains
    weights = np.linalg.solve(covariance, gains)
    weights = weights / (gains.conj() @ weights)
    combined = np.einsum("pct,c->pt", scan.metabolite.data, weights.conj()).mean(axis=1)
    # late samples: the signal has decayed below the noise
    sd = np.std(np.fft.fft(combined)[(np.abs(np.fft.fftfreq(2048)) > 0.3)].real)
    peak = np.abs(np.fft.fft(clean)).max()
    assert peak / (2 * sd) == pytest.approx(40.0, rel=0.1)  # 800 bins: SD known to 2.5 %, and weights estimated


def test_drift_and_spoiled_transients_are_in_the_data() -> None:
    settings = replace(IDEAL, drift_hz=4.0, spoiled=(5,))
    scan = simulate_scan(BASIS, AMOUNTS, ACQUISITION, np.random.default_rng(3), settings=settings)
    turn = np.angle(scan.metabolite.data[600, 0] / scan.metabolite.data[600, 0, 0])
    expected = 2 * np.pi * (scan.truth.frequencies_hz - scan.truth.frequencies_hz[0]) * 600 / 6000
    keep = np.arange(16) != 5
    np.testing.assert_allclose(np.exp(1j * turn[keep]), np.exp(1j * expected[keep]), atol=1e-5)
    assert np.abs(scan.metabolite.data[:, 0, 5]).max() < 0.5 * np.abs(scan.metabolite.data[:, 0, 4]).max()


def test_same_seed_same_recording_other_seed_other_recording() -> None:
    first, second, third = (
        simulate_scan(BASIS, AMOUNTS, ACQUISITION, np.random.default_rng(seed), points=256) for seed in (4, 4, 5)
    )
    np.testing.assert_array_equal(first.metabolite.data, second.metabolite.data)
    assert not np.array_equal(first.metabolite.data, third.metabolite.data)
    assert first.metabolite.data.shape == (256, 4, 16)


def test_a_basis_on_another_clock_is_refused() -> None:
    with pytest.raises(ValueError, match="dwell"):
        simulate_scan(BASIS, AMOUNTS, replace(ACQUISITION, dwell_time_s=1 / 4000), np.random.default_rng(0))
    with pytest.raises(ValueError, match="not in the basis: Gln"):
        simulate_scan(BASIS, {"Gln": 1.0}, ACQUISITION, np.random.default_rng(0))
