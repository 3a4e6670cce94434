"""What a run leaves behind: a complete BIDS derivative, readable by others, with the truth in it."""

from __future__ import annotations

import json
import logging
import math
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from nifti_mrs import validator
from nifti_mrs.nifti_mrs import NIFTI_MRS
from scipy.optimize import minimize_scalar

from pharmrs.simulate.trial_dataset import TRUTH_FILE
from pharmrs.spectra.read.nifti_mrs import read_fids
from tests.study.e2e import contents, pharmrs, table

TABLES = ("metabolites", "quality", "exclusions", "problems", "mrsinmrs")
GOOD, BAD = "sub-01_ses-1_acq-steam", "sub-01_ses-2_acq-steam"


@pytest.fixture(scope="module")
def results(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written outside the dataset, which therefore stays as it is."""
    folder = tmp_path_factory.mktemp("results") / "pharmrs"
    before = contents(demo)
    end = pharmrs("run", demo, "--output", folder, "--workers", 1)
    assert end.code == 0
    assert "2 of 2 scans processed, 1 excluded by the pre-declared rules" in end.err
    assert contents(demo) == before
    return folder


def test_files(results: Path) -> None:
    names = {name for name in contents(results) if not name.startswith("cache/")}
    expected = {
        ".bidsignore",
        ".pharmrs",
        "README",
        "sample_flow.json",
        "sample_flow.tsv",
        "dataset_description.json",
        "methods.md",
        "pharmrs.log",
        "provenance.json",
        "report.html",
        *(f"{name}{end}" for name in TABLES for end in (".tsv", ".json")),
        *(f"report_pages/{name}.html" for name in ("spectra", "problems", "methods", "provenance")),
        *(f"report_pages/{name}" for name in ("scan-1.html", "scan-2.html", "page.css", "page.js")),
    }
    for scan in (GOOD, BAD):
        folder = "/".join([*scan.split("_")[:2], "mrs"])
        expected |= {f"{folder}/{scan}_desc-preproc_{suffix}.nii.gz" for suffix in ("svs", "mrsref")}
        expected.add(f"{folder}/{scan}_desc-fit_mrs.nii.gz")
        steps = ["coil-combination", "eddy-current-correction", "alignment", "averaging", "residual-water"]
        pictures = ["fit", "water", *(f"step-{number}_{step}" for number, step in enumerate(steps, start=1))]
        expected |= {f"{folder}/figures/{scan}_{picture}.svg" for picture in pictures}
    assert names == expected


def test_a_fit_as_another_program_reads_it(results: Path) -> None:
    """With the reader of NIfTI-MRS that FSL-MRS uses, which checks the header against the standard."""
    place = results / "sub-01" / "ses-1" / "mrs"
    read = NIFTI_MRS(place / f"{GOOD}_desc-fit_mrs.nii.gz")
    assert read.dim_tags[0] == "DIM_USER_0"
    named = read.hdr_ext["dim_5_header"]["Part"]["Value"]
    assert named == ["data", "fit", "baseline", "residual"]
    low, high = read.hdr_ext["FitWindow"]["Value"]
    whole = NIFTI_MRS(place / f"{GOOD}_desc-preproc_svs.nii.gz")
    hz = np.fft.fftfreq(whole.shape[3], whole.dwelltime)
    ppm = 4.65 + hz / whole.spectrometer_frequency[0]  # the library turns what is stored to higher ppm, higher Hz
    inside = (ppm > low - 1e-6) & (ppm < high + 1e-6)
    data, fit, baseline, residual = np.fft.fft(read[:].reshape(-1, 4), axis=0).T
    signal, time_s = whole[:].ravel(), np.arange(whole.shape[3]) * whole.dwelltime

    def apart(shift_hz: float) -> float:
        return float(np.abs(data - np.fft.fft(signal * np.exp(2j * np.pi * shift_hz * time_s)))[inside].max())

    size = np.abs(np.fft.fft(signal)[inside]).max()
    best = minimize_scalar(apart, bounds=(-5.0, 5.0), method="bounded", options={"xatol": 1e-9})
    assert best.fun < 1e-5 * size and np.abs(data[~inside]).max() < 1e-5 * size  # what was fitted, its peaks in place
    assert np.abs(data - fit - residual).max() < 1e-6 * size
    (quality,) = [row for row in table(results / "quality.tsv") if row["scan"] == GOOD]
    assert np.std(residual[inside].real) == pytest.approx(float(quality["noise_sd"]), rel=0.15)
    assert 0.0 < np.std(baseline) < np.std(data)


def test_dataset_description(results: Path) -> None:
    content = json.loads((results / "dataset_description.json").read_text())
    assert content["DatasetType"] == "derivative"
    assert content["BIDSVersion"] == "1.10.0"
    assert content["Name"]
    assert [tool["Name"] for tool in content["GeneratedBy"]] == ["pharmrs"]


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_explained(results: Path, name: str) -> None:
    lines = (results / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    columns = lines[0].split("\t")
    dictionary = json.loads((results / f"{name}.json").read_text(encoding="utf-8"))
    assert list(dictionary) == columns
    assert all(entry["Description"].strip() for entry in dictionary.values())
    assert {line.count("\t") for line in lines} == {len(columns) - 1}
    assert not [line for line in lines if "\t\t" in line or line.endswith("\t")]  # BIDS: n/a, never empty


def test_preprocessed_files_are_nifti_mrs_for_others_too(results: Path, demo: Path) -> None:
    for path in results.rglob("*.nii.gz"):
        validator.validate_nifti_mrs(NIFTI_MRS(str(path)))  # the library of the standard; raises
        if "_desc-fit_" in path.name:
            continue
        fids = read_fids(path)
        assert fids.data.shape == (2048, 1, 1)
        assert fids.acquisition.echo_time_s == 0.02
        assert fids.acquisition.dwell_time_s == pytest.approx(1 / 6000, rel=1e-6)
    raw = read_fids(next(demo.glob("sub-01/ses-1/mrs/*_svs.nii.gz")))
    preprocessed = read_fids(next(results.glob("sub-01/ses-1/mrs/*_svs.nii.gz")))
    assert np.allclose(raw.affine, preprocessed.affine)


def test_truth_comes_back(results: Path, demo: Path) -> None:
    """Simulated mM against reported mM: z-scores of 17 components within 4, mean square below 2.

    The demonstration's water concentration is that of its tissue; the scale assumes WCONC. Chi-square of 17 degrees
    of freedom is below 34 in 99 % of cases if the stated SDs are right; 1 % more for water and coil weights.
    """
    truth = {row["component"]: row for row in table(demo / TRUTH_FILE) if row["scan"] == GOOD}
    rows = {row["metabolite"]: row for row in table(results / "metabolites.tsv") if row["scan"] == GOOD}
    z = {}
    for name, row in truth.items():
        factor = float(row["water_concentration_mm"]) / 35880.0
        value, sd = (factor * float(rows[name][key]) for key in ("water_relaxation", "water_relaxation_sd"))
        true = float(row["concentration_mm"])
        z[name] = (value - true) / math.hypot(sd, 0.01 * true)
    assert len(z) == 17
    assert max(map(abs, z.values())) < 4, z
    assert sum(value**2 for value in z.values()) < 34, z
    # and the SDs are not simply large
    for name, limit in (("Glu", 0.04), ("NAA", 0.03), ("tCr", 0.03), ("Ins", 0.05)):
        assert float(rows[name]["sd"]) < limit * float(rows[name]["amplitude"])


def test_the_bad_examination_is_excluded_by_the_declared_rules_and_kept(results: Path) -> None:
    rules = {
        (row["rule"], row["limit"])
        for row in table(results / "exclusions.tsv")
        if row["scan"] == BAD and row["metabolite"] == "*"
    }
    assert rules == {("line width above the limit (Hz)", "24"), ("S/N below the limit", "20")}
    assert not [row for row in table(results / "exclusions.tsv") if row["scan"] == GOOD and row["metabolite"] == "*"]
    excluded = {row["excluded"] for row in table(results / "metabolites.tsv") if row["scan"] == BAD}
    assert excluded == {"yes"}
    quality = {row["scan"]: row for row in table(results / "quality.tsv")}
    assert (quality[GOOD]["excluded"], quality[BAD]["excluded"]) == ("no", "yes")


def test_sums_add_up_and_ratios_are_ratios(results: Path) -> None:
    rows = {row["metabolite"]: row for row in table(results / "metabolites.tsv") if row["scan"] == GOOD}

    def value(name: str, column: str = "amplitude") -> float:
        return float(rows[name][column])

    for total, parts in {"tNAA": "NAA NAAG", "tCr": "Cr PCr", "tCho": "GPC PCho", "Glx": "Glu Gln"}.items():
        assert rows[total]["parts"] == parts.replace(" ", "+")
        # the table has ten digits
        assert value(total) == pytest.approx(sum(value(part) for part in parts.split()), rel=1e-8)
    for name in rows:
        assert value(name, "ratio_tcr") == pytest.approx(value(name) / value("tCr"), rel=1e-8, abs=1e-12)
        # WCONC 35880 mM and ATTH2O 0.7, LCModel manual 10.2; grey + white matter is 0.85 of this voxel
        assert value(name, "lcmodel_water") == pytest.approx(35880 * 0.7 * value(name, "institutional"), rel=1e-8)
        assert value(name, "gm_wm_normalised") == pytest.approx(value(name, "lcmodel_water") / 0.85, rel=1e-8)


def test_provenance_names_every_input_with_its_hash(results: Path, demo: Path) -> None:
    recorded = json.loads((results / "provenance.json").read_text())
    tables = {"participants.tsv", "phenotype/allocation.tsv", "sub-01/sub-01_sessions.tsv"}
    inputs = {
        name: content
        for name, content in contents(demo).items()
        if name.startswith(("basis/", "study")) or "/mrs/" in name or name in tables
    }
    assert tables <= inputs.keys()
    assert recorded["inputs_sha256"] == {name: sha256(content).hexdigest() for name, content in inputs.items()}
    assert recorded["software"]["pharmrs"]
    assert len(recorded["settings_sha256"]) == 64


def test_log_tells_the_way_and_the_logger_is_left_as_it_was(results: Path) -> None:
    text = (results / "pharmrs.log").read_text()
    assert "2 scans in" in text and "2 of 2 scans done" in text
    assert f"{GOOD}: S/N" in text
    assert logging.getLogger("pharmrs").handlers == []
