"""Writes the study-level files of a simulated trial: people, sessions, allocation, plates, gels and the truth."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path

from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.content import read_content
from pharmrs.core.read.participants import sessions_file
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import read_text_table
from pharmrs.core.records.columns import Column
from pharmrs.core.report.dictionaries import dictionary
from pharmrs.core.report.tables import Row, Table, tsv_lines, write_table, write_tsv
from pharmrs.simulate import trial_columns
from pharmrs.simulate.gels import GelSettings, lanes_of, run_gels
from pharmrs.simulate.plates import SimulatedAssay, read_plates
from pharmrs.simulate.tecan_export import write_tecan_export
from pharmrs.simulate.trial_records import Participant, Trial, Visit

TRUTH = "truth"
ASSAY = "sourcedata/assay"
GENOTYPING = "sourcedata/genotyping"
_VISITS, _SETTINGS = "visits", "settings.json"
_TISSUE = ("gray_matter", "white_matter", "csf")
_FIRST_DAY = datetime(1924, 3, 3)  # BIDS: dates shifted for privacy lie before 1925
_ENROLMENT_DAYS = 2  # from one participant to the next


def write_trial_tables(root: Path, trial: Trial, assay: SimulatedAssay | None, gel: GelSettings | None) -> None:
    """Everything of `trial` below `root` that needs no recordings: the same trial gives the same bytes.

    Without `assay` there are no plates, without `gel` no gels.
    """
    _table(root, "participants", trial_columns.PARTICIPANTS, [_person_row(one) for one in trial.participants])
    for index, person in enumerate(trial.participants):
        visits = [visit for visit in trial.visits if visit.participant == person]
        rows = [_session_row(visit, index) for visit in visits]
        write_tsv(sessions_file(root, person.label), tuple(trial_columns.SESSIONS), rows)
    write_text(root / "sessions.json", _json(dictionary(trial_columns.SESSIONS)))
    allocation: list[Row] = [
        {"participant_id": f"sub-{person.label}", "period": period, "treatment": treatment}
        for person in trial.participants
        for period, treatment in enumerate(person.sequence, start=1)
    ]
    _table(root / "phenotype", "allocation", trial_columns.ALLOCATION, allocation)
    if assay is not None:
        _write_plates(root, trial, assay)
    if gel is not None:
        _write_gels(root, trial, gel)
    _write_truth(root / TRUTH, trial)


def _person_row(person: Participant) -> Row:
    return {
        "participant_id": f"sub-{person.label}",
        "age": person.age_years,
        "sex": person.sex,
        "bmi": person.bmi,
    }


def _session_row(visit: Visit, index: int) -> Row:
    minutes = round(visit.clock_time_h * 60)
    start = _FIRST_DAY + timedelta(days=visit.day + index * _ENROLMENT_DAYS, minutes=minutes)
    return {
        "session_id": f"ses-{visit.session}",
        "period": visit.period,
        "time_point": visit.time_point,
        "acq_time": start.isoformat(),
        "sampling_time": start.strftime("%H:%M:%S") if visit.has_sample else None,
    }


def _write_plates(root: Path, trial: Trial, assay: SimulatedAssay) -> None:
    readings = read_plates(trial, assay)
    rows: list[Row] = []
    truth: list[Row] = []
    for reading in readings:
        write_tecan_export(root / ASSAY / f"{reading.plate}.xlsx", reading)
        for well in reading.wells:
            rows.append({column: getattr(well, column) for column in trial_columns.LAYOUT})
            truth.append({"plate": well.plate, "well": well.well, "concentration": well.truth})
    _table(root / ASSAY, "layout", trial_columns.LAYOUT, rows)
    _table(root / TRUTH, "wells", trial_columns.TRUE_WELLS, truth)


def _write_gels(root: Path, trial: Trial, gel: GelSettings) -> None:
    for name, lanes in lanes_of(run_gels(trial, gel)):
        rows: list[Row] = [
            {
                "gel": lane.gel,
                "lane": lane.lane,
                "role": lane.role,
                "sample": lane.sample,
                "genotype": lane.genotype if lane.role == "control" else None,
                "bands_bp": ";".join(map(str, lane.bands_bp)),
            }
            for lane in lanes
        ]
        _table(root / GENOTYPING, name, trial_columns.GEL, rows)


def _write_truth(folder: Path, trial: Trial) -> None:
    _table(folder, _VISITS, trial_columns.TRUE_VISITS, _true_rows(trial))
    effects, reference = trial.settings.planted, trial.settings.design.treatments[0]
    rows: list[Row] = [
        {"treatment": name, **asdict(effect), "slope_minus_reference": effects.interaction(name, reference)}
        for name, effect in effects.treatments.items()
    ]
    _table(folder, "effects", trial_columns.EFFECTS, rows)
    write_text(folder / _SETTINGS, _settings_text(trial))


def as_simulated(root: Path, trial: Trial) -> Trial | None:
    """`trial` with the tissue that its voxels hold, as the truth below `root` tells it; None where that is of another.

    The tables must say of every visit what `trial` says, and the settings the same, byte for byte.
    """
    folder = root / TRUTH
    problems = Problems(str(folder))
    rows = read_text_table(folder / f"{_VISITS}.tsv", problems, ("sample", *_TISSUE))
    tissue = {row.text("sample"): [_number(row.text(name)) for name in _TISSUE] for row in rows}
    if problems.found or tissue.keys() != {visit.name for visit in trial.visits}:
        return None
    visits = []
    for visit in trial.visits:
        gray, white, csf = tissue[visit.name]
        visits.append(replace(visit, gray_matter=gray, white_matter=white, csf=csf))
    trial = replace(trial, visits=tuple(visits))
    expected = {
        f"{_VISITS}.tsv": "".join(tsv_lines(tuple(trial_columns.TRUE_VISITS), _true_rows(trial))),
        _SETTINGS: _settings_text(trial),
    }
    try:
        same = all(read_content(folder / name) == text.encode() for name, text in expected.items())
    except OSError:
        return None
    return trial if same else None


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _settings_text(trial: Trial) -> str:
    effects = trial.settings.planted
    settings = {
        "participants": len(trial.participants),
        "seed": trial.settings.seed,
        "design": asdict(trial.settings.design),
        "population": asdict(effects.population),
        "losses": asdict(effects.losses),
    }
    return _json(settings)


def _true_rows(trial: Trial) -> list[Row]:
    return [_true_row(trial, visit) for visit in trial.visits]


def _true_row(trial: Trial, visit: Visit) -> Row:
    person = visit.participant
    return {
        "sample": visit.name,
        "participant_id": f"sub-{person.label}",
        "sequence": "->".join(person.sequence),
        "metabolite": trial.settings.metabolite,
        "metabolite_tissue": visit.metabolite_mm,
        "genotype": person.genotype,
        **{
            name: getattr(visit, name)
            for name in (
                "period",
                "treatment",
                "time_point",
                "clock_time_h",
                "biomarker",
                "gray_matter",
                "white_matter",
                "csf",
                "has_scan",
                "bad_scan",
                "has_sample",
            )
        },
    }


def _table(folder: Path, name: str, columns: dict[str, Column], rows: list[Row]) -> None:
    write_table(folder, Table(name=name, columns=columns, rows=tuple(rows)))


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
