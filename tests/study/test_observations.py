"""The observation table from hand-written derivatives, and the statistics stage on it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.core.read.declarations import checked
from pharmrs.core.stage import StageOutcome, StudyContext, run_stages
from pharmrs.genotype.records.declared import GenotypeSection
from pharmrs.study.analysis_stage import ANALYSIS
from pharmrs.study.declared import Study
from pharmrs.study.observations import build_observations
from pharmrs.study.plan_check import check_metabolites
from pharmrs.study.planned import planned_sessions
from pharmrs.trial.records.observations import ObservationTable

ORDERS = {"01": ("placebo", "drug"), "02": ("drug", "placebo")}
POINTS = ("before", "after")


def study(**analysis: object) -> Study:
    plan = {
        "metabolite": "Glu",
        "biomarker": "BDNF",
        "time_adjustment": "linear",
        "biomarker_transform": "log",
        "biomarker_change": "difference",
        "metabolite_change": "relative",
        "covariates": [{"name": "age"}, {"name": "genotype", "reference": "Val/Val"}],
    }
    return checked(
        Study,
        {
            "title": "Trial",
            "basis": "b",
            "design": {
                "kind": "crossover",
                "treatments": ["placebo", "drug"],
                "baseline": "before",
                "follow_up": "after",
            },
            "quantification": {"primary_scale": "lcmodel_water"},
            "quality": {},
            "analysis": plan | analysis,
        },
    )


def write(path: Path, *rows: tuple[object, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join("\t".join(str(cell) for cell in row) for row in rows) + "\n")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Twelve participants, sessions 1 and 2 in period 1, 3 and 4 in period 2; one scan excluded, one value censored."""
    random = np.random.default_rng(5)
    people, allocation = [("participant_id", "age")], [("participant_id", "period", "treatment")]
    metabolites: list[tuple[object, ...]] = [
        ("scan", "subject", "session", "metabolite", "lcmodel_water", "lcmodel_water_sd", "excluded")
    ]
    biomarkers: list[tuple[object, ...]] = [
        ("subject", "session", "sample", "analyte", "value", "sd", "unit", "flag", "censored", "limit")
    ]
    genotypes: list[tuple[object, ...]] = [("subject", "marker", "genotype", "flag", "reason")]
    for number in range(1, 13):
        label = f"{number:02d}"
        people.append((f"sub-{label}", 20 + number))  # type: ignore[arg-type]
        genotypes.append((label, "rs1", ("Val/Val", "Val/Met")[number % 2], "ok", "n/a"))
        order = ("placebo", "drug") if number % 2 else ("drug", "placebo")
        allocation += [(f"sub-{label}", period, name) for period, name in enumerate(order, 1)]  # type: ignore[list-item]
        sessions: list[tuple[object, ...]] = [("session_id", "period", "time_point", "acq_time", "sampling_time")]
        for session in range(1, 5):
            place = (f"ses-{session}", (session + 1) // 2, POINTS[(session - 1) % 2])
            sessions.append((*place, "n/a", f"{8 + number // 2}:{10 * session}"))
            scan = f"sub-{label}_ses-{session}"
            metabolites.append((scan, label, session, "Glu", f"{random.normal(10, 1):.3f}", 0.4, "no"))
            metabolites.append((scan, label, session, "NAA", 12, 0.3, "no"))
            value = f"{random.lognormal(6, 0.4):.2f}"
            biomarkers.append((label, session, scan, "BDNF", value, 20, "pg/mL", "ok", "none", "n/a"))
        write(tmp_path / f"sub-{label}" / f"sub-{label}_sessions.tsv", *sessions)
    metabolites[1] = ("sub-01_ses-1", "01", 1, "Glu", 10.5, 0.5, "yes")
    biomarkers[2] = ("01", 2, "sub-01_ses-2", "BDNF", 99.0, 20, "pg/mL", "below_lloq", "left", 187.2)
    derivative = tmp_path / "derivatives" / "pharmrs"
    write(tmp_path / "participants.tsv", *people)
    write(tmp_path / "phenotype" / "allocation.tsv", *allocation)
    write(derivative / "metabolites.tsv", *metabolites)
    exclusion = ("sub-01_ses-1", "*", "max_line_width_hz", 24, 30)
    write(derivative / "exclusions.tsv", ("scan", "metabolite", "rule", "limit", "value"), exclusion)
    write(derivative / "biomarkers.tsv", *biomarkers)
    write(derivative / "genotypes.tsv", *genotypes)
    return tmp_path


def derivative(root: Path) -> Path:
    return root / "derivatives" / "pharmrs"


def build(root: Path, of: Study | None = None) -> ObservationTable:
    chosen = of or study()
    assert chosen.analysis is not None
    plan = chosen.analysis.plan(chosen.quantification.primary_scale)
    return build_observations(root, derivative(root), chosen, plan)[0]


def test_every_source_finds_its_place(dataset: Path) -> None:
    table = build(dataset)
    assert len(table.rows) == 48
    assert (table.metabolite_unit, table.biomarker_unit) == ("mmol/L", "pg/mL")
    first = table.at("sub-01", "placebo", "before")
    after = table.at("sub-01", "placebo", "after")
    other = table.at("sub-02", "drug", "before")
    assert first is not None and after is not None and other is not None
    assert (first.metabolite, first.metabolite_sd, first.exclusions) == (10.5, 0.5, ("max_line_width_hz",))
    assert (first.period, first.sequence, first.clock_time_h) == (1, "placebo/drug", pytest.approx(8 + 10 / 60))
    assert first.covariates == {"age": 21.0, "genotype": "Val/Met"}
    assert (after.biomarker_censored, after.biomarker_limit) == ("left", 187.2)
    assert math.isnan(after.biomarker)  # what lies beyond the limit is no measurement
    assert (other.period, other.sequence, other.covariates["genotype"]) == (1, "drug/placebo", "Val/Val")


def test_one_table_of_all_sessions_is_as_good(dataset: Path) -> None:
    """What a person has as one sheet is read as the tables of each participant are; who is not in it is named."""
    apart = build(dataset)
    rows: list[tuple[object, ...]] = []
    for path in sorted(dataset.glob("sub-*/sub-*_sessions.tsv")):
        header, *lines = path.read_text().splitlines()
        rows = rows or [("participant_id", *header.split("\t"))]
        rows += [(path.parent.name, *line.split("\t")) for line in lines]
        path.unlink()
    write(dataset / "phenotype" / "sessions.tsv", *rows)
    assert build(dataset) == apart
    assert {session for label, session in planned_sessions(dataset) if label == "07"} == {"1", "2", "3", "4"}
    write(dataset / "phenotype" / "sessions.tsv", *(row for row in rows if row[0] != "sub-07"))
    with pytest.raises(InputError, match=r"everybody in the allocation must have a line \(found: none of sub-07\)"):
        build(dataset)
    write(dataset / "sub-07" / "sub-07_sessions.tsv", rows[0][1:], *(row[1:] for row in rows if row[0] == "sub-07"))
    assert build(dataset) == apart  # a table of one's own comes first


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


BAD = {
    "treatment": ("phenotype/allocation.tsv", "placebo", "Placebo", "must be one of placebo, drug"),
    "period": ("phenotype/allocation.tsv", "sub-01\t1", "sub-01\tone", "must be 1, 2"),
    "twice": ("phenotype/allocation.tsv", "sub-01\t2", "sub-01\t1", "each treatment once"),
    "time": ("sub-01/sub-01_sessions.tsv", "8:10", "8:99", "must be a time of day"),
    "same visit": ("sub-01/sub-01_sessions.tsv", "1\tafter", "1\tbefore", "one session per period and time point"),
    "limit": ("derivatives/pharmrs/biomarkers.tsv", "187.2", "n/a", "a censored value needs its limit"),
    "two scans": ("derivatives/pharmrs/metabolites.tsv", "01\t1\tNAA", "01\t1\tGlu", "one scan with Glu per session"),
    "units": ("derivatives/pharmrs/biomarkers.tsv", "pg/mL", "ng/mL", "must be one unit"),
    "covariate": ("participants.tsv", "\tage", "\theight", "must be a column here, of a table in phenotype/"),
}


@pytest.mark.parametrize("case", BAD)
def test_mistakes_are_named(dataset: Path, case: str) -> None:
    file, before, after, rule = BAD[case]
    edit(dataset / file, before, after)
    with pytest.raises(InputError) as caught:
        build(dataset)
    found = [problem for problem in caught.value.problems if rule in problem.rule]
    assert found and all(problem.file == str(dataset / file) for problem in found), caught.value


def test_missing_tables_are_named(dataset: Path) -> None:
    (derivative(dataset) / "biomarkers.tsv").unlink()
    (dataset / "phenotype" / "allocation.tsv").unlink()
    with pytest.raises(InputError) as caught:
        build(dataset)
    assert {Path(problem.file).name for problem in caught.value.problems} >= {"biomarkers.tsv", "allocation.tsv"}


def test_a_stage_that_gave_nothing_is_what_to_mend_first(dataset: Path) -> None:
    for name in ("biomarkers.tsv", "genotypes.tsv", "metabolites.tsv"):
        (derivative(dataset) / name).unlink()
    with pytest.raises(InputError) as caught:
        build(dataset, replace(study(), genotype=GenotypeSection()))
    told = {problem.remedy.removeprefix("mend first what else is said of the ") for problem in caught.value.problems}
    assert told == {"scans", "plates", "genotyping"}


def test_a_participant_without_treatment_is_left_out_and_told(dataset: Path) -> None:
    path = dataset / "phenotype" / "allocation.tsv"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if not line.startswith("sub-03")) + "\n")
    of = study()
    assert of.analysis is not None
    table, problems = build_observations(dataset, derivative(dataset), of, of.analysis.plan("lcmodel_water"))
    assert "sub-03" not in table.subjects
    assert [(problem.field, problem.severity) for problem in problems] == [("sub-03", "warning")]


def test_a_scan_is_chosen_by_its_entity(dataset: Path) -> None:
    path = derivative(dataset) / "metabolites.tsv"
    lines = path.read_text().splitlines()
    header, glu, naa = (
        lines[0],
        [line for line in lines if "\tGlu\t" in line],
        [line for line in lines if "NAA" in line],
    )
    here = [line.replace("\t", "_acq-acc\t", 1) for line in glu]
    elsewhere = [line.replace("\t", "_acq-occ\t", 1).replace("NAA", "Glu") for line in naa]
    path.write_text("\n".join([header, *here, *elsewhere]) + "\n")
    with pytest.raises(InputError, match="one scan with Glu per session"):
        build(dataset)
    table = build(dataset, study(scan="acq-occ"))
    row = table.at("sub-02", "drug", "before")
    assert row is not None and row.metabolite == 12.0


def run_stage(dataset: Path, of: Study) -> StageOutcome:
    context = StudyContext(root=dataset, plan=of, output=derivative(dataset))
    (outcome,) = run_stages(context, [ANALYSIS])
    return outcome


def test_the_stage_writes_results_section_and_methods(dataset: Path) -> None:
    outcome = run_stage(dataset, study())
    assert outcome.problems == ()
    (section,) = outcome.sections
    assert section.anchor == "statistics" and "12 participants (crossover design)" in section.body
    results = json.loads((derivative(dataset) / "results.json").read_text())
    assert results["main_model"]["n"] == 23  # 24 pairs; the excluded scan and the censored sample are of one pair
    assert results["plan"]["scale"] == "lcmodel_water"
    again = run_stage(dataset, study())  # former files are replaced, folders included
    assert again.sections[0].body == section.body


def test_what_cannot_be_estimated_is_a_warning(dataset: Path) -> None:
    genotypes = derivative(dataset) / "genotypes.tsv"
    genotypes.write_text(genotypes.read_text().replace("Val/Met", "Val/Val"))
    outcome = run_stage(dataset, study())
    assert [problem.value for problem in outcome.problems] == [
        "main model with genotype: covariate genotype: everybody is Val/Val"
    ]
    assert [problem.severity for problem in outcome.problems] == ["warning"]
    assert outcome.sections


def test_without_its_main_result_a_run_is_not_complete(dataset: Path) -> None:
    metabolites = derivative(dataset) / "metabolites.tsv"
    metabolites.write_text(metabolites.read_text().replace("\tno\n", "\tyes\n"))
    outcome = run_stage(dataset, study(models=["cr2", "tobit"], covariates=[]))
    assert outcome.sections  # what there is, is reported
    reasons = [(problem.severity, problem.value) for problem in outcome.problems]
    assert reasons[0] == ("error", "main model, Cluster-robust (CR2): no participant has both changes")
    assert {severity for severity, _ in reasons[1:]} == {"warning"}


def named(dataset: Path, of: Study | None = None) -> list[str]:
    """What the check says, the folder left out."""
    return [str(one).replace(f"{dataset}/", "") for one in ANALYSIS.check(dataset, of or study())]


def test_a_right_plan_is_left_alone(dataset: Path) -> None:
    assert named(dataset, study(covariates=[{"name": "age"}])) == []


# each case: file, text in it and what is written instead, the whole message
SLIPS = {
    "decimal comma": (
        "participants.tsv", "\t21\n", "\t21,500\n",
        "participants.tsv: line 2: age: must be one number: with a decimal comma this is 21.500, with a comma between "
        "thousands 21500 (found: 21,500). Remedy: write 21.500 or 21500: a decimal point, and nothing between "
        "thousands, is always clear",
    ),
    "a word among numbers": (
        "participants.tsv", "\t21\n", "\told\n",
        "participants.tsv: age: must hold numbers, as analysis.covariates declares no reference level (found: old in "
        "line 2). Remedy: write numbers, or declare its `reference` level if it is a category",
    ),
    "a line twice": (
        "participants.tsv", "sub-02", "sub-01",
        "participants.tsv: line 3: participant_id: must occur once (found: sub-01). Remedy: delete one of the lines",
    ),
    "another label": (
        "participants.tsv", "sub-02", "sub-2",
        "participants.tsv: participant_id: should list every participant of the allocation (found: no line for "
        "sub-02). Remedy: add the lines, or correct the labels",
    ),
    "capitals of a column": (
        "participants.tsv", "\tage", "\tAge",
        "participants.tsv: age: must be a column here, of a table in phenotype/, or a marker of genotypes.tsv (found: "
        "missing). Remedy: did you mean Age?",
    ),
    "no sessions": (
        "phenotype/allocation.tsv", "sub-01\t1", "sub-77\t1",
        "sub-77/sub-77_sessions.tsv: file: must exist (found: missing). Remedy: sub-77: write its sessions, correct "
        "the label in phenotype/allocation.tsv, or delete its lines there",
    ),
    "dots in times of the clock": (
        "sub-01/sub-01_sessions.tsv", "8:20", "8.20",
        "sub-01/sub-01_sessions.tsv: sampling_time: is read as hours and their hundredths (found: 8.20 in line 3). "
        "Remedy: write HH:MM if a time of the clock is meant",
    ),
    "semicolons": (
        "phenotype/allocation.tsv", "participant_id\tperiod\ttreatment", "participant_id;period;treatment",
        "phenotype/allocation.tsv: line 2: must have 3 cells, as the header (found: 1). Remedy: check the tabs, commas "
        "or semicolons of the line; a cell that holds one stands in quotes",
    ),
    "capitals of a time point": (
        "sub-01/sub-01_sessions.tsv", "1\tbefore", "1\tBefore",
        "sub-*_sessions.tsv: time_point: is not before, so that the session is not analysed (found: Before of sub-01). "
        "Remedy: write before if that is meant",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SLIPS)
def test_slips_between_plan_and_tables_are_named(dataset: Path, case: str) -> None:
    file, before, after, message = SLIPS[case]
    edit(dataset / file, before, after)
    assert message in named(dataset, study(covariates=[{"name": "age"}]))


def changed(of: Study, **sections: object) -> Study:
    return checked(Study, {**asdict(of), **sections})


def test_labels_of_the_plan_that_no_table_has(dataset: Path) -> None:
    design = {"kind": "crossover", "treatments": ["placebo", "drug"], "baseline": "before", "follow_up": "week 4"}
    assay = {"analyte": "BDNF", "unit": "pg/mL", "lower_limit": {"value": 23.4, "refers_to": "in_well"}}
    genotyped = {"genotype": {"markers": ["rs6265"]}, "design": design, "assay": assay}
    plan = {"biomarker": "bdnf", "covariates": [{"name": "age", "reference": "21 y"}, {"name": "genotype"}]}
    told = named(dataset, changed(study(**plan), **genotyped))
    assert told == [
        "study.yaml: design.follow_up: must be a time point of the sessions (found: week 4). Remedy: use one of "
        "after, before",
        "participants.tsv: age: nobody has the reference level 21 y of analysis.covariates (found: 21, 22, 23, 24, 25 "
        "and 7 more). Remedy: correct the level in study.yaml, or the column",
        "study.yaml: analysis.biomarker: must be assay.analyte, BDNF (found: bdnf). Remedy: write both alike",
        "study.yaml: analysis.covariates.genotype: needs a genotype of rs6265 as reference level (found: none). "
        "Remedy: use one of Val/Val, Val/Met, Met/Met",
    ]


def test_metabolites_that_are_not_fitted() -> None:
    of = changed(
        study(metabolite="glutamate"),
        quality={"max_crlb_percent": 20, "metabolites": ["Glu", "Glx", "tCr", "Gin"]},
        quantification={
            "primary_scale": "lcmodel_water", "alpha": {"GABBA": {"value": 0.5, "source": "measured"}},
        },
    )  # fmt: skip
    found = check_metabolites(of, ("Glu", "Gln", "GABA", "Cr"), "study.yaml")
    assert [(one.field, one.value, one.severity, one.remedy) for one in found] == [
        ("quality.metabolites", "Gin", "error", "use one of Glu, Gln, GABA, Cr, tCr, Glx"),
        ("quantification.alpha", "GABBA", "warning", "did you mean GABA?"),
        ("analysis.metabolite", "glutamate", "error", "use one of Glu, Gln, GABA, Cr, tCr, Glx"),
    ]


def test_the_check_finds_mistakes_without_computing(dataset: Path) -> None:
    edit(dataset / "phenotype" / "allocation.tsv", "placebo", "Placebo")
    found = ANALYSIS.check(dataset, study(models=["magic"], scale="ounces", covariates=[]))
    assert [problem.field for problem in found] == ["analysis.models", "analysis.scale", "line 2: treatment"]
    outcome = run_stage(dataset, study(scale="ounces"))
    assert outcome.sections == () and outcome.problems
