"""Visual inspection: what raters decided about spectra, and how well they agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

VERDICTS = ("accept", "reject", "unsure")
WITHDRAWN = "withdrawn"  # an undone decision: the one before it of the same scan does not count any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One line of a rater's log; lines are only ever added.

    `decision`: one of `VERDICTS`, or `WITHDRAWN`; `position`: place in the random order, from 1; `seed`: of that order;
    `recording`: first half of the SHA-256 of the metabolite recording that was shown; `decided_at`: UTC.
    """

    rater: str
    scan: str
    decision: str
    reason: str
    position: int
    seed: int
    recording: str
    decided_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Cohen's kappa of two raters over the scans both judged.

    `table`: counts, rows the verdicts of the first, columns those of the second rater, in the order of `VERDICTS`;
    `kappa` NaN where chance alone makes them agree; `low`, `high`: 95 % interval; `kappa_reject`: of reject
    against the rest.
    """

    first: str
    second: str
    scans: int
    table: tuple[tuple[int, ...], ...]
    agreed: float
    kappa: float
    low: float
    high: float
    kappa_reject: float


def standing_decisions(decisions: Iterable[Decision]) -> dict[str, dict[str, Decision]]:
    """Scan -> rater -> the decision that stands: the last one, unless it was withdrawn."""
    standing: dict[str, dict[str, Decision]] = {}
    for one in decisions:
        raters = standing.setdefault(one.scan, {})
        if one.decision == WITHDRAWN:
            raters.pop(one.rater, None)
        else:
            raters[one.rater] = one
    return {scan: raters for scan, raters in standing.items() if raters}
