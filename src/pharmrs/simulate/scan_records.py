"""Settings and truth of a simulated examination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.simulate.relaxation import RelaxationTimes
from pharmrs.spectra.records import Fids, TissueFractions


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedScanner:
    """What the simulated scanner and subject do.

    `line_width_hz`: Voigt FWHM added to the basis, of which `lorentz_share` is Lorentzian; `water_line_width_hz`:
    Lorentzian. `signal_to_noise`: highest peak over twice the SD of the noise of the averaged, optimally combined
    real spectrum (LCModel's definition for a perfect fit). `drift_hz`: from first to last transient; jitters are SDs.
    `spoiled`: transients ruined by motion (index from 0). `eddy_phase_rad`, `eddy_decay_s`: size and time constant of
    each exponential term of the eddy-current phase. `residual_water`: share of the water signal that suppression
    leaves. `water_concentration_mm`: None to compute it from `tissue`.
    """

    line_width_hz: float = 6.7
    lorentz_share: float = 0.6
    water_line_width_hz: float = 8.0
    signal_to_noise: float = 40.0
    coils: int = 4
    noise_correlation: float = 0.2
    transients: int = 16
    water_transients: int = 2
    drift_hz: float = 3.0
    frequency_jitter_hz: float = 0.5
    phase_jitter_rad: float = 0.1
    spoiled: tuple[int, ...] = ()
    eddy_phase_rad: tuple[float, ...] = (1.2, -0.5)
    eddy_decay_s: tuple[float, ...] = (0.012, 0.06)
    residual_water: float = 0.001
    water_concentration_mm: float | None = None
    tissue: TissueFractions = field(
        default_factory=lambda: TissueFractions(
            gray_matter=0.60,
            white_matter=0.25,
            csf=0.15,
            gray_matter_sd=0.0,
            white_matter_sd=0.0,
            csf_sd=0.0,
            source="simulated",
        )
    )
    relaxation: RelaxationTimes = field(default_factory=RelaxationTimes)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedTruth:
    """What was put in: concentrations of the whole voxel (mM), and every number that preprocessing estimates.

    `noise_sd`: per coil and real or imaginary part, receiver units, shape (coils,); `frequencies_hz`, `phases_rad`:
    per transient. `proton_signal`: receiver units of one proton at 1 mM before coils and relaxation.
    """

    concentrations_mm: Mapping[str, float]
    water_concentration_mm: float
    tissue: TissueFractions
    relaxation: RelaxationTimes
    line_width_hz: float
    signal_to_noise: float
    noise_sd: FloatArray
    coil_gains: ComplexArray
    frequencies_hz: FloatArray
    phases_rad: FloatArray
    spoiled: tuple[int, ...]
    proton_signal: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedScan:
    """One examination: metabolites, water for quantification, water for eddy currents and coils, and the truth."""

    metabolite: Fids
    quantification: Fids
    eddy_current: Fids
    truth: SimulatedTruth
