"""Plates in `pharmrs run` and `pharmrs plate`: files in, biomarkers.tsv and the report's section out."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from pharmrs.assay.stage.plates import analyse_files
from pharmrs.assay.stage.stage import ASSAY_STAGE
from pharmrs.core.report.references import Citations
from pharmrs.core.stage import StageOutcome, StudyContext
from pharmrs.study.study_file import read_study
from tests.study.e2e import pharmrs, table

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "plates"


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated trial without recordings: two plates, 96 samples."""
    folder = tmp_path_factory.mktemp("assay") / "trial"
    assert pharmrs("simulate", folder, "-n", 24, "--no-recordings", "--seed", 3).code == 0
    return folder


@pytest.fixture(scope="module")
def finished(trial: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StageOutcome]:
    """The stage run once: what it wrote, and what it adds to the report."""
    output = tmp_path_factory.mktemp("assay") / "output"
    return output, run_stage(trial, output)


@pytest.fixture
def copy(trial: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trial, tmp_path / "trial"))


def run_stage(root: Path, output: Path) -> StageOutcome:
    study = read_study(root / "study.yaml")
    return ASSAY_STAGE.run(StudyContext(root=root, plan=study.assay, output=output))


def checked(root: Path) -> list[str]:
    return [
        f"{one.field}: {one.rule} ({one.value})"
        for one in ASSAY_STAGE.check(root, read_study(root / "study.yaml").assay)
    ]


def declare(root: Path, **changes: object) -> None:
    study = yaml.safe_load((root / "study.yaml").read_text())
    study["assay"] = {**study["assay"], **changes}
    (root / "study.yaml").write_text(yaml.safe_dump(study))


def test_a_trial_of_two_plates(trial: Path, finished: tuple[Path, StageOutcome]) -> None:
    output, outcome = finished
    assert outcome.problems == ()
    rows = table(output / "biomarkers.tsv")
    header = "subject session sample analyte plate value sd ci_low ci_high unit dilution flag censored limit replicates"
    assert list(rows[0]) == [*header.split(), "cv_percent", "reason"]
    assert set(json.loads((output / "biomarkers.json").read_text())) == set(rows[0])
    truth = {row["sample"]: float(row["biomarker"]) for row in table(trial / "truth" / "visits.tsv")}
    assert {row["plate"] for row in rows} == {"plate-01", "plate-02", "plate-03", "plate-04"} & {
        r["plate"] for r in rows
    }
    assert len(rows) == len({row["sample"] for row in rows})
    measured = [row for row in rows if row["censored"] == "none"]
    assert len(measured) > 60 and {row["unit"] for row in rows} == {"pg/mL"}
    # dilution error 3 %, declared; one plate shares its curve: share of 95 % intervals with the truth
    inside = [float(row["ci_low"]) <= truth[row["sample"]] <= float(row["ci_high"]) for row in measured]
    assert 0.88 <= np.mean(inside) <= 1.0
    for row in rows:
        if row["censored"] == "left":
            assert float(row["limit"]) == pytest.approx(23.4375 * 8, rel=1e-3) and row["flag"] == "below_lloq"
            assert truth[row["sample"]] < 1.3 * float(row["limit"])
    agreement = {row["name"]: row for row in table(output / "assay_interplate.tsv") if row["plate"] == "*"}
    assert 0 < float(agreement["QC2"]["cv_percent"]) < 12
    assert (output / "figures" / "assay" / "plate-01_curve.svg").is_file()
    assert (output / "figures" / "assay" / "controls.png").is_file()


def test_section_and_methods(finished: tuple[Path, StageOutcome]) -> None:
    _, outcome = finished
    (section,) = outcome.sections
    assert section.anchor == "assay" and section.title == "Assay: BDNF"
    page = str(section.body)
    assert "Agreement between plates" in page and "plate-02" in page and page.count("<figure>") >= 5
    (part,) = outcome.methods
    cite = Citations()
    text = " ".join(part.write(cite))
    assert "at 450 nm, minus 540 nm" in text and "23.4375 pg/mL in the well, declared beforehand" in text
    assert "A CV of 3 % for preparing a sample was added" in text
    assert any("10.1016/0169-7439(93)80008-6" in line for line in cite.listed())


def test_same_bytes_twice(trial: Path, finished: tuple[Path, StageOutcome], tmp_path: Path) -> None:
    output, outcome = finished
    again = run_stage(trial, tmp_path)
    assert str(again.sections[0].body) == str(outcome.sections[0].body)
    files = {path.relative_to(output): path.read_bytes() for path in output.rglob("*") if path.is_file()}
    assert len(files) > 15
    assert files == {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_what_is_wrong_is_told_by_validate(copy: Path) -> None:
    assert checked(copy) == []
    layout = copy / "sourcedata" / "assay" / "layout.tsv"
    text = layout.read_text()
    layout.write_text(text.replace("\tsub-01_ses-1\t", "\tsub-99_ses-1\t").replace("\tsub-02_ses-1\t", "\tpatient 2\t"))
    said = checked(copy)
    assert "sample: must belong to a participant of the study (sub-99_ses-1)" in said
    assert "sample: must be labelled sub-<label>_ses-<label> (patient 2)" in said
    layout.write_text(text.replace("\tsub-0", "\tsub-9"))  # one cause, one message
    assert checked(copy) == [
        "sample: must belong to a participant of the study (sub-91_ses-1, sub-91_ses-2, sub-91_ses-3, sub-91_ses-4, "
        "sub-92_ses-1 and 31 more)"
    ]
    layout.write_text(text.replace("plate-02\t", "plate-77\t"))
    said = checked(copy)
    assert any("plate plate-77: the plate of a layout must be among the exports" in line for line in said)
    assert any("plate plate-02: a plate needs a layout" in line for line in said)
    layout.unlink()
    assert any("must hold a layout table" in line for line in checked(copy))


def test_one_bad_plate_does_not_stop_the_others(copy: Path, tmp_path: Path) -> None:
    (copy / "sourcedata" / "assay" / "plate-02.xlsx").write_text("the reader crashed\n")
    outcome = run_stage(copy, tmp_path / "out")
    assert any("must be a known export" in problem.rule for problem in outcome.problems)
    assert {row["plate"] for row in table(tmp_path / "out" / "biomarkers.tsv")} >= {"plate-01"}


def test_plates_need_a_declaration(copy: Path) -> None:
    study = yaml.safe_load((copy / "study.yaml").read_text())
    del study["assay"]
    (copy / "study.yaml").write_text(yaml.safe_dump(study))
    assert checked(copy) == ["assay: must be declared where sourcedata/assay holds plates (missing)"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lower_limit": {"value": 23.4}}, "refers_to"),
        ({"lower_limit": {"value": 23.4, "refers_to": "in_plasma"}}, "refers_to"),
        ({"recovery_percent": [110, 120]}, "band around 100"),
        ({"wavelength_nm": None}, "wavelength_nm must be declared too"),
        ({"analite": "BDNF"}, "did you mean 'analyte'"),
    ],
)
def test_wrong_declarations_are_named(copy: Path, changes: dict[str, object], said: str) -> None:
    declare(copy, **changes)
    ended = pharmrs("validate", copy)
    assert ended.code == 2 and said in ended.err


def test_command_on_the_real_sunrise_plate(tmp_path: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip(f"reference data not found at {SHARED}")
    layout = tmp_path / "layout.csv"
    with layout.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["plate", "well", "role", "sample", "nominal", "dilution"])
        for letter, nominal in zip("ABCDEFG", (1000, 500, 250, 125, 62.5, 31.25, 15.625), strict=True):
            rows.writerows([["P1", f"{letter}{column}", "standard", "", nominal, ""] for column in (11, 12)])
        rows.writerows([["P1", well, "blank", "", "", ""] for well in ("H11", "H12")])
        rows.writerows([["P1", f"G{column}", "sample", "M1A", "", 2 ** (column - 1)] for column in (1, 2, 3)])
    ended = pharmrs(
        "plate", SHARED / "elisar_tecan_sunrise.xls", "--layout", layout, "--out", tmp_path / "out", "--unit", "pg/mL"
    )
    assert ended.code == 0, ended.err
    (curve,) = table(tmp_path / "out" / "assay_curves.tsv")
    assert float(curve["midpoint"]) == pytest.approx(1232.418593, rel=1e-6)
    (sample,) = table(tmp_path / "out" / "biomarkers.tsv")
    assert sample["dilution"] == "1+2" and sample["unit"] == "pg/mL"
    assert str(tmp_path / "out" / "biomarkers.tsv") in ended.out
    assert "wells of the export" in ended.err and "A1, A2" in ended.err


def test_command_says_what_is_missing(tmp_path: Path) -> None:
    assert pharmrs("plate").code == 2
    ended = pharmrs("plate", tmp_path / "none.xlsx", "--out", tmp_path / "out")
    assert ended.code == 2 and "none.xlsx" in ended.err and not (tmp_path / "out").exists()


def test_template_can_be_filled_in_and_read(tmp_path: Path) -> None:
    ended = pharmrs("plate", "--template", "--out", tmp_path)
    assert ended.code == 0
    table_file, page = (Path(line) for line in ended.out.split())
    assert page.read_text().count("<td>") == 96
    lines = table_file.read_text().splitlines()
    assert len(lines) == 97 and lines[1].startswith("plate-01\tA1\t")
    lines[1] = "plate-01\tA1\tstandard\t\t100\t1"
    table_file.write_text("\n".join(lines))
    assert pharmrs("plate", "--template", "--out", tmp_path).out.split()[0].endswith("layout-template.tsv")
    assert "100" in table_file.read_text()  # what was filled in is never overwritten
    assert pharmrs("plate", "--template").out.startswith("plate\twell\trole")


def test_a_template_names_the_plate_and_the_wells_that_were_read(tmp_path: Path) -> None:
    """Without a layout the plate is no warning but what is missing, and the message leads to the template."""
    export = tmp_path / "kit.csv"
    export.write_text("well,value\nA1,0.1\nB7,0.2\n")
    ended = pharmrs("plate", export, "--out", tmp_path / "out")
    assert ended.code == 2 and "1 error, 0 warnings" in ended.err and "`pharmrs plate EXPORT --template`" in ended.err
    told = pharmrs("plate", export, "--template").out.splitlines()
    assert [line.split("\t")[:2] for line in told[1:]] == [["kit", "A1"], ["kit", "B7"]]


def test_layout_of_another_plate_is_named(trial: Path, tmp_path: Path) -> None:
    """The reader recorded the plate's ID, so a layout with another name is refused even for a single plate."""
    layout = tmp_path / "layout.tsv"
    rows = (trial / "sourcedata" / "assay" / "layout.tsv").read_text().splitlines()
    layout.write_text("\n".join([rows[0], *(row for row in rows if row.startswith("plate-02"))]))
    settings = read_study(trial / "study.yaml").assay
    assert settings is not None
    outcome = analyse_files([trial / "sourcedata" / "assay" / "plate-01.xlsx"], [layout], settings.settings())
    assert outcome.study is None
    assert any("is it the layout of another plate?" in problem.rule for problem in outcome.problems)
