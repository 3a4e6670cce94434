"""Residual water removal by HSVD: decaying sinusoids near water are fitted and subtracted.

Barkhuijsen 1987 (10.1016/0022-2364(87)90023-0), as many sinusoids as stand out of the noise. The state-space pencil is
solved on a signal decimated to the water band, so the Hankel matrix stays small.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import hankel

from pharmrs.core.records.arrays import ComplexArray
from pharmrs.spectra.records.acquisition import Acquisition

WATER_BAND_PPM = 0.35  # on both sides of water
_MODEL_BAND_PPM = 0.8
_COMPONENTS = 12  # at most
# singular values over their median, beyond which a component is signal: the largest of noise alone is 3.5, or 5 in one
# of a hundred cases. Sinusoids that model noise would make the result a matter of chance
_ABOVE_NOISE = 5.0
_LONGEST = 400  # decimated samples
_BROADEST_HZ = 60.0  # broader ones model noise, and the way back to t = 0 would blow them up


def remove_residual_water(
    fid: ComplexArray, acquisition: Acquisition, water_ppm: float, lowest_ppm: float
) -> tuple[ComplexArray, int]:
    """`fid` (points,) without the sinusoids within 0.35 ppm of water and above `lowest_ppm`.

    Returns the corrected FID and the number of sinusoids subtracted (0: nothing found, FID unchanged).
    """
    points = fid.shape[0]
    step_hz = 1.0 / (points * acquisition.dwell_time_s)
    centre_hz = (acquisition.receiver_ppm - water_ppm) * acquisition.spectrometer_frequency_mhz
    half_hz = _MODEL_BAND_PPM * acquisition.spectrometer_frequency_mhz
    first, last = round((centre_hz - half_hz) / step_hz), round((centre_hz + half_hz) / step_hz)
    first, last = max(first, -(points // 2)), min(last, (points - 1) // 2)
    kept = np.arange(first, last + 1)
    edge = np.minimum(kept - first, last - kept) / (0.25 * kept.shape[0])
    taper = np.sin(0.5 * np.pi * np.clip(edge, 0.0, 1.0)) ** 2
    narrow = np.fft.ifft(np.fft.fft(fid)[kept % points] * taper)
    dwell_s = points * acquisition.dwell_time_s / kept.shape[0]
    skip = 2  # samples that hold most of the taper's ringing
    samples = narrow[skip : skip + min(_LONGEST, kept.shape[0] * 3 // 4)]
    poles = _poles(samples)
    poles = poles[(np.abs(poles) < 1.0) & (np.abs(poles) > np.exp(-np.pi * _BROADEST_HZ * dwell_s))]
    frequency_hz = np.angle(poles) / (2.0 * np.pi * dwell_s) + first * step_hz
    folded = frequency_hz + np.where(frequency_hz < first * step_hz, 1.0 / dwell_s, 0.0)
    ppm = acquisition.receiver_ppm - folded / acquisition.spectrometer_frequency_mhz
    order = np.arange(samples.shape[0])
    design = np.exp(np.outer(order, np.log(poles)))
    amplitudes = np.linalg.lstsq(design, samples, rcond=None)[0]
    water = (np.abs(ppm - water_ppm) < WATER_BAND_PPM) & (ppm > lowest_ppm)
    if not water.any():
        return fid, 0
    decay_hz = -np.log(np.abs(poles[water])) / dwell_s
    rates = -decay_hz + 2j * np.pi * folded[water]
    time_s = acquisition.time_axis_s(points)
    # decimated signals turn with the frequency above the lowest kept bin, so that is the way back to t = 0
    start = np.exp((2j * np.pi * first * step_hz - rates) * skip * dwell_s) * kept.shape[0] / points
    return fid - np.exp(np.outer(time_s, rates)) @ (amplitudes[water] * start), int(water.sum())


def _poles(samples: ComplexArray) -> ComplexArray:
    rows = samples.shape[0] // 2
    left, singular, _ = np.linalg.svd(hankel(samples[:rows], samples[rows - 1 :]), full_matrices=False)
    signals = int(np.count_nonzero(singular > _ABOVE_NOISE * np.median(singular)))
    subspace = left[:, : min(_COMPONENTS, rows - 2, signals)]
    pencil = np.linalg.lstsq(subspace[:-1], subspace[1:], rcond=None)[0]
    return np.asarray(np.linalg.eigvals(pencil))
