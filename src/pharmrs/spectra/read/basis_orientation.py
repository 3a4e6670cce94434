"""Phase sense and reference of basis formats that declare neither: decided by the singlets they hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pharmrs.core.constants import WATER_PPM
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.records import BasisSet

_TOLERANCE_PPM = 0.1


def orient(basis: BasisSet, problems: Problems) -> BasisSet | None:
    """`basis` in the NIfTI-MRS phase sense with its receiver shift; what was found is in `notes`.

    For both senses, each known singlet says which chemical shift must be at 0 Hz; only in the true sense do they
    agree. With one singlet alone, 4.65 ppm must come out. None, with a problem, where that does not decide.
    """
    peaks = _highest_peaks(basis)
    centres = {sign: [ppm + sign * hz / basis.spectrometer_frequency_mhz for ppm, hz in peaks] for sign in (1, -1)}
    fitting = [sign for sign, values in centres.items() if _agree(values)]
    if len(fitting) != 1:
        remedy = "include NAA and one of Cr, PCr, GPC, PCho, Scyllo, each with its singlet, in the basis set"
        found = f"{len(peaks)} known singlets, {len(fitting)} senses possible"
        problems.add("phase sense", "must follow from the known singlets of the basis", found, remedy)
        return None
    sign = fitting[0]
    centre = float(np.median(centres[sign]))
    receiver = WATER_PPM.value if abs(centre - WATER_PPM.value) < _TOLERANCE_PPM else centre
    notes = [] if sign == 1 else ["stored in the opposite phase sense (as FSL-MRS works): conjugated on reading"]
    if receiver != WATER_PPM.value:
        notes.append(f"0 Hz is at {receiver:.3f} ppm, found from the known singlets")
    fids = basis.fids if sign == 1 else basis.fids.conj()
    return replace(basis, fids=fids, receiver_ppm=receiver, notes=(*basis.notes, *notes))


def _agree(centres: list[float]) -> bool:
    if not centres:
        return False
    values = np.array(centres)
    near = np.abs(values - np.median(values)) < _TOLERANCE_PPM
    distinct = near.sum() > 1 and np.ptp(values[near]) < _TOLERANCE_PPM
    around_water = abs(float(np.median(values)) - WATER_PPM.value) < _TOLERANCE_PPM
    return bool(np.mean(near) > 0.7 and (around_water or distinct))


def _highest_peaks(basis: BasisSet) -> list[tuple[float, float]]:
    """(known ppm, found Hz) of every known singlet."""
    frequencies = np.fft.fftfreq(basis.points, basis.dwell_time_s)
    return [
        (singlet.ppm, float(frequencies[np.argmax(np.abs(np.fft.fft(fid)))])) for singlet, fid in basis.known_singlets()
    ]
