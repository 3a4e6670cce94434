"""Writes a simulated trial as a BIDS dataset, from raw signals on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.files.atomic import write_bytes, write_text
from pharmrs.core.files.unfinished import is_left, unfinished
from pharmrs.core.report.tables import Row, Table, table_of_rows, write_table
from pharmrs.simulate import trial_columns
from pharmrs.simulate.chemistry import METABOLITES
from pharmrs.simulate.gels import GelSettings
from pharmrs.simulate.head import HeadSettings, write_derivative_description
from pharmrs.simulate.person import PersonRecorded, PersonTask, record_person
from pharmrs.simulate.plates import SimulatedAssay
from pharmrs.simulate.recordings import ACQUISITION, POINTS, REFERENCES, ScannerSettings, SimulatedRecording
from pharmrs.simulate.session_series import TrueSeries
from pharmrs.simulate.study_text import BASIS_FILE, README, study_text
from pharmrs.simulate.trial_records import Trial
from pharmrs.simulate.trial_tables import TRUTH, write_trial_tables
from pharmrs.spectra.basis.basis_set import MACROMOLECULE_NAME, protocol_of, simulated_basis
from pharmrs.spectra.basis.write_basis import write_lcmodel_basis
from pharmrs.spectra.records import Acquisition, BasisSet

_COMMAND = "pharmrs simulate"
_TRUE_SCANS = "concentrations"
TRUTH_FILE = f"{TRUTH}/{_TRUE_SCANS}.tsv"

RunTasks = Callable[[Callable[[PersonTask], PersonRecorded], Sequence[PersonTask]], Iterable[PersonRecorded]]


def in_turn(function: Callable[[PersonTask], PersonRecorded], tasks: Sequence[PersonTask]) -> Iterable[PersonRecorded]:
    """One participant after the other in this process."""
    return map(function, tasks)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenStudy:
    """A study of the user's: text of its `study.yaml`, and the basis set it declares with its files.

    `basis_files`: name below `study.yaml` and place of what the basis set is read from or simulated with.

    `references`: as in `PersonTask`; `acquisition`: of the recordings to be simulated.
    """

    text: str
    basis: BasisSet
    basis_files: tuple[tuple[str, Path], ...]
    acquisition: Acquisition
    references: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """The simulated scanner, images of the head, assay and gel; None: not used. Without scanner there are no images."""

    scanner: ScannerSettings | None = field(default_factory=ScannerSettings)
    head: HeadSettings | None = field(default_factory=HeadSettings)
    assay: SimulatedAssay | None = field(default_factory=SimulatedAssay)
    gel: GelSettings | None = field(default_factory=GelSettings)


def write_trial(
    folder: Path,
    trial: Trial,
    instruments: Instruments | None = None,
    study: GivenStudy | None = None,
    run_tasks: RunTasks = in_turn,
) -> Trial:
    """Write `trial` as a BIDS 1.10 dataset to `folder`; the same trial and instruments give the same bytes.

    `run_tasks` may spread the participants over processes. Returns the trial with the tissue that the voxels really
    hold. Raises `InputError` where `folder` is not empty (nothing is ever overwritten, but for what the same command
    left there when it was killed) or the basis set lacks the metabolite.
    """
    chosen = instruments or Instruments()
    work = repr((trial, chosen, study and (study.text, study.acquisition, study.references)))
    if not is_left(folder, _COMMAND, work):
        _check_folder(folder)
    basis = study.basis if study else built_in_basis()
    _check_basis(basis, trial, study.basis.source if study else BASIS_FILE)
    with unfinished(folder, _COMMAND, work):
        return _write(folder, trial, chosen, study, basis, run_tasks)


def _write(
    folder: Path, trial: Trial, chosen: Instruments, study: GivenStudy | None, basis: BasisSet, run_tasks: RunTasks
) -> Trial:
    _write_description(folder, trial)
    if study is not None:
        _write_given(folder, study)
    else:
        _write_built_in(folder, trial, basis, chosen)
    if chosen.scanner is not None:
        tasks = [
            PersonTask(
                root=folder,
                trial=trial,
                person=person,
                basis=basis,
                acquisition=study.acquisition if study else ACQUISITION,
                scanner=chosen.scanner,
                head=chosen.head,
                references=study.references if study else REFERENCES,
            )
            for person in trial.participants
        ]
        done = list(run_tasks(record_person, tasks))
        trial = replace(trial, visits=tuple(visit for one in done for visit in one.visits))
        recorded = [scan for one in done for scan in one.recorded]
        _write_true_concentrations(folder, recorded)
        if trial.settings.series is not None:
            rows = [one.series for one in recorded if one.series is not None]
            write_table(folder / TRUTH, table_of_rows("series", TrueSeries, rows))
        if chosen.head is not None:
            write_derivative_description(folder)
    write_trial_tables(folder, trial, chosen.assay, chosen.gel)
    return trial


def built_in_basis() -> BasisSet:
    """The basis set of the reference study's protocol, by quantum simulation: 16 metabolites and macromolecules.

    It has twice the points of the recordings: a basis that outlasts the data is not cut short by it.
    """
    metabolites = [name for name in METABOLITES if name != MACROMOLECULE_NAME]
    return simulated_basis(protocol_of(ACQUISITION, 2 * POINTS), metabolites)


def _check_folder(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        value = "not empty"
    elif folder.exists() and not folder.is_dir():
        value = "a file"
    else:
        return
    remedy = "choose another one or delete its content; nothing is ever overwritten"
    raise InputError(
        [InputProblem(file=str(folder), field="folder", rule="must be new or empty", value=value, remedy=remedy)]
    )


def _check_basis(basis: BasisSet, trial: Trial, file: str) -> None:
    name = trial.settings.metabolite
    problems = []
    if name not in basis.names:
        remedy = f"name one of {', '.join(basis.names)}"
        problems.append(
            InputProblem(file=file, field="metabolite", rule="must be in the basis set", value=name, remedy=remedy)
        )
    if not np.isfinite(basis.proton_amplitude):
        rule, remedy = "the amplitude of one proton must be known", "add a component with a known singlet (NAA, Cr)"
        problems.append(InputProblem(file=file, field="basis", rule=rule, value="unknown", remedy=remedy))
    if basis.points < POINTS:
        rule, remedy = f"must have at least {POINTS} points", "simulate a longer basis set"
        problems.append(InputProblem(file=file, field="points", rule=rule, value=str(basis.points), remedy=remedy))
    if problems:
        raise InputError(problems)


def _write_description(root: Path, trial: Trial) -> None:
    description = {
        "Name": "Simulated trial with known truth",
        "BIDSVersion": "1.10.0",
        "DatasetType": "raw",
        "License": "CC0",
        "Authors": ["pharmrs"],
        "GeneratedBy": [{"Name": "pharmrs simulate", "Description": f"seed {trial.settings.seed}"}],
    }
    write_text(root / "dataset_description.json", json.dumps(description, indent=2) + "\n")
    write_text(root / "README", README)
    # BIDS knows no place for these, and wants one row for each participant in phenotype/, where a crossover has two
    write_text(root / ".bidsignore", f"basis\n{TRUTH}\nstudy.yaml\nphenotype/allocation.*\n")


def _write_built_in(root: Path, trial: Trial, basis: BasisSet, chosen: Instruments) -> None:
    recorded = chosen.scanner is not None
    imaged, genotyped = recorded and chosen.head is not None, chosen.gel is not None
    text = study_text(trial.settings, recorded=recorded, imaged=imaged, assay=chosen.assay, genotyped=genotyped)
    write_text(root / "study.yaml", text)
    (root / BASIS_FILE).parent.mkdir(parents=True, exist_ok=True)
    write_lcmodel_basis(root / BASIS_FILE, basis, ACQUISITION.sequence)


def _write_given(root: Path, study: GivenStudy) -> None:
    write_text(root / "study.yaml", study.text)
    for name, place in study.basis_files:
        for source in sorted(place.rglob("*")) if place.is_dir() else (place,):
            if source.is_file():
                write_bytes(root / name / source.relative_to(place), source.read_bytes())


def _write_true_concentrations(root: Path, recorded: Iterable[SimulatedRecording]) -> None:
    rows = tuple(row for one in recorded for row in _truth_rows(one))
    write_table(root / TRUTH, Table(name=_TRUE_SCANS, columns=trial_columns.TRUE_SCANS, rows=rows))


def _truth_rows(one: SimulatedRecording) -> list[Row]:
    truth, visit = one.truth, one.visit
    shared: Row = {
        "scan": one.scan,
        "water_concentration_mm": truth.water_concentration_mm,
        "line_width_hz": truth.line_width_hz,
        "signal_to_noise": truth.signal_to_noise,
        "spoiled_transients": " ".join(map(str, truth.spoiled)),
        "bad_on_purpose": visit.bad_scan,
    }
    return [
        {**shared, "component": name, "concentration_mm": amount} for name, amount in truth.concentrations_mm.items()
    ]
