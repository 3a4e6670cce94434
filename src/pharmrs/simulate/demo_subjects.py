"""The people of the demonstration data set: drawn concentrations, and the settings of each examination."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pharmrs.records import Acquisition
from pharmrs.simulate.basis_set import MACROMOLECULE_NAME
from pharmrs.simulate.scan_records import ScanSettings

# mM of the whole voxel: round numbers within the ranges of normal brain, Govindaraju 2000,
# doi:10.1002/1099-1492(200005)13:3<129::AID-NBM619>3.0.CO;2-V
MEAN_MM = {
    "Asp": 2.0,
    "Cr": 4.2,
    "GABA": 1.2,
    "GPC": 1.1,
    "GSH": 1.2,
    "Gln": 2.6,
    "Glu": 9.6,
    "Gly": 0.6,
    "Ins": 6.0,
    "Lac": 0.7,
    "NAA": 10.8,
    "NAAG": 1.5,
    "PCho": 0.4,
    "PCr": 3.8,
    "Scyllo": 0.3,
    "Tau": 1.4,
    MACROMOLECULE_NAME: 1.5,
}
_BETWEEN_SUBJECTS = 0.10
_BETWEEN_SESSIONS = 0.03

ACQUISITION = Acquisition(
    spectrometer_frequency_mhz=297.2,
    dwell_time_s=1.0 / 6000.0,
    echo_time_s=0.020,
    repetition_time_s=5.0,
    mixing_time_s=0.010,
    sequence="STEAM",
    manufacturer="simulated",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoScan:
    """One examination of the demonstration: BIDS labels, concentrations (mM), settings, and whether it is bad."""

    subject: str
    session: str
    concentrations_mm: dict[str, float]
    settings: ScanSettings
    bad: bool

    @property
    def name(self) -> str:
        """BIDS name without suffix."""
        return f"sub-{self.subject}_ses-{self.session}_acq-steam"


def draw_scans(rng: np.random.Generator, subjects: int, sessions: int) -> list[DemoScan]:
    """All examinations. The last one is bad on purpose: 30 Hz wide and S/N 8, so that the quality rules have work."""
    scans = []
    for subject in range(1, subjects + 1):
        personal = {name: mean * _spread(rng, _BETWEEN_SUBJECTS) for name, mean in MEAN_MM.items()}
        for session in range(1, sessions + 1):
            amounts = {name: value * _spread(rng, _BETWEEN_SESSIONS) for name, value in personal.items()}
            bad = subject == subjects and session == sessions
            scans.append(
                DemoScan(
                    subject=f"{subject:02d}",
                    session=str(session),
                    concentrations_mm=amounts,
                    settings=_settings(rng, bad),
                    bad=bad,
                )
            )
    return scans


def _spread(rng: np.random.Generator, relative_sd: float) -> float:
    # log-normal: concentrations are positive
    return float(np.exp(rng.normal(0.0, relative_sd)))


def _settings(rng: np.random.Generator, bad: bool) -> ScanSettings:
    good = ScanSettings(
        line_width_hz=float(rng.normal(6.7, 0.8)),
        signal_to_noise=float(rng.normal(40.0, 3.0)),
        drift_hz=float(rng.normal(0.0, 3.0)),
        spoiled=(int(rng.integers(3, 13)),) if rng.random() < 0.5 else (),
        residual_water=float(rng.uniform(3e-4, 2e-3)),
    )
    return replace(good, line_width_hz=30.0, signal_to_noise=8.0, spoiled=()) if bad else good
