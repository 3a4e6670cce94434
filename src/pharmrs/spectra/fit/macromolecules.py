"""Groups of a broad component that may scale independently.

A measured macromolecule spectrum is one component, but its peaks have relaxation times and abundances of their own
(Cudalbu 2021, 10.1002/nbm.4393), so groups of them deviate from the common amplitude by an SD that the fit estimates.
The absorption part of the spectrum is divided by smooth windows that add up to 1; each part is made causal again, so
every group is a signal of its own and together they are the component.
"""

from __future__ import annotations

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray

# Between the lines of Cudalbu 2021, M0.92 to M4.30. At low field lines overlap, and one below a singlet (M2.04) could
# take its place: they stay with their neighbours.
FINE_EDGES_PPM = (1.08, 1.30, 1.54, 1.85, 2.15, 2.45, 2.80, 3.10, 3.40, 3.70)
COARSE_EDGES_PPM = (1.08, 1.54, 1.85, 2.65, 3.40)
_FINE_FROM_MHZ = 190.0
_EDGE_WIDTH_PPM = 0.04
_SMALLEST_SHARE = 0.02  # of the component's energy


def levels(mhz: float) -> tuple[tuple[float, ...], ...]:
    """Edges of the groups in ppm, ascending, coarse ones first, at the spectrometer frequency `mhz`."""
    return (COARSE_EDGES_PPM, FINE_EDGES_PPM) if mhz > _FINE_FROM_MHZ else (COARSE_EDGES_PPM,)


def split_groups(fid: ComplexArray, ppm: FloatArray, edges_ppm: tuple[float, ...]) -> ComplexArray:
    """Parts of the broad signal `fid` (points,) whose FFT bins are at `ppm` (points,): (groups, points).

    They sum to `fid` where it has decayed by half its length; groups without signal are left out (with fewer than two
    groups nothing is split: shape (0, points)).
    """
    points = fid.shape[0]
    # half the first sample: with the whole of it every line stands on a pedestal, which the windows would divide up
    absorption = np.fft.fft(np.concatenate([0.5 * fid[:1], fid[1:]])).real
    past = 0.5 * (1.0 + np.tanh((ppm - np.array(edges_ppm)[:, None]) / _EDGE_WIDTH_PPM))
    lower = np.concatenate([np.ones((1, points)), past])
    upper = np.concatenate([past, np.zeros((1, points))])
    parts = 2.0 * np.fft.ifft(absorption * (lower - upper), axis=1)
    parts[:, (points + 1) // 2 :] = 0.0
    energy = np.sum(np.abs(parts) ** 2, axis=1)
    kept = parts[energy > _SMALLEST_SHARE * energy.sum()]
    return kept if kept.shape[0] > 1 else np.zeros((0, points), dtype=complex)
