"""A dataset as the user gave it: study, basis set, scans, and every problem found on the way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pharmrs.anatomy.stage.plan import TissuePlan, check_tissues, plan_tissue
from pharmrs.core.errors import InputError, InputProblem, input_problem, some_of
from pharmrs.core.files.places import STUDY_FILE, default_output
from pharmrs.core.files.unfinished import incomplete
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.records.tissue import StudyTissue, TissueFractions
from pharmrs.core.stage import check_stages
from pharmrs.core.unit import attempt
from pharmrs.spectra.fit.fit_setup import chosen_basis
from pharmrs.spectra.read.nifti_mrs import identifying_fields, spectrometer_frequency_mhz
from pharmrs.spectra.read.results.of_study import find_results
from pharmrs.spectra.read.scans import find_scans
from pharmrs.spectra.read.tissue_table import read_tissue_table
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.dataset import Dataset
from pharmrs.spectra.records.foreign import ForeignScan
from pharmrs.spectra.stage.foreign_scans import foreign_outcomes
from pharmrs.spectra.stage.scan import check_scan, check_value
from pharmrs.spectra.stage.settings import ScanSettings, settings_of, without_fractions
from pharmrs.spectra.stage.study_basis import study_basis, usable
from pharmrs.study.declared import Study
from pharmrs.study.init_study import is_open, still_open
from pharmrs.study.plan_check import check_metabolites
from pharmrs.study.planned import check_planned
from pharmrs.study.stages import STAGES
from pharmrs.study.study_file import read_study

StudyDataset = Dataset[Study]
_ANY_TISSUE = TissueFractions(
    gray_matter=0.5, white_matter=0.4, csf=0.1, gray_matter_sd=0.0, white_matter_sd=0.0, csf_sd=0.0, source="assumed"
)


def check_parts(
    root: Path, study: Study, scans: Sequence[ScanFiles], foreign: Sequence[ForeignScan]
) -> list[InputProblem]:
    """What the parts that are there need and study.yaml does not say; nothing can be done before it does."""
    file, problems = root / STUDY_FILE, []
    spectra = bool(scans or foreign or study.basis is not None or study.results is not None)
    if scans and study.basis is None and study.results is None:
        rule, value = "recordings need a basis set that they are fitted with", "missing"
        remedy = "add basis: (docs/basis-sets.md), or results: for values of another program"
        problems.append(input_problem(file, "basis", rule, value, remedy))
    if spectra and not study.quantification.primary_scale:
        rule = "this key is required where there are spectra"
        remedy = "add it, declared before the analysis: e.g. ratio_tcr, lcmodel_water, tissue_molal"
        problems.append(input_problem(file, "quantification.primary_scale", rule, "missing", remedy))
    declared = (study.assay, study.genotype, study.analysis, study.power)
    if not spectra and not any(part is not None for part in declared):
        rule = "must declare something to be done"
        remedy = "add basis: or results: for spectra, assay:, genotype:, or design: and analysis: (`pharmrs init`)"
        problems.append(input_problem(file, "file", rule, "a title alone", remedy))
    return problems


def with_tissue_table(root: Path, study: Study, scans: Sequence[ScanFiles]) -> tuple[Study, list[InputProblem]]:
    """The study with the fractions of its table beside those that study.yaml gives itself, which come first."""
    plan = study.quantification
    if plan.tissue_table is None:
        return study, []
    found, problems = read_tissue_table(root / plan.tissue_table, scans)
    return replace(study, quantification=replace(plan, tissue_by_scan={**found, **plan.tissue_by_scan})), problems


def open_dataset(root: Path, output: Path | None = None) -> StudyDataset:
    """Read study, basis set and the list of scans; nothing is raised for bad input.

    `output`: the derivative, where a run has kept the basis set if it was simulated; nothing is written to it.
    """
    if not root.is_dir():
        return Dataset(root, None, None, (), (_no_folder(root),))
    if left := incomplete(root):
        return Dataset(root, None, None, (), (left,))
    try:
        study = read_study(root / STUDY_FILE)
    except InputError as error:
        return Dataset(root, None, None, (), error.problems)
    scans, problems = find_scans(root, study)
    foreign: tuple[ForeignScan, ...] = ()
    if study.results is not None:
        foreign, found = find_results(root, study.results, scans)
        problems += found
    every = Dataset(root, study, None, tuple(scans), (), foreign).all_scans
    study, found = with_tissue_table(root, study, every)
    problems += [*found, *_check_tissue_names(study, every, root), *_places_outside(root, study)]
    if scans or foreign or study.basis is not None:
        problems += check_planned(root, every)
    basis, found = _open_study_basis(root, study, scans, output)
    problems += found
    names = () if basis is None else chosen_basis(basis, study.fit).names
    theirs = [value.metabolite for one in foreign for value in one.source.values]
    if names or theirs:
        problems += check_metabolites(study, tuple(dict.fromkeys((*names, *theirs))), str(root / STUDY_FILE))
    lacking = check_parts(root, study, scans, foreign)
    stopped = bool(lacking) or (study.basis is not None and (basis is None or not scans))
    return Dataset(root, study, basis, tuple(scans), (*problems, *lacking), foreign, stopped)


def only_of(dataset: StudyDataset, people: Sequence[str]) -> StudyDataset:
    """The dataset with the scans of these participants (labels, with or without `sub-`); of nobody: as it is.

    Raises `InputError` for a label that has no scan.
    """
    if not people or not dataset.all_scans:
        return dataset
    wanted = {label.removeprefix("sub-") for label in people}
    known = dict.fromkeys(scan.subject for scan in dataset.all_scans)
    if strangers := sorted(wanted.difference(known)):
        rule, remedy = "must name participants who were scanned", f"use some of {some_of([*known], 5)}"
        raise InputError([input_problem(dataset.root, "participant-label", rule, ", ".join(strangers), remedy)])
    kept = tuple(scan for scan in dataset.scans if scan.subject in wanted)
    foreign = tuple(one for one in dataset.foreign if one.files.subject in wanted)
    left = {path for scan in dataset.scans if scan not in kept for path in scan.paths}
    problems = tuple(one for one in dataset.problems if one.file not in left)
    return replace(dataset, scans=kept, foreign=foreign, problems=problems)


def _places_outside(root: Path, study: Study) -> list[InputProblem]:
    """Files of study.yaml that are not in the dataset: those named so are told, a link that hides it is refused."""
    basis = study.basis
    simulated = basis.simulate if basis is not None else None
    named: dict[str, list[str]] = {"basis": [basis.path] if basis is not None and basis.path else []}
    further = {"observations": study.observations, "quantification.tissue_table": study.quantification.tissue_table}
    if study.results is not None:
        further |= {"results.folder": study.results.folder, "results.map": study.results.map}
    named |= {field: [name] for field, name in further.items() if name}
    if simulated is not None:
        named |= {"basis.simulate.spin_systems": [simulated.spin_systems] if simulated.spin_systems else []}
        named |= {"basis.simulate.pulses": list(simulated.pulses)}
    if study.genotype is not None:
        named |= {"genotype.marker_files": list(study.genotype.marker_files)}
    problems = []
    for field, names in named.items():
        for name in names:
            if Path(os.path.realpath(root / name)).is_relative_to(root.resolve()):
                continue
            openly = Path(name).is_absolute() or ".." in Path(name).parts
            rule = "lies outside the dataset" if openly else "must not lead out of the dataset by a link"
            remedy = "copy it into the dataset, so that it can be handed on whole"
            remedy += "" if openly else ", or name the place itself"
            severity = "note" if openly else "error"
            problems.append(input_problem(root / STUDY_FILE, field, rule, str(name), remedy, severity))
    return problems


def _no_folder(root: Path) -> InputProblem:
    return InputProblem(
        file=str(root),
        field="dataset",
        rule="must be a folder",
        value="a file" if root.exists() else "missing",
        remedy="check the path of the dataset",
    )


def _open_study_basis(
    root: Path, study: Study, scans: list[ScanFiles], output: Path | None
) -> tuple[BasisSet | None, list[InputProblem]]:
    if study.basis is None:
        return None, []
    try:
        basis, warnings = study_basis(root, study.basis, scans, output)
    except InputError as error:
        return None, list(error.problems)
    kept, found = usable(basis, study.fit) if basis is not None else (None, [])
    return kept, [*warnings, *found]


def _check_tissue_names(study: Study, scans: Sequence[ScanFiles], root: Path) -> list[InputProblem]:
    known = {scan.name for scan in scans}
    return [
        InputProblem(
            file=str(root / STUDY_FILE),
            field=f"quantification.tissue_by_scan.{name}",
            rule="must name a scan of the dataset",
            value=name,
            remedy=f"use one of {', '.join(sorted(known))}" if known else "add the scan or delete the entry",
        )
        for name in study.quantification.tissue_by_scan
        if name not in known
    ]


def validate_dataset(root: Path) -> tuple[StudyDataset, tuple[InputProblem, ...]]:
    """Every problem of a dataset, scan by scan, without fitting anything."""
    output = default_output(root)
    dataset = open_dataset(root, output)  # where a run has kept a simulated basis set; nothing is written to it
    problems = list(dataset.problems)
    if dataset.study is not None:
        scans = without_fractions(dataset.study, dataset.all_scans)
        plan = plan_tissue(root, dataset.study.anatomy, scans, output, spectrometer_frequency_mhz)
        problems += _check_scans(dataset, dataset.study, plan)
        problems += check_tissues(plan)
    if dataset.study is not None:
        problems += check_stages(root, dataset.study, STAGES)
    unfilled = still_open(root)
    others = (problem for problem in problems if not (unfilled and is_open(problem)))
    return dataset, tuple(dict.fromkeys([*unfilled, *others]))


def _check_scans(dataset: StudyDataset, study: Study, plan: TissuePlan) -> list[InputProblem]:
    """What is wrong with each scan. Tissues that will be measured are taken as given."""
    problems: list[InputProblem] = []
    planned = [] if plan.declared is None else [one.name for one in dataset.all_scans if one.name not in plan.missing]
    tissue = StudyTissue(measured=dict.fromkeys(planned, _ANY_TISSUE), missing=plan.missing)
    proton = dataset.basis.proton_amplitude if dataset.basis is not None else 1.0
    for files in dataset.scans if study.basis is not None else ():
        settings = settings_of(study, files.name, tissue)
        found, faults = attempt(partial(_check_scan, files, dataset.basis, settings, proton), files.metabolite, "check")
        problems += [*(found or ()), *faults]
    if study.results is not None and dataset.foreign:
        theirs = foreign_outcomes(study, dataset.foreign, tissue)
        problems += [problem for one in theirs for problem in one.problems]
    return problems


def _check_scan(
    files: ScanFiles, basis: BasisSet | None, settings: ScanSettings, proton: float
) -> tuple[InputProblem, ...]:
    prepared, found = check_scan(files, basis, settings)
    value = check_value(prepared, files, settings, proton) if prepared is not None else ()
    return (*found, *value, *(problem for path in files.paths for problem in _identity_problems(path)))


def _identity_problems(path: str) -> list[InputProblem]:
    try:
        fields = identifying_fields(path)
    except InputError:
        return []  # unreadable: already reported
    return [
        InputProblem(
            file=path,
            field=field,
            rule="may identify a person",
            value="",
            remedy="`pharmrs deidentify` makes a copy without it, to be shared; it is never copied into derivatives",
            severity="note",
        )
        for field in fields
    ]
