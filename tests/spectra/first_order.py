"""A basis set without quantum mechanics: singlets and first-order multiplets at an echo time of zero.

For tests of the fit: one that is simple to read and shares nothing with the simulation of the program.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.records import Acquisition, BasisSet
from tests.spectra.spin_groups import MACROMOLECULES, METABOLITES, BroadPeak, SpinGroup

MACROMOLECULE_NAME = "mm"


def split(group: SpinGroup) -> tuple[FloatArray, FloatArray]:
    """First-order multiplet of one group: line offsets (Hz, shape (lines,)) and areas (protons, shape (lines,)).

    Each coupling to n equal partners replaces a line by n + 1 lines with binomial areas; the areas sum to the number
    of protons.
    """
    offsets, areas = np.zeros(1), np.array([float(group.protons)])
    for coupling_hz, partners in group.couplings:
        steps = coupling_hz * (np.arange(partners + 1) - partners / 2)
        weights = np.array([math.comb(partners, k) for k in range(partners + 1)]) / 2.0**partners
        offsets = np.add.outer(offsets, steps).ravel()
        areas = np.multiply.outer(areas, weights).ravel()
    return offsets, areas


def metabolite_fid(
    groups: Iterable[SpinGroup], acquisition: Acquisition, points: int, natural_width_hz: float
) -> ComplexArray:
    """Signal of one metabolite at 1 mM, shape (points,): initial amplitude equals its number of protons."""
    time = acquisition.time_axis_s(points)
    fid = np.zeros(points, dtype=np.complex128)
    for group in groups:
        centre_hz = (acquisition.receiver_ppm - group.ppm) * acquisition.spectrometer_frequency_mhz
        offsets, areas = split(group)
        fid += areas @ np.exp(2j * np.pi * np.outer(centre_hz + offsets, time))
    return np.asarray(fid * np.exp(-np.pi * natural_width_hz * time), dtype=np.complex128)


def macromolecule_fid(
    acquisition: Acquisition, points: int, peaks: Iterable[BroadPeak] = MACROMOLECULES, width_factor: float = 1.0
) -> ComplexArray:
    """Sum of Gaussian peaks, shape (points,); initial amplitude is the sum of their areas in protons."""
    time = acquisition.time_axis_s(points)
    fid = np.zeros(points, dtype=np.complex128)
    for peak in peaks:
        centre_hz = (acquisition.receiver_ppm - peak.ppm) * acquisition.spectrometer_frequency_mhz
        width_hz = width_factor * peak.width_ppm * acquisition.spectrometer_frequency_mhz
        decay = (np.pi * width_hz * time) ** 2 / (4 * math.log(2))
        fid += peak.protons * np.exp(2j * np.pi * centre_hz * time - decay)
    return fid


def multiplet_basis(
    acquisition: Acquisition,
    points: int,
    names: Iterable[str] | None = None,
    *,
    natural_width_hz: float = 1.0,
    macromolecules: bool = True,
) -> BasisSet:
    """Built-in first-order basis for the clock and field of `acquisition`: for demonstration and tests only.

    `names`: metabolites (default all built-in ones). `natural_width_hz`: Lorentzian width of every line.
    Amplitudes are per mM: one proton at 1 mM starts at 1 (`proton_amplitude` 1). Unknown names raise `ValueError`.
    """
    wanted = tuple(METABOLITES if names is None else names)
    unknown = sorted(set(wanted) - set(METABOLITES))
    if unknown:
        raise ValueError(f"no spin groups for {', '.join(unknown)}; known are {', '.join(METABOLITES)}")
    fids = [metabolite_fid(METABOLITES[name], acquisition, points, natural_width_hz) for name in wanted]
    if macromolecules:
        fids.append(macromolecule_fid(acquisition, points))
    return BasisSet(
        names=(*wanted, MACROMOLECULE_NAME) if macromolecules else wanted,
        fids=np.array(fids),
        dwell_time_s=acquisition.dwell_time_s,
        spectrometer_frequency_mhz=acquisition.spectrometer_frequency_mhz,
        receiver_ppm=acquisition.receiver_ppm,
        source="pharmrs first-order multiplets",
        echo_time_s=acquisition.echo_time_s,
        proton_amplitude=1.0,
        notes=("first-order multiplets at echo time 0: for demonstration and tests, not for real spectra",),
    )
