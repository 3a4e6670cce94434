"""Do transients of one recording come from two conditions? Edited spectra, inversion that is to be subtracted, motion.

Two groups that were measured alike differ by noise; ON and OFF of an edited measurement by a good part of the signal.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray, IntArray
from pharmrs.spectra.preprocess.band import make_band
from pharmrs.spectra.records.acquisition import Acquisition
from pharmrs.spectra.records.preprocessing import Alternation

_BAND_PPM = (1.8, 3.9)  # where editing acts and neither water nor lipids of the skull are
# how the conditions follow one another in the files of the vendors
PATTERNS: dict[str, Callable[[IntArray, int], IntArray]] = {
    "odd and even transients": lambda index, _count: index % 2,
    "pairs of transients": lambda index, _count: index // 2 % 2,
    "first and second half": lambda index, count: (2 * index >= count).astype(np.intp),
}


def alternations(transients: ComplexArray, weights: FloatArray, acquisition: Acquisition) -> tuple[Alternation, ...]:
    """How far each way of halving the aligned `transients` (points, count) gives two different signals.

    `weights` (count,): those of the mean, so that a transient that is left out cannot make a difference.
    """
    points, count = transients.shape
    if count < 2:
        return ()
    band = make_band(acquisition, points, *_BAND_PPM)
    spectra = band.spectrum(band.decimate(transients.T))
    tail = transients[-max(points // 8, 4) :]
    noise = float(np.mean(np.abs(tail) ** 2)) * points  # variance of one bin of one transient
    index = np.arange(count)
    found = []
    for name, pattern in PATTERNS.items():
        groups = [weights * (pattern(index, count) == group) for group in (0, 1)]
        sums = [float(group.sum()) for group in groups]
        if min(sums) <= 0:
            continue
        first, second = (group @ spectra / total for group, total in zip(groups, sums, strict=True))
        expected = noise * sum(float(group @ group) / total**2 for group, total in zip(groups, sums, strict=True))
        excess = float(np.mean(np.abs(first - second) ** 2)) - expected
        signal = float(np.mean(np.abs(first + second) ** 2))
        found.append(
            Alternation(
                pattern=name,
                share=float(np.sqrt(max(excess, 0.0) / max(signal, 1e-300))),
                noise_ratio=excess / expected + 1.0 if expected > 0 else np.inf,
            )
        )
    return tuple(found)
