"""`pharmrs results`: values of any known tool in, checked as our own, and out in the form of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem, input_problem
from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.targets import check_replaced, check_target
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.report.tables import Row, write_tsv
from pharmrs.spectra.checks.finding import Quantified, findings, problems_of
from pharmrs.spectra.checks.of_results import CONCENTRATION_CHECKS
from pharmrs.spectra.quantify.agreement import ProgramAgreement, agreement
from pharmrs.spectra.read.results.one_fit import joined, may_hold_results
from pharmrs.spectra.read.results.registry import read_results
from pharmrs.spectra.records.acquisition import Acquisition
from pharmrs.spectra.records.foreign import ForeignResult
from pharmrs.spectra.records.quantification import Concentration
from pharmrs.spectra.records.scaling import SCALES
from pharmrs.spectra.report.foreign_tables import FORMS, lines_of

COLUMNS = ("tool", "file", "scan", "metabolite", "printed", "scale", "value", "sd", "crlb_percent")
QUALITY = ("tool", "file", "scan", "signal_to_noise", "line_width_hz", "notes")
_SHORT_TE_S = 0.03  # ranges of coupled metabolites are those of short echo times; the tables tell none


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The results of all files that could be read, and what is wrong with or odd about any."""

    results: tuple[ForeignResult, ...]
    problems: tuple[InputProblem, ...]


def gather(files: Sequence[Path]) -> Gathered:
    """Read every file; one that cannot be read does not stop the others.

    Several files of one folder about one scan are one fit; what a program leaves beside its results is passed over.
    """
    problems = Problems("")
    first: dict[tuple[str, str], list[ForeignResult]] = {}
    for file in [one for one in files if may_hold_results(one)] or files:
        try:
            found = read_results(file)
        except InputError as error:
            problems.found += error.problems
            continue
        for result in found:
            together = first.setdefault((result.tool, result.scan), [])
            if together and Path(together[0].file).parent != file.parent:
                rule, remedy = "each scan of a tool must come once", "leave this file out, or rename it"
                value = f"{result.scan}, as in {together[0].file}"
                problems.found.append(input_problem(result.file, "scan", rule, value, remedy))
            else:
                together.append(result)
    results = tuple(one for together in first.values() if (one := joined(together, problems)) is not None)
    return Gathered(results=results, problems=(*problems.found, *(told for one in results for told in _checked(one))))


def _checked(result: ForeignResult) -> tuple[InputProblem, ...]:
    """The ranges that our own values must lie in."""
    acquisition = Acquisition(
        spectrometer_frequency_mhz=127.7, dwell_time_s=5e-4, echo_time_s=_SHORT_TE_S, repetition_time_s=2.0
    )
    values = tuple(
        Concentration(metabolite=one.metabolite, scale=one.scale, value=one.value, sd=one.sd, unit="")
        for one in result.values
        if one.scale in SCALES and one.sd == one.sd
    )
    seen = Quantified(name=result.scan, acquisition=acquisition, concentrations=values)
    files = ScanFiles(name=result.scan, subject="", session="", metabolite=result.file)
    return problems_of(findings(CONCENTRATION_CHECKS, seen), files)


def check_tidy(table: Path) -> list[InputProblem]:
    """What is wrong with the place of the table, before anything is read."""
    separator = "," if table.suffix.lower() == ".csv" else "\t"
    return [
        *check_target(table, (".tsv", ".csv"), b"crlb_percent"),
        *check_replaced(_quality_of(table), separator.join(QUALITY[:3]).encode()),
    ]


def _quality_of(table: Path) -> Path:
    return table.with_name(f"{table.stem}_quality{table.suffix}")


def write_tidy(table: Path, results: Sequence[ForeignResult]) -> list[Path]:
    """The long table, and what the tools tell of quality and scaling beside it."""
    write_tsv(table, COLUMNS, (row for result in results for row in lines_of(result)))
    quality = _quality_of(table)
    rows: list[Row] = [
        {
            "tool": one.tool,
            "file": one.file,
            "scan": one.scan,
            "signal_to_noise": one.signal_to_noise,
            "line_width_hz": one.line_width_hz,
            "notes": "; ".join(one.notes),
        }
        for one in results
    ]
    write_tsv(quality, QUALITY, rows)
    return [table, quality]


def write_form(folder: Path, form: str, results: Sequence[ForeignResult]) -> list[Path]:
    """All scans in the form of another tool, below `folder`."""
    written = []
    for name, text in FORMS[form](results):
        written.append(folder / name)
        write_text(written[-1], text)
    return written


def compared(first: Sequence[ForeignResult], second: Sequence[ForeignResult]) -> list[ProgramAgreement]:
    """Each metabolite and scale that both have, over the scans that both have."""
    one, other = _by_value(first), _by_value(second)
    found = []
    for key in one:
        scans = [scan for scan in one[key] if scan in other.get(key, {})]
        item = agreement(*key, [one[key][scan] for scan in scans], [other[key][scan] for scan in scans])
        if item is not None:
            found.append(item)
    return found


def _by_value(results: Sequence[ForeignResult]) -> dict[tuple[str, str], dict[str, float]]:
    values: dict[tuple[str, str], dict[str, float]] = {}
    for result in results:
        for one in result.values:
            values.setdefault((one.metabolite, one.scale), {})[result.scan] = one.value
    return values
