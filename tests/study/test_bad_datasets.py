"""What is wrong with a dataset as a whole: named with a remedy, exit code 2, and nothing is left behind."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pharmrs.simulate.study_text import BASIS_FILE
from pharmrs.spectra.basis.write_basis import write_lcmodel_basis
from pharmrs.spectra.read.basis import read_basis
from pharmrs.spectra.records.basis import BasisSet
from tests.study.e2e import RESULTS, edit_header, fingerprint, pharmrs, recordings, sidecar, table

Copy = Callable[..., Path]


@dataclass(frozen=True)
class Case:
    """`spoil` changes the dataset; then `field` of `file` breaks `rule`, mended by `remedy` (parts of the message)."""

    spoil: Callable[[Path], None]
    file: str
    field: str
    rule: str
    remedy: str


def study(old: str, new: str) -> Callable[[Path], None]:
    def spoil(root: Path) -> None:
        text = (root / "study.yaml").read_text()
        assert text.count(old) == 1
        (root / "study.yaml").write_text(text.replace(old, new))

    return spoil


def basis(change: Callable[[BasisSet], BasisSet]) -> Callable[[Path], None]:
    def spoil(root: Path) -> None:
        write_lcmodel_basis(root / BASIS_FILE, change(read_basis(root / BASIS_FILE)))

    return spoil


def no_scans(root: Path) -> None:
    shutil.rmtree(root / "sub-01")


# nothing can be computed
UNUSABLE: dict[str, Case] = {
    "no study.yaml": Case(
        lambda root: (root / "study.yaml").unlink(), "study.yaml", "file", "must exist", "write a study.yaml"
    ),
    "broken study.yaml": Case(
        study("quantification:\n  primary", "quantification\n  primary"),
        "study.yaml",
        "line 14",
        "valid YAML",
        "colons",
    ),
    "unknown key": Case(study("\nquality:", "\nqualty:"), "study.yaml", "qualty", "unknown key", "'quality'"),
    "wrong type": Case(
        study("max_line_width_hz: 24", "max_line_width_hz: narrow"),
        "study.yaml",
        "quality.max_line_width_hz",
        "valid number",
        "FWHM of the modelled singlet",
    ),
    "limit below zero": Case(
        study("max_crlb_percent: 20", "max_crlb_percent: -20"),
        "study.yaml",
        "quality.max_crlb_percent",
        "greater than 0",
        "exclude the value above this",
    ),
    "unknown scale": Case(
        study("primary_scale: gm_wm_normalised", "primary_scale: molality"),
        "study.yaml",
        "quantification.primary_scale",
        "'ratio_tcr'",
        "declared before the analysis",
    ),
    "tissue": Case(
        study("csf: 0.15", "csf: 0.25"),
        "study.yaml",
        "quantification.tissue",
        "must be 1, is 1.1",
        "one set of fractions",
    ),
    "no basis": Case(lambda root: (root / BASIS_FILE).unlink(), BASIS_FILE, "basis", "must exist", "check the path"),
    "odd basis": Case(
        lambda root: (root / BASIS_FILE).write_text("hello"), BASIS_FILE, "$BASIS", "at least one", "write the basis"
    ),
    "conjugated basis": Case(
        basis(lambda given: replace(given, fids=given.fids.conj())),
        BASIS_FILE,
        "phase sense",
        "higher chemical shifts at lower frequencies",
        "conjugate the basis set once",
    ),
    "macromolecules twice": Case(
        study("\nquality:", "\nfit:\n  add: [mm]\nquality:"),
        BASIS_FILE,
        "fit.add",
        "is for a basis set without such components (found: mm)",
        "leave them out as well (fit.omit or --omit: mm)",
    ),
    "unknown component": Case(
        study("\nquality:", "\nfit:\n  omit: [Unobtainium]\nquality:"),
        BASIS_FILE,
        "fit.omit",
        "must name components of the basis set (found: Unobtainium)",
        "choose from",
    ),
    "no scans": Case(no_scans, "", "dataset", "at least one *_svs.nii.gz", "sub-<label>"),
}
# every scan fails for the same reason
HOPELESS: dict[str, Case] = {
    "other field": Case(
        basis(lambda given: replace(given, spectrometer_frequency_mhz=123.2)),
        BASIS_FILE,
        "spectrometer frequency",
        "(found: 123.2 MHz, data at 297.2 MHz)",
        "basis set simulated or measured at the field strength of the data",
    ),
    "references undeclared": Case(
        study(
            "references:  # which water reference serves which purpose\n  quantification: acq-quant\n"
            "  eddy_current: acq-ecc\n  coil_combination: acq-ecc\n",
            "",
        ),
        "sub-01/ses-1/mrs/sub-01_ses-1_acq-steam_svs.nii.gz",
        "references.quantification",
        "exactly one reference must fit (found: sub-01_ses-1_acq-ecc_mrsref.nii.gz, ",
        "declare references: {quantification: <entity>}",
    ),
}


def assert_named(case: Case, root: Path, lines: list[str]) -> None:
    place = str(root / case.file)
    found = [line for line in lines if place in line.split(": ")[1] and f": {case.field}" in line]
    assert any(case.rule in line and case.remedy in line.split("Remedy:")[1] for line in found), lines


@pytest.mark.parametrize("name", UNUSABLE)
def test_unusable(name: str, copy_of_demo: Copy) -> None:
    root = copy_of_demo()
    UNUSABLE[name].spoil(root)
    before = fingerprint(root)
    for command in ("validate", "run"):
        end = pharmrs(command, root)
        assert end.code == 2
        assert "Traceback" not in end.err
        assert_named(UNUSABLE[name], root, end.lines("error"))
    assert end.out == ""
    assert fingerprint(root) == before
    assert not (root / "derivatives").exists()


@pytest.mark.parametrize("name", HOPELESS)
def test_hopeless(name: str, copy_of_demo: Copy) -> None:
    root = copy_of_demo()
    HOPELESS[name].spoil(root)
    for command in ("validate", "run"):
        end = pharmrs(command, root, *(["-j", 1] if command == "run" else []))
        assert end.code == 2
        assert "Traceback" not in end.err
        assert_named(HOPELESS[name], root, end.lines("error"))
    assert "0 of 2 scans processed" in end.err
    assert [row["status"] for row in table(root / RESULTS / "quality.tsv")] == ["failed", "failed"]
    listed = [(row["file"], row["field"]) for row in table(root / RESULTS / "problems.tsv")]
    assert (HOPELESS[name].file, HOPELESS[name].field) in listed


def test_all_mistakes_of_basis_and_scans_at_once(copy_of_demo: Copy) -> None:
    root = copy_of_demo()
    (root / BASIS_FILE).unlink()
    scan = recordings(root / "sub-01" / "ses-1" / "mrs")
    edit_header(scan.svs, drop=["EchoTime"], RepetitionTime=5000.0)
    edit_header(scan.quant, ResonantNucleus=["31P"])
    end = pharmrs("validate", root)
    assert end.code == 2
    told = "\n".join(end.lines("error"))
    for field in (
        "basis: must exist",
        "EchoTime: must be given",
        "RepetitionTime: must be",
        "ResonantNucleus: must be 1H",
    ):
        assert told.count(field) == 1
    assert "4 errors" in end.err


@pytest.mark.parametrize(("place", "found"), [("absent", "missing"), ("study.yaml", "a file")])
@pytest.mark.parametrize("command", ["validate", "run"])
def test_no_dataset(command: str, place: str, found: str, copy_of_demo: Copy) -> None:
    root = copy_of_demo()
    before = fingerprint(root.parent)
    end = pharmrs(command, root / place)
    assert end.code == 2
    assert end.lines("error") == [
        f"error: {root / place}: dataset: must be a folder (found: {found}). Remedy: check the path of the dataset"
    ]
    assert fingerprint(root.parent) == before
    assert not (root / "absent").exists()


@pytest.mark.parametrize(
    ("place", "rule"),
    [
        ("dataset/README", "must be a folder"),
        ("dataset", "must lie in derivatives/ or outside the dataset"),
        ("dataset/sub-01", "must lie in derivatives/ or outside the dataset"),
        ("dataset/derivatives/../sub-01/new", "must lie in derivatives/ or outside the dataset"),
    ],
)
def test_output_that_is_refused(place: str, rule: str, copy_of_demo: Copy, tmp_path: Path) -> None:
    root = copy_of_demo()
    before = fingerprint(tmp_path)
    end = pharmrs("run", root, "--output", tmp_path / place)
    assert end.code == 2
    (line,) = end.lines("error")
    assert f": output: {rule}" in line and "--output" in line.split("Remedy:")[1]
    assert fingerprint(tmp_path) == before


def test_output_that_cannot_be_made(copy_of_demo: Copy, tmp_path: Path) -> None:
    # below a file: fails for every user, root included
    root = copy_of_demo()
    end = pharmrs("run", root, "--output", root / "README" / "results")
    assert end.code == 2
    (line,) = end.lines("error")
    assert "Remedy: " in line and "README" in line
    assert "Traceback" not in end.err


def test_a_dataset_problem_that_stops_no_scan_is_written_and_in_the_exit_code(copy_of_demo: Copy) -> None:
    root = copy_of_demo()
    folder = root / "sub-01" / "ses-2" / "mrs"
    scan = recordings(folder)
    for path in (scan.svs, sidecar(scan.svs)):  # misnamed: the folder says ses-2
        path.rename(folder / path.name.replace("ses-2", "ses-3"))
    (root / "dataset_description.json").unlink()
    tissue = "{gray_matter: 0.5, white_matter: 0.3, csf: 0.2, source: measured}"
    study("  relaxation:", f"  tissue_by_scan:\n    sub-07_acq-steam: {tissue}\n  relaxation:")(root)
    end = pharmrs("run", root, "-j", 1)
    assert end.code == 3
    assert "use one of sub-01_ses-1_acq-steam" in end.err
    assert [row["scan"] for row in table(root / RESULTS / "quality.tsv")] == ["sub-01_ses-1_acq-steam"]
    listed = {(row["file"], row["field"]) for row in table(root / RESULTS / "problems.tsv")}
    assert listed == {
        ("sub-01/ses-2/mrs/sub-01_ses-3_acq-steam_svs.nii.gz", "file name"),
        (".", "dataset_description.json"),
        (".", "sessions"),  # planned, and now without a recording
        ("study.yaml", "quantification.tissue_by_scan.sub-07_acq-steam"),
    }


def test_echo_time_of_another_basis_is_a_warning(copy_of_demo: Copy) -> None:
    root = copy_of_demo()
    edit_header(recordings(root / "sub-01" / "ses-1" / "mrs").svs, EchoTime=0.03)
    end = pharmrs("validate", root)
    assert end.code == 0
    assert [line for line in end.lines("warning") if "EchoTime: should be that of the basis set" in line]
    assert "30 ms, basis set 20 ms" in end.err


def test_the_same_scan_twice_is_not_analysed(copy_of_demo: Copy) -> None:
    root = copy_of_demo()
    shutil.rmtree(root / "sub-01" / "ses-2")
    scan = recordings(root / "sub-01" / "ses-1" / "mrs")
    scan.svs.with_suffix("").write_bytes(gzip.decompress(scan.svs.read_bytes()))
    end = pharmrs("run", root, "-j", 1)
    assert end.code == 2
    (line,) = end.lines("error")
    assert "each scan must exist once" in line and "keep one of the two" in line
    assert table(root / RESULTS / "metabolites.tsv") == []
