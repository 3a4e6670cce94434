"""Counts and group descriptions over the scans. Descriptive only: no estimate is made or changed here."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.spectra.records.quantification import Concentration, Exclusion
from pharmrs.spectra.records.rules import concerns_scan, rule_of
from pharmrs.spectra.records.scan import ScanValues


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupValues:
    """Mean, SD between scans (n - 1; NaN for n < 2) and number of scans and subjects behind them.

    `common_sd`: of the mean, by an error that all scans share, however many they are.
    """

    mean: float
    sd: float
    common_sd: float
    scans: int
    subjects: int

    @property
    def variation_percent(self) -> float:
        """Coefficient of variation, percent."""
        return 100 * self.sd / self.mean if self.mean else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """How often a rule was broken: whole scans, and single metabolite values in how many scans.

    `rule`: key of `study.yaml`, or the name of a decision; `limit` is NaN for a decision without one.
    """

    rule: str
    label: str
    limit: float
    scans: int
    values: int
    scans_with_values: int


def short_name(files: ScanFiles) -> str:
    """Participant and session of a scan for the axis of a figure, e.g. `sub-01 ses-1`."""
    parts = ((files.subject, "sub-"), (files.session, "ses-"))
    return " ".join(text if text.startswith(prefix) else prefix + text for text, prefix in parts if text)


def scale_order(results: Sequence[ScanValues]) -> tuple[str, ...]:
    """Scales present, in the order in which the quantification gives them."""
    return tuple(dict.fromkeys(item.scale for result in results for item in result.concentrations))


def concentration_of(result: ScanValues, metabolite: str, scale: str) -> Concentration | None:
    """The concentration of one metabolite on one scale, or None when the scan has none."""
    for item in result.concentrations:
        if item.metabolite == metabolite and item.scale == scale:
            return item
    return None


def scan_exclusions(result: ScanValues) -> tuple[Exclusion, ...]:
    """Exclusions that concern the whole scan: those that name no single metabolite."""
    return tuple(item for item in result.exclusions if concerns_scan(item))


def is_excluded(result: ScanValues, metabolite: str, without_rule: str = "") -> bool:
    """Whether a value is out, by the scan or by the metabolite; `without_rule` looks as if that rule did not exist."""
    return any(
        (concerns_scan(item) or item.metabolite == metabolite) and rule_of(item.rule).key != without_rule
        for item in result.exclusions
    )


def group_values(
    results: Iterable[ScanValues], metabolite: str, scale: str, *, exclude: bool, without_rule: str = ""
) -> GroupValues:
    """Mean and SD over scans; `exclude` leaves out what a rule excluded. Values that could not be given never count."""
    given = ((result, concentration_of(result, metabolite, scale)) for result in results)
    pairs = [(result, found) for result, found in given if found is not None]
    return described(pairs, metabolite, exclude=exclude, without_rule=without_rule)


Given = Sequence[tuple[ScanValues, Concentration]]


def by_metabolite(results: Iterable[ScanValues], scale: str) -> dict[str, Given]:
    """Every concentration on a scale with its scan, metabolite by metabolite, in one pass."""
    found: dict[str, list[tuple[ScanValues, Concentration]]] = defaultdict(list)
    for result in results:
        first: dict[str, Concentration] = {}
        for item in result.concentrations:
            if item.scale == scale:
                first.setdefault(item.metabolite, item)
        for metabolite, item in first.items():
            found[metabolite].append((result, item))
    return dict(found)


def described(given: Given, metabolite: str, *, exclude: bool, without_rule: str = "") -> GroupValues:
    """The same as `group_values`, of concentrations of this metabolite that are at hand."""
    values: list[float] = []
    common: list[float] = []
    subjects: set[str] = set()
    for result, found in given:
        if not math.isfinite(found.value):
            continue
        if exclude and is_excluded(result, metabolite, without_rule):
            continue
        values.append(found.value)
        common.append(found.common_sd)
        subjects.add(result.files.subject)
    return GroupValues(
        mean=statistics.fmean(values) if values else math.nan,
        sd=statistics.stdev(values) if len(values) > 1 else math.nan,
        common_sd=statistics.fmean(common) if common else math.nan,
        scans=len(values),
        subjects=len(subjects),
    )


def rule_counts(results: Sequence[ScanValues], declared: Mapping[str, float]) -> tuple[RuleCount, ...]:
    """Every declared or applied rule with how often it was broken; a declared rule that caught nothing shows 0."""
    limits = dict(declared)
    for result in results:
        for item in result.exclusions:
            limits.setdefault(rule_of(item.rule).key, item.limit)
    counts: list[RuleCount] = []
    for rule, limit in limits.items():
        broken = [
            (result.files.name, item)
            for result in results
            for item in result.exclusions
            if rule_of(item.rule).key == rule
        ]
        single = [name for name, item in broken if not concerns_scan(item)]
        counts.append(
            RuleCount(
                rule=rule,
                label=rule_of(rule).name,
                limit=limit if rule_of(rule).figure is not None else math.nan,
                scans=len({name for name, item in broken if concerns_scan(item)}),
                values=len(single),
                scans_with_values=len(set(single)),
            )
        )
    return tuple(counts)


def metabolite_order(results: Sequence[ScanValues]) -> tuple[str, ...]:
    """All metabolites and sums, in the order of the first scan that has them."""
    return tuple(dict.fromkeys(row.metabolite for result in results for row in result.amplitudes))


def median_crlb(results: Sequence[ScanValues], metabolite: str) -> float:
    """Median CRLB in percent over the scans, NaN when there is none."""
    found = [row.crlb_percent for result in results for row in result.amplitudes if row.metabolite == metabolite]
    return statistics.median(found) if found else math.nan


def main_metabolites(results: Sequence[ScanValues], scale: str, count: int = 6) -> list[str]:
    """The best determined metabolites by median CRLB, for want of a declared choice.

    Left out are values that cannot vary (tCr on the scale relative to tCr) and those without a value on the scale.
    """
    ranked: list[tuple[float, str]] = []
    given = by_metabolite(results, scale)
    for metabolite in metabolite_order(results):
        found = described(given.get(metabolite, ()), metabolite, exclude=False)
        if found.scans == 0 or (found.scans > 1 and found.sd <= 1e-12 * abs(found.mean)):
            continue
        ranked.append((median_crlb(results, metabolite), metabolite))
    best = {name for _, name in sorted(ranked)[:count]}
    return [name for name in metabolite_order(results) if name in best]
