"""Ingredients of tiny NIfTI-MRS files."""

from __future__ import annotations

from typing import Any

import numpy as np

EXTENSION: dict[str, Any] = {
    "SpectrometerFrequency": [297.2],
    "ResonantNucleus": ["1H"],
    "EchoTime": 0.011,
    "RepetitionTime": 5.0,
    "MixingTime": 0.01,
}


def signal(shape: tuple[int, ...] = (1, 1, 1, 128)) -> np.ndarray[Any, Any]:
    """Complex noise with a line; the seed is fixed."""
    rng = np.random.default_rng(1)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)
