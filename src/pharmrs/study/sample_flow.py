"""Flow over all materials: what was planned, recorded or drawn, measured, out of range, and lost.

Reads what the stages before left in the derivative (`biomarkers.tsv`, `genotypes.tsv`), the session tables of the
dataset, and of the allocation the participants alone, so that it stays blind to treatment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.read.participants import SessionTables, participant_labels, sessions_file
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table
from pharmrs.core.report.tables import write_table
from pharmrs.core.stage import Stage, StageOutcome, StudyContext
from pharmrs.spectra.records.scan import ValuesOutcome
from pharmrs.spectra.stage.scans import SCANS
from pharmrs.study.declared import Study
from pharmrs.study.planned import planned_sessions, without_recording
from pharmrs.study.report.section_sample_flow import flow_table, sample_flow_section
from pharmrs.study.sample_flow_records import SampleFate, count_samples

BIOMARKERS, GENOTYPES = "biomarkers.tsv", "genotypes.tsv"
_CENSORED = {"left": "below_limit", "right": "above_limit"}
_BEST_FIRST = ("measured", "below_limit", "above_limit", "rejected", "lost")


@dataclass(frozen=True, slots=True)
class _Session:
    """A planned sample: its time point, and whether blood was drawn (a sampling time is noted)."""

    time_point: str
    drawn: bool


def sample_fates(root: Path, output: Path) -> list[SampleFate]:
    """The fate of every sample of every analyte and marker found in `output`."""
    return [*_biomarker_fates(output, _sessions(root)), *_genotype_fates(output)]


def scan_fates(root: Path, outcomes: Sequence[ValuesOutcome]) -> list[SampleFate]:
    """The fate of every scan, and of every planned session without one."""
    planned = planned_sessions(root)
    fates = [
        (planned.get((one.files.subject, one.files.session), ""), "lost" if one.result is None else "measured")
        for one in outcomes
    ]
    fates += [(planned[place], "not_drawn") for place in without_recording(planned, [one.files for one in outcomes])]
    return [SampleFate(material="spectra", kind="scan", time_point=point, fate=fate) for point, fate in fates]


def _biomarker_fates(output: Path, sessions: dict[tuple[str, str], _Session]) -> list[SampleFate]:
    found: dict[str, dict[tuple[str, str], str]] = {}
    for row in _rows(output / BIOMARKERS, ("subject", "session", "analyte", "value", "censored")):
        key, fates = (row.text("subject"), row.text("session")), found.setdefault(row.text("analyte"), {})
        fates[key] = min(fates.get(key, "lost"), _fate(row), key=_BEST_FIRST.index)  # of repeats the best counts
    made = []
    for analyte, fates in found.items():
        for key in sorted({*fates, *sessions}):
            session = sessions.get(key, _Session("", drawn=True))
            fate = fates.get(key) or ("lost" if session.drawn else "not_drawn")
            made.append(SampleFate(material=analyte, kind="biomarker", time_point=session.time_point, fate=fate))
    return made


def _fate(row: TextRow) -> str:
    if row.text("flag") == "rejected":
        return "rejected"
    censored = _CENSORED.get(row.text("censored"))
    return censored or ("measured" if row.text("value") else "lost")


def _genotype_fates(output: Path) -> list[SampleFate]:
    fates = {"ok": "measured", "indeterminate": "lost", "not_measured": "not_drawn"}
    return [
        SampleFate(material=row.text("marker"), kind="genotype", time_point="", fate=fates[row.text("flag")])
        for row in _rows(output / GENOTYPES, ("subject", "marker", "flag"))
    ]


def _sessions(root: Path) -> dict[tuple[str, str], _Session]:
    """Subject and session -> what was planned, from the session tables that note sampling times."""
    planned, tables = {}, SessionTables(root)
    for label in participant_labels(root):
        problems = Problems(str(sessions_file(root, label)))
        rows = tables.of(label, problems, ("session_id",)) if sessions_file(root, label).is_file() else []
        for row in () if problems.found else rows:
            if "sampling_time" in row.cells:
                key = (label, row.text("session_id").removeprefix("ses-"))
                planned[key] = _Session(row.text("time_point"), bool(row.text("sampling_time")))
    return planned


def _rows(path: Path, columns: tuple[str, ...]) -> list[TextRow]:
    """Rows of a table; none where it is not there or not whole: whoever needs it has reported that."""
    problems = Problems(str(path))
    rows = read_text_table(path, problems, columns) if path.is_file() else []
    return [] if problems.found else rows


def _wanted(_root: Path, _study: Study) -> bool:
    return True  # whether there is anything to count is known only after the stages before


def _run(context: StudyContext[Study]) -> StageOutcome:
    outcomes: tuple[ValuesOutcome, ...] = context.given(SCANS)
    scans = scan_fates(context.root, outcomes)
    rows = count_samples([*scans, *sample_fates(context.root, context.output)])
    if not rows:
        return StageOutcome()
    write_table(context.output, flow_table(rows))
    return StageOutcome(sections=(sample_flow_section(rows),))


SAMPLE_FLOW_STAGE: Stage[Study] = Stage(name="sample flow", outputs=("sample_flow.*",), wanted=_wanted, run=_run)
