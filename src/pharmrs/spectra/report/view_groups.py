"""Group descriptions as the page shows them: with and without exclusions, and without each rule."""

from __future__ import annotations

from collections.abc import Sequence

from pharmrs.core.report.numbers import MISSING, with_sd_text
from pharmrs.core.report.view_tables import CellView, TableView, count_cell, number_cell
from pharmrs.spectra.records.rules import rule_of
from pharmrs.spectra.records.scan import ScanValues
from pharmrs.spectra.report.summary import (
    GroupValues,
    by_metabolite,
    described,
    group_values,
    median_crlb,
    metabolite_order,
)


def concentrations_view(results: Sequence[ScanValues], scale: str, label: str) -> TableView:
    """Mean, SD, CV and n per metabolite: all values, and those that no rule excluded."""
    given = by_metabolite(results, scale)
    common = any(found.common_sd > 0 for pairs in given.values() for _, found in pairs)
    rows = tuple(
        (
            CellView(metabolite),
            number_cell(median_crlb(results, metabolite), 2),
            *_group_cells(described(given.get(metabolite, ()), metabolite, exclude=False), common),
            *_group_cells(described(given.get(metabolite, ()), metabolite, exclude=True), common),
        )
        for metabolite in metabolite_order(results)
    )
    once = ("Mean", *(("Common SD",) if common else ()), "SD", "CV %", "Scans", "Participants")
    shared = (
        " Common SD: of the mean, by the error of the voxels' fluid that all scans share; more scans do not lessen it, "
        "and changes hardly have it."
    )
    return TableView(
        caption=f"Group description on the primary scale. {label}. SD between scans; scans of one participant are "
        f"not independent. Allocation is not considered here.{shared if common else ''}",
        columns=("Metabolite", "Median CRLB %", *once, *once),
        groups=(("", 2), ("All analysed scans", len(once)), ("After exclusions", len(once))),
        rows=rows,
    )


def _group_cells(values: GroupValues, common: bool) -> tuple[CellView, ...]:
    return (
        number_cell(values.mean, 4),
        *((number_cell(values.common_sd, 2),) if common else ()),
        number_cell(values.sd, 3),
        number_cell(values.variation_percent, 2),
        count_cell(values.scans),
        count_cell(values.subjects),
    )


def rule_sensitivity_view(
    results: Sequence[ScanValues], scale: str, label: str, metabolites: Sequence[str], rules: Sequence[str]
) -> TableView:
    """Mean ± SD (n) with all rules, without each rule in turn, and without any."""

    def cell(metabolite: str, *, exclude: bool, without_rule: str = "") -> CellView:
        found = group_values(results, metabolite, scale, exclude=exclude, without_rule=without_rule)
        text = f"{with_sd_text(found.mean, found.sd)} ({found.scans})" if found.scans else MISSING
        return CellView(text, order=repr(found.mean))

    rows = tuple(
        (
            CellView(name),
            cell(name, exclude=True),
            *(cell(name, exclude=True, without_rule=rule) for rule in rules),
            cell(name, exclude=False),
        )
        for name in metabolites
    )
    columns = ("Metabolite", "All rules", *(f"Without: {rule_of(rule).name}" for rule in rules), "No rule")
    caption = f"Mean ± SD (number of scans) with and without each exclusion rule. {label}."
    return TableView(caption=caption, columns=columns, rows=rows)
