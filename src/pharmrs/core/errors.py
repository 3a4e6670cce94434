"""Bad input is described, not raised one mistake at a time: collect `InputProblem`s, raise one `InputError`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.characters import in_sight

# the most harmful first: what cannot be used, what a result may suffer from, what changes no result
SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class InputProblem:
    """One thing that is wrong with the input and what to do about it.

    `file`: path as the user would type it; `field`: header field, column or YAML key; `rule`: what must hold;
    `value`: what was found; `remedy`: what to do; `severity`: one of `SEVERITIES`.
    """

    file: str
    field: str
    rule: str
    value: str
    remedy: str
    severity: str = "error"

    def __post_init__(self) -> None:
        for name in ("file", "field", "rule", "value", "remedy"):  # names of files and cells come as somebody made them
            object.__setattr__(self, name, in_sight(getattr(self, name)))

    def __str__(self) -> str:
        found = f" (found: {self.value})" if self.value else ""
        return f"{self.file}: {self.field}: {self.rule}{found}. Remedy: {self.remedy}"


def input_problem(
    file: str | Path, field: str, rule: str, value: str, remedy: str, severity: str = "error"
) -> InputProblem:
    """The same in one line, in the order in which it is printed."""
    return InputProblem(file=str(file), field=field, rule=rule, value=value, remedy=remedy, severity=severity)


def some_of(names: Sequence[str], most: int = 5) -> str:
    """The first `most` names, and how many more there are: one cause is one message, however often it occurs."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


class PharmrsError(Exception):
    """Base of every error that is the input's or the environment's fault. Bugs are other exceptions."""


class InputError(PharmrsError):
    """Input that cannot be used; carries every problem found, not only the first."""

    def __init__(self, problems: Iterable[InputProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[InputProblem, ...]]]:
        return (InputError, (self.problems,))  # so that it survives the way back from a worker process


class FitFailure(PharmrsError):
    """A fit that did not reach an optimum that can be trusted; the message says why."""


class WorkersLost(PharmrsError):
    """Workers that were to do the work are gone; what they had done is kept. `remedy`: what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(f"{what}. Remedy: {remedy}")

    def __reduce__(self) -> tuple[type[WorkersLost], tuple[str, str]]:
        return (WorkersLost, (self.what, self.remedy))
