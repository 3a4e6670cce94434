"""One dataset with every kind of bad scan: each is named with a remedy, and the good ones come out as if alone."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.study.bad_scans import CASES, Case
from tests.study.e2e import (
    RESULTS,
    Finished,
    contents,
    edit_data,
    edit_header,
    fingerprint,
    pharmrs,
    plain,
    recordings,
    table,
)

IDENTITY = {
    "PatientName": "Beeblebrox^Zaphod",
    "PatientDoB": "19520311",
    "PatientID": "HHGTTG42",
    "InstitutionName": "Magrathea General",
    "InstitutionAddress": "Planet Street 7",
    "OperatorsName": "Slartibartfast",
    "DeviceSerialNumber": "SN-0042-4711",
    "OriginalFile": ["meas_Trillian.dat"],
}
GOOD = {"good", "onecoil", "onetransient", "identified"}
FAILING = sorted(name for name, case in CASES.items() if case.severity == "error")
WARNED = sorted(name for name, case in CASES.items() if case.severity == "warning")
WITHOUT_WATER = {"nowater", "noisewater"}  # fitted, but without a value on the primary scale, which is scaled by water


@dataclass(frozen=True)
class Zoo:
    """The dataset, its files before and after, and how `validate` and `run` ended."""

    root: Path
    before: dict[str, tuple[str, int]]
    after: dict[str, tuple[str, int]]
    validated: Finished
    ran: Finished

    @property
    def results(self) -> Path:
        return self.root / RESULTS

    def rows(self, name: str, case: str) -> list[dict[str, str]]:
        return [row for row in table(self.results / f"{name}.tsv") if row["scan"] == f"sub-{case}_acq-steam"]

    def problems(self, case: str) -> list[dict[str, str]]:
        return [row for row in table(self.results / "problems.tsv") if row["file"].startswith(f"sub-{case}/")]


def add_subject(demo: Path, root: Path, label: str) -> Path:
    """The good examination of the demonstration as another subject without session; returns its `mrs` folder."""
    folder = root / f"sub-{label}" / "mrs"
    folder.mkdir(parents=True)
    for path in sorted((demo / "sub-01" / "ses-1" / "mrs").iterdir()):
        shutil.copy(path, folder / path.name.replace("sub-01_ses-1", f"sub-{label}"))
    return folder


@pytest.fixture(scope="module")
def zoo(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    root = tmp_path_factory.mktemp("zoo") / "dataset"
    shutil.copytree(demo, root, ignore=shutil.ignore_patterns("sub-*"))
    for label in [*CASES, *GOOD]:
        scan = recordings(add_subject(demo, root, label))
        if label in CASES:
            CASES[label].spoil(scan)
        if label == "onecoil":
            for path in scan.all:
                edit_data(path, lambda data: data[:, :, :, :, :1])
        if label == "onetransient":
            edit_data(scan.svs, lambda data: data[..., :1])
        if label == "identified":
            for path in scan.all:
                edit_header(path, **IDENTITY)
    before = fingerprint(root)
    validated = pharmrs("validate", root)
    ran = pharmrs("run", root, "--workers", 1)
    return Zoo(root, before, fingerprint(root), validated, ran)


def test_exit_codes_and_no_traceback(zoo: Zoo) -> None:
    assert zoo.validated.code == 2
    assert zoo.ran.code == 3
    for end in (zoo.validated, zoo.ran):
        assert "Traceback" not in end.out + end.err
    printed = zoo.ran.out.splitlines()  # without an analysis the main values, then where the report is
    assert printed[0].startswith("gm_wm_normalised (mmol/L)") and printed[-1] == str(zoo.results / "report.html")
    done = len(GOOD) + len(WARNED) - len(WITHOUT_WATER)
    assert f"{done} of {len(GOOD) + len(CASES)} scans processed" in zoo.ran.err
    assert f"{len(WITHOUT_WATER)} with no value on the primary scale" in zoo.ran.err


def is_named(case: Case, rows: list[dict[str, str]]) -> bool:
    return any(
        row["file"].endswith(case.file)
        and row["field"] == case.field
        and case.rule in row["rule"]
        and case.value in row["value"]
        and case.remedy in row["remedy"]
        and row["severity"] == case.severity
        for row in rows
    )


@pytest.mark.parametrize("label", CASES)
def test_named_with_remedy(zoo: Zoo, label: str) -> None:
    case = CASES[label]
    assert is_named(case, zoo.problems(label)), zoo.problems(label)
    # the person at the terminal is told the same, with the path as it was typed, by both commands
    for end in (zoo.validated, zoo.ran):
        told = [line for line in end.lines(case.severity) if f"{zoo.root}/sub-{label}/" in line.split(": ")[1]]
        assert any(case.field in line and case.rule in line and case.remedy in line for line in told), told


@pytest.mark.parametrize("label", FAILING)
def test_failed_scan_is_listed_and_has_no_result(zoo: Zoo, label: str) -> None:
    (quality,) = zoo.rows("quality", label)
    assert quality["status"] == "failed"
    assert zoo.rows("metabolites", label) == []
    assert not list(zoo.results.rglob(f"sub-{label}_*"))
    pages = [page for page in zoo.results.rglob("*.html") if "scan-" not in page.name]
    assert any(f"sub-{label}_acq-steam" in page.read_text() for page in pages)


@pytest.mark.parametrize("label", sorted([*GOOD, *WARNED]))
def test_usable_scan_is_analysed(zoo: Zoo, label: str) -> None:
    (quality,) = zoo.rows("quality", label)
    assert quality["status"] == ("no value" if label in WITHOUT_WATER else "analysed")
    rows = zoo.rows("metabolites", label)
    assert {"Glu", "NAA", "tCr", "Glx"} <= {row["metabolite"] for row in rows}
    errors = [row["field"] for row in zoo.problems(label) if row["severity"] == "error"]
    assert errors == (["value on gm_wm_normalised"] if label in WITHOUT_WATER else [])
    # one coil or one transient is noisier: S/N 40 / sqrt(16) = 10 there, CRLB about 10 %; 4 SD of that
    glu = next(float(row["ratio_tcr"]) for row in rows if row["metabolite"] == "Glu")
    sd = next(float(row["ratio_tcr_sd"]) for row in rows if row["metabolite"] == "Glu")
    reference = next(float(row["ratio_tcr"]) for row in zoo.rows("metabolites", "good") if row["metabolite"] == "Glu")
    assert abs(glu - reference) < 4 * sd


@pytest.fixture(scope="module")
def alone(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of the good scan only, analysed."""
    root = tmp_path_factory.mktemp("alone") / "dataset"
    shutil.copytree(demo, root, ignore=shutil.ignore_patterns("sub-*"))
    add_subject(demo, root, "good")
    assert pharmrs("run", root, "--workers", 1).code == 0
    return root


def test_bad_scans_do_not_change_the_good_one(zoo: Zoo, alone: Path) -> None:
    for name in ("metabolites", "quality", "exclusions"):
        assert table(alone / RESULTS / f"{name}.tsv") == zoo.rows(name, "good")
    mine, theirs = (contents(folder / RESULTS / "sub-good") for folder in (alone, zoo.root))
    assert mine == theirs
    assert "mrs/sub-good_acq-steam_desc-preproc_svs.nii.gz" in mine


def test_one_transient_is_not_aligned_and_one_coil_not_combined(zoo: Zoo) -> None:
    steps = {
        label: {path.name.split("_step-")[1][2:] for path in zoo.results.rglob(f"sub-{label}_*_step-*.svg")}
        for label in ("good", "onetransient")
    }
    assert steps["good"] - steps["onetransient"] == {"alignment.svg"}
    (quality,) = zoo.rows("quality", "onetransient")
    assert quality["transients"] == "1"
    assert quality["frequency_drift_hz"] == "n/a"
    assert "one coil: nothing to combine" in (zoo.results / "methods.md").read_text().lower()


@pytest.mark.parametrize(
    ("label", "reason"),
    [("nowater", "no water reference"), ("noisewater", "the water reference holds no usable water signal")],
)
def test_without_water_there_are_ratios_and_reasons(zoo: Zoo, label: str, reason: str) -> None:
    assert zoo.rows("metabolites", label)
    for row in zoo.rows("metabolites", label):
        assert float(row["ratio_tcr"]) >= 0
        for scale in ("lcmodel_water", "water_relaxation", "gm_wm_normalised", "institutional"):
            assert row[scale] == "n/a"
            assert f"{scale}: {reason}" in row["reason"]
    for row in zoo.rows("metabolites", "good"):
        assert float(row["lcmodel_water"]) >= 0
        # only the scales that need a white-to-grey ratio lack something: this study declares none
        assert [part.split(":")[0] for part in row["reason"].split("; ")] == ["alpha_corrected", "alpha_normalised"]


def test_input_is_never_written_to(zoo: Zoo) -> None:
    assert zoo.before == zoo.after


def test_identity_is_reported_and_not_copied(zoo: Zoo) -> None:
    told = [line for line in zoo.validated.lines("note") if f"{zoo.root}/sub-identified/" in line]
    for key in ("PatientName", "PatientDoB", "PatientID", "OperatorsName", "DeviceSerialNumber"):
        assert any(f" {key}" in line and "may identify a person" in line for line in told), key
    values = [value if isinstance(value, str) else value[0] for value in IDENTITY.values()]
    said = "".join(end.out + end.err for end in (zoo.validated, zoo.ran))
    assert not [value for value in values if value in said]
    # the strings are there to be found: in the input
    inside = plain((zoo.root / "sub-identified/mrs/sub-identified_acq-steam_svs.nii.gz").read_bytes())
    assert all(value.encode() in inside for value in values)
    for name, content in contents(zoo.results).items():
        found = [value for value in values if value.encode() in plain(content)]
        assert not found, f"{found} in {name}"


def test_a_scan_that_fails_later_leaves_nothing_of_its_former_result(alone: Path, tmp_path: Path) -> None:
    root = tmp_path / "dataset"
    shutil.copytree(alone, root)
    folder = root / RESULTS / "sub-good" / "mrs"
    assert [path.name for path in folder.glob("*_svs.nii.gz")] == ["sub-good_acq-steam_desc-preproc_svs.nii.gz"]
    edit_data(recordings(root / "sub-good" / "mrs").svs, np.zeros_like)
    assert pharmrs("run", root, "-j", 1).code == 2  # nothing usable is left
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    (row,) = table(root / RESULTS / "quality.tsv")
    assert row["status"] == "failed"
    assert table(root / RESULTS / "metabolites.tsv") == []
