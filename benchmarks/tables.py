"""How results are printed: one table a question, with the target and the verdict beside the figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

CONSOLE = Console(width=150)
PRINTED: list[str] = []  # every table of this run as Markdown, for docs/comparison.md


def _keep(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [f"**{title}**", "", "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows]
    PRINTED.append("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Check:
    """One measured figure against its target range; without a target it is only reported."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""

    @property
    def passed(self) -> bool | None:
        if self.low is None and self.high is None:
            return None
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)

    def target(self) -> str:
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        if self.high is not None:
            return f"<= {self.high:g}"
        return f">= {self.low:g}" if self.low is not None else ""


def print_checks(title: str, checks: Sequence[Check]) -> int:
    """Print measured figures with targets and verdicts; returns how many missed their target."""
    table = Table(title=title, title_justify="left")
    for column in ("figure", "measured", "target", "verdict"):
        table.add_column(column, justify="left" if column in ("figure", "verdict") else "right")
    rows = []
    for check in checks:
        verdict = {None: "", True: "met", False: "MISSED"}[check.passed]
        rows.append((check.name, f"{check.value:.4g} {check.unit}".strip(), check.target(), verdict))
        table.add_row(*rows[-1])
    CONSOLE.print(table)
    _keep(title, ("figure", "measured", "target", "verdict"), rows)
    return sum(check.passed is False for check in checks)


def print_rows(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a plain table."""
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right")
    for row in rows:
        table.add_row(*row)
    CONSOLE.print(table)
    _keep(title, columns, rows)
