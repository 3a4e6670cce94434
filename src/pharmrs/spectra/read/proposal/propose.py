"""A mapping table proposed from a folder of vendor files: what each is, whose, and whether it is water.

A guess from endings, first bytes, headers and names, to be corrected by a person; `pharmrs import` then checks every
recording. Names and dates of birth are read by nobody here and written nowhere.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pharmrs.spectra.read.proposal.kinds import KINDS, Proposed
from pharmrs.spectra.read.proposal.words import acquisition_of, is_inverted, is_water, who_and_when
from pharmrs.spectra.read.vendor.conversion import PLAIN, WATER

COLUMNS = ("file", "format", "subject", "session", "acquisition", "run", "suffix", "second_file", "part")
_SAME_PLACE_MM = 5.0
Row = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The lines of the table, with paths from the folder, and what a person should know of some of them."""

    rows: list[Row]
    notes: tuple[str, ...] = ()


def propose(folder: Path) -> Proposal:
    """The mapping table for the vendor files below `folder`."""
    found = [part for one in _grouped(_found(folder)) for part in _parts(one)]
    rows = [_row(one, folder) for one in found]
    _tell_apart(found, rows)
    targets = Counter(_target(row) for row in rows)
    seen: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        target = _target(row)
        seen[target] += 1
        if targets[target] > 1:
            row["run"] = str(seen[target])
    return Proposal(rows=rows, notes=tuple(_notes(rows, seen)))


def _target(row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in ("subject", "session", "acquisition", "suffix"))


def _notes(rows: Sequence[Row], seen: Counter[tuple[str, ...]]) -> Iterator[str]:
    inverted = sum("inv" in row["acquisition"] for row in rows)
    if inverted:
        yield (
            f"{inverted} seem to be inverted (metabolite-nulled), acq-...inv: delete these lines unless they are to be "
            "fitted as scans of their own"
        )
    edited = sum(row["acquisition"].startswith(("mega", "hermes", "hercules")) for row in rows)
    if edited:
        yield f"{edited} seem to be edited: they need a basis set of their conditions (docs/edited.md)"
    if repeats := sum(count > 1 for count in seen.values()):
        yield f"{repeats} measurements come more than once (run): nothing in names or headers tells them apart"


def _found(folder: Path) -> Iterator[Proposed]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one != "derivatives")
        for name in sorted(names):
            path = Path(place) / name
            kind = next((kind for ending, kind in KINDS if name.lower().endswith(ending)), None)
            if kind is None or name.startswith("."):
                continue
            try:
                one = kind(path)
            except OSError:
                continue  # told when it is imported by hand
            if one is not None:
                yield one


def _parts(one: Proposed) -> Iterator[Proposed]:
    """The recordings of a file: those of GE hold the water of their voxel too."""
    if not one.with_water:
        yield one
        return
    yield replace(one, part=PLAIN)
    yield replace(one, part=WATER)


def _grouped(found: Iterable[Proposed]) -> Iterator[Proposed]:
    """Files of one series in one folder are the transients of one recording: a pattern stands for them."""
    by_series: dict[tuple[Path, str, str], list[Proposed]] = {}
    for one in found:
        by_series.setdefault((one.file.parent, one.format, one.series or str(one.file)), []).append(one)
    for group in by_series.values():
        pattern = _pattern([one.file for one in group])
        alone = len(group) == 1 or pattern is None or len(list(group[0].file.parent.glob(pattern))) != len(group)
        if alone:
            yield from group
        else:
            assert pattern is not None
            yield replace(group[0], file=group[0].file.with_name(pattern))


def _pattern(files: list[Path]) -> str | None:
    """What the names share at both ends, with a star between."""
    names = [file.name for file in files]
    begin = _shared(names)
    end = _shared([name[::-1] for name in names])[::-1]
    return f"{begin}*{end}" if begin and all(len(name) > len(begin) + len(end) - 1 for name in names) else None


def _shared(names: list[str]) -> str:
    """The letters that all names begin with."""
    differing = next((place for place, letters in enumerate(zip(*names, strict=False)) if len(set(letters)) > 1), None)
    return names[0][: differing if differing is not None else min(map(len, names))]


def _row(one: Proposed, folder: Path) -> Row:
    where = one.file.relative_to(folder)
    subject, session = who_and_when(where)
    own = f"{where.parent.name} {where.name} {one.protocol}"
    text = f"{one.protocol} {where.as_posix()}"
    return {
        "file": where.as_posix(),
        "format": one.format,
        "subject": subject,
        "session": session,
        "acquisition": acquisition_of(text, inverted=one.inverted or is_inverted(own)),
        "run": "",
        "suffix": "mrsref" if one.part == WATER or is_water(where, one.protocol) else "svs",
        "second_file": one.second.relative_to(folder).as_posix() if one.second is not None else "",
        "part": one.part,
    }


def _tell_apart(found: Sequence[Proposed], rows: Sequence[Row]) -> None:
    """Spectra that names do not tell apart but headers do: by their echo times, then by their places."""
    for key, facts in (("te", _echo_labels(found)), ("voi", _place_labels(found, rows))):
        groups: dict[tuple[str, ...], list[int]] = {}
        for index, row in enumerate(rows):
            groups.setdefault(_target(row)[:3], []).append(index)
        for group in groups.values():
            spectra = [facts[index] for index in group if rows[index]["suffix"] == "svs" and facts[index]]
            if len(set(spectra)) > 1:
                for index in group:
                    rows[index]["acquisition"] += f"{key}{facts[index]}" if facts[index] else ""


def _echo_labels(found: Sequence[Proposed]) -> list[str]:
    return [f"{one.echo_ms:.0f}" if one.echo_ms else "" for one in found]


def _place_labels(found: Sequence[Proposed], rows: Sequence[Row]) -> list[str]:
    """Which of the places of a visit, numbered as they come."""
    places: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    labels = []
    for one, row in zip(found, rows, strict=True):
        if one.place is None:
            labels.append("")
            continue
        known = places.setdefault((row["subject"], row["session"]), [])
        near = (at for at, other in enumerate(known) if _apart(one.place, other) < _SAME_PLACE_MM)
        at = next(near, len(known))
        if at == len(known):
            known.append(one.place)
        labels.append(str(at + 1))
    return labels


def _apart(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5)
