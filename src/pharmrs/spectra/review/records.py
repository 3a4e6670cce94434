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
    `recording`: first half of the SHA-256 of the metabolite recording that was shown; `decided_at`: UTC; `showing`: 1,
    or 2 where the scan was shown again to see how well the rater agrees with themselves.
    """

    rater: str
    scan: str
    decision: str
    reason: str
    position: int
    seed: int
    recording: str
    decided_at: str
    showing: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RaterAgreement:
    """Cohen's kappa of two raters over the scans both judged, or of one over those judged twice (`first` is `second`).

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

    @property
    def within(self) -> bool:
        """Whether it is the agreement of a rater with themselves."""
        return self.first == self.second

    @property
    def name(self) -> str:
        """Whose agreement it is, in words."""
        return f"{self.first} with themselves" if self.within else f"{self.first} and {self.second}"


def standing_decisions(decisions: Iterable[Decision], showing: int = 1) -> dict[str, dict[str, Decision]]:
    """Scan -> rater -> the decision that stands: the last one, unless it was withdrawn.

    Of the first showing of each scan, which alone counts for the study, or of the second.
    """
    standing: dict[str, dict[str, Decision]] = {}
    for one in (decision for decision in decisions if decision.showing == showing):
        raters = standing.setdefault(one.scan, {})
        if one.decision == WITHDRAWN:
            raters.pop(one.rater, None)
        else:
            raters[one.rater] = one
    return {scan: raters for scan, raters in standing.items() if raters}
