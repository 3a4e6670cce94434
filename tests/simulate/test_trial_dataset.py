"""A simulated trial as files: a valid BIDS dataset, found by the project's own readers, the same for the same seed."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pharmrs.assay.stage.plates import analyse_files, assay_files
from pharmrs.core.errors import InputError
from pharmrs.simulate.command import REFERENCE_DESIGN, SimulationRequest, simulate_trial
from pharmrs.simulate.trial import draw_trial
from pharmrs.simulate.trial_dataset import TRUTH_FILE, Instruments, built_in_basis, write_trial
from pharmrs.simulate.trial_records import Trial, TrialSettings
from pharmrs.spectra.basis.write_basis import write_lcmodel_basis
from pharmrs.spectra.read.basis import read_basis
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.read.scans import find_scans
from pharmrs.study.study_file import read_study


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trial]:
    folder = tmp_path_factory.mktemp("trial")
    return folder, simulate_trial(folder, SimulationRequest(participants=2, seed=11))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_scan_is_found_with_its_references(written: tuple[Path, Trial]) -> None:
    folder, trial = written
    scans, problems = find_scans(folder, read_study(folder / "study.yaml"))
    assert [str(problem) for problem in problems] == []
    assert [scan.name for scan in scans] == [f"{visit.name}_acq-steam" for visit in trial.visits if visit.has_scan]
    for scan in scans:
        assert "acq-quant" in scan.quantification
        assert "acq-ecc" in scan.eddy_current
        assert "acq-ecc" in scan.coil_combination


def test_recordings_and_basis_are_readable_and_agree(written: tuple[Path, Trial]) -> None:
    folder, _ = written
    fids = read_fids(next(folder.rglob("*_svs.nii.gz")))
    assert fids.data.shape == (2048, 4, 16)
    assert fids.acquisition.echo_time_s == 0.02
    basis = read_basis(folder / str(read_study(folder / "study.yaml").basis.path))
    assert basis.dwell_time_s == pytest.approx(fids.acquisition.dwell_time_s, rel=1e-6)
    assert basis.points >= fids.points
    for recording in folder.rglob("mrs/*.nii.gz"):
        sidecar = json.loads(Path(str(recording).replace(".nii.gz", ".json")).read_text())
        assert sidecar["RepetitionTime"] == 5.0


def test_tables_agree_with_the_truth(written: tuple[Path, Trial]) -> None:
    folder, trial = written
    people = {row["participant_id"]: row for row in rows(folder / "participants.tsv")}
    assert set(people) == {"sub-01", "sub-02"}
    allocation = {
        (row["participant_id"], row["period"]): row["treatment"] for row in rows(folder / "phenotype/allocation.tsv")
    }
    for visit in trial.visits:
        subject = f"sub-{visit.participant.label}"
        sessions = {row["session_id"]: row for row in rows(folder / subject / f"{subject}_sessions.tsv")}
        row = sessions[f"ses-{visit.session}"]
        assert (row["period"], row["time_point"]) == (str(visit.period), visit.time_point)
        assert allocation[subject, row["period"]] == visit.treatment
        hours, minutes, _ = row["sampling_time"].split(":") if visit.has_sample else ("0", "0", "0")
        if visit.has_sample:
            assert int(hours) + int(minutes) / 60 == pytest.approx(visit.clock_time_h, abs=1e-6)
        assert row["acq_time"] < "1925"
    layout = rows(folder / "sourcedata/assay/layout.tsv")
    assert {row["sample"] for row in layout if row["role"] == "sample"} == {
        visit.name for visit in trial.visits if visit.has_sample
    }
    for plate in {row["plate"] for row in layout}:
        assert (folder / "sourcedata" / "assay" / f"{plate}.xlsx").is_file()


def test_nobody_learns_the_allocation_but_from_its_table(written: tuple[Path, Trial]) -> None:
    """Blind by construction: no file outside phenotype/, truth/ and study.yaml names a treatment."""
    folder, _ = written
    allowed = ("phenotype/", "truth/", "study.yaml")
    telling = {
        name for name, content in contents(folder).items() if b"ketamine" in content and not name.startswith(allowed)
    }
    assert telling == set()


def test_concentrations_in_the_voxel_are_those_of_tissue(written: tuple[Path, Trial]) -> None:
    folder, trial = written
    truth = {row["scan"]: row for row in rows(folder / TRUTH_FILE) if row["component"] == "Glu"}
    for visit in trial.visits:
        if visit.has_scan:
            brain = visit.gray_matter + visit.white_matter
            found = float(truth[f"{visit.name}_acq-steam"]["concentration_mm"])
            assert found == pytest.approx(visit.metabolite_mm * brain, rel=1e-8)


def test_every_table_is_explained(written: tuple[Path, Trial]) -> None:
    folder, _ = written
    for path in folder.rglob("*.tsv"):
        dictionary = folder / "sessions.json" if path.stem.endswith("_sessions") else path.with_suffix(".json")
        entries = json.loads(dictionary.read_text(encoding="utf-8"))
        assert list(entries) == path.read_text(encoding="utf-8").splitlines()[0].split("\t"), path


def test_same_seed_same_bytes_on_any_number_of_processes(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder, seed, workers in zip(folders, (3, 3, 4), (1, 2, 1), strict=True):
        simulate_trial(folder, SimulationRequest(participants=1, seed=seed, kind="parallel", workers=workers))
    first, second, other = map(contents, folders)
    assert first == second
    assert first != other
    assert np.isfinite(read_fids(next(folders[0].rglob("*svs.nii.gz"))).data).all()


STUDY = """\
title: another drug
basis: sets/own.basis
design: {kind: parallel, treatments: [sugar, low, high], baseline: before, follow_up: after}
references: {quantification: acq-water}
quantification: {primary_scale: ratio_tcr}
quality: {max_crlb_percent: 20}
"""


def test_a_study_of_ones_own(written: tuple[Path, Trial], tmp_path: Path) -> None:
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets/own.basis").write_bytes((written[0] / "basis/steam_7t.basis").read_bytes())
    (tmp_path / "study.yaml").write_text(STUDY)
    folder = tmp_path / "out"
    trial = simulate_trial(folder, SimulationRequest(study=tmp_path / "study.yaml", participants=3, interaction=2.0))
    assert {visit.treatment for visit in trial.visits} <= {"sugar", "low", "high"}
    assert {visit.time_point for visit in trial.visits} == {"before", "after"}
    assert trial.settings.planted.interaction("high", "sugar") == pytest.approx(2.0)
    assert (folder / "study.yaml").read_text() == STUDY
    scans, problems = find_scans(folder, read_study(folder / "study.yaml"))
    assert problems == [] and len(scans) == sum(visit.has_scan for visit in trial.visits)
    assert all("acq-water" in scan.quantification for scan in scans)


OTHER_ASSAY = (
    STUDY
    + """\
assay: {analyte: VEGF, unit: ng/L, lower_limit: {value: 40, refers_to: in_sample}}
analysis:
  {metabolite: GABA, biomarker: VEGF, time_adjustment: none, biomarker_transform: log, biomarker_change: difference,
   metabolite_change: log_ratio}
"""
)


def test_plates_of_another_assay_give_back_the_true_concentrations(tmp_path: Path) -> None:
    """Closed loop with the project's own reading of plates: 60 people, errors of well 3.5 %/sqrt 2 and dilution 3 %."""
    (tmp_path / "sets").mkdir()
    write_lcmodel_basis(tmp_path / "sets/own.basis", built_in_basis(), "STEAM")
    (tmp_path / "study.yaml").write_text(OTHER_ASSAY)
    folder = tmp_path / "out"
    request = SimulationRequest(study=tmp_path / "study.yaml", participants=60, recordings=False)
    trial = simulate_trial(folder, request)
    assert (trial.settings.metabolite, trial.settings.analyte, trial.settings.unit) == ("GABA", "VEGF", "ng/L")
    assert not (folder / "sourcedata/genotyping").exists()
    truth = {visit.name: visit.biomarker for visit in trial.visits if visit.has_sample}
    below = [name for name, value in truth.items() if value < 40.0]
    assert 0.05 < len(below) / len(truth) < 0.30  # 15 % as in the reference study; 120 samples, people as clusters
    assay = read_study(folder / "study.yaml").assay
    assert assay is not None
    settings = replace(assay.settings(), bootstrap_draws=0)
    found = analyse_files(*assay_files(folder / "sourcedata/assay"), settings).study
    assert found is not None
    values = {one.sample: one.value for one in found.concentrations if one.sample in truth and one.censored == "none"}
    errors = np.log([values[name] / truth[name] for name in values])
    assert len(values) > 0.6 * len(truth)
    assert abs(np.median(errors)) < 0.03 and 0.02 < errors.std() < 0.08
    censored = {one.sample for one in found.concentrations if one.censored == "left"}
    assert all(truth[name] < 40.0 * 1.25 for name in censored)
    assert all(name in censored for name, value in truth.items() if value < 40.0 / 1.25)


@pytest.mark.parametrize(
    ("text", "request_", "field"),
    [
        (STUDY.replace("design:", "# design:"), {}, "design"),
        (STUDY, {"kind": "crossover"}, "kind"),
        (STUDY.replace("sets/own", "../own"), {}, "basis"),
        (STUDY, {"participants": -1}, "participants"),
        (STUDY.replace("low, high", "sugar, high"), {}, "design"),
    ],
)
def test_inconsistent_requests_are_named_and_write_nothing(
    text: str, request_: dict[str, object], field: str, tmp_path: Path
) -> None:
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(InputError) as raised:
        simulate_trial(tmp_path / "out", SimulationRequest(study=tmp_path / "study.yaml", **request_))  # type: ignore[arg-type]
    assert [problem.field for problem in raised.value.problems] == [field]
    assert not (tmp_path / "out").exists()


def test_unknown_metabolite(tmp_path: Path) -> None:
    trial = draw_trial(TrialSettings(design=REFERENCE_DESIGN, participants=1, metabolite="Xyz"))
    with pytest.raises(InputError, match="metabolite: must be in the basis set"):
        write_trial(tmp_path / "out", trial, Instruments())
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="must be new or empty"):
        simulate_trial(tmp_path, SimulationRequest(participants=1))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
