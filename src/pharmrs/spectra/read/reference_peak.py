"""The 0 ppm reference peak that measured and simulated LCModel basis sets often carry (TMS, DSS, formate-referenced).

It is no part of the metabolites; left in, its tails enter the baseline of every spectrum that is fitted.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.read.singlets import fit_line, window_hz
from pharmrs.spectra.records import BasisSet

_HALF_WIDTH_PPM = 0.15
_PROMINENCE = 5.0  # peak over the median of its surroundings, 0.15 to 0.4 ppm away
_SHARE = 0.6  # a reference is in (nearly) every entry; a metabolite or lipid near 0 ppm is in a few


def remove_reference_peak(basis: BasisSet) -> BasisSet:
    """`basis` without its reference peak; the very same object where there is none.

    The peak is fitted as one damped sinusoid to |ppm| < 0.15 of each entry and subtracted in the time domain, tails
    included. An entry keeps its signal where a single line does not describe that stretch (residual above 10 %) or
    lies elsewhere than in the other entries.
    """
    ppm = np.asarray(basis.ppm_axis())
    prominent = [i for i, fid in enumerate(basis.fids) if _has_peak(np.fft.fft(fid), ppm)]
    if len(prominent) < max(2, round(_SHARE * len(basis.names))):
        return basis
    # the other entries have it too, only not as the highest thing near 0 ppm (macromolecules); the fit decides
    lines = [fit_line(fid, basis.dwell_time_s, *window_hz(basis, 0.0, _HALF_WIDTH_PPM)) for fid in basis.fids]
    shifts = [basis.receiver_ppm - line.frequency_hz / basis.spectrometer_frequency_mhz for line in lines]
    common = float(np.median([shifts[i] for i in prominent]))
    fids = basis.fids.copy()
    kept = []
    for i, line in enumerate(lines):
        if line.relative_residual < 0.1 and abs(shifts[i] - common) < 0.02:
            fids[i] -= line.signal
        else:
            kept.append(basis.names[i])
    removed = len(basis.names) - len(kept)
    if removed == 0:
        return basis
    note = f"reference peak at {common:.3f} ppm removed from {removed} of {len(basis.names)} entries"
    if kept:
        note += f"; not removable from {', '.join(kept)}"
    return replace(basis, fids=fids, notes=(*basis.notes, note))


def _has_peak(spectrum: ComplexArray, ppm: FloatArray) -> bool:
    magnitude = np.abs(spectrum)
    inside = magnitude[np.abs(ppm) < 0.1]
    around = magnitude[(np.abs(ppm) > _HALF_WIDTH_PPM) & (np.abs(ppm) < 0.4)]
    if inside.size < 3 or around.size < 3:  # the band of this basis does not reach 0 ppm
        return False
    return bool(inside.max() > _PROMINENCE * np.median(around) and inside.max() > 1e-3 * magnitude.max())
