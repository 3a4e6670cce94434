"""Shaped pulses as text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.spectra.read.pulse_file import read_pulse

HEADER = "# flip_deg: 90\n# duration_ms: 2\n"
SQUARE = "1 0\n" * 10


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_amplitude_follows_from_the_flip_angle(tmp_path: Path) -> None:
    """A quarter of a turn in 2 ms is 125 Hz; half of the steps the other way round need twice as much and more."""
    pulse = read_pulse(write(tmp_path / "a.txt", HEADER + "# made by hand\n" + SQUARE))
    np.testing.assert_allclose(pulse.b1_hz, 125.0)
    assert (pulse.flip_deg, pulse.duration_s, pulse.step_s) == (90.0, 0.002, 0.0002)
    pulse = read_pulse(write(tmp_path / "b.txt", HEADER + "2, 0\n" * 9 + "2, 180\n"))
    np.testing.assert_allclose(pulse.b1_hz, 125.0 * 10 / 8 * np.array([1.0] * 9 + [-1.0]), atol=1e-9)


def test_given_peak_and_phases(tmp_path: Path) -> None:
    text = HEADER + "# peak_b1_hz: 500\n" + "".join(f"{a}\t{9 * k}\n" for k, a in enumerate([1, 2, 4, 2] * 3))
    pulse = read_pulse(write(tmp_path / "a.txt", text))
    assert np.abs(pulse.b1_hz).max() == pytest.approx(500.0)
    np.testing.assert_allclose(np.unwrap(np.angle(pulse.b1_hz)), np.deg2rad(9.0 * np.arange(12)), atol=1e-12)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (SQUARE, ["flip_deg: this header line is required", "duration_ms: this header line is required"]),
        (HEADER.replace("duration_ms", "duration") + SQUARE, ["did you mean duration_ms?", "duration_ms: this header"]),
        (HEADER.replace("90", "ninety") + SQUARE, ["flip_deg: must be a number from 1 to 360"]),
        (HEADER + HEADER + SQUARE, ["flip_deg: must be given once", "duration_ms: must be given once"]),
        (HEADER + "1 2 3\n" * 10, ["must have two columns"]),
        (HEADER + "amplitude phase\n" + SQUARE, ["must be lines of two numbers"]),
        (HEADER + "1 0\n" * 3, ["must be 8 to 20000"]),
        (HEADER + "0 0\n" * 10, ["amplitude above 0"]),
        (HEADER + "nan 0\n" * 10, ["must be finite"]),
        (HEADER + "".join(f"1 {k}\n" for k in range(20)), ["required where the phase varies"]),
        (HEADER + "1 0\n1 180\n" * 10, ["required where the amplitudes add up to nothing"]),
    ],
)
def test_everything_wrong_is_named(tmp_path: Path, text: str, rules: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        read_pulse(write(tmp_path / "a.txt", text))
    for rule in rules:
        assert rule in str(caught.value)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(InputError, match="must "):
            read_pulse(path)
