"""Finds the spectroscopy scans of a BIDS dataset and the water references that belong to each.

Source: BIDS 1.10, "Magnetic Resonance Spectroscopy": sub-*/[ses-*/]mrs/*_svs.nii[.gz] and *_mrsref.nii[.gz].
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.errors import InputProblem, input_problem
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.sidecar import stem_of
from pharmrs.core.records.scan_files import REFERENCE_PURPOSES, ScanFiles
from pharmrs.spectra.read.find_recordings import LONGEST_NAME, find_recordings, same_recordings
from pharmrs.spectra.records.declared import SpectraPlan


@dataclass(frozen=True, slots=True)
class _Recording:
    """One file of an `mrs` folder: path, entities as written (`sub-01`, `acq-quant`), suffix."""

    path: Path
    entities: tuple[str, ...]
    suffix: str

    def value(self, key: str) -> str:
        return next((e.split("-", 1)[1] for e in self.entities if e.startswith(f"{key}-")), "")

    @property
    def session(self) -> tuple[str, str]:
        """Subject and session."""
        return self.value("sub"), self.value("ses")


def find_scans(dataset: str | Path, study: SpectraPlan) -> tuple[list[ScanFiles], list[InputProblem]]:
    """The scans of `dataset` in order of name, and what is wrong with the folder.

    References of the same subject and session serve a scan; when entities that both carry (run, task, ...) tell
    references apart, only the agreeing ones do. `study.references` says which serves what; a single reference serves
    everything that is not declared. Files behind links that leave the dataset are refused. Nothing is raised.
    """
    root = Path(dataset)
    problems = Problems(str(dataset))
    if not root.is_dir():
        problems.add("dataset", "must be a folder", "missing", "check the path of the dataset")
        return [], problems.found
    recordings = _recordings(root, problems)
    if recordings and not (root / "dataset_description.json").is_file():
        remedy = 'create it with {"Name": "...", "BIDSVersion": "1.10.0"}, and check that the path is the BIDS root'
        problems.add("dataset_description.json", "every BIDS dataset has this file at its root", "missing", remedy)
    scans = [recording for recording in recordings if recording.suffix == "svs"]
    references = [recording for recording in recordings if recording.suffix == "mrsref"]
    if not scans and study.basis is not None:
        remedy = "store single-voxel spectra as sub-<label>/[ses-<label>/]mrs/sub-<label>[_ses-<label>]_svs.nii.gz"
        problems.add("dataset", "needs at least one *_svs.nii.gz", "none found", remedy)
    scans = _unique(scans, problems)
    of_session: dict[tuple[str, str], list[_Recording]] = defaultdict(list)
    for reference in references:
        of_session[reference.session].append(reference)
    files = [_scan_files(scan, of_session[scan.session], study, problems) for scan in scans]
    nowhere = _references_nowhere(root, study, references)
    fields = {problem.field for problem in nowhere}  # told once for the dataset, not for each scan again
    same = same_recordings([scan.path for scan in scans]) if study.basis is not None else []
    return files, [*(one for one in problems.found if one.field not in fields), *nowhere, *same]


def _references_nowhere(root: Path, study: SpectraPlan, references: Sequence[_Recording]) -> list[InputProblem]:
    """Declared entities that no reference of the dataset has: a slip of the pen, told once."""
    known = sorted({entity for one in references for entity in one.entities if not entity.startswith(("sub-", "ses-"))})
    rule, remedy = "must be in the name of a *_mrsref.nii.gz", "correct the entity, or add the references"
    declared = {purpose: getattr(study.references, purpose) for purpose in REFERENCE_PURPOSES}
    return [
        input_problem(
            root / "study.yaml", f"references.{purpose}", rule, f"{entity}; there are: {', '.join(known)}", remedy
        )
        for purpose, entity in declared.items()
        if known and entity is not None and entity not in known
    ]


def _recordings(root: Path, problems: Problems) -> list[_Recording]:
    found = []
    real_root = root.resolve()
    paths, hidden = find_recordings(root)
    problems.found += hidden
    for path in paths:
        *entities, suffix = stem_of(path).split("_")
        recording = _Recording(path, tuple(entities), suffix)
        real = Path(os.path.realpath(path))  # a link that leads to itself is no error
        if not real.is_relative_to(real_root):
            remedy = "copy the file into the dataset; links that leave it are not followed"
            _add(problems, recording, "link", "must not lead out of the dataset", str(real), remedy)
            continue
        if _is_named_right(recording, problems):
            found.append(recording)
    return found


def _is_named_right(recording: _Recording, problems: Problems) -> bool:
    folders = [part for part in recording.path.parts[-4:-1] if part.startswith(("sub-", "ses-"))]
    wanted = [folder for folder in folders if folder not in recording.entities]
    malformed = [one for one in recording.entities if "-" not in one or one.endswith("-") or not one.isprintable()]
    if not wanted and not malformed:
        return True
    rule = "file names consist of key-label pairs and repeat the subject and session of their folder"
    found = ascii(", ".join(malformed)) if malformed else f"{', '.join(wanted)} is not in the name"
    remedy = "rename the file as BIDS wants, e.g. sub-01_ses-1_acq-steam_svs.nii.gz"
    _add(problems, recording, "file name", rule, found, remedy)
    return False


def _unique(scans: list[_Recording], problems: Problems) -> list[_Recording]:
    """One recording of each name. Which of two is the right one is not known, so the error stops that scan."""
    first: dict[str, _Recording] = {}
    for scan in scans:
        name = "_".join(scan.entities)
        if name in first:
            found = f"{first[name].path.name} and {scan.path.name}"
            remedy = "keep one of the two files (.nii or .nii.gz)"
            _add(problems, first[name], name, "each scan must exist once", found, remedy)
        first.setdefault(name, scan)
        if len(name.encode()) > LONGEST_NAME:
            rule = f"must have at most {LONGEST_NAME} bytes before its suffix: names of results are longer"
            _add(problems, scan, "file name", rule, f"{len(name.encode())} bytes", "shorten it, e.g. the part desc-")
    return list(first.values())


def _scan_files(scan: _Recording, references: list[_Recording], study: SpectraPlan, problems: Problems) -> ScanFiles:
    candidates = _candidates(scan, references)
    problems = problems if study.basis is not None else Problems("")  # without fits nothing depends on the choice
    chosen = {purpose: _choose(purpose, candidates, study, scan, problems) for purpose in REFERENCE_PURPOSES}
    if not candidates:
        _add(
            problems,
            scan,
            "water reference",
            "a scan should have a *_mrsref.nii.gz of its subject and session",
            "none",
            "add the water reference; without it there is no water scaling and no eddy-current correction",
            severity="warning",
        )
    return ScanFiles(
        name="_".join(scan.entities),
        subject=scan.value("sub"),
        session=scan.value("ses"),
        metabolite=str(scan.path),
        **chosen,
    )


def _candidates(scan: _Recording, references: list[_Recording]) -> list[_Recording]:
    """`references`, those of the scan's subject and session, narrowed by each shared entity that tells them apart."""
    candidates = list(references)
    for entity in scan.entities:
        key = entity.split("-", 1)[0]
        if key in ("sub", "ses", "acq"):  # acq is what the study file tells the references apart by
            continue
        agreeing = [r for r in candidates if r.value(key) == scan.value(key)]
        if any(r.value(key) for r in candidates):
            candidates = agreeing or [r for r in candidates if not r.value(key)]
    # one of another task, say, serves a scan of none where there is no other; repeats (run) are alike
    own = {entity.split("-", 1)[0] for entity in scan.entities} | {"acq", "run"}
    return [r for r in candidates if {one.split("-", 1)[0] for one in r.entities} <= own] or candidates


def _choose(
    purpose: str, candidates: list[_Recording], study: SpectraPlan, scan: _Recording, problems: Problems
) -> str:
    """The path of the reference for `purpose`, or empty text with the reason in `problems`."""
    wanted = getattr(study.references, purpose)
    declared = {getattr(study.references, other) for other in REFERENCE_PURPOSES} - {None}
    field = f"references.{purpose}"
    if wanted is not None:
        fitting = [r for r in candidates if wanted in r.entities]
        if candidates and not fitting:
            _add(
                problems,
                scan,
                field,
                f"a reference with the entity {wanted} must belong to this scan",
                _names(candidates),
                "add the reference, or correct the entity in study.yaml",
                severity="warning",
            )
    else:
        # one that is declared for something else is taken only when there is no other
        fitting = [r for r in candidates if not declared & set(r.entities)] or candidates
    same_acquisition = [r for r in fitting if r.value("acq") == scan.value("acq")]
    if wanted is None and scan.value("acq") and len(fitting) > 1 and len(same_acquisition) == 1:
        fitting = same_acquisition
    if len(fitting) > 1:
        _add(
            problems,
            scan,
            field,
            "exactly one reference must fit",
            _names(fitting),
            f"declare references: {{{purpose}: <entity>}} in study.yaml, e.g. {_distinct_entity(fitting)}",
        )
        return ""
    return str(fitting[0].path) if fitting else ""


def _distinct_entity(recordings: list[_Recording]) -> str:
    shared = set(recordings[0].entities).intersection(*(r.entities for r in recordings))
    return next((e for r in recordings for e in r.entities if e not in shared), "acq-quant")


def _names(recordings: list[_Recording]) -> str:
    return ", ".join(recording.path.name for recording in recordings)


def _add(
    problems: Problems, scan: _Recording, field: str, rule: str, value: str, remedy: str, severity: str = "error"
) -> None:
    problems.found.append(
        InputProblem(file=str(scan.path), field=field, rule=rule, value=value, remedy=remedy, severity=severity)
    )
