"""Statistics as somebody printed them: every number is the interval of values that round to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

EQUAL, BELOW, ABOVE = "=", "<", ">"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedNumber:
    """A printed number. `unit`: value of its last digit; `relation`: how it was printed (`p < .001`)."""

    text: str
    value: float
    unit: float
    relation: str = EQUAL

    def interval(self, *, cut: bool = False) -> tuple[float, float]:
        """Values that round to the number, or, with `cut`, that give it when further digits are cut off or rounded."""
        if self.relation == BELOW:
            return float("-inf"), self.value
        if self.relation == ABOVE:
            return self.value, float("inf")
        low, high = self.value - self.unit / 2, self.value + self.unit / 2
        if cut and self.value >= 0:
            high = self.value + self.unit
        if cut and self.value <= 0:
            low = self.value - self.unit
        return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRow:
    """One line of a table of reported statistics. `numbers`: what it gives, by the names of `REPORTED`."""

    label: str
    line: int
    numbers: Mapping[str, PrintedNumber]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """One check of one row. `verdict`: consistent, impossible, cut (only if digits were cut off) or one_sided.

    `quantity`: the printed number that was checked, `low` and `high`: what the others allow for it.
    """

    label: str
    line: int
    check: str
    quantity: str
    printed: str
    low: float
    high: float
    verdict: str
    arithmetic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedRow:
    """All checks of one row. `suspects`: numbers each of which, if misprinted alone, would explain everything.

    `repairs`: what each suspect would have to be; `reason`: why nothing could be checked.
    """

    label: str
    line: int
    findings: tuple[AuditFinding, ...]
    suspects: tuple[str, ...] = ()
    repairs: Mapping[str, str]
    reason: str = ""

    @property
    def impossible(self) -> bool:
        return any(finding.verdict == "impossible" for finding in self.findings)


# name -> what it is; the columns of the table that `pharmrs audit` reads
REPORTED: dict[str, str] = {
    "estimate": "coefficient, mean difference or other estimate",
    "se": "standard error of the estimate",
    "t": "Student's t",
    "z": "standard normal statistic",
    "df": "degrees of freedom of t, or of chi2",
    "f": "F statistic",
    "df1": "numerator degrees of freedom of F",
    "df2": "denominator degrees of freedom of F",
    "chi2": "chi-squared statistic",
    "r": "Pearson correlation",
    "rs": "Spearman correlation",
    "n": "number of pairs, or of persons",
    "p": "two-sided p value; `<.001` is allowed",
    "ci_low": "lower limit of the interval of the estimate",
    "ci_high": "upper limit of the interval of the estimate",
    "level": "level of the interval in percent; 95 where not given",
    "r2": "share of variance explained, beside F",
    "mean": "mean of whole numbers (answers, counts), beside n",
    "items": "whole numbers averaged per person; 1 where not given",
}
