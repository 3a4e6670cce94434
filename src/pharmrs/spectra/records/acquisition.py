"""What the scanner was told to do. Units are in the names; the phase sense is that of NIfTI-MRS."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pharmrs.core.constants import WATER_PPM
from pharmrs.core.records.arrays import ComplexArray, FloatArray, read_only


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """What the header tells about the hardware and its adjustment, as text; empty: not told."""

    field_strength: str = ""
    model: str = ""
    software: str = ""
    transmit_coil: str = ""
    receive_coil: str = ""
    water_suppression: str = ""
    shimming: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """Acquisition parameters of one recording.

    `receiver_ppm` is the chemical shift at 0 Hz of the stored data (water on resonance: 4.65 ppm). In the NIfTI-MRS
    (Levitt) phase sense a higher chemical shift is a lower frequency: ppm = receiver_ppm - f / MHz.
    """

    spectrometer_frequency_mhz: float
    dwell_time_s: float
    echo_time_s: float
    repetition_time_s: float
    nucleus: str = "1H"
    mixing_time_s: float | None = None
    receiver_ppm: float = WATER_PPM.value
    acquisition_start_time_s: float = 0.0
    sequence: str = ""
    manufacturer: str = ""
    scanner: Scanner = Scanner()

    def ppm_axis(self, points: int) -> FloatArray:
        """Chemical shift of every FFT bin of `points` samples, shape (points,), in FFT order."""
        offset_hz = np.fft.fftfreq(points, self.dwell_time_s)
        return np.asarray(self.receiver_ppm - offset_hz / self.spectrometer_frequency_mhz, dtype=np.float64)

    def time_axis_s(self, points: int) -> FloatArray:
        """Sample times from the first stored point, shape (points,), seconds."""
        return np.asarray(np.arange(points) * self.dwell_time_s, dtype=np.float64)

    @property
    def spectral_width_hz(self) -> float:
        return 1.0 / self.dwell_time_s


NO_PLACE = read_only(np.diag([10_000.0, 10_000.0, 10_000.0, 1.0]), np.float64)  # NIfTI-MRS: where is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Fids:
    """Raw transients: `data` complex, shape (points, coils, transients), arbitrary receiver units.

    `affine` is the 4x4 voxel-to-world matrix in mm (its columns carry the voxel size). `conditions`: of an edited
    measurement, which condition each transient is of, as the file tells it (DIM_EDIT); empty: it does not.
    """

    data: ComplexArray
    acquisition: Acquisition
    affine: FloatArray
    source: str
    header: dict[str, object] = field(default_factory=dict)
    conditions: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", read_only(self.data, np.complex128))
        object.__setattr__(self, "affine", read_only(self.affine, np.float64))
        if self.data.ndim != 3:
            raise ValueError(f"Fids.data must be (points, coils, transients), got shape {self.data.shape}")

    @property
    def points(self) -> int:
        return int(self.data.shape[0])

    @property
    def coils(self) -> int:
        return int(self.data.shape[1])

    @property
    def transients(self) -> int:
        return int(self.data.shape[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """One combined, averaged signal in the time domain: `fid` complex, shape (points,)."""

    fid: ComplexArray
    acquisition: Acquisition
    affine: FloatArray
    source: str
    averages: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "fid", read_only(self.fid, np.complex128))
        object.__setattr__(self, "affine", read_only(self.affine, np.float64))
        if self.fid.ndim != 1:
            raise ValueError(f"Spectrum.fid must be one-dimensional, got shape {self.fid.shape}")

    @property
    def points(self) -> int:
        return int(self.fid.shape[0])

    def ppm_axis(self) -> FloatArray:
        """Chemical shift of each bin of `values()`, shape (points,), FFT order."""
        return self.acquisition.ppm_axis(self.points)

    def values(self) -> ComplexArray:
        """The spectrum: discrete Fourier transform of the FID, shape (points,), FFT order."""
        return np.fft.fft(self.fid)
