"""Recovery from raw signals: whole trials simulated, preprocessed, fitted and measured, without pictures."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.recovery_fast import PARTICIPANTS, REFERENCE_PLAN, Interaction, estimates
from pharmrs.anatomy.read.volumes import read_box, read_maps
from pharmrs.anatomy.science.fractions import boundary_covariance, box_content
from pharmrs.anatomy.stage.plan import plan_tissue
from pharmrs.assay.report.tables import write_assay_tables
from pharmrs.assay.stage.plates import analyse_files, assay_files
from pharmrs.core.records.tissue import StudyTissue, TissueFractions
from pharmrs.simulate.command import SimulationRequest, simulate_trial
from pharmrs.simulate.observations import observed_table
from pharmrs.simulate.trial_records import Trial
from pharmrs.spectra.read.nifti_mrs import spectrometer_frequency_mhz
from pharmrs.spectra.stage.scan import process_scan
from pharmrs.spectra.stage.settings import settings_of
from pharmrs.study.dataset import Dataset, open_dataset
from pharmrs.study.observations import build_observations
from pharmrs.study.outputs import write_tables
from pharmrs.trial.records.observations import Observation, ObservationTable

STAGES = ("no error", "spectra and tissue", "plates", "all stages")


@dataclass(frozen=True, slots=True, kw_only=True)
class FullTrial:
    """One trial from raw signals: interactions by stage, and the size of the errors that were made.

    `metabolite_cv`: SD of ln(found / true tissue concentration) over kept scans; `tissue_sd`: SD of the fraction of
    grey and white matter (found - true); `assay_cv`: SD of ln(found / true) over measured samples; `censored`,
    `truly_below`: samples; `excluded`, `bad`: scans. `z_metabolite`, `z_assay`: SD of the error over the reported SD.
    """

    seed: int
    interactions: tuple[Interaction, ...]
    metabolite_cv: float
    tissue_sd: float
    assay_cv: float
    z_metabolite: float
    z_assay: float
    censored: int
    truly_below: int
    excluded: int
    bad: int


def run_trial(seed: int) -> FullTrial:
    """Simulate one trial from raw signals into a temporary folder, and analyse it with the project's own stages."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "trial"
        trial = simulate_trial(root, SimulationRequest(participants=PARTICIPANTS, seed=seed))
        found, tissue = _analysed(root, root / "derivatives" / "pharmrs")
    truth = observed_table(trial)
    tables = {
        "no error": truth,
        "spectra and tissue": _mixed(truth, found, metabolite=True, biomarker=False),
        "plates": _mixed(truth, found, metabolite=False, biomarker=True),
        "all stages": found,
    }
    interactions = [one for stage, table in tables.items() for one in estimates(stage, table)]
    return _summary(seed, trial, truth, found, tissue, interactions)


def _analysed(root: Path, output: Path) -> tuple[ObservationTable, dict[str, TissueFractions]]:
    """Observation table and tissue fractions of a dataset: what `pharmrs run` computes, without its pictures."""
    dataset = open_dataset(root)
    study, basis = dataset.to_fit()
    assert study.analysis is not None and study.assay is not None
    tissue = _tissue(dataset, output)
    outcomes = [
        process_scan(files, basis, settings_of(study, files.name, StudyTissue(measured=tissue)))
        for files in dataset.scans
    ]
    write_tables(output, dataset, outcomes)
    settings = replace(study.assay.settings(), bootstrap_draws=0)
    plates = analyse_files(*assay_files(root / "sourcedata" / "assay"), settings)
    assert plates.study is not None
    write_assay_tables(output, plates.study)
    plan = replace(REFERENCE_PLAN, scale=study.quantification.primary_scale)
    return build_observations(root, output, study, plan)[0], tissue


def _tissue(dataset: Dataset, output: Path) -> dict[str, TissueFractions]:
    study, _ = dataset.to_fit()
    assert study.anatomy is not None
    found = {}
    for task in plan_tissue(dataset.root, study.anatomy, dataset.scans, output, spectrometer_frequency_mhz).tasks:
        maps = read_maps(task.files, "maps")
        borders = boundary_covariance(study.anatomy.segmentation_sd, study.anatomy.segmentation_sd)
        for scan in task.scans:
            content = box_content(maps, read_box(scan.metabolite), study.anatomy.position_sd_mm, borders)
            gray, white, csf = (float(value) for value in content.values)
            sds = [float(value) for value in np.sqrt(np.diag(content.covariance))]
            found[scan.name] = TissueFractions(
                gray_matter=gray,
                white_matter=white,
                csf=csf,
                gray_matter_sd=sds[0],
                white_matter_sd=sds[1],
                csf_sd=sds[2],
                source="maps",
            )
    return found


def _mixed(truth: ObservationTable, found: ObservationTable, *, metabolite: bool, biomarker: bool) -> ObservationTable:
    """The true table with the values that were found for one of the two."""
    measured = {row.key: row for row in found.rows}

    def change(row: Observation) -> Observation:
        other = measured[row.key]
        if metabolite:
            values = (other.metabolite, other.metabolite_sd, other.exclusions)
            row = replace(row, metabolite=values[0], metabolite_sd=values[1], exclusions=values[2])
        if biomarker:
            row = replace(
                row,
                biomarker=other.biomarker,
                biomarker_sd=other.biomarker_sd,
                biomarker_censored=other.biomarker_censored,
                biomarker_limit=other.biomarker_limit,
                clock_time_h=other.clock_time_h,
            )
        return row

    return truth.mapped(change)


def _summary(
    seed: int,
    trial: Trial,
    truth: ObservationTable,
    found: ObservationTable,
    tissue: dict[str, TissueFractions],
    interactions: list[Interaction],
) -> FullTrial:
    pairs = [(row, one) for row, one in zip(truth.rows, found.rows, strict=True) if row.key == one.key]
    assert len(pairs) == len(truth.rows)
    metabolite = np.array([(a.metabolite, b.metabolite_kept, b.metabolite_sd) for a, b in pairs])
    metabolite = metabolite[np.isfinite(metabolite).all(axis=1)]
    error = np.log(metabolite[:, 1] / metabolite[:, 0])
    error -= error.mean()  # the scale takes water and relaxation as constant: a factor common to all scans
    biomarker = np.array([(a.biomarker, b.biomarker_measured, b.biomarker_sd) for a, b in pairs])
    biomarker = biomarker[np.isfinite(biomarker).all(axis=1)]
    assay_error = np.log(biomarker[:, 1] / biomarker[:, 0])
    limit = next((row.biomarker_limit for row in found.rows if row.biomarker_censored == "left"), np.nan)
    fractions = {f"{visit.name}_acq-steam": visit.gray_matter + visit.white_matter for visit in trial.visits}
    off = [one.gray_matter + one.white_matter - fractions[name] for name, one in tissue.items()]
    return FullTrial(
        seed=seed,
        interactions=tuple(interactions),
        metabolite_cv=float(error.std(ddof=1)),
        tissue_sd=float(np.std(off, ddof=1)),
        assay_cv=float(assay_error.std(ddof=1)),
        z_metabolite=float(np.std(error / (metabolite[:, 2] / metabolite[:, 1]), ddof=1)),
        z_assay=float(np.std(assay_error / (biomarker[:, 2] / biomarker[:, 1]), ddof=1)),
        censored=sum(row.biomarker_censored == "left" for row in found.rows),
        truly_below=sum(visit.has_sample and visit.biomarker < limit for visit in trial.visits),
        excluded=sum(bool(row.exclusions) for row in found.rows),
        bad=sum(visit.has_scan and visit.bad_scan for visit in trial.visits),
    )
