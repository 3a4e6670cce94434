"""Where the echo's top lies in a recording whose header says nothing, or the wrong thing, about it.

Two independent signs. All spins of a water reference are in phase at the echo's top, so that its magnitude is largest
there and nowhere else, whatever the shim. And lines that begin t after the first sample have phases that go up with
their frequency, 2 pi f t: the three singlets of the brain tell t.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.core.constants import SINGLETS
from pharmrs.core.records.arrays import ComplexArray, FloatArray, IntArray
from pharmrs.spectra.records.acquisition import Acquisition

_FILTER_S, _LONGEST_S = 0.0005, 0.020  # receiver filters ring first; an echo is not looked for later
_LEAST_RISE = 0.015
_LINES_PPM = tuple(SINGLETS[name].ppm for name in ("naa", "cr", "gpc"))
_WINDOWS_PPM = ((1.88, 2.14), (2.90, 3.34))
_SHIFTS_PPM = np.arange(-0.12, 0.1201, 0.01)
_WIDTHS_HZ = (3.0, 6.0, 10.0, 16.0)
_MATCHED_HZ = 3.0
_LONGEST_DELAY_S, _STEP_S, _LEAST_TURN = 0.015, 0.0001, 0.45  # a turn more between the nearest lines looks the same


def rise_of_water(reference: ComplexArray, acquisition: Acquisition) -> float:
    """Seconds from the first sample of a water reference (points,) to its largest magnitude; 0 where it only falls."""
    time_s = acquisition.time_axis_s(reference.shape[0])
    begin = int(np.searchsorted(time_s, _FILTER_S))
    end = max(int(np.searchsorted(time_s, _LONGEST_S)), begin + 4)
    magnitude = np.abs(reference[begin:end])
    top = int(np.argmax(magnitude))
    first = float(np.mean(magnitude[:2]))
    return float(time_s[begin + top]) if top > 1 and magnitude[top] > (1.0 + _LEAST_RISE) * first else 0.0


@dataclass(frozen=True, slots=True)
class EchoDelay:
    """`delay_s`: from the first sample to the time when the singlets are in phase.

    `coherence`: how far they are in phase then, `at_start`: at the first sample; 1 is entirely. `clear`: size of the
    smallest of the three lines over the noise.
    """

    delay_s: float
    coherence: float
    at_start: float
    clear: float


def echo_delay(fid: ComplexArray, acquisition: Acquisition) -> EchoDelay | None:
    """The echo's top by the phases of NAA, Cr and Cho; None where the band does not hold them or there is no noise."""
    time_s = acquisition.time_axis_s(fid.shape[0])
    ppm = acquisition.ppm_axis(fid.shape[0])
    windows = [np.flatnonzero((ppm > low) & (ppm < high)) for low, high in _WINDOWS_PPM]
    if min(map(len, windows)) < 12:
        return None
    spectrum = np.fft.fft(fid * np.exp(-np.pi * _MATCHED_HZ * time_s))
    used = np.concatenate(windows)
    width_hz, amplitudes, offsets_hz = _fitted(spectrum[used], _floor(ppm, windows), used, acquisition, fid.shape[0])
    noise = _noise(fid, time_s)
    if not noise > 0:
        return None
    heights = np.abs(amplitudes) / (np.pi * (width_hz + _MATCHED_HZ) * acquisition.dwell_time_s)
    share = np.abs(amplitudes) / np.abs(amplitudes).sum()
    nearest_hz = float(np.abs(np.diff(offsets_hz)).min())
    reach = int(min(_LONGEST_DELAY_S, _LEAST_TURN / nearest_hz) / _STEP_S)
    delays_s = _STEP_S * np.arange(-reach, reach + 1)
    turning = np.exp(1j * np.angle(amplitudes) + 2j * np.pi * np.outer(delays_s, offsets_hz))
    in_phase = np.abs(turning @ share)
    top = int(np.argmax(in_phase))
    return EchoDelay(
        delay_s=float(delays_s[top]),
        coherence=float(in_phase[top]),
        at_start=float(in_phase[reach]),
        clear=float(heights.min() / noise),
    )


def _fitted(
    data: ComplexArray, floor: ComplexArray, used: IntArray, acquisition: Acquisition, points: int
) -> tuple[float, ComplexArray, FloatArray]:
    """Width, complex amplitudes (3,) and frequencies (3,) of the singlets that explain `data` (n,) best.

    Every shift and width of the grid at once; what the `floor` (n, k) can explain is taken out of both first.
    """
    columns, _ = np.linalg.qr(floor)
    grid = [(shift, width) for shift in _SHIFTS_PPM for width in _WIDTHS_HZ]
    lines_ppm = np.array(_LINES_PPM) + np.array([shift for shift, _ in grid])[:, None]
    offsets_hz = (acquisition.receiver_ppm - lines_ppm) * acquisition.spectrometer_frequency_mhz
    decays = np.pi * (np.array([width for _, width in grid]) + _MATCHED_HZ)
    dwell_s = acquisition.dwell_time_s
    at_hz = np.fft.fftfreq(points, dwell_s)[used]
    turns = 2j * np.pi * (offsets_hz[:, None, :] - at_hz[None, :, None])
    steps = np.exp((turns - decays[:, None, None]) * dwell_s)
    designs = (1.0 - steps**points) / (1.0 - steps)
    designs -= columns @ (columns.conj().T @ designs)
    rest = data - columns @ (columns.conj().T @ data)
    adjoint = designs.conj().transpose(0, 2, 1)
    products = adjoint @ rest
    amplitudes = np.linalg.solve(adjoint @ designs, products[..., None])[..., 0]
    best = int(np.argmax(np.sum(products.conj() * amplitudes, axis=1).real))
    return float(grid[best][1]), amplitudes[best], offsets_hz[best]


def _floor(ppm: FloatArray, windows: list[IntArray]) -> ComplexArray:
    """A parabola under each window: what broad signals and the tails of others look like there."""
    blocks = []
    for number, window in enumerate(windows):
        centred = ppm[window] - ppm[window].mean()
        columns = np.zeros((sum(map(len, windows)), 3), dtype=np.complex128)
        begin = sum(map(len, windows[:number]))
        columns[begin : begin + len(window)] = np.vander(centred / np.abs(centred).max(), 3)
        blocks.append(columns)
    return np.hstack(blocks)


def _noise(fid: ComplexArray, time_s: FloatArray) -> float:
    """SD of the noise of the matched spectrum, from the last quarter of what was recorded."""
    recorded = np.flatnonzero(fid)
    count = int(recorded[-1]) + 1 if recorded.size else 0
    tail = np.abs(fid[count * 11 // 16 : count * 15 // 16]) ** 2
    if not tail.size:
        return 0.0
    return float(np.sqrt(tail.mean() * np.sum(np.exp(-2 * np.pi * _MATCHED_HZ * time_s[:count]))))
