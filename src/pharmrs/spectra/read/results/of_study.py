"""Which result of another program is which scan of a study: by a table that says it, or by names as in BIDS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem, some_of
from pharmrs.core.files.places import STUDY_FILE
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.spectra.read.results.one_fit import joined, may_hold_results
from pharmrs.spectra.read.results.registry import read_results
from pharmrs.spectra.records.declared import ForeignResults
from pharmrs.spectra.records.foreign import ForeignResult, ForeignScan

MAP_FILE = "map.tsv"
MAP_COLUMNS = ("file", "scan", "subject", "session", "acq", "voxel")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Who and when, and where the voxel is told where the map says it."""

    subject: str
    session: str
    acq: str = ""
    voxel: str = ""

    @property
    def name(self) -> str:
        parts = (("sub", self.subject), ("ses", self.session), ("acq", self.acq))
        return "_".join(f"{key}-{label}" for key, label in parts if label)


def results_folder(root: Path, declared: ForeignResults) -> Path:
    """Where the files of the other program are."""
    return root / declared.folder


def map_file(root: Path, declared: ForeignResults) -> Path | None:
    """The table that says which file is which scan; None: names do."""
    if declared.map is not None:
        return root / declared.map
    usual = results_folder(root, declared) / MAP_FILE
    return usual if usual.is_file() else None


def result_files(root: Path, declared: ForeignResults) -> list[Path]:
    """Every file of the folder that may hold results, whatever is beside them left out."""
    folder, mapped = results_folder(root, declared), map_file(root, declared)
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != mapped and not path.name.startswith(".") and may_hold_results(path)
    ]


def find_results(
    root: Path, declared: ForeignResults, scans: Sequence[ScanFiles]
) -> tuple[tuple[ForeignScan, ...], list[InputProblem]]:
    """The scans that another program has values of, in order of their names, and what is wrong. Nothing is raised.

    `scans`: the recordings of the study; a result of one of them takes its name.
    """
    problems = Problems(str(root / STUDY_FILE))
    folder = results_folder(root, declared)
    if not folder.is_dir():
        remedy = "make it and put the files in, or name the right one"
        problems.add("results.folder", "must be a folder", "missing", remedy)
        return (), problems.found
    read = _read(root, declared, problems)
    if not read and not problems.found:
        problems.add("results.folder", "must hold results of another program", f"none in {declared.folder}", "add them")
    read = _of_the_tool(read, declared, problems)
    placed = list(_placed(root, declared, read, problems))
    return tuple(_scans(root, placed, scans, problems)), problems.found


def _read(root: Path, declared: ForeignResults, problems: Problems) -> list[ForeignResult]:
    read: list[ForeignResult] = []
    strangers: list[InputProblem] = []
    for path in result_files(root, declared):
        try:
            read += read_results(path)
        except InputError as error:
            strangers += [one for one in error.problems if one.field == "format"]
            problems.found += [one for one in error.problems if one.field != "format"]
    # a note that lies beside results is told and passed over; where nothing can be read it is what is wrong
    problems.found += [replace(one, severity="warning") if read else one for one in strangers]
    return read


def results_in(root: Path, declared: ForeignResults) -> tuple[tuple[ForeignResult, ...], list[tuple[str, str]]]:
    """What can be read of the folder, and the subjects and sessions that are told by map or names."""
    problems = Problems("")
    read = _read(root, declared, problems) if results_folder(root, declared).is_dir() else []
    places = [(place.subject, place.session) for place, _ in _placed(root, declared, read, problems)] if read else []
    return tuple(read), list(dict.fromkeys(places))


def proposed_map(root: Path, declared: ForeignResults, read: Sequence[ForeignResult], unknown: str) -> str:
    """The table that says which result is which scan, as far as names tell; empty where they tell all of it."""
    folder = results_folder(root, declared)
    places = [_by_name(one, folder) for one in read]
    if all(place is not None for place in places):
        return ""
    lines = ["\t".join(MAP_COLUMNS[:4])]
    for one, place in zip(read, places, strict=True):
        who = (place.subject, place.session or "n/a") if place is not None else (unknown, unknown)
        lines.append("\t".join((Path(one.file).relative_to(folder).as_posix(), one.scan, *who)))
    return "\n".join(lines) + "\n"


def _of_the_tool(read: list[ForeignResult], declared: ForeignResults, problems: Problems) -> list[ForeignResult]:
    if declared.tool is None:
        return read
    others = [one for one in read if one.tool.casefold() != declared.tool.casefold()]
    if others:
        found = some_of(list(dict.fromkeys(f"{Path(one.file).name} ({one.tool})" for one in others)), 3)
        remedy = "take these files out of the folder, or leave out results.tool"
        problems.add("results.tool", f"must all be of {declared.tool}", found, remedy)
    return [one for one in read if one not in others]


def _placed(
    root: Path, declared: ForeignResults, read: Sequence[ForeignResult], problems: Problems
) -> Iterator[tuple[_Place, ForeignResult]]:
    mapped = map_file(root, declared)
    if mapped is not None:
        yield from _by_map(mapped, results_folder(root, declared), read, problems)
        return
    nowhere = []
    for result in read:
        place = _by_name(result, results_folder(root, declared))
        if place is None:
            nowhere.append(f"{Path(result.file).name}: {result.scan}")
        else:
            yield place, result
    if nowhere:
        rule = "the name of each result must show its scan, such as sub-01_ses-1"
        remedy = f"write {declared.folder}/{MAP_FILE} with {', '.join(MAP_COLUMNS[:4])} (`pharmrs init` proposes it)"
        problems.add("results", rule, some_of(nowhere, 3), remedy)


def _by_name(result: ForeignResult, folder: Path) -> _Place | None:
    """By entities in the scan's own name, else in the names of the file and the folders around it."""
    path = Path(result.file).relative_to(folder)
    for text in (result.scan, path.as_posix()):
        found = {key: re.findall(rf"(?:^|[_/]){key}-([A-Za-z0-9]+)", text)[-1:] for key in ("sub", "ses", "acq")}
        if found["sub"]:
            subject, session, acq = ("".join(found[key]) for key in ("sub", "ses", "acq"))
            return _Place(subject=subject, session=session, acq=acq)
    return None


def _by_map(
    path: Path, folder: Path, read: Sequence[ForeignResult], problems: Problems
) -> Iterator[tuple[_Place, ForeignResult]]:
    """A row that names no subject leaves its result out."""
    own = Problems(str(path))
    rows = read_text_table(path, own, ("file", "subject"), ("scan", "session", "acq", "voxel"))
    of_file: dict[str, list[ForeignResult]] = {}
    for result in read:
        of_file.setdefault(Path(result.file).relative_to(folder).as_posix(), []).append(result)
    used: set[int] = set()
    for row in rows:
        there = of_file.get(row.text("file").replace("\\", "/"), [])
        chosen = [one for one in there if row.text("scan") in ("", one.scan)]
        used |= {id(one) for one in chosen}
        if len(chosen) != 1:
            _tell_wrong_row(row, there, len(chosen), own)
        elif row.text("subject"):
            yield _place_of(row), chosen[0]
    unnamed = [f"{Path(one.file).name}: {one.scan}" for one in read if id(one) not in used]
    if unnamed and rows:
        remedy = "add their lines; a line without subject leaves a result out"
        own.add("file", "should name every result of the folder", some_of(unnamed, 3), remedy, severity="warning")
    problems.found += own.found


def _place_of(row: TextRow) -> _Place:
    labels = {key: row.text(column).removeprefix(f"{key}-")
              for key, column in (("sub", "subject"), ("ses", "session"), ("acq", "acq"))}  # fmt: skip
    return _Place(subject=labels["sub"], session=labels["ses"], acq=labels["acq"], voxel=row.text("voxel"))


def _tell_wrong_row(row: TextRow, there: Sequence[ForeignResult], chosen: int, problems: Problems) -> None:
    if not there:
        rule, remedy = "must be a file of results in the folder", "correct the name, or delete the line"
        problems.add(f"{row.where}: file", rule, row.text("file"), remedy)
    else:
        names = some_of([one.scan for one in there], 3)
        rule = "must name one scan of the file" if chosen == 0 else "must be given: the file holds several scans"
        problems.add(f"{row.where}: scan", rule, row.text("scan") or "nothing", f"write one of {names}")


def _scans(
    root: Path, placed: Sequence[tuple[_Place, ForeignResult]], scans: Sequence[ScanFiles], problems: Problems
) -> Iterator[ForeignScan]:
    groups: dict[str, tuple[ScanFiles, list[ForeignResult]]] = {}
    for place, result in placed:
        files = _files(root, place, scans, result, problems)
        if files is not None:
            groups.setdefault(files.name, (files, []))[1].append(result)
    for name in sorted(groups):
        files, results = groups[name]
        one = joined(results, problems)
        if one is not None:
            yield ForeignScan(files=files, source=one)


def _files(
    root: Path, place: _Place, scans: Sequence[ScanFiles], result: ForeignResult, problems: Problems
) -> ScanFiles | None:
    """The recording the result is of, or a scan without one."""
    own = [scan for scan in scans if (scan.subject, scan.session) == (place.subject, place.session)]
    named = [scan for scan in own if place.acq and f"acq-{place.acq}" in scan.name.split("_")]
    fitting = [scan for scan in own if scan.name == place.name] or named or ([] if place.acq else own)
    if len(fitting) > 1:
        remedy = "write the entity acq- into the name of the file, or into the column acq of the map"
        found = some_of([scan.name for scan in fitting], 3)
        problems.found.append(
            InputProblem(file=result.file, field="scan", rule="must be of one recording", value=found, remedy=remedy)
        )
        return None
    if fitting:
        return fitting[0]
    voxel = root / place.voxel if place.voxel else None
    return ScanFiles(
        name=place.name, subject=place.subject, session=place.session, metabolite="", voxel=str(voxel or "")
    )
