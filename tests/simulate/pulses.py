"""Hann-windowed sinc pulses, in memory and as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pharmrs.spectra.records.shaped_pulse import ShapedPulse


def hann_sinc(time_bandwidth: float, steps: int) -> np.ndarray:
    t = (np.arange(steps) + 0.5) / steps - 0.5
    return np.sinc(time_bandwidth * t) * (0.5 + 0.5 * np.cos(2 * np.pi * t))


def pulse(flip_deg: float, duration_s: float, time_bandwidth: float = 6.0, steps: int = 64) -> ShapedPulse:
    shape = hann_sinc(time_bandwidth, steps)
    peak_hz = flip_deg / 360 / (shape.sum() * duration_s / steps)
    return ShapedPulse(flip_deg=flip_deg, duration_s=duration_s, b1_hz=peak_hz * shape, source="test")


def write(path: Path, flip_deg: float, duration_ms: float, steps: int = 64, extra: str = "") -> Path:
    rows = (f"{abs(x):.9f}\t{0 if x >= 0 else 180}" for x in hann_sinc(6.0, steps))
    header = f"# Hann sinc\n# flip_deg: {flip_deg}\n# duration_ms: {duration_ms}\n{extra}"
    path.write_text(header + "\n".join(rows) + "\n")
    return path
