"""Collects what is wrong with one file, so that everything is reported at once."""

from __future__ import annotations

from collections.abc import Callable

from pharmrs.core.errors import InputError, InputProblem


class Problems:
    """The problems of one file in the order they were found."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[InputProblem] = []

    def add(self, field: str, rule: str, value: object, remedy: str, *, severity: str = "error") -> None:
        """Record one problem; the arguments are those of `InputProblem`."""
        self.found.append(
            InputProblem(file=self.file, field=field, rule=rule, value=shorten(value), remedy=remedy, severity=severity)
        )

    def raise_errors(self, warn: Callable[[InputProblem], None] = lambda _problem: None) -> None:
        """Raise `InputError` with everything found, if any of it is an error; otherwise give it to `warn`."""
        if any(problem.severity == "error" for problem in self.found):
            raise InputError(self.found)
        for problem in self.found:
            warn(problem)


def shorten(value: object, limit: int = 120) -> str:
    """`value` as one line of text, cut to `limit` characters: a report must stay readable whatever is in a file."""
    text = " ".join((str(value) if isinstance(value, str | Exception) else repr(value)).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
