"""Problems by cause: what several files share is one problem, said once, the most harmful first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from pharmrs.core.errors import SEVERITIES, InputProblem, some_of

NAMED = 3  # so many files of a group are named
ALIKE = 4  # so many files with the same problem in the same line: fewer are better said with the line
_LINE = re.compile(r"\bline [0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemGroup:
    """Problems of one cause: `fields` and `files` they are in, each once. One problem alone is a group too."""

    severity: str
    fields: tuple[str, ...]
    rule: str
    remedy: str
    files: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def where(self) -> str:
        """The file, or how many and the first of them."""
        if len(self.files) == 1:
            return self.files[0]
        return f"{len(self.files)} files ({some_of(self.files, NAMED)})"

    @property
    def found(self) -> str:
        """What was found, where it can be said in a few words."""
        values = tuple(dict.fromkeys(value for value in self.values if value))
        rest = len(values) - NAMED
        return "; ".join(values[:NAMED]) + (f" and {rest} more" if rest > 0 else "")

    def __str__(self) -> str:
        found = f" (found: {self.found})" if self.found else ""
        return f"{self.where}: {', '.join(self.fields)}: {self.rule}{found}. Remedy: {self.remedy}"


def grouped(problems: Iterable[InputProblem]) -> tuple[ProblemGroup, ...]:
    """Errors, then warnings, then notes; of each first what concerns the whole study, then what most files share."""
    ordered = sorted(dict.fromkeys(problems), key=lambda one: (one.file, _by_line(one.field)))
    causes: dict[tuple[str, str, str, str], list[InputProblem]] = {}
    for problem in ordered:
        causes.setdefault((problem.severity, problem.rule, problem.remedy, problem.field), []).append(problem)
    groups: list[ProblemGroup] = []
    shared: dict[tuple[str, str, str, tuple[str, ...]], list[InputProblem]] = {}
    for (severity, rule, remedy, field), alike in causes.items():
        files = tuple(dict.fromkeys(problem.file for problem in alike))
        if len(files) >= (ALIKE if _LINE.search(field) else 2):
            shared.setdefault((severity, rule, remedy, files), []).extend(alike)
        else:
            groups += [_group([problem]) for problem in alike]
    return tuple(sorted([*groups, *map(_group, shared.values())], key=_harm))


def _harm(group: ProblemGroup) -> tuple[object, ...]:
    depth = min(len(PurePath(file).parts) for file in group.files)
    return SEVERITIES.index(group.severity), depth, -len(group.files), group.files, _by_line(group.fields[0])


def _group(alike: Sequence[InputProblem]) -> ProblemGroup:
    return ProblemGroup(
        severity=alike[0].severity,
        fields=tuple(dict.fromkeys(problem.field for problem in alike)),
        rule=alike[0].rule,
        remedy=alike[0].remedy,
        files=tuple(dict.fromkeys(problem.file for problem in alike)),
        values=tuple(problem.value for problem in alike),
    )


def _by_line(field: str) -> list[tuple[int, str]]:
    """Sorts `line 9` before `line 10`: texts and the numbers between them, one after the other."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", field)]
