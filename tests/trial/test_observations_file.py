"""The observation table: every mistake at once with its line, and a table that comes back as it was written."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.report.tables import write_table
from pharmrs.trial.read.observations import read_observations
from pharmrs.trial.records.analysis import AnalysisPlan, Covariate
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.observations import ObservationTable
from pharmrs.trial.report.tables import observations_table

DESIGN = Design(kind="crossover", treatments=("placebo", "drug"), baseline="before", follow_up="after")
PLAN = AnalysisPlan(covariates=(Covariate(name="gene", reference="1"),))
RIGHT = """\
subject\tsequence\tperiod\ttreatment\ttime_point\tclock_time_h\tmetabolite\tmetabolite_excluded\texclusion_rule\tbiomarker\tbiomarker_censored\tbiomarker_limit\tage\tgene
A\tPD\t1\tplacebo\tbefore\t08:30\t10.5\tno\tn/a\t300.25\tnone\tn/a\t25\t1
A\tPD\t1\tplacebo\tafter\t9.25\t11\tyes\tmax_line_width_hz\tn/a\tleft\t187.2\t25\t1
A\tPD\t2\tdrug\tbefore\tn/a\t10\tno\tn/a\t310\tnone\tn/a\t25\t1
B\tDP\t1\tdrug\tbefore\t10:00:36\t9\tno\tn/a\t1e3\tright\t900\t31\t2
"""


def read(folder: Path, text: str, design: Design = DESIGN) -> ObservationTable:
    path = folder / "observations.tsv"
    path.write_text(text, encoding="utf-8")
    return read_observations(path, design, PLAN)


def problems_of(folder: Path, text: str, design: Design = DESIGN) -> tuple[InputProblem, ...]:
    with pytest.raises(InputError) as caught:
        read(folder, text, design)
    for problem in caught.value.problems:
        assert problem.file.endswith("observations.tsv")
        assert problem.field and problem.rule and problem.remedy
    return caught.value.problems


def test_right(tmp_path: Path) -> None:
    table = read(tmp_path, RIGHT)
    first = table.at("A", "placebo", "before")
    after = table.at("A", "placebo", "after")
    missing = table.at("A", "drug", "after")
    right = table.at("B", "drug", "before")
    assert first is not None and after is not None and missing is not None and right is not None
    assert (first.clock_time_h, first.biomarker, first.period, first.sequence) == (8.5, 300.25, 1, "PD")
    assert first.covariates == {"age": 25.0, "gene": "1"}  # declared with a reference level: a category
    assert (after.clock_time_h, after.exclusions, after.biomarker_limit) == (9.25, ("max_line_width_hz",), 187.2)
    assert math.isnan(after.metabolite_kept) and after.metabolite == 11.0
    assert math.isnan(missing.metabolite) and missing.period == 2 and missing.covariates["age"] == 25.0
    assert right.clock_time_h == pytest.approx(10.01)
    assert math.isnan(right.biomarker_measured)
    assert len(table.rows) == 8  # two participants, two treatments, two time points


def test_written_and_read_again(tmp_path: Path) -> None:
    (tmp_path / "observations.json").write_text('{"metabolite": {"Units": "mmol/L"}, "biomarker": {"Units": "pg/mL"}}')
    table = read(tmp_path, RIGHT.replace("10.5", "10.123456789012345"))
    assert (table.metabolite_unit, table.biomarker_unit) == ("mmol/L", "pg/mL")
    write_table(tmp_path / "again", observations_table(table))
    again = read_observations(tmp_path / "again" / "observations.tsv", DESIGN, PLAN)
    assert repr(again) == repr(table)  # NaN is not equal to itself, its text is


CASES = {
    "underscore": ("10.5", "1_0.5", "line 2: metabolite", "must be a number", "n/a"),
    "nearly": ("\tbiomarker_limit", "\tbiomarker_limt", "header", "nearly", "did you mean 'biomarker_limit'"),
    "word": ("10.5", "high", "line 2: metabolite", "must be a number", "n/a"),
    "infinite": ("10.5", "inf", "line 2: metabolite", "finite", "n/a"),
    "negative": ("10.5", "-1", "line 2: metabolite", "not be below 0", ""),
    "time": ("08:30", "8:75", "line 2: clock_time_h", "time of day", "HH:MM"),
    "hours": ("9.25", "25", "line 3: clock_time_h", "time of day", "0 to 24"),
    "limit": ("187.2", "n/a", "line 3: biomarker_limit", "a censored value needs its limit", "dilution"),
    "zero limit": ("187.2", "0", "line 3: biomarker_limit", "above 0", ""),
    "censoring": ("left", "below", "line 3: biomarker_censored", "one of none, left, right", ""),
    "treatment": ("1\tplacebo\tbefore", "1\tPlacebo\tbefore", "line 2: treatment", "one of placebo, drug", "design"),
    "twice": ("placebo\tafter", "placebo\tbefore", "line 3", "one row per subject", "keep one"),
    "subject": ("B\tDP", "\tDP", "line 5: subject", "must not be missing", ""),
    "period": ("PD\t2\tdrug", "PD\t1.5\tdrug", "line 4: period", "whole number", ""),
    "sequence": ("A\tPD\t2", "A\tDP\t2", "subject A: sequence", "same in every row", ""),
    "other period": ("PD\t1\tplacebo\tafter", "PD\t2\tplacebo\tafter", "subject A: period of placebo", "same", ""),
    "no follow-up": ("\tafter\t", "\tlater\t", "time_point", "must hold the time point after", "design"),
    "column": ("biomarker\t", "bdnf\t", "header", "must have the column biomarker", "add"),
    "cells": ("25\t1\nB", "25\t1\textra\nB", "line 4", "must have 14 cells", "tabs"),
}


@pytest.mark.parametrize("case", CASES)
def test_mistakes(tmp_path: Path, case: str) -> None:
    before, after, field, rule, remedy = CASES[case]
    assert before in RIGHT
    found = problems_of(tmp_path, RIGHT.replace(before, after, 1))
    assert [p for p in found if p.field == field and rule in p.rule and remedy in p.remedy], [str(p) for p in found]


def test_all_at_once(tmp_path: Path) -> None:
    text = RIGHT.replace("10.5", "x").replace("187.2", "n/a").replace("08:30", "noon")
    fields = {problem.field for problem in problems_of(tmp_path, text)}
    assert fields == {"line 2: metabolite", "line 3: biomarker_limit", "line 2: clock_time_h"}


def test_a_comma_that_could_be_two_things_is_shown_both_ways(tmp_path: Path) -> None:
    whole = RIGHT.replace("10.5", "1,959").replace("9.25", "9").replace("300.25", "300").replace("187.2", "187")
    for text, field in ((whole, "line 2: metabolite"), (whole.replace("1,959", "1").replace("25\t1\n", "2,500\t1\n"),
                                                        "column age")):  # fmt: skip
        (problem, *_) = problems_of(tmp_path, text)
        assert problem.field == field and "with a decimal comma" in problem.rule and "decimal point" in problem.remedy


def test_decimal_commas_and_a_comment_that_differs(tmp_path: Path) -> None:
    """A table of a European Excel with a column the plan does not name: read, and the column said to be left out."""
    lines = RIGHT.replace(".", ",").replace("\t", ";").replace("metabolite_excluded", "comment").splitlines()
    lines[1] = lines[1].replace(";no;", ";haemolysed;")
    path = tmp_path / "observations.csv"
    path.write_text("\n".join(lines).replace(";no;", ";ok;").replace(";yes;", ";ok;"), encoding="utf-16")
    table = read_observations(path, DESIGN, PLAN)
    first = table.at("A", "placebo", "before")
    assert first is not None
    assert (first.metabolite, first.biomarker, first.clock_time_h) == (10.5, 300.25, 8.5)
    assert table.covariate_names == ("age", "gene")
    assert "column comment" in table.notes[0]


def test_a_parallel_design_gives_one_treatment(tmp_path: Path) -> None:
    found = problems_of(tmp_path, RIGHT, replace(DESIGN, kind="parallel"))
    assert [problem.field for problem in found] == ["subject A"]


@pytest.mark.parametrize("text", ["", "\n", RIGHT.splitlines()[0] + "\n"])
def test_nothing_in_it(tmp_path: Path, text: str) -> None:
    assert problems_of(tmp_path, text)


def test_a_broken_dictionary(tmp_path: Path) -> None:
    (tmp_path / "observations.json").write_text("{")
    assert [problem.field for problem in problems_of(tmp_path, RIGHT)] == ["observations.json"]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must exist"):
        read_observations(tmp_path / "none.tsv", DESIGN, PLAN)


@pytest.mark.parametrize("container", ["tsv", "csv", "semicolons", "utf-16", "xlsx", "NA"])
def test_a_table_comes_in_as_people_have_it(tmp_path: Path, container: str) -> None:
    """The case: the same values, whatever program wrote the table, and a comment that no plan names beside them."""
    lines = [line.split("\t") for line in RIGHT.splitlines()]
    cells = [[*line, comment] for line, comment in zip(lines, ["comment", "ok", "haemolysed", "ok", "ok"], strict=True)]
    path = tmp_path / ("table.xlsx" if container == "xlsx" else "table.csv")
    if container == "xlsx":
        book = openpyxl.Workbook()
        for line in cells:
            book.active.append([float(cell) if cell.replace(".", "").isdecimal() else cell for cell in line])
        book.save(path)
    elif container == "semicolons":
        path.write_text("\n".join(";".join(cell.replace(".", ",") for cell in line) for line in cells))
    elif container == "NA":
        path.write_text("\n".join(",".join(cell.replace("n/a", "NA") for cell in line) for line in cells))
    else:
        mark = "," if container == "csv" else "\t"
        path.write_text(
            "\n".join(mark.join(line) for line in cells), encoding="utf-16" if "16" in container else "utf-8"
        )
    found, right = read_observations(path, DESIGN, PLAN), read(tmp_path, RIGHT)
    assert repr(found.rows) == repr(right.rows)
    assert any("column comment" in note and "ignored" in note for note in found.notes)
