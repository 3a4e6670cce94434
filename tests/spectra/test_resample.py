"""Resampled basis signals against the same signals computed on the new clock."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.core.records.arrays import ComplexArray
from pharmrs.spectra.fit.resample import resample_basis
from pharmrs.spectra.records import Acquisition, BasisSet

MHZ = 297.2
DWELL_S = 1 / 6000
POINTS = 4096
# ppm, amplitude, phase (rad), damping (1/s): single lines, and a multiplet as an echo time leaves it
SIGNALS = {
    "sharp": [(2.008, 3.0, 0.0, 3.14)],
    "ordinary": [(3.027, 3.0, 0.3, 9.0)],
    "edge": [(0.3, 1.0, 0.0, 6.0)],
    "multiplet": [(2.30, 1.0, 0.5, 5.0), (2.35, 2.0, 0.0, 5.0), (2.40, 1.0, -0.9, 5.0), (3.75, 1.5, 0.4, 5.0)],
    "downfield": [(7.0, 1.0, 0.0, 6.0), (1.3, 3.0, 0.0, 6.0)],
}


def signals(dwell_time_s: float, points: int, mhz: float = MHZ, receiver_ppm: float = 4.65) -> ComplexArray:
    times = np.arange(points) * dwell_time_s
    return np.array(
        [
            sum(
                a * np.exp(1j * phase + (2j * np.pi * (receiver_ppm - ppm) * mhz - d) * times) for ppm, a, phase, d in s
            )
            for s in SIGNALS.values()
        ]
    )


def basis() -> BasisSet:
    return BasisSet(
        names=tuple(SIGNALS),
        fids=signals(DWELL_S, POINTS),
        dwell_time_s=DWELL_S,
        spectrometer_frequency_mhz=MHZ,
        receiver_ppm=4.65,
        source="b.basis",
    )


def acquisition(ratio: float, mhz: float = MHZ, receiver_ppm: float = 4.65) -> Acquisition:
    return Acquisition(
        spectrometer_frequency_mhz=mhz,
        dwell_time_s=DWELL_S * ratio,
        echo_time_s=0.011,
        repetition_time_s=5.0,
        receiver_ppm=receiver_ppm,
    )


def worst_error(found: BasisSet, expected: ComplexArray, target: Acquisition) -> float:
    """Largest difference of the spectra from 0.2 to 4.2 ppm, relative to the highest point of each there."""
    ppm = target.ppm_axis(expected.shape[1])
    window = (ppm > 0.2) & (ppm < 4.2)
    truth = np.fft.fft(expected, axis=1)[:, window]
    difference = np.abs(np.fft.fft(found.fids, axis=1)[:, window] - truth)
    return float((difference.max(axis=1) / np.abs(truth).max(axis=1)).max())


@pytest.mark.parametrize("ratio", [1.0, 2.0, 0.5, 1.37, 1 / 1.37, 8.33e-5 * 6000])
@pytest.mark.parametrize("seconds", [0.3, 0.6])
def test_spectrum_is_kept(ratio: float, seconds: float) -> None:
    target = acquisition(ratio)
    points = int(seconds / target.dwell_time_s)
    found = resample_basis(basis(), target, points)
    assert found.fids.shape == (len(SIGNALS), points)
    assert (found.dwell_time_s, found.spectrometer_frequency_mhz) == (target.dwell_time_s, MHZ)
    assert worst_error(found, signals(target.dwell_time_s, points), target) < 1e-3


def test_same_clock_changes_nothing() -> None:
    found = resample_basis(basis(), acquisition(1.0), POINTS)
    np.testing.assert_array_equal(found.fids, basis().fids)


@pytest.mark.parametrize("ratio", [1.0, 0.5, 1.37])
def test_longer_is_truncated_and_shorter_zero_filled(ratio: float) -> None:
    target = acquisition(ratio)
    extent = int(POINTS / ratio)
    longer = resample_basis(basis(), target, extent + 500)
    shorter = resample_basis(basis(), target, extent - 500)
    # the ripple of the abrupt end of the signal depends a little on the padding
    np.testing.assert_allclose(longer.fids[:, : extent - 500], shorter.fids, atol=5e-4)
    assert np.abs(longer.fids[:, extent + 30 :]).max() < 0.02 * np.abs(longer.fids[:, extent - 5]).max()


@pytest.mark.parametrize("ratio", [1.0, 0.5, 1.37])
@pytest.mark.parametrize("late", [0.0, 3.0, 7.4])
def test_data_that_begin_late_get_a_basis_that_begins_as_late(ratio: float, late: float) -> None:
    """`late` in samples of the data, whole or not; the same signals computed at the delayed times."""
    target = replace(acquisition(ratio), acquisition_start_time_s=late * DWELL_S * ratio)
    found = resample_basis(basis(), target, 2000)
    times = (late + np.arange(2000)) * target.dwell_time_s
    expected = np.array(
        [
            sum(a * np.exp(1j * phase + (2j * np.pi * (4.65 - ppm) * MHZ - d) * times) for ppm, a, phase, d in lines)
            for lines in SIGNALS.values()
        ]
    )
    assert worst_error(found, expected, target) < 2e-3


@pytest.mark.parametrize(("mhz", "receiver_ppm"), [(MHZ * 1.002, 4.65), (MHZ * 0.995, 4.65), (MHZ, 4.7), (MHZ, 3.0)])
def test_shifts_stay_in_ppm(mhz: float, receiver_ppm: float) -> None:
    target = acquisition(0.5, mhz, receiver_ppm)
    found = resample_basis(basis(), target, 8192)
    assert (found.receiver_ppm, found.spectrometer_frequency_mhz) == (receiver_ppm, mhz)
    ppm = target.ppm_axis(8192)
    for name, expected in (("sharp", 2.008), ("ordinary", 3.027), ("edge", 0.3)):
        spectrum = np.abs(np.fft.fft(found.fids[list(SIGNALS).index(name)]))
        assert ppm[spectrum.argmax()] == pytest.approx(expected, abs=0.003)  # half a bin is 0.0025 ppm
    assert np.abs(found.fids[:, 0]) == pytest.approx(np.abs(basis().fids[:, 0]), rel=0.02)


def test_other_field_is_named() -> None:
    with pytest.raises(InputError) as caught:
        resample_basis(basis(), acquisition(1.0, 123.2), POINTS)
    (problem,) = caught.value.problems
    assert problem.file == "b.basis" and "another field strength" in problem.rule and problem.remedy
