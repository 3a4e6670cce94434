"""Is a recording water-suppressed? The height of water over that of everything around NAA."""

from __future__ import annotations

import math

import numpy as np

from pharmrs.core.constants import WATER_PPM
from pharmrs.spectra.records.acquisition import Fids

# suppressed water is mostly below 10 times NAA; unsuppressed it is above 1000 times, but what is then found near NAA is
# the foot of its line, half its width over the distance: a hundredth at 7 T and 12 Hz, a thirtieth at 3 T
LEAST_OF_REFERENCE, MOST_OF_SPECTRUM = 15.0, 30.0
_WATER_HALF_PPM = 0.4
_REST_PPM = (1.8, 2.3)


def water_ratio(fids: Fids) -> float:
    """Highest peak near water over the highest from 1.8 to 2.3 ppm, transients averaged, coils by sum of squares.

    NaN for another nucleus than 1H, and where the recording does not reach both.
    """
    water, rest = _heights(fids)
    return water / rest if rest > 0 else math.nan


def water_height(fids: Fids) -> float:
    """Highest peak near water, in receiver units; NaN as `water_ratio`."""
    return _heights(fids)[0]


def _heights(fids: Fids) -> tuple[float, float]:
    if fids.acquisition.nucleus != "1H":
        return math.nan, math.nan
    fading = np.cos(np.linspace(0.0, np.pi / 2, fids.points)) ** 2  # a signal cut short must not ring as far as NAA
    spectra = np.fft.fft(fids.data.mean(axis=2) * fading[:, None], axis=0)
    height = np.sqrt((np.abs(spectra) ** 2).sum(axis=1))
    ppm = fids.acquisition.ppm_axis(fids.points)
    water = height[np.abs(ppm - WATER_PPM.value) < _WATER_HALF_PPM]
    rest = height[(ppm > _REST_PPM[0]) & (ppm < _REST_PPM[1])]
    return (float(water.max()), float(rest.max())) if water.size and rest.size else (math.nan, math.nan)
