"""Series in the report: how metabolites followed the declared courses, and what the methods say of it."""

from __future__ import annotations

from collections.abc import Sequence

from pharmrs.core.report.figure_style import figure_svg_text
from pharmrs.core.report.numbers import number_text
from pharmrs.core.report.references import Citations
from pharmrs.core.report.section import Drawn, MethodsPart, Section, section_of_tables
from pharmrs.core.report.view_tables import CellView, TableView, number_cell, view_of
from pharmrs.spectra.records.declared_series import DeclaredCourse, Series, Span
from pharmrs.spectra.records.series import FittedSeries, SeriesChange, SeriesDrift
from pharmrs.spectra.report.pictures.plot_series import course_figure

PAGE = "series"
_MOST_FIGURES = 6


def series_section(declared: Series, found: Sequence[FittedSeries], planned: int) -> Section:
    """Every series at a glance, each declared metabolite and course with its picture; then the tables."""
    rows = [change for one in found for change in one.changes if change.declared]
    counted = sum(any(not change.excluded for change in one.changes) for one in found)
    words = (
        f"{len(found)} of {planned} series could be fitted, {counted} of them count in the statistics. "
        "A change is that for 1 in the course, in percent of the level where every course is 0. The spectra of a "
        "session were fitted together; beside it stands a line through the fits of each spectrum alone, a second "
        "opinion. Who got what is not known here.",
        f"{_follows(declared)} Every spectrum has a line width and a frequency of its own, so that lines which narrow "
        "(BOLD) are no change of a metabolite; what they did over the course stands in the last table.",
    )
    named = list(dict.fromkeys((one.metabolite, one.course) for one in rows))
    chosen = [one for one in named if not declared.metabolites or one[0] in declared.metabolites][:_MOST_FIGURES]
    figures = [_drawn(found, metabolite, course) for metabolite, course in chosen]
    drifts = [row for one in found for row in one.drifts]
    views = (
        _changes_view(rows),
        view_of("Line width and frequency over the courses.", SeriesDrift, drifts, sortable=True),
    )
    return section_of_tables("series", "Change during the session", words, views, page=PAGE, figures=figures)


def _drawn(found: Sequence[FittedSeries], metabolite: str, course: str) -> Drawn:
    return Drawn(
        svg=figure_svg_text(course_figure(found, metabolite, course)),
        alt=f"{metabolite} over the session, and its change with the course {course} in each series.",
        caption=f"{metabolite} and the course {course}. Left: each spectrum fitted alone (grey, a line a series) "
        "and the mean of the fits of whole series (red), in percent of the level where every course is 0. Right: the "
        "change of each series with its 95 % interval; hollow ones are excluded.",
    )


def _changes_view(rows: Sequence[SeriesChange]) -> TableView:
    cells = tuple(
        (
            CellView(one.series),
            CellView(one.metabolite),
            CellView(one.course),
            number_cell(one.change_percent),
            CellView(f"{number_text(one.ci_low)} to {number_text(one.ci_high)}"),
            number_cell(one.alone_percent),
            CellView(one.excluded or "-"),
        )
        for one in rows
    )
    heads = ("Series", "Metabolite", "DeclaredCourse", "Change (%)", "95 % interval", "Each alone (%)", "Excluded")
    return TableView(caption="Changes of what was declared to follow.", columns=heads, rows=cells, sortable=True)


def _follows(declared: Series) -> str:
    if not declared.metabolites:
        return "All metabolites may follow the courses freely."
    named = ", ".join(declared.metabolites)
    if declared.others_sd_percent == 0.0:
        return f"{named} may follow the courses; all other metabolites were held constant."
    return (
        f"{named} may follow the courses freely; the change of every other metabolite was expected to be 0 with a "
        f"standard deviation of {declared.others_sd_percent:g} % of its level."
    )


def series_methods(declared: Series, found: Sequence[FittedSeries]) -> MethodsPart:
    """The courses and the fit, in words."""
    sizes = sorted({len(one.spectra) for one in found})
    spectra = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    cut = f" (blocks of {declared.block_transients} transients)" if declared.block_transients is not None else ""

    def write(_cite: Citations) -> Sequence[str]:
        return (
            f"The recordings of a session were taken as a series of {spectra} spectra{cut}, each prepared as a scan is "
            "and fitted alone, then all together: macromolecules, line shape and the deviations of single metabolites "
            "were shared, the background was that of their mean and what was left of it free and smooth, and "
            "frequency, phase and line width were free in every spectrum. "
            f"{_follows(declared)} Courses, declared before the analysis: "
            f"{'; '.join(f'{one.name}, {_said(one)}' for one in declared.courses)}.",
        )

    return MethodsPart(title="Change during the session", write=write)


def _said(course: DeclaredCourse) -> str:
    if course.infusion is not None:
        infusion = course.infusion
        doses = ", ".join(
            f"{one.mg_per_kg:g} mg/kg in {one.minutes:g} min from {one.from_min:g} min" for one in infusion.doses
        )
        many = "two compartments" if infusion.to_tissue_per_min > 0.0 else "one compartment"
        return (
            f"the concentration in plasma computed for {doses} ({many}, volume {infusion.volume_l_per_kg:g} L/kg, "
            f"clearance {infusion.clearance_l_per_h_kg:g} L/h/kg; {infusion.source}), 1 at its peak"
        )
    if course.measured is not None:
        return f"{course.measured} as measured" + (f", per {course.per:g}" if course.per != 1.0 else "")
    if course.events is not None:
        return f"1 during events of the type {course.events}"
    if course.saturating is not None:
        rise = course.saturating
        return f"rising to 1 from {rise.from_min:g} min with a time constant of {rise.time_constant_min:g} min"
    if course.ramp is not None:
        return f"a ramp from 0 to 1, {_span(course.ramp)}"
    if course.steps:
        return f"1 {' and '.join(map(_span, course.steps))}"
    return ", ".join(f"{value:g} in {entity}" for entity, value in course.scans.items())


def _span(span: Span) -> str:
    return f"from {span.from_min:g} min to {'the end' if span.to_min is None else f'{span.to_min:g} min'}"
