"""Do a metabolite recording and its water reference belong together?"""

from __future__ import annotations

import math

import numpy as np

from pharmrs.core.errors import InputProblem
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.records import Fids

_MOVED_MM = 1.0
_TURNED_OR_RESIZED = 0.02  # relative change of a voxel axis: about 1 degree


def check_pair(metabolite: Fids, water: Fids, metabolite_file: str, water_file: str) -> list[InputProblem]:
    """What keeps `water` from being the reference of `metabolite`; reported for `water_file`.

    Dwell time, spectrometer frequency (1e-4 relative), receiver shift, coil count and geometry must be equal; a
    different length is a warning, as both can be cut to the shorter.
    """
    problems = Problems(water_file)
    here, there = water.acquisition, metabolite.acquisition
    again = (
        f"find out whether this reference belongs to {metabolite_file}; use the one of the same session and settings"
    )
    if not math.isclose(here.dwell_time_s, there.dwell_time_s, rel_tol=1e-5):
        found = f"{here.dwell_time_s:g} s, metabolites {there.dwell_time_s:g} s"
        problems.add("dwell time", "must be that of the metabolite recording", found, again)
    if not math.isclose(here.spectrometer_frequency_mhz, there.spectrometer_frequency_mhz, rel_tol=1e-4):
        found = f"{here.spectrometer_frequency_mhz:g} MHz, metabolites {there.spectrometer_frequency_mhz:g} MHz"
        problems.add("SpectrometerFrequency", "must be that of the metabolite recording", found, again)
    if abs(here.receiver_ppm - there.receiver_ppm) > 1e-3:
        found = f"{here.receiver_ppm:g} ppm, metabolites {there.receiver_ppm:g} ppm"
        remedy = "correct SpecFreqChemShift or RxOffset in the file where it is wrong"
        problems.add("SpecFreqChemShift", "0 Hz must be the same chemical shift in both", found, remedy)
    if water.coils != metabolite.coils:
        found = f"{water.coils} coils, {metabolite.coils} in {metabolite_file}"
        remedy = "store both uncombined, or both combined by the scanner in the same way"
        problems.add("DIM_COIL", "must have as many coils as the metabolite recording", found, remedy)
    if water.points != metabolite.points:
        found = f"{water.points}, metabolites {metabolite.points}"
        remedy = "nothing, if this is intended: both are used up to the shorter length"
        problems.add("points", "should be as many as in the metabolite recording", found, remedy, severity="warning")
    _check_geometry(metabolite, water, again, problems)
    return problems.found


def _check_geometry(metabolite: Fids, water: Fids, remedy: str, problems: Problems) -> None:
    moved_mm = float(np.linalg.norm(water.affine[:3, 3] - metabolite.affine[:3, 3]))
    if moved_mm > _MOVED_MM:
        problems.add("affine", f"voxel centres must agree within {_MOVED_MM:g} mm", f"{moved_mm:.1f} mm apart", remedy)
    axes, other = water.affine[:3, :3], metabolite.affine[:3, :3]
    change = float((np.linalg.norm(axes - other, axis=0) / np.linalg.norm(other, axis=0)).max())
    if change > _TURNED_OR_RESIZED:
        found = f"an axis differs by {100 * change:.0f} %"
        problems.add("affine", "voxel size and orientation must be those of the metabolite recording", found, remedy)
