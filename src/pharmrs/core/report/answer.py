"""The answer of a study as its first page and the terminal give it: records without any science."""

from __future__ import annotations

from dataclasses import dataclass

from pharmrs.core.report.view_tables import TableView

HOLDS, FAILS, OTHER, UNKNOWN = "holds", "does not hold", "other question", "not estimable"
NOTHING, UNCOUNTED = "says nothing", "not counted"
TONES = {HOLDS: "good", FAILS: "bad"}  # all others are neither


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
        """Holds only where every variant that asks the same question agrees."""
        asked = [one.verdict for one in self.variants if one.verdict in (HOLDS, FAILS)]
        if asked:
            return FAILS if FAILS in asked else HOLDS
        verdicts = [one.verdict for one in self.variants]
        return next((one for one in (OTHER, NOTHING, UNCOUNTED) if one in verdicts), UNKNOWN)

    @property
    def tone(self) -> str:
        return TONES.get(self.verdict, "other")

    @property
    def summary(self) -> str:
        """How many agree, or what the only one found."""
        asked = [one for one in self.variants if one.verdict in (HOLDS, FAILS)]
        if len(self.variants) == 1:
            return self.variants[0].found
        agree = sum(one.verdict == HOLDS for one in asked)
        words = [f"{agree} of {len(asked)} agree"] if asked else []
        for verdict, said in ((OTHER, "in another unit"), (NOTHING, "say nothing"), (UNCOUNTED, "not counted")):
            number = sum(one.verdict == verdict for one in self.variants)
            words += [f"{number} {'says nothing' if number == 1 and verdict == NOTHING else said}"] if number else []
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
