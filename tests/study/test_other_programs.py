"""A study whose concentrations are another program's, and studies of some of the parts alone."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pharmrs.core.files.owned import claim
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.report.answer import Answer
from pharmrs.core.stage import StudyContext
from pharmrs.spectra.records.scan import ValuesOutcome
from pharmrs.spectra.review.log import DecisionLog
from pharmrs.spectra.review.sitting import ReviewSession
from pharmrs.spectra.stage.foreign_scans import OTHERS, foreign_outcomes, joined
from pharmrs.spectra.stage.scans import SCANS
from pharmrs.study.dataset import open_dataset
from pharmrs.study.other_values import with_other_values
from tests.spectra.test_foreign_results import coord
from tests.study.e2e import RESULTS, Finished, pharmrs, report_text, table
from tests.study.lcmodel_study import PEOPLE, STUDY, glu, write_tables, write_trial


@pytest.fixture(scope="module")
def of_tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    """A trial of twenty tables of LCModel, run."""
    root = tmp_path_factory.mktemp("tables")
    write_tables(root / "sourcedata" / "results")
    write_trial(root)
    (root / "study.yaml").write_text(STUDY)
    checked = pharmrs("validate", root)
    assert checked.code == 0 and checked.lines("error") == [], checked.err
    return root, pharmrs("run", root)


def molal(conc: float) -> float:
    """Gasparovic 2006 by hand, from a Conc. of LCModel with WCONC 40000 and ATTH2O 0.7."""
    te, tr = 0.030, 2.0
    per_water = conc / (40000 * 0.7)
    left = [math.exp(-te / t2) * (1 - math.exp(-tr / t1)) for t1, t2 in ((1.4, 0.08), (0.9, 0.07), (4.0, 0.5))]
    metabolite = math.exp(-te / 0.18) * (1 - math.exp(-tr / 1.4))
    water = 0.6 * 0.78 * left[0] + 0.25 * 0.65 * left[1] + 0.15 * 0.97 * left[2]
    return per_water / metabolite * 55510 * water / (0.6 * 0.78 + 0.25 * 0.65)


def test_tables_of_lcmodel_go_to_the_answer_of_a_trial(of_tables: tuple[Path, Finished]) -> None:
    root, end = of_tables
    assert end.code == 0, end.err
    rows = {(row["scan"], row["metabolite"]): row for row in table(root / RESULTS / "metabolites.tsv")}
    found = rows["sub-03_ses-2", "Glu"]
    printed = glu("03", 2)
    assert float(found["lcmodel_water"]) == pytest.approx(printed * 35880 / 40000, rel=1e-9)
    assert float(found["tissue_molal"]) == pytest.approx(molal(printed), rel=1e-3)
    assert float(found["tissue_molal_sd"]) == pytest.approx(0.05 * molal(printed), rel=1e-3)
    assert float(found["ratio_tcr"]) == pytest.approx(printed / 8.0, abs=6e-4)
    assert (found["crlb_percent"], found["excluded"]) == ("5", "no")
    assert rows["sub-03_ses-2", "Ala"]["excluded"] == "yes"
    (quality,) = [row for row in table(root / RESULTS / "quality.tsv") if row["scan"] == "sub-03_ses-2"]
    assert float(quality["line_width_hz"]) == pytest.approx(0.043 * 123.25)
    assert (quality["signal_to_noise"], quality["converged"], quality["transients"]) == ("33", "n/a", "n/a")
    ratios = {label: math.log(glu(label, 2) / glu(label, 1)) for label in PEOPLE}
    drug, placebo = ([ratios[one] for one in PEOPLE if int(one) % 2 == odd] for odd in (0, 1))
    means = [row for row in table(root / RESULTS / "observations.tsv") if row["subject"] == "sub-02"]
    assert math.log(float(means[1]["metabolite"]) / float(means[0]["metabolite"])) == pytest.approx(ratios["02"])
    assert np.mean(drug) > np.mean(placebo) and "Treatment effect on Glu, drug against placebo" in end.out


def test_report_and_methods_say_whose_values_they_are_and_how_they_were_scaled(
    of_tables: tuple[Path, Finished],
) -> None:
    root, _ = of_tables
    methods = (root / RESULTS / "methods.md").read_text()
    assert "20 scans were fitted with LCModel (Provencher 1993)" in methods
    assert "undone and redone" in methods and "WCONC 40000" in methods
    assert "no spectrum was fitted by it" in methods and "covariance" not in methods.split("neglect the")[0]
    text = report_text(root / RESULTS)
    assert "Values of LCModel, brought to the scales of this study" in text
    assert "Preprocessing" not in text
    items = {row["item"]: row for row in table(root / RESULTS / "mrsinmrs.tsv")}
    told = [items[name]["value"] for name in ("Repetition time", "Echo time", "Signal-to-noise ratio", "Line width")]
    assert told == ["2000 ms", "30 ms", "33", "5.3 Hz, as LCModel defines it"]
    assert items["Fitting model"]["value"] == "that of LCModel, which reports Ala, Glu, tNAA, tCr"
    assert (
        items["Nominal size of the voxel"]["remedy"] == "there is no recording to take it from: state it in the paper"
    )
    inputs = json.loads((root / RESULTS / "provenance.json").read_text())["inputs_sha256"]
    assert "sourcedata/results/sub-01_ses-1.table" in inputs


def test_a_fit_of_another_program_is_drawn_and_judged_where_its_file_holds_the_curves(tmp_path: Path) -> None:
    folder = tmp_path / "sourcedata" / "results"
    write_tables(folder)
    for path in sorted(folder.iterdir())[:4]:
        path.with_suffix(".coord").write_text(path.read_text().replace("$$INPU", coord() + "$$INPU"))
    rule = "  visual_inspection: {raters: 1, exclude_when: any, unsure_counts_as: accept}\n"
    quality = "quality:\n" + rule + "  max_crlb_percent: 20\n"
    (tmp_path / "study.yaml").write_text(STUDY.partition("quality:")[0] + quality)
    with DecisionLog(tmp_path / RESULTS / "review", "AB") as log:
        session = ReviewSession(open_dataset(tmp_path), log, "AB", 1)
        assert session.progress().total == 4  # the others have no curves
        traces = session.traces_at(1)
        assert traces is not None and traces["points"] == 23 and "sub-" not in json.dumps(traces)
        for position in (1, 2, 3, 4):
            session.decide(position, "reject" if position == 2 else "accept", "")
        rejected = log.decisions[1].scan
    claim(tmp_path / RESULTS)
    end = pharmrs("run", tmp_path)
    assert end.code == 0, end.err
    rows = table(tmp_path / RESULTS / "exclusions.tsv")
    assert [row["scan"] for row in rows if row["rule"] == "rejected by raters"] == [rejected]
    assert "sub-03_ses-1" in end.err and "kept unseen" in end.err
    page = (tmp_path / RESULTS / "report_pages" / "scan-1.html").read_text()
    assert "Fit of sub-01_ses-1 by LCModel: residual, data with model" in page and "Explore this fit" in page


def test_a_rule_that_the_file_tells_nothing_for_is_told_and_not_applied(
    of_tables: tuple[Path, Finished], tmp_path: Path
) -> None:
    write_tables(tmp_path / "sourcedata" / "results")
    for path in (tmp_path / "sourcedata" / "results").iterdir():
        path.write_text(path.read_text().replace("  FWHM = 0.043 ppm    S/N =  33\n", ""))
    (tmp_path / "study.yaml").write_text(STUDY.partition("design:")[0])
    end = pharmrs("run", tmp_path)
    assert end.code == 0
    assert "quality.max_line_width_hz, quality.min_signal_to_noise: cannot be applied" in end.err
    assert all(row["excluded"] == "no" for row in table(tmp_path / RESULTS / "quality.tsv"))
    assert "not applied to 20 scans" in (tmp_path / RESULTS / "methods.md").read_text()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("primary_scale: tissue_molal", ""), "quantification.primary_scale: this key is required where there are"),
        (("{repetition_time_ms: 2000}", "{}"), "results.repetition_time_ms"),
        (("{repetition_time_ms: 2000}", "{tool: Osprey}"), "results.tool: must all be of Osprey"),
        (("{repetition_time_ms: 2000}", "{folder: there}"), "results.folder: must be a folder"),
        (("metabolite: Glu", "metabolite: GABA"), "analysis.metabolite"),
        (("results: {repetition_time_ms: 2000}\n", ""), "analysis.metabolite: must be measured by a part"),
    ],
)
def test_what_is_missing_is_named_before_anything_is_computed(
    change: tuple[str, str], told: str, tmp_path: Path
) -> None:
    write_tables(tmp_path / "sourcedata" / "results")
    write_trial(tmp_path)
    (tmp_path / "study.yaml").write_text(STUDY.replace(*change))
    end = pharmrs("validate", tmp_path)
    assert end.code == 2 and told in end.err, end.err


def test_names_of_the_laboratory_are_mapped_by_a_table_that_init_proposes(tmp_path: Path) -> None:
    folder = tmp_path / "sourcedata" / "results"
    write_tables(folder, "P{label}-visit{session}.table")
    assert pharmrs("init", tmp_path).code == 0
    mapped = folder / "map.tsv"
    assert mapped.read_text().splitlines()[:2] == [
        "file\tscan\tsubject\tsession",
        "P01-visit1.table\tP01-visit1\tTODO\tTODO",
    ]
    lines = [line.split("\t") for line in mapped.read_text().splitlines()]
    filled = [lines[0], *([file, scan, file[1:3], scan[-1]] for file, scan, _, _ in lines[1:])]
    mapped.write_text("".join("\t".join(line) + "\n" for line in filled))
    (tmp_path / "study.yaml").write_text(STUDY.partition("design:")[0])
    end = pharmrs("run", tmp_path)
    assert end.code == 0, end.err
    values = {
        row["scan"]: row["lcmodel_water"]
        for row in table(tmp_path / RESULTS / "metabolites.tsv")
        if row["metabolite"] == "Glu"
    }
    assert len(values) == 20
    assert float(values["sub-07_ses-2"]) == pytest.approx(glu("07", 2) * 35880 / 40000)
    mapped.write_text(mapped.read_text().replace("P01-visit1.table", "P01-visit9.table"))
    wrong = pharmrs("validate", tmp_path)
    assert wrong.code == 2 and "line 2: file: must be a file of results in the folder" in wrong.err


def test_tissue_fractions_from_a_table(tmp_path: Path) -> None:
    write_tables(tmp_path / "sourcedata" / "results")
    rows = [f"{label}\t0.5\t0.3\t0.2" for label in PEOPLE]
    (tmp_path / "fractions.tsv").write_text("\n".join(["subject\tfGM\tfWM\tfCSF", *rows, ""]))
    declared = STUDY.partition("design:")[0].replace("tissue_molal", "gm_wm_normalised")
    start, rest = declared.split("  tissue: ")
    study = start + "  tissue_table: fractions.tsv\n" + rest.partition("\n")[2]
    (tmp_path / "study.yaml").write_text(study)
    end = pharmrs("run", tmp_path)
    assert end.code == 0, end.err
    (found,) = [row for row in table(tmp_path / RESULTS / "metabolites.tsv")
                if (row["scan"], row["metabolite"]) == ("sub-01_ses-1", "Glu")]  # fmt: skip
    assert float(found["gm_wm_normalised"]) == pytest.approx(glu("01", 1) * 35880 / 40000 / 0.8)
    (tmp_path / "fractions.tsv").write_text("fGM\tfWM\tfCSF\n50\t30\t20\n")
    assert "must name the scan of each line" in pharmrs("validate", tmp_path).err
    (tmp_path / "fractions.tsv").write_text("subject\tfGM\tfWM\tfCSF\n01\t50\t30\t20\n")
    assert "gray_matter + white_matter + csf must be 1 (found: 100)" in pharmrs("validate", tmp_path).err


def test_an_observations_table_alone_is_a_study(of_tables: tuple[Path, Finished], tmp_path: Path) -> None:
    root, whole = of_tables
    (tmp_path / "ready.tsv").write_bytes((root / RESULTS / "observations.tsv").read_bytes())
    assert pharmrs("init", tmp_path).code == 0  # it tells design and columns
    begun = (tmp_path / "study.yaml").read_text()
    for blank, filled in (
        ("TODO the title", "The"),
        ("TODO its name, for the report", "Glu"),
        (": TODO", ": log_ratio"),
    ):
        begun = begun.replace(blank, filled)
    (tmp_path / "study.yaml").write_text(begun)
    assert "no spectra; ready" in pharmrs("validate", tmp_path).out
    end = pharmrs("run", tmp_path)
    assert end.code == 0, end.err
    assert end.out.splitlines()[0] == whole.out.splitlines()[0]  # the same answer as with the tables
    assert not (tmp_path / RESULTS / "metabolites.tsv").exists()


def test_a_note_beside_results_is_told_and_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "sourcedata" / "results"
    write_tables(folder)
    (folder / "README.txt").write_text("fitted in May by Ann")
    (tmp_path / "study.yaml").write_text(STUDY.partition("design:")[0])
    end = pharmrs("validate", tmp_path)
    assert end.code == 0 and "README.txt: format" in end.err
    for path in folder.glob("*.table"):
        path.unlink()
    assert pharmrs("validate", tmp_path).code == 2


def test_a_title_alone_is_no_study(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("title: Nothing\n")
    assert "must declare something to be done" in pharmrs("validate", tmp_path).err
    assert pharmrs("run", tmp_path).code == 2


def test_recordings_need_a_basis_set_only_where_nothing_else_gives_their_values(
    copy_of_demo: Callable[[str], Path],
) -> None:
    root = copy_of_demo("without_basis")
    file = root / "study.yaml"
    file.write_text("".join(line for line in file.read_text().splitlines(True) if not line.startswith("basis:")))
    end = pharmrs("validate", root)
    assert end.code == 2 and "basis: recordings need a basis set that they are fitted with" in end.err
    assert pharmrs("run", root).code == 2
    assert pharmrs("review", root, "--rater", "AB").code == 2


def test_both_programs_on_the_same_scans_are_compared_and_one_of_them_counts(
    copy_of_demo: Callable[[str], Path],
) -> None:
    """Their tables are ours with glutamate ten per cent higher: the difference must come out, and only there."""
    root = copy_of_demo("both")
    assert pharmrs("run", root, "--workers", "1").code in (0, 3)
    own = {(row["scan"], row["metabolite"]): row for row in table(root / RESULTS / "metabolites.tsv")}
    lines = (root / RESULTS / "metabolites.tsv").read_text().splitlines()
    glu, scale = lines[0].split("\t").index("metabolite"), lines[0].split("\t").index("lcmodel_water")
    higher = [line.split("\t") for line in lines]
    for cells in higher[1:]:
        if cells[glu] == "Glu" and cells[scale] != "n/a":
            cells[scale] = repr(1.1 * float(cells[scale]))
    (root / "sourcedata" / "results").mkdir(parents=True)
    (root / "higher.tsv").write_text("\n".join("\t".join(cells) for cells in higher) + "\n")
    assert pharmrs("results", root / "higher.tsv", "--as", "lcmodel", "-o", root / "sourcedata" / "results").code == 0
    (root / "higher.tsv").unlink()
    declared = (root / "study.yaml").read_text()
    (root / "study.yaml").write_text(f"{declared}\nresults: {{}}\n")
    end = pharmrs("run", root, "--workers", "1")
    assert end.code in (0, 3), end.err
    rows = {(row["scan"], row["metabolite"]): row for row in table(root / RESULTS / "metabolites.tsv")}
    glu_of = {key: float(row["lcmodel_water"]) for key, row in own.items() if key[1] == "Glu"}
    for key, value in glu_of.items():
        assert float(rows[key]["lcmodel_water"]) == pytest.approx(1.1 * value, abs=2e-3)
    pairs = [row for row in table(root / RESULTS / "both_programs.tsv") if row["scale"] == "gm_wm_normalised"]
    large = [row for row in pairs if float(row["ours"]) > 5]
    ratios = {row["metabolite"]: float(row["theirs"]) / float(row["ours"]) for row in large}
    assert ratios["Glu"] == pytest.approx(1.1, abs=1e-3) and ratios["tNAA"] == pytest.approx(1.0, abs=1e-3)
    assert "Both programs on the same scans" in report_text(root / RESULTS)


def test_what_counts_where_a_scan_has_both() -> None:
    files = [ScanFiles(name=name, subject=name, session="", metabolite="") for name in "abc"]
    nothing: Any = object()
    ours = [ValuesOutcome(files=files[0], result=nothing), ValuesOutcome(files=files[1], result=None)]
    theirs = [ValuesOutcome(files=one, result=nothing) for one in files]
    counted, others = joined(ours, theirs, "ours")
    assert counted == (ours[0], theirs[1], theirs[2])  # what failed never counts before what did not
    assert set(map(id, others)) == {id(ours[1]), id(theirs[0])}
    assert joined(ours, theirs, "theirs")[0] == tuple(theirs)


def test_the_answer_with_the_other_values(of_tables: tuple[Path, Finished], tmp_path: Path) -> None:
    """Against least squares by hand: follow-up on baseline and treatment."""
    root, _ = of_tables
    dataset = open_dataset(root)
    study = dataset.usable()
    counted = foreign_outcomes(study, dataset.foreign)
    raised = {one.files.name for one in dataset.foreign if one.files.session == "2" and int(one.files.subject) <= 5}
    factor = {one.files.name: 1.2 if one.files.name in raised else 1.0 for one in dataset.foreign}
    changed = [
        replace(one, source=replace(one.source, values=tuple(
            replace(value, value=value.value * factor[one.files.name]) for value in one.source.values
        )))
        for one in dataset.foreign
    ]  # fmt: skip
    others = foreign_outcomes(study, changed)
    assert study.analysis is not None
    plan = study.analysis.plan(study.quantification.primary_scale)
    context = StudyContext(
        root=root, plan=study, output=tmp_path, handed={SCANS: tuple(counted), OTHERS: tuple(others)}
    )
    nothing: Any = None
    own = Answer(question="", declared="", findings=(), estimates=(), warnings=(), checks=(), flow=nothing)
    (section,) = with_other_values(context, plan, own)
    assert "Does the answer hang on the program?" in section.title
    (row,) = table(tmp_path / "both_answers.tsv")
    glu_of = {(one.files.subject, one.files.session): next(
        item.value for item in one.result.concentrations if (item.metabolite, item.scale) == ("Glu", "tissue_molal")
    ) for one in others if one.result is not None}  # fmt: skip
    design = np.array([[1.0, np.log(glu_of[label, "1"]), int(label) % 2 == 0] for label in PEOPLE])
    follow_up = np.log([glu_of[label, "2"] for label in PEOPLE])  # the change is a log ratio
    by_hand = np.linalg.lstsq(design, follow_up, rcond=None)[0][2]
    assert float(row["value"].replace("\u2212", "-")) == pytest.approx(by_hand, abs=6e-4)
