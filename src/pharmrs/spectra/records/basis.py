"""A basis set: the signal of each metabolite for one sequence, on one clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.core.constants import SINGLETS, Singlet
from pharmrs.core.records.arrays import ComplexArray, FloatArray, read_only


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisSet:
    """Simulated or measured signals of the metabolites.

    `fids`: complex, shape (metabolites, points), NIfTI-MRS phase sense, on resonance at `receiver_ppm`; amplitude such
    that `proton_amplitude` is the initial amplitude of one proton at unit concentration (NaN where it is not known).
    `echo_time_s` is NaN where the file does not say. `notes` tells what the reader did (reference peak removed, ...).
    `edited`: of an edited sequence, the same components with the editing pulses on, in the order of the bands, both
    last; this basis set is then that of the OFF condition. `edited_ppm`: those bands.
    """

    names: tuple[str, ...]
    fids: ComplexArray
    dwell_time_s: float
    spectrometer_frequency_mhz: float
    receiver_ppm: float
    source: str
    echo_time_s: float = float("nan")
    proton_amplitude: float = float("nan")
    notes: tuple[str, ...] = ()
    edited: tuple[BasisSet, ...] = ()
    edited_ppm: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "fids", read_only(self.fids, np.complex128))
        if self.fids.shape[0] != len(self.names):
            raise ValueError(f"{len(self.names)} names for {self.fids.shape[0]} basis signals")

    def known_singlets(self) -> tuple[tuple[Singlet, ComplexArray], ...]:
        """Each component that has a known singlet (`constants.SINGLETS`): the singlet and the signal (points,)."""
        named = zip(self.names, self.fids, strict=True)
        return tuple((SINGLETS[name.lower()], fid) for name, fid in named if name.lower() in SINGLETS)

    @property
    def points(self) -> int:
        return int(self.fids.shape[1])

    def ppm_axis(self) -> FloatArray:
        """Chemical shift of each FFT bin of the basis signals, shape (points,), FFT order."""
        offset_hz = np.fft.fftfreq(self.points, self.dwell_time_s)
        return np.asarray(self.receiver_ppm - offset_hz / self.spectrometer_frequency_mhz, dtype=np.float64)
