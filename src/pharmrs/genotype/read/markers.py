"""Markers in: the data files of genotyping assays, built-in and the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem, input_problem
from pharmrs.core.read.declarations import read_declaration
from pharmrs.genotype.read.finished import read_all_finished
from pharmrs.genotype.records.declared import MarkerDeclaration
from pharmrs.genotype.records.marker import Marker
from pharmrs.genotype.science.reported import marker_of

_BUILT_IN = Path(__file__).parent / "markers"


def read_marker(path: str | Path) -> Marker:
    """Read the data file of one marker. Raises `InputError` with every mistake in it."""
    declared = read_declaration(path, MarkerDeclaration, "write the data file of the marker, see docs/genotype.md")
    return declared.marker(str(path))


def built_in_names() -> tuple[str, ...]:
    """Names of the markers that come with pharmrs."""
    return tuple(sorted(path.stem for path in _BUILT_IN.glob("*.yaml")))


def find_markers(
    names: Sequence[str], files: Iterable[Path], asked_in: str, place: Path | None = None
) -> tuple[Marker, ...]:
    """The markers called `names`: of `files` first, then the built-in ones, then what finished genotypes at `place`
    hold.

    Raises InputError for broken files, a name that two files share, and names that are nowhere; `asked_in`: the file
    or option that asks, for messages.
    """
    problems: list[InputProblem] = []
    own: dict[str, Marker] = {}
    for path in files:
        try:
            marker = read_marker(path)
        except InputError as error:
            problems += error.problems
            continue
        if marker.name in own:
            rule = f"must be unique, {own[marker.name].file} has the same"
            problems.append(input_problem(path, "name", rule, marker.name, "rename one of the markers"))
        own[marker.name] = marker
    known = sorted({*own, *built_in_names()})
    missing = [name for name in names if name not in known]
    if missing and place is not None:
        own |= _of_calls(missing, place)
        missing = [name for name in missing if name not in own]
    if missing and not problems:
        remedy = f"use one of {', '.join(known)}, or give the data file of the marker"
        rule = "must be a built-in marker or declared in a marker file"
        problems += [input_problem(asked_in, "marker", rule, name, remedy) for name in missing]
    if problems:
        raise InputError(problems)
    return tuple(own.get(name) or _built_in(name) for name in names)


def _of_calls(names: Sequence[str], place: Path) -> dict[str, Marker]:
    """Markers that nobody declared, with the alleles that finished genotypes give them."""
    reported: dict[str, dict[str, tuple[str, ...]]] = {}
    for call in read_all_finished(place)[0]:
        reported.setdefault(call.sample, {})[call.variant] = call.alleles
    made = (marker_of(name, reported) for name in names)
    return {marker.name: marker for marker in made if marker.alleles}


def _built_in(name: str) -> Marker:
    return replace(read_marker(_BUILT_IN / f"{name}.yaml"), file=f"built-in marker {name}")
