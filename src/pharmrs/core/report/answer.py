"""The answer of a study as its first page and the terminal give it: records without any science."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pharmrs.core.report.view_tables import TableView

HOLDS, FAILS, OTHER, UNKNOWN = "holds", "does not hold", "other question", "not estimable"
WEAKER, STRONGER, NOTHING, UNCOUNTED = "weaker", "stronger", "says nothing", "not counted"
ASKED = (FAILS, WEAKER, STRONGER, HOLDS)  # verdicts of variants that ask the same question, the worst first
TONES = {HOLDS: "good", FAILS: "bad"}  # all others are neither
_COUNTED = (
    (WEAKER, ("weaker", "weaker")),
    (STRONGER, ("stronger", "stronger")),
    (FAILS, ("does not", "do not")),
    (OTHER, ("in another unit", "in another unit")),
    (NOTHING, ("says nothing", "say nothing")),
    (UNCOUNTED, ("not counted", "not counted")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to ask again: what was changed, what came out, and whether the answer is still the same."""

    name: str
    found: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCheck:
    """One thing the answer may hang on, with all its variants."""

    name: str
    variants: tuple[Variant, ...]

    @property
    def verdict(self) -> str:
        """The worst of the variants that ask the same question."""
        verdicts = [one.verdict for one in self.variants]
        return next((one for one in (*ASKED, OTHER, NOTHING, UNCOUNTED) if one in verdicts), UNKNOWN)

    @property
    def tone(self) -> str:
        return TONES.get(self.verdict, "other")

    @property
    def summary(self) -> str:
        """How many agree, or what the only one found."""
        if len(self.variants) == 1:
            return self.variants[0].found
        count = Counter(one.verdict for one in self.variants)
        asked = sum(count[verdict] for verdict in ASKED)
        words = [f"{count[HOLDS]} of {asked} agree"] if asked else []
        for verdict, said in _COUNTED:
            if number := count[verdict]:
                words.append(f"{number} {said[number > 1]}")
        return "; ".join(words) or f"{len(self.variants)} not estimable"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowBox:
    """A box of the flow chart: a heading, lines below it, and what was lost on the way here with its reasons."""

    title: str
    lines: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowChart:
    """Where everybody went: boxes from top to bottom, those of a row side by side."""

    rows: tuple[tuple[FlowBox, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateShown:
    """A number with what it is of: `value` and `interval` as text, `detail`: test and n."""

    name: str
    value: str
    interval: str
    unit: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The question as it was declared and what came out. `findings`: sentences that their intervals allow.

    `warnings`: what a reader must know before believing the estimate. `figure`: an `<svg>`, with `alt` and `caption`.
    """

    question: str
    declared: str
    findings: tuple[str, ...]
    estimates: tuple[EstimateShown, ...]
    warnings: tuple[str, ...]
    checks: tuple[AnswerCheck, ...]
    flow: FlowChart
    figure: str = ""
    alt: str = ""
    caption: str = ""
    table: TableView | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The same in a few lines, for the terminal."""
        estimate_lines = [
            f"{one.name}: {one.value} ({one.interval}) {one.unit}; {one.detail}" for one in self.estimates
        ]
        checks = [f"{one.name}: {one.verdict} ({one.summary})" for one in self.checks]
        hangs = ["What it hangs on: " + "; ".join(checks)] if checks else []
        return (*self.findings, *estimate_lines, *(f"Warning: {text}" for text in self.warnings), *hangs)
