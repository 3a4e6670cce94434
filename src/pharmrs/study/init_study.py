"""`pharmrs init`: study.yaml and the tables of a trial, begun from what the folder of a study holds."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.assay.read.registry import read_export
from pharmrs.assay.records.plate import Plate
from pharmrs.assay.report.layout_template import layout_template
from pharmrs.assay.stage.plates import assay_files
from pharmrs.core.errors import InputError, InputProblem, input_problem
from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.content import read_content
from pharmrs.core.files.json_text import json_text
from pharmrs.core.files.places import STUDY_FILE
from pharmrs.core.read.participants import ALL_SESSIONS, sessions_file
from pharmrs.core.report.numbers import count_text
from pharmrs.spectra.basis.proposal import EDITED, proposed_protocol
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.read.proposal.propose import propose
from pharmrs.spectra.read.results.of_study import MAP_FILE, proposed_map, results_in
from pharmrs.spectra.records.acquisition import Fids
from pharmrs.spectra.records.declared import ForeignResults
from pharmrs.spectra.records.foreign import ForeignResult
from pharmrs.trial.read.allocation import ALLOCATION
from pharmrs.trial.read.ready_table import ReadyTable, find_ready_table

_OPEN, _REMEDY = "TODO", "write what only you know, or delete the line"
_NOTHING_FOUND = (
    "# Nothing was found here. A study may be any part alone: recordings (pharmrs import), values of another program\n",
    "# (sourcedata/results), plates (sourcedata/assay), gels (sourcedata/genotyping), a table of observations beside\n",
    "# this file. With them in place delete this file and `pharmrs init` declares what is there.\n",
)
_PURPOSES = {
    "quantification": ("quant", "water", "ref"),
    "eddy_current": ("ecc", "eddy"),
    "coil_combination": ("coil", "ecc"),
}


@dataclass(frozen=True, slots=True)
class FolderContent:
    """What a folder holds: people, their sessions, recordings, water references by entity `acq`, the other material."""

    sessions: dict[str, tuple[str, ...]]
    spectra: tuple[Path, ...]
    references: tuple[str, ...]
    water: bool
    basis: str
    images: bool
    tissue_maps: bool
    exports: bool
    layouts: bool
    gels: bool
    results: tuple[ForeignResult, ...] = ()
    ready: ReadyTable | None = None

    @property
    def measured(self) -> bool:
        """Whether there is anything that a part of a study measures."""
        return bool(self.sessions or self.spectra or self.exports or self.gels or self.results)


@dataclass(frozen=True, slots=True)
class Begun:
    """Files that were written, those that were there and stay, and what a person has to fill in."""

    written: tuple[Path, ...]
    kept: tuple[Path, ...]
    open: tuple[str, ...]


def look_at(root: Path) -> FolderContent:
    """What there is to declare. Raises InputError where the folder is none."""
    if not root.is_dir():
        rule, remedy = "must be a folder", "give the folder with sub-*/, or make it"
        raise InputError([input_problem(root, "study", rule, "missing", remedy)])
    people = sorted(path for path in root.glob("sub-*") if path.is_dir())
    bases = sorted(path.relative_to(root).as_posix() for path in root.glob("basis/*") if _is_basis(path))
    references = {_acquisition(path) for path in root.glob("sub-*/**/*_mrsref.nii*")}
    exports, layouts = assay_files(root / "sourcedata" / "assay")
    results, places = results_in(root, ForeignResults())
    sessions = {one.name: {path.name for path in one.glob("ses-*")} for one in people}
    for subject, session in places:
        sessions.setdefault(f"sub-{subject}", set()).update({f"ses-{session}"} if session else ())
    return FolderContent(
        sessions={name: tuple(sorted(found)) for name, found in sorted(sessions.items())},
        spectra=tuple(sorted(root.glob("sub-*/**/*_svs.nii*"))),
        references=tuple(sorted(references - {""})),
        water=bool(references),
        basis=bases[0] if bases else "",
        images=any(root.glob("sub-*/**/*_T1w.nii*")),
        tissue_maps=any(root.glob("derivatives/**/*_probseg.nii*")),
        exports=bool(exports),
        layouts=bool(layouts),
        gels=any((root / "sourcedata" / "genotyping").glob("*.[tc]sv")),
        results=results,
        ready=find_ready_table(root),
    )


def begin_study(root: Path) -> Begun:
    """Write what is missing of study.yaml and the tables; no file that is there is touched.

    Raises InputError where there are only files of a scanner, which come into a BIDS dataset first.
    """
    found = look_at(root)
    if not (found.measured or found.ready) and (recordings := propose(root).rows):
        raise InputError([_not_imported(root, len(recordings))])
    files = {STUDY_FILE: "".join(_study_text(root, found)), **dict(_tables(root, found))}
    written, kept = [], []
    for name, text in files.items():
        place = root / name
        if place.exists():
            kept.append(place)
            continue
        write_text(place, text)
        written.append(place)
    return Begun(tuple(written), tuple(kept), tuple(f"{one.file}, {one.field}" for one in still_open(root)))


def _not_imported(root: Path, recordings: int) -> InputProblem:
    there = f"{count_text(recordings, 'recording')} as the scanner wrote {'it' if recordings == 1 else 'them'}"
    remedy = f"make a BIDS dataset of it first: pharmrs import {root} --out STUDY, then pharmrs init STUDY"
    return input_problem(root, "study", "must hold folders sub-*/, plates, gels or results", there, remedy)


def is_open(problem: InputProblem) -> bool:
    """Is it only that a TODO has not been filled in yet? `still_open` tells that with the line."""
    return _OPEN in (problem.value.strip("'\""), Path(problem.file).name)


def still_open(root: Path) -> tuple[InputProblem, ...]:
    """Every place of study.yaml and the tables that `begin_study` left for a person and nobody has filled in."""
    places = [root / STUDY_FILE, root / ForeignResults().folder / MAP_FILE]
    if any(line.startswith("design:") for line in _lines(root / STUDY_FILE)):  # the tables are those of a trial
        places += [root / ALLOCATION, root / ALL_SESSIONS, *sorted(root.glob("sub-*/*_sessions.tsv"))]
    return tuple(
        input_problem(
            place, f"line {number}", f"{_OPEN} must be filled in", " ".join(line.split()), "write what only you know"
        )
        for place in places
        for number, line in enumerate(_lines(place), start=1)
        if _OPEN in line and not line.lstrip().startswith("#") and not _has_own(root, place, line)
    )


def _has_own(root: Path, place: Path, line: str) -> bool:
    """Whether the line is of the table of all sessions, and its participant has a table that comes before it."""
    label = line.split("\t", 1)[0].removeprefix("sub-")
    return place == root / ALL_SESSIONS and sessions_file(root, label) != place


def _lines(place: Path) -> list[str]:
    """Of a file that its own reader will judge: none where it cannot be read."""
    try:
        return read_content(place).decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def _study_text(root: Path, found: FolderContent) -> Iterator[str]:
    yield f"# What this study declares before its analysis is run. {_OPEN} marks what only you know;\n"
    yield "# every key: docs/study-file.md. Then: pharmrs validate\n"
    yield f"title: {json.dumps(root.resolve().name, ensure_ascii=False)}  # the title of the report\n"
    if found.ready is not None and not found.measured:
        yield from _ready_lines(found.ready)
        return
    if not found.measured and found.ready is None:
        yield from _NOTHING_FOUND
    if found.spectra or found.results or not (found.exports or found.gels):
        yield from _spectra_lines(found)
    yield f"# design:  # for a trial; then fill in {ALLOCATION} and {ALL_SESSIONS} too\n"
    yield "#   kind: crossover  # or parallel\n#   treatments: [placebo, drug]  # the first is the reference\n"
    yield "#   baseline: baseline\n#   follow_up: follow_up  # time points, as the table of sessions names them\n"
    if found.exports:
        yield f"assay:  # exports and layout in sourcedata/assay\n  analyte: {_OPEN}\n  unit: pg/mL\n"
        yield "  lower_limit: derived  # or of the kit: {value: 23.4, refers_to: in_well}\n  wavelength_nm: 450\n"
    if found.gels:
        yield "genotype:\n  markers: [rs6265]\n"
    spectra = bool(found.spectra or found.results)
    parts = [*(["metabolite"] if spectra or not found.exports else []), *(["biomarker"] if found.exports else [])]
    yield "# analysis:  # stated before it is run; needs design\n"
    yield from (f"# {line}" for line in _analysis_lines(parts, {"metabolite": "Glu", "biomarker": "BDNF"}))
    yield "#   models: [cr2, mixed]\n"


def _ready_lines(ready: ReadyTable) -> Iterator[str]:
    """A table of observations alone: what it tells of the design."""
    yield f"observations: {ready.name}  # the table that is analysed\ndesign:\n"
    kind = "single_arm" if len(ready.treatments) == 1 else "crossover" if ready.several else "parallel"
    yield f"  kind: {kind}\n  treatments: {json.dumps(ready.treatments, ensure_ascii=False)}"
    yield "  # the first is the reference\n"
    for key, label in zip(("baseline", "follow_up"), (*ready.time_points[:2], _OPEN, _OPEN), strict=False):
        yield f"  {key}: {json.dumps(label, ensure_ascii=False) if label != _OPEN else label}\n"
    yield "analysis:  # stated before it is run\n"
    yield from _analysis_lines(ready.quantities, dict.fromkeys(ready.quantities, f"{_OPEN} its name, for the report"))
    yield "  models: []  # docs/models.md\n"


def _analysis_lines(quantities: Sequence[str], names: Mapping[str, str]) -> Iterator[str]:
    """What has no default, because it changes numbers."""
    choices = {
        "metabolite": {"metabolite_change": "relative, difference or log_ratio"},
        "biomarker": {
            "time_adjustment": "linear or none", "biomarker_transform": "shifted_log, log or none",
            "biomarker_change": "relative, difference or log_ratio",
        },
    }  # fmt: skip
    for name in quantities:
        yield f"  {name}: {names[name]}\n"
        yield from (f"  {key}: {_OPEN}  # {words}\n" for key, words in choices[name].items())


def _spectra_lines(found: FolderContent) -> Iterator[str]:
    if found.results:
        tools = ", ".join(dict.fromkeys(one.tool for one in found.results))
        yield f"results:  # values of another program; found: {tools}\n  folder: {ForeignResults().folder}\n"
    if found.results and (found.spectra or found.basis):
        yield "# basis:  # declared, the recordings are fitted here too and both are compared (docs/basis-sets.md)\n"
    elif not found.results:
        yield from _basis_lines(found)
    if found.references and not found.results:
        yield "references:  # which water reference serves which purpose; entities found: "
        yield f"{', '.join(found.references)}\n"
        yield from (f"  {purpose}: {_guess(purpose, found.references)}\n" for purpose in _PURPOSES)
    yield "quantification:\n"
    yield f"  primary_scale: {_scale(found)}  # the scale of the analysis\n"
    if found.tissue_maps or found.images:
        yield "anatomy:  # tissues of each voxel: from maps of another program, or from the T1w image\n  source: auto\n"
    yield "quality:  # a scan or value that breaks a rule is excluded, and reported\n"
    yield "  max_crlb_percent: 20\n  max_line_width_hz: 24\n  min_signal_to_noise: 20\n"


def _scale(found: FolderContent) -> str:
    """The first scale that everything that was found has."""
    if not found.results:
        return "lcmodel_water" if found.water else "ratio_tcr"
    usual = ("lcmodel_water", "tissue_molal", "ratio_tcr")
    given = [{value.scale for value in one.values} for one in found.results]
    return next((scale for scale in usual if all(scale in scales for scales in given)), "ratio_tcr")


def _basis_lines(found: FolderContent) -> Iterator[str]:
    if found.basis:
        yield f"basis: {found.basis}\n"
        return
    first: Fids | None = None
    for path in found.spectra:
        try:
            fids = read_fids(path)
            first = first or fids
            protocol, note = proposed_protocol(fids)
        except InputError:
            continue
        yield f"basis:  # {note}\n  simulate:\n    sequence: {protocol.sequence}\n"
        yield f"    te_ms: {1e3 * protocol.echo_time_s:g}\n"
        yield f"    tm_ms: {1e3 * protocol.mixing_time_s:g}\n" if protocol.mixing_time_s is not None else ""
        intervals = ", ".join(f"{1e3 * one:g}" for one in protocol.intervals_s)
        yield f"    intervals_ms: [{intervals}]\n" if intervals else ""
        return
    if first is not None and not EDITED.search(str(first.header)):
        yield "basis:  # simulated with the times of the header, which names no sequence; or a file\n"
        yield f"  simulate:\n    sequence: {_OPEN}  # press, slaser or steam (steam: tm_ms too)\n"
        yield f"    te_ms: {1e3 * first.acquisition.echo_time_s:g}\n"
        return
    yield f"basis: {_OPEN}  # a file such as basis/steam.basis, or one to simulate (docs/basis-sets.md)\n"


def _guess(purpose: str, references: Sequence[str]) -> str:
    names = (name for hint in _PURPOSES[purpose] for name in references if hint in name)
    return next(names, references[0] if len(references) == 1 else f"{_OPEN} one of {', '.join(references)}")


def _tables(root: Path, found: FolderContent) -> Iterator[tuple[str, str]]:
    """Templates with a line for everybody who is there."""
    title = f"Study of {count_text(len(found.sessions), 'participant')}"
    yield "dataset_description.json", json_text({"Name": title, "BIDSVersion": "1.10.0", "DatasetType": "raw"})
    if found.exports and not found.layouts:
        yield "sourcedata/assay/layout.tsv", layout_template(_plates(root))
    if table := proposed_map(root, ForeignResults(), found.results, _OPEN):
        yield f"{ForeignResults().folder}/{MAP_FILE}", table
    if not found.sessions:
        return
    rows = "".join(f"{name}\tn/a\tn/a\n" for name in found.sessions)
    yield "participants.tsv", f"participant_id\tage\tsex\n{rows}"
    without = {name: own for name, own in found.sessions.items() if not sessions_file(root, name[4:]).is_file()}
    if visits := [f"{name}\t{one}\t{_OPEN}\t{_OPEN}\tn/a\n" for name, own in without.items() for one in own]:
        yield str(ALL_SESSIONS), "participant_id\tsession_id\tperiod\ttime_point\tsampling_time\n" + "".join(visits)
    lines = "".join(f"{name}\t1\t{_OPEN}\n" for name in found.sessions)
    yield str(ALLOCATION), f"participant_id\tperiod\ttreatment\n{lines}"


def _plates(root: Path) -> list[Plate]:
    """Of the exports that can be read; what is wrong with the others is told when they are analysed."""
    found: list[Plate] = []
    for path in assay_files(root / "sourcedata" / "assay")[0]:
        with contextlib.suppress(InputError):
            found += read_export(path).plates
    return found


def _is_basis(path: Path) -> bool:
    return path.name.lower().endswith((".basis", ".basis.gz")) or (path.is_dir() and any(path.glob("*.json")))


def _acquisition(path: Path) -> str:
    return next((part for part in path.name.split("_") if part.startswith("acq-")), "")
