"""The spectra of a study as sections of its report: quality, concentrations, the scans, what was excluded and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pharmrs.core.report.figure_style import figure_svg_text
from pharmrs.core.report.numbers import count_text
from pharmrs.core.report.section import Section, render_section
from pharmrs.spectra.records.scan import ScanValues
from pharmrs.spectra.report.pictures.figure_study import overview_figure, quality_figure
from pharmrs.spectra.report.scan_pages import ScanPages
from pharmrs.spectra.report.summary import RuleCount, main_metabolites, rule_counts
from pharmrs.spectra.report.view_groups import concentrations_view, rule_sensitivity_view
from pharmrs.spectra.report.view_lists import exclusions_view, quality_view

if TYPE_CHECKING:
    from pharmrs.spectra.records.declared import QualityRules

PAGE, TITLE = "spectra", "Spectra"


def spectra_sections(scans: ScanPages, rules: QualityRules, metabolites: Sequence[str]) -> tuple[Section, ...]:
    """Overview first, then what lies behind it. `metabolites`: of the overview; empty: the best determined ones."""
    results = [outcome.result for outcome in scans.outcomes if outcome.result is not None]
    counts = rule_counts(results, rules.limits())
    chosen = list(metabolites) or main_metabolites(results, scans.scale)
    return (
        _quality(scans, results, rules),
        _concentrations(scans, results, chosen, [count.rule for count in counts]),
        _exclusions(scans, counts),
        render_section("scans", "Scans", "section_scans.html.j2", page=PAGE, page_title=TITLE, scans=scans.heads()),
    )


def overview_svg(results: Sequence[ScanValues], scale: str, metabolites: Sequence[str], label: str) -> str:
    """The main metabolites scan by scan; empty without any."""
    chosen = list(metabolites) or main_metabolites(results, scale)
    return figure_svg_text(overview_figure(results, scale, chosen, label)) if results and chosen else ""


def _quality(scans: ScanPages, results: Sequence[ScanValues], rules: QualityRules) -> Section:
    return render_section(
        "quality",
        "Quality",
        "section_quality.html.j2",
        page=PAGE,
        page_title=TITLE,
        plot=figure_svg_text(quality_figure(results, rules)) if results else "",
        quality=quality_view(scans.outcomes, scans.link),
    )


def _concentrations(
    scans: ScanPages, results: Sequence[ScanValues], chosen: Sequence[str], rules: Sequence[str]
) -> Section:
    return render_section(
        "concentrations",
        "Concentrations",
        "section_concentrations.html.j2",
        page=PAGE,
        label=scans.label,
        overview=overview_svg(results, scans.scale, chosen, scans.label),
        concentrations=concentrations_view(results, scans.scale, scans.label),
        sensitivity=rule_sensitivity_view(results, scans.scale, scans.label, chosen, rules),
    )


def _exclusions(scans: ScanPages, counts: Sequence[RuleCount]) -> Section:
    whole, single = exclusions_view(scans.outcomes, scans.link)
    return render_section(
        "exclusions",
        "Exclusions",
        "section_exclusions.html.j2",
        page=PAGE,
        counts=[(count, _rule_text(count)) for count in counts],
        whole=whole,
        single=single,
    )


def _rule_text(count: RuleCount) -> str:
    scans = count_text(count.scans, "scan")
    if not count.values:
        return scans
    single = f"{count_text(count.values, 'value')} in {count_text(count.scans_with_values, 'scan')}"
    return f"{scans}, {single}" if count.scans else single
