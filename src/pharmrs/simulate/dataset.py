"""A small synthetic BIDS data set with known truth, for the demonstration and for end-to-end tests."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pharmrs.io.nifti_mrs import write_fids
from pharmrs.records import Fids
from pharmrs.simulate.basis_set import MACROMOLECULE_NAME, protocol_of, simulated_basis
from pharmrs.simulate.demo_study import README, STUDY_YAML, TRUTH_COLUMNS
from pharmrs.simulate.demo_subjects import ACQUISITION, MEAN_MM, DemoScan, draw_scans
from pharmrs.simulate.raw_scan import simulate_scan
from pharmrs.simulate.scan_records import SimulatedScan, SimulatedTruth
from pharmrs.simulate.write_basis import write_lcmodel_basis

POINTS = 2048
BASIS_FILE = "basis/demo_steam_7t.basis"
TRUTH_FILE = "truth/concentrations.tsv"


def write_demo_dataset(folder: str | Path, seed: int, subjects: int = 2, sessions: int = 2) -> None:
    """Write a BIDS 1.10 MRS data set to `folder`; the same seed gives the same bytes.

    Raw recordings (coils x transients), water references, basis set, `study.yaml` and the truth. The last examination
    is bad on purpose. `folder` must be empty or absent: nothing is ever overwritten.
    """
    root = Path(folder)
    if root.exists() and any(root.iterdir()):
        raise FileExistsError(f"{root} is not empty; give an empty or new folder")
    if subjects < 1 or sessions < 1:
        raise ValueError("a data set needs at least one subject and one session")
    (root / "basis").mkdir(parents=True, exist_ok=True)
    (root / "truth").mkdir(exist_ok=True)
    rng = np.random.default_rng(seed)
    # twice the points of the recordings: a basis that outlasts the data is not cut short by it
    metabolites = [name for name in MEAN_MM if name != MACROMOLECULE_NAME]
    basis = simulated_basis(protocol_of(ACQUISITION, 2 * POINTS), metabolites)
    write_lcmodel_basis(root / BASIS_FILE, basis, ACQUISITION.sequence)
    scans = draw_scans(rng, subjects, sessions)
    truths: list[SimulatedTruth] = []
    for scan in scans:
        simulated = simulate_scan(
            basis, scan.concentrations_mm, ACQUISITION, rng, points=POINTS, settings=scan.settings, affine=_voxel()
        )
        _write_scan(root, scan, simulated)
        truths.append(simulated.truth)
    _write_study(root, scans, truths, seed)


def _voxel() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """20 x 15 x 10 mm near the pregenual anterior cingulate cortex, axes along the scanner's, shape (4, 4)."""
    affine = np.diag([20.0, 15.0, 10.0, 1.0])
    affine[:3, 3] = (0.0, 40.0, 10.0)
    return affine


def _write_scan(root: Path, scan: DemoScan, simulated: SimulatedScan) -> None:
    folder = root / f"sub-{scan.subject}" / f"ses-{scan.session}" / "mrs"
    folder.mkdir(parents=True)
    stem = f"sub-{scan.subject}_ses-{scan.session}"
    reference = {"quant": simulated.quantification, "ecc": simulated.eddy_current}
    _write_recording(folder, f"{scan.name}_svs", simulated.metabolite, suppressed=True)
    for label, fids in reference.items():
        _write_recording(folder, f"{stem}_acq-{label}_mrsref", fids, suppressed=False)


def _write_recording(folder: Path, name: str, fids: Fids, *, suppressed: bool) -> None:
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
    _write_json(folder / f"{name}.json", sidecar)


def _write_study(root: Path, scans: list[DemoScan], truths: list[SimulatedTruth], seed: int) -> None:
    description = {
        "Name": "pharmrs demonstration: simulated 7 T STEAM recordings with known truth",
        "BIDSVersion": "1.10.0",
        "DatasetType": "raw",
        "License": "CC0",
        "Authors": ["pharmrs"],
        "GeneratedBy": [{"Name": "pharmrs.simulate", "Description": f"write_demo_dataset, seed {seed}"}],
    }
    _write_json(root / "dataset_description.json", description)
    subjects = sorted({scan.subject for scan in scans})
    _write_table(root / "participants.tsv", ["participant_id"], ([f"sub-{label}"] for label in subjects))
    _write_json(root / "participants.json", {"participant_id": {"Description": "simulated participant"}})
    # BIDS knows no place for these; without this its validator would reject the data set
    _write_text(root / ".bidsignore", "basis\ntruth\nstudy.yaml\n")
    _write_text(root / "README", README)
    _write_text(root / "study.yaml", STUDY_YAML.format(basis=BASIS_FILE))
    rows = (row for scan, truth in zip(scans, truths, strict=True) for row in _truth_rows(scan, truth))
    _write_table(root / TRUTH_FILE, list(TRUTH_COLUMNS), rows)
    _write_json(root / TRUTH_FILE.replace(".tsv", ".json"), TRUTH_COLUMNS)


def _truth_rows(scan: DemoScan, truth: SimulatedTruth) -> Iterable[list[str]]:
    for name, amount in truth.concentrations_mm.items():
        yield [
            scan.name,
            name,
            f"{amount:.6f}",
            f"{truth.water_concentration_mm:.3f}",
            f"{truth.line_width_hz:.4f}",
            f"{truth.signal_to_noise:.4f}",
            " ".join(map(str, truth.spoiled)) or "n/a",
            str(scan.bad).lower(),
        ]


def _write_json(path: Path, content: object) -> None:
    _write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _write_table(path: Path, columns: list[str], rows: Iterable[list[str]]) -> None:
    _write_text(path, "\n".join("\t".join(row) for row in [columns, *rows]) + "\n")


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
