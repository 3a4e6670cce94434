"""The report: one HTML file that needs nothing else, neither network nor neighbouring files."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pharmrs.core.errors import InputProblem
from pharmrs.core.files.atomic import writing
from pharmrs.core.report.figure_style import figure_svg_text
from pharmrs.core.report.markdown import to_html
from pharmrs.core.report.numbers import MISSING, count_text, number_text
from pharmrs.core.report.page import environment
from pharmrs.core.report.section import Section
from pharmrs.spectra.records.scan import ScanOutcome, ScanResult
from pharmrs.spectra.report.pictures.figure_study import overview_figure, quality_figure
from pharmrs.spectra.report.scan_pages import PAGES_FOLDER, FigureSource, KeptPages, ScanPages, drawn_figures
from pharmrs.spectra.report.summary import RuleCount, main_metabolites, rule_counts, scan_exclusions
from pharmrs.spectra.report.view_groups import concentrations_view, rule_sensitivity_view
from pharmrs.spectra.report.view_lists import exclusions_view, mapping_view, problems_view, quality_view

if TYPE_CHECKING:
    from pharmrs.spectra.records.declared import QualityRules


_CHUNK = 16  # pieces of the template that are written together


@dataclass(frozen=True, slots=True)
class _Fact:
    """A number of the summary with its name and a remark."""

    name: str
    value: str
    remark: str = ""


def write_report(
    path: Path,
    study_title: str,
    outcomes: Sequence[ScanOutcome],
    *,
    rules: QualityRules,
    methods: str,
    settings: Mapping[str, object],
    provenance: Mapping[str, object],
    scale_labels: Mapping[str, str],
    primary_scale: str,
    metabolites: Sequence[str] = (),
    figures: FigureSource = drawn_figures,
    problems: Sequence[InputProblem] = (),
    sections: Sequence[Section] = (),
    kept: KeptPages | None = None,
) -> None:
    """Write the report of a study, whole or not at all.

    One self-contained HTML file; above `LINKED_ABOVE_SCANS` scans the page of each scan lies in `PAGES_FOLDER` beside
    it. Pictures are asked for one scan at a time and never held together.

    `methods`: Markdown from `methods_text`. `settings`, `provenance`: nested mappings, shown as they are.
    `scale_labels`: scale key -> words with unit. `metabolites`: those of the overview figure and of the table with
    and without each rule; empty: the best determined ones. `figures`: the pictures of a scan, drawn or as a
    run left them; by default they are drawn. `problems`: those of the dataset as a whole, shown beside the scans' own.
    `sections`: of the stages after the scans. `kept`: notes of an earlier run about the pages of scans.
    """
    ordered = sorted(outcomes, key=lambda outcome: outcome.files.name)
    results = [outcome.result for outcome in ordered if outcome.result is not None]
    label = scale_labels.get(primary_scale, primary_scale)
    label = label[:1].upper() + label[1:]
    counts = rule_counts(results, rules.limits())
    chosen = list(metabolites) or main_metabolites(results, primary_scale)
    found = list(dict.fromkeys([*problems, *(problem for outcome in ordered for problem in outcome.problems)]))
    found.sort(key=lambda one: (one.severity != "error", one.file, one.field))
    rule_names = [count.rule for count in counts]
    scans = ScanPages(
        report=path, title=study_title, outcomes=ordered, scale=primary_scale, label=label, figures=figures, kept=kept
    )
    scans.write()
    page = environment().get_template("report.html.j2")
    parts = page.stream(
        title=study_title,
        facts=_facts(ordered, results),
        counts=counts,
        rule_texts=[_rule_text(count) for count in counts],
        main_table=rule_sensitivity_view(results, primary_scale, label, chosen, rule_names),
        overview=_overview(results, primary_scale, chosen, label),
        quality_plot=_quality_plot(results, rules),
        quality_table=quality_view(ordered, scans.link),
        concentrations=concentrations_view(results, primary_scale, label),
        sections=sections,
        scans=scans.views(),
        linked=len(ordered) if scans.linked else 0,
        pages=PAGES_FOLDER,
        exclusions=exclusions_view(ordered, scans.link),
        problems=problems_view(found),
        methods=to_html(methods),
        settings=mapping_view("Settings that change numbers", settings),
        provenance=mapping_view("Software, inputs and run", provenance),
        scale_label=label,
    )
    parts.enable_buffering(_CHUNK)
    with writing(path) as stream:
        parts.dump(stream, encoding="utf-8")


def _facts(outcomes: Sequence[ScanOutcome], results: Sequence[ScanResult]) -> list[_Fact]:
    subjects = len({outcome.files.subject for outcome in outcomes})
    failed, empty = (sum(one.status == status for one in outcomes) for status in ("failed", "no value"))
    lost = f"{failed} failed" + (f", {empty} without a value on the primary scale" if empty else "")
    out = sum(bool(scan_exclusions(result)) for result in results)
    facts = [
        _Fact("Scans", str(len(outcomes)), count_text(subjects, "participant")),
        _Fact("Analysed", str(len(outcomes) - failed - empty), lost),
        _Fact("Excluded", str(out), f"of {len(results)} analysed scans"),
    ]
    if results:
        facts.append(_spread("S/N", [result.quality.signal_to_noise for result in results]))
        facts.append(_spread("Line width (Hz)", [result.quality.line_width_hz for result in results]))
    return facts


def _spread(name: str, values: Sequence[float]) -> _Fact:
    values = [value for value in values if math.isfinite(value)]
    if not values:
        return _Fact(name, MISSING)
    ends = f"{number_text(min(values))} to {number_text(max(values))}"
    return _Fact(name, number_text(statistics.median(values)), f"median; range {ends}")


def _rule_text(count: RuleCount) -> str:
    scans = count_text(count.scans, "scan")
    if not count.values:
        return scans
    single = f"{count_text(count.values, 'value')} in {count_text(count.scans_with_values, 'scan')}"
    return f"{scans}, {single}" if count.scans else single


def _overview(results: Sequence[ScanResult], scale: str, chosen: Sequence[str], label: str) -> str:
    return figure_svg_text(overview_figure(results, scale, chosen, label)) if results and chosen else ""


def _quality_plot(results: Sequence[ScanResult], rules: QualityRules) -> str:
    return figure_svg_text(quality_figure(results, rules)) if results else ""
