"""Tables: every number comes back, every column is defined, nothing breaks a row."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from pharmrs.core.errors import InputProblem
from pharmrs.core.records.columns import Column
from pharmrs.core.report.tables import Row, RowsWhenAsked, Table, cell_text, problems_table, write_table, write_tsv
from pharmrs.spectra.records import ScanOutcome, ScanQuality, ScanResult
from pharmrs.spectra.report.summary import group_values
from pharmrs.spectra.report.tables import (
    FIT_COLUMNS,
    FIT_QUALITY_COLUMNS,
    fit_quality_rows,
    fit_table_rows,
    metabolites_table,
    study_tables,
    write_study_tables,
)
from pharmrs.spectra.report.view_groups import concentrations_view
from tests.study import report_factory


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "n/a"),
        ("", "n/a"),
        (float("nan"), "n/a"),
        (float("inf"), "inf"),
        (True, "yes"),
        (False, "no"),
        (3, "3"),
        (0.1, "0.1"),
        (1 / 3, "0.3333333333"),
        (1.5e-7, "1.5e-07"),
        (123456789.123, "123456789.1"),
        ("a\tb\nc", "a b c"),
        (" \t", "n/a"),
    ],
)
def test_cell_text(value: str | float | None, text: str) -> None:
    assert cell_text(value) == text


def test_every_column_has_a_definition(outcomes: tuple[ScanOutcome, ...], tmp_path: Path) -> None:
    written = write_study_tables(tmp_path, outcomes, report_factory.SCALE_LABELS)
    assert {path.name for path in written} == {
        f"{name}.{suffix}"
        for name in ("metabolites", "quality", "exclusions", "problems")
        for suffix in ("tsv", "json")
    }
    for path in written:
        if path.suffix == ".tsv":
            header = path.read_text(encoding="utf-8").splitlines()[0].split("\t")
            entries = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            assert list(entries) == header
            assert all(entry["Description"].endswith(".") for entry in entries.values())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in written)  # no leftovers


def test_every_row_fills_only_known_columns(outcomes: tuple[ScanOutcome, ...]) -> None:
    for table in study_tables(outcomes):
        for row in table.rows:
            assert set(row) <= set(table.columns), table.name


def test_metabolites_come_back(outcomes: tuple[ScanOutcome, ...], results: list[ScanResult], tmp_path: Path) -> None:
    write_study_tables(tmp_path, outcomes, report_factory.SCALE_LABELS)
    rows = {(row["scan"], row["metabolite"]): row for row in _read(tmp_path / "metabolites.tsv")}
    assert len(rows) == sum(len(result.amplitudes) for result in results)
    for result in results:
        for amplitude in result.amplitudes:
            row = rows[result.files.name, amplitude.metabolite]
            assert float(row["amplitude"]) == pytest.approx(amplitude.amplitude, rel=1e-9)
            assert row["parts"] == "+".join(amplitude.parts)
            assert row["gm_wm_normalised"] == "n/a"
            assert row["reason"] == "gm_wm_normalised: no tissue fractions"
        for item in result.concentrations:
            if math.isfinite(item.value):
                row = rows[result.files.name, item.metabolite]
                assert float(row[item.scale]) == pytest.approx(item.value, rel=1e-9)
                assert float(row[f"{item.scale}_sd"]) == pytest.approx(item.sd, rel=1e-9)
    assert rows["sub-01_ses-1_acq-steam", "Lac"]["crlb_percent"] == "inf"
    assert rows["sub-01_ses-1_acq-steam", "Lac"]["excluded"] == "yes"
    assert rows["sub-01_ses-1_acq-steam", "Glu"]["excluded"] == "no"
    assert rows["sub-02_ses-1_acq-steam", "Glu"]["excluded"] == "yes"  # the whole scan is out
    assert rows["sub-01_ses-1_acq-steam", "tCr"]["shift_hz"] == "n/a"


def test_quality_has_every_field_and_every_scan(outcomes: tuple[ScanOutcome, ...], tmp_path: Path) -> None:
    write_study_tables(tmp_path, outcomes)
    rows = _read(tmp_path / "quality.tsv")
    assert [row["scan"] for row in rows] == sorted(outcome.files.name for outcome in outcomes)
    assert {field.name for field in dataclasses.fields(ScanQuality)} <= set(rows[0])
    failed = next(row for row in rows if row["status"] == "failed")
    assert failed["signal_to_noise"] == failed["excluded"] == "n/a"


def test_order_does_not_depend_on_the_order_of_scans(outcomes: tuple[ScanOutcome, ...], tmp_path: Path) -> None:
    first = write_study_tables(tmp_path / "a", outcomes)
    second = write_study_tables(tmp_path / "b", outcomes[::-1])
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_problems_errors_first_and_once() -> None:
    warning = InputProblem(file="a", field="f", rule="r", value="", remedy="m", severity="warning")
    error = dataclasses.replace(warning, file="b", severity="error")
    rows = problems_table([warning, error, warning]).rows
    assert [row["severity"] for row in rows] == ["error", "warning"]


def test_empty_study_still_has_headers(tmp_path: Path) -> None:
    write_study_tables(tmp_path, ())
    assert (tmp_path / "exclusions.tsv").read_text() == "scan\tmetabolite\trule\tlimit\tvalue\tdecided_by\n"
    assert list(metabolites_table([]).rows) == []


def test_table_of_one_spectrum(tmp_path: Path) -> None:
    fit = report_factory.fit()
    rows = fit_table_rows("spectrum.nii.gz", report_factory.amplitudes(fit))
    assert (
        *("file", "metabolite", "amplitude", "sd", "stability_sd", "crlb_percent", "shift_hz", "damping_hz"),
    ) == FIT_COLUMNS
    assert {"tCr", "tNAA", "tCho", "Glx"} <= {row["metabolite"] for row in rows}
    write_tsv(tmp_path / "fit.tsv", FIT_COLUMNS, rows)
    assert len(_read(tmp_path / "fit.tsv")) == len(rows)
    (quality,) = fit_quality_rows("spectrum.nii.gz", fit)
    assert tuple(quality) == FIT_QUALITY_COLUMNS
    assert quality["signal_to_noise"] == fit.signal_to_noise


def test_a_table_of_any_length_needs_no_memory(tmp_path: Path) -> None:
    """30,000 rows of 1 kB, made one by one: the file holds all of them, the process at most a few (and a buffer)."""
    made = 0

    def rows() -> Iterator[Row]:
        nonlocal made
        for number in range(30_000):
            made += 1
            yield {"scan": str(number), "text": "x" * 1000}

    columns = {name: Column(name, "") for name in ("scan", "text")}
    table = Table(name="long", columns=columns, rows=RowsWhenAsked(rows))
    tracemalloc.start()
    tsv, _ = write_table(tmp_path, table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made == 30_000 and tsv.stat().st_size > 30_000 * 1000
    assert peak < 1e6


def test_an_error_that_scans_share_has_its_column_and_stays_in_means(results: list[ScanResult]) -> None:
    """0.1 and 0.3 of two scans: the mean is wrong by their mean, 0.2, not by less. Without it there is no column."""

    def with_common(result: ScanResult, sd: float) -> ScanResult:
        shared = (
            dataclasses.replace(item, common_sd=sd) if item.scale == "lcmodel_water" else item
            for item in result.concentrations
        )
        return dataclasses.replace(result, concentrations=tuple(shared))

    two = [with_common(result, sd) for result, sd in zip(results, (0.1, 0.3), strict=False)]
    columns, rows = metabolites_table(two).columns, list(metabolites_table(two).rows)
    assert [name for name in columns if name.endswith("_common_sd")] == ["lcmodel_water_common_sd"]
    assert {row["lcmodel_water_common_sd"] for row in rows} == {0.1, 0.3}
    assert group_values(two, "Glu", "lcmodel_water", exclude=False).common_sd == pytest.approx(0.2)
    assert "Common SD" in concentrations_view(two, "lcmodel_water", "").columns
    assert "Common SD" not in concentrations_view(results, "lcmodel_water", "").columns
    assert not any("common" in name for name in metabolites_table(results).columns)
