"""Datasets of any number of scans and tables of any number of people, cheap to make."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import yaml

from pharmrs.core.files.atomic import write_text
from pharmrs.core.report.tables import write_table
from pharmrs.simulate.chemistry import TISSUE_MM
from pharmrs.simulate.effects import reference_effects
from pharmrs.simulate.observations import StageErrors, observed_table
from pharmrs.simulate.raw_scan import simulate_scan
from pharmrs.simulate.recordings import ACQUISITION, POINTS
from pharmrs.simulate.scan_records import SimulatedScanner
from pharmrs.simulate.study_text import BASIS_FILE
from pharmrs.simulate.trial import draw_trial
from pharmrs.simulate.trial_dataset import built_in_basis
from pharmrs.simulate.trial_records import Trial, TrialSettings
from pharmrs.spectra.basis.write_basis import write_lcmodel_basis
from pharmrs.spectra.read.nifti_mrs import write_fids
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.report.tables import observations_table

DESIGN = Design(kind="crossover", treatments=("placebo", "drug"))
STUDY = {
    "title": "Scans of a benchmark",
    "basis": BASIS_FILE,
    "references": {"quantification": "acq-quant", "eddy_current": "acq-ecc", "coil_combination": "acq-ecc"},
    "quantification": {
        "primary_scale": "gm_wm_normalised",
        "tissue": {"gray_matter": 0.6, "white_matter": 0.25, "csf": 0.15, "sd": 0.04, "source": "benchmark"},
    },
    "quality": {"max_crlb_percent": 20, "max_line_width_hz": 24, "min_signal_to_noise": 20},
}
MODELS_OF_THE_PLAN = (
    "cr2", "mixed", "errors_in_variables", "tobit", "joint", "permutation", "bootstrap", "leave_one_out",
)  # fmt: skip
PLAN = {
    "title": "People of a benchmark",
    "design": {"kind": "crossover", "treatments": ["placebo", "drug"]},
    "analysis": {
        "metabolite": "Glu",
        "biomarker": "BDNF",
        "time_adjustment": "linear",
        "biomarker_transform": "shifted_log",
        "biomarker_change": "relative",
        "metabolite_change": "relative",
        "covariates": [{"name": "age"}, {"name": "bmi"}],
        "models": list(MODELS_OF_THE_PLAN),
    },
}


def write_scans(root: Path, count: int, coils: int, transients: int) -> Path:
    """A dataset of `count` scans: one recording under many names (links), so that disk and time are those of one."""
    root.mkdir(parents=True)
    write_text(root / "dataset_description.json", '{"Name": "benchmark", "BIDSVersion": "1.10.0"}\n')
    write_text(root / "study.yaml", yaml.safe_dump(STUDY, sort_keys=False))
    basis = built_in_basis()
    write_lcmodel_basis(root / BASIS_FILE, basis, "STEAM")
    settings = SimulatedScanner(coils=coils, transients=transients)
    millimolar = {name: TISSUE_MM.get(name.lower(), 0.5) for name in basis.names}
    scan = simulate_scan(basis, millimolar, ACQUISITION, np.random.default_rng(1), points=POINTS, settings=settings)
    made = {
        "acq-steam_svs": scan.metabolite,
        "acq-quant_mrsref": scan.quantification,
        "acq-ecc_mrsref": scan.eddy_current,
    }
    first = root / "sub-00000" / "mrs"
    first.mkdir(parents=True)
    for label, fids in made.items():
        write_fids(first / f"sub-00000_{label}.nii.gz", fids)
    for number in range(1, count):
        folder = root / f"sub-{number:05d}" / "mrs"
        folder.mkdir(parents=True)
        for label in made:
            os.link(first / f"sub-00000_{label}.nii.gz", folder / f"sub-{number:05d}_{label}.nii.gz")
    return root


def people(count: int) -> Trial:
    """A crossover trial of `count` people, four visits each."""
    effects = reference_effects(DESIGN.treatments)
    return draw_trial(TrialSettings(design=DESIGN, participants=count, seed=1, effects=effects))


def write_observations(folder: Path, count: int) -> tuple[Path, Path]:
    """An observation table as `pharmrs analyse` takes it, and its plan."""
    table = observed_table(people(count), StageErrors())
    write_table(folder, observations_table(table))
    write_text(folder / "plan.yaml", yaml.safe_dump(PLAN, sort_keys=False))
    return folder / "observations.tsv", folder / "plan.yaml"
