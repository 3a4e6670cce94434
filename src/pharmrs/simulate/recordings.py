"""The raw recordings of one visit: drawn quality, simulation, files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pharmrs.core.files.atomic import write_text
from pharmrs.core.records.arrays import FloatArray
from pharmrs.simulate.chemistry import concentrations
from pharmrs.simulate.raw_scan import simulate_scan
from pharmrs.simulate.scan_records import SimulatedScanner, SimulatedTruth
from pharmrs.simulate.session_series import TrueSeries, recordings_of, scanner_of, true_change
from pharmrs.simulate.trial import stream
from pharmrs.simulate.trial_records import Trial, Visit
from pharmrs.spectra.read.nifti_mrs import write_fids
from pharmrs.spectra.records import Acquisition, BasisSet, Fids, TissueFractions

POINTS = 2048
ACQUISITION_LABEL = "acq-steam"
REFERENCES = (("acq-quant", "quantification"), ("acq-ecc", "eddy_current"))
_SCANS, _SERIES = 40, 41  # streams of random numbers

# the protocol of the reference study: 7 T, STEAM, TE 20 ms, TM 10 ms, TR 5 s
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
class ScannerSettings:
    """How good the recordings are, mean and SD over scans; the defaults are the reference study's.

    `line_width_hz` is drawn log-normally (shims have a tail), `signal_to_noise` normally. `spoiled_share`: share of
    scans in which the head moved during one transient.
    """

    line_width_hz: tuple[float, float] = (6.7, 2.6)
    signal_to_noise: tuple[float, float] = (41.0, 6.0)
    drift_hz: float = 3.0
    spoiled_share: float = 0.4
    bad_line_width_hz: float = 30.0
    bad_signal_to_noise: float = 8.0


@dataclass(frozen=True, slots=True)
class RecordingTask:
    """One visit to be recorded by a worker. `affine`: voxel to scanner, mm, shape (4, 4).

    `references`: entity of each water reference in its file name (empty: none) and which of the two it is.
    """

    root: Path
    trial: Trial
    visit: Visit
    basis: BasisSet
    acquisition: Acquisition
    scanner: ScannerSettings
    affine: FloatArray
    references: tuple[tuple[str, str], ...] = REFERENCES


@dataclass(frozen=True, slots=True)
class SimulatedRecording:
    """What was recorded: name of the scan without its suffix, and the truth."""

    scan: str
    visit: Visit
    truth: SimulatedTruth
    series: TrueSeries | None = None


def scan_name(visit: Visit) -> str:
    return f"{visit.name}_{ACQUISITION_LABEL}"


def record_visit(task: RecordingTask) -> SimulatedRecording:
    """Simulate and write the recordings of one visit. Its random numbers depend on seed, person and session alone."""
    visit = task.visit
    rng = stream(task.trial.settings, _SCANS, int(visit.participant.label), int(visit.session))
    scanner = draw_quality(task.scanner, visit, rng)
    amounts = concentrations(task.trial, visit, task.basis.names)
    simulated = simulate_scan(
        task.basis, amounts, task.acquisition, rng, points=POINTS, settings=scanner, affine=task.affine
    )
    folder = task.root / f"sub-{visit.participant.label}" / f"ses-{visit.session}" / "mrs"
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, f"{scan_name(visit)}_svs", simulated.metabolite, suppressed=True)
    for entity, purpose in task.references:
        name = "_".join(part for part in (visit.name, entity, "mrsref") if part)
        _write(folder, name, getattr(simulated, purpose), suppressed=False)
    return SimulatedRecording(scan_name(visit), visit, simulated.truth, _record_series(task, folder, scanner, amounts))


def _record_series(
    task: RecordingTask, folder: Path, scanner: SimulatedScanner, amounts: dict[str, float]
) -> TrueSeries | None:
    """The recordings of a declared series, made after treatment with a receiver of their own."""
    visit, settings = task.visit, task.trial.settings
    planted = settings.series
    if planted is None or visit.time_point != settings.design.follow_up:
        return None
    rng = stream(settings, _SERIES, int(visit.participant.label), int(visit.session))
    truth = true_change(planted, visit, rng)
    more = {planted.metabolite: amounts[planted.metabolite] * truth.change_percent / 100.0}
    for recording in recordings_of(planted, task.acquisition.repetition_time_s):
        simulated = simulate_scan(
            task.basis, amounts, task.acquisition, rng, points=POINTS,
            settings=scanner_of(scanner, recording.course.size), affine=task.affine,
            following=(more, recording.course),
        )  # fmt: skip
        name = f"{visit.name}_{recording.entities}"
        _write(folder, f"{name}_svs", simulated.metabolite, suppressed=True)
        _write(folder, f"{name}_mrsref", simulated.eddy_current, suppressed=False)
    return truth


def draw_quality(scanner: ScannerSettings, visit: Visit, rng: np.random.Generator) -> SimulatedScanner:
    """Line width, S/N, drift, motion and residual water of one scan, and the tissue it sees."""
    mean, sd = scanner.line_width_hz
    spread = np.sqrt(np.log1p((sd / mean) ** 2))  # of the logarithm, for the stated mean and SD
    width = mean * float(np.exp(rng.normal(-(spread**2) / 2, spread)))
    noise = float(rng.normal(*scanner.signal_to_noise))
    drift, residual = float(rng.normal(0.0, scanner.drift_hz)), float(rng.uniform(3e-4, 2e-3))
    moved = (int(rng.integers(3, 13)),) if rng.random() < scanner.spoiled_share else ()
    if visit.bad_scan:
        width, noise, moved = scanner.bad_line_width_hz, scanner.bad_signal_to_noise, ()
    return SimulatedScanner(
        line_width_hz=max(width, 2.0),
        signal_to_noise=max(noise, 5.0),
        drift_hz=drift,
        spoiled=moved,
        residual_water=residual,
        tissue=TissueFractions(
            gray_matter=visit.gray_matter,
            white_matter=visit.white_matter,
            csf=visit.csf,
            gray_matter_sd=0.0,
            white_matter_sd=0.0,
            csf_sd=0.0,
            source="simulated",
        ),
    )


def _write(folder: Path, name: str, fids: Fids, *, suppressed: bool) -> None:
    write_fids(folder / f"{name}.nii.gz", fids)
    acquisition = fids.acquisition
    sidecar = {
        "ResonantNucleus": acquisition.nucleus,
        "SpectrometerFrequency": acquisition.spectrometer_frequency_mhz,
        "SpectralWidth": acquisition.spectral_width_hz,
        "EchoTime": acquisition.echo_time_s,
        "RepetitionTime": acquisition.repetition_time_s,
        "MixingTime": acquisition.mixing_time_s,
        "NumberOfSpectralPoints": fids.points,
        "NumberOfTransients": fids.transients,
        "WaterSuppression": suppressed,
        "MagneticFieldStrength": 7,
        "Manufacturer": acquisition.manufacturer,
        "PulseSequenceType": acquisition.sequence,
    }
    write_text(folder / f"{name}.json", json.dumps(sidecar, indent=2) + "\n")
