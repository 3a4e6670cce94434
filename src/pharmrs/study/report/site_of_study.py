"""The report of a study: a first page with the answer, a page for each stage, a page for each scan."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pharmrs.core.errors import InputProblem
from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.owned import remove
from pharmrs.core.report.answer import Answer
from pharmrs.core.report.numbers import MISSING, count_text, number_text
from pharmrs.core.report.page import environment
from pharmrs.core.report.problem_groups import grouped
from pharmrs.core.report.section import Section
from pharmrs.core.report.site import PAGES_FOLDER, SitePage, pages_of, render_page, site_links
from pharmrs.core.unit import Boundary
from pharmrs.spectra.records.scan import ScanValues, ValuesOutcome
from pharmrs.spectra.report.scan_pages import FigureSource, KeptPages, ScanPages, drawn_figures
from pharmrs.spectra.report.study_sections import overview_svg, spectra_sections
from pharmrs.spectra.report.summary import scan_exclusions
from pharmrs.study.report.record_sections import methods_section, problems_section, record_sections

if TYPE_CHECKING:
    from pharmrs.spectra.records.declared import QualityRules

KIND = "Report of a study"


@dataclass(frozen=True, slots=True)
class _Fact:
    """A number of the summary with its name and a remark."""

    name: str
    value: str
    remark: str = ""
    bad: bool = False


def write_report(
    path: Path,
    study_title: str,
    outcomes: Sequence[ValuesOutcome],
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
    answer: Answer | None = None,
    kept: KeptPages | None = None,
    within: Boundary | None = None,
) -> None:
    """Write the report of a study: the first page to `path`, all others into `PAGES_FOLDER` beside it.

    Every page needs nothing from the network. Pictures are asked for one scan at a time and never held together.

    `methods`: Markdown from `methods_text`. `settings`, `provenance`: nested mappings. `scale_labels`: scale key ->
    words with unit. `metabolites`: those of the overview figure and of the table with and without each rule; empty: the
    best determined ones. `figures`: the pictures of a scan, drawn or as a run left them; by default they are drawn.
    `problems`: those of the dataset as a whole, shown beside the scans' own. `sections`, `answer`: of the stages after
    the scans. `kept`: notes of an earlier run about the pages of scans. `within`: the boundary of each page.
    """
    within = within or Boundary()
    ordered = sorted(outcomes, key=lambda outcome: outcome.files.name)
    label = scale_labels.get(primary_scale, primary_scale)
    label = label[:1].upper() + label[1:]
    found = list(dict.fromkeys([*problems, *(problem for outcome in ordered for problem in outcome.problems)]))
    scans = ScanPages(
        report=path, title=study_title, outcomes=ordered, scale=primary_scale, label=label, figures=figures, kept=kept
    )
    of_spectra = within(lambda: spectra_sections(scans, rules, metabolites), "spectra", "report") if ordered else ()
    of_record = record_sections(settings, provenance)

    def site() -> tuple[SitePage, ...]:
        return pages_of(
            [
                *(of_spectra or ()),
                *(section for section in sections if section.page != "methods"),
                problems_section([*found, *within.problems]),
                methods_section(methods),
                *(section for section in sections if section.page == "methods"),
                *of_record,
            ]
        )

    scans.with_links(site_links(site(), path.name, "scan")).write(within)
    pages = site()  # what became of the pages of the scans is among the problems
    _write_pages(path, study_title, pages)
    results = [outcome.result for outcome in ordered if outcome.result is not None]
    overview = None
    if answer is None:
        overview = within(lambda: overview_svg(results, primary_scale, metabolites, label), "overview", "drawing")
    front = environment().get_template("front.html.j2").render(
        kind=KIND,
        heading=study_title,
        title=study_title,
        sections=(),
        links=site_links(pages, path.name),
        folder=PAGES_FOLDER,
        names=[page.name for page in pages],
        answer=answer,
        facts=_facts(ordered, results),
        problems=grouped([*found, *within.problems]),
        overview=overview or "",
        label=label,
    )  # fmt: skip
    write_text(path, front)


def _write_pages(path: Path, study_title: str, pages: Sequence[SitePage]) -> None:
    """The pages of sections, without those of a former run."""
    folder = path.parent / PAGES_FOLDER
    for former in folder.glob("*.html"):
        if not former.name.startswith("scan-"):
            remove(former)
    for page in pages:
        links = site_links(pages, path.name, page.name)
        text = render_page(kind=study_title, heading=page.title, title=study_title, sections=page.sections, links=links)
        write_text(folder / f"{page.name}.html", text)


def _facts(outcomes: Sequence[ValuesOutcome], results: Sequence[ScanValues]) -> list[_Fact]:
    subjects = len({outcome.files.subject for outcome in outcomes})
    failed, empty = (sum(one.status == status for one in outcomes) for status in ("failed", "no value"))
    lost = f"{failed} failed" + (f", {empty} without a value on the primary scale" if empty else "")
    out = sum(bool(scan_exclusions(result)) for result in results)
    if not outcomes:
        return []
    facts = [
        _Fact("Scans", str(len(outcomes)), count_text(subjects, "participant")),
        _Fact("Analysed", str(len(outcomes) - failed - empty), lost, bad=bool(failed or empty)),
        _Fact("Excluded", str(out), f"of {len(results)} fitted scans"),
    ]
    if results:
        facts.append(_spread("S/N", [result.quality.signal_to_noise for result in results]))
        facts.append(_spread("Line width (Hz)", [result.quality.line_width_hz for result in results]))
    return facts


def _spread(name: str, values: Sequence[float]) -> _Fact:
    values = [value for value in values if math.isfinite(value)]
    if not values:
        return _Fact(name, MISSING)
    if len(values) == 1:
        return _Fact(name, number_text(values[0]), "one scan")
    ends = f"{number_text(min(values))} to {number_text(max(values))}"
    return _Fact(name, number_text(statistics.median(values)), f"median; range {ends}")
