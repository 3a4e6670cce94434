"""Power as tidy tables and as lines for people."""

from __future__ import annotations

import math
from dataclasses import fields

from pharmrs.core.records.columns import Column
from pharmrs.core.report.section import Drawn, Section, section_of_tables
from pharmrs.core.report.tables import Row, Table
from pharmrs.core.report.view_tables import CellView, TableView, count_cell, number_cell
from pharmrs.trial.models.registry import MODELS
from pharmrs.trial.records.power import PowerPoint, PowerStudy, RequiredSize

_MODEL = Column(
    "main: the main model of the plan; effect: the treatment effect on a quantity; series: the change during the "
    "session; else an extension model."
)
POINTS = {
    "model": _MODEL,
    "subjects": Column("Participants of each simulated trial."),
    "simulations": Column("Simulated trials."),
    "significant": Column("Trials in which what the model tests was significant at the level of the plan."),
    "not_estimable": Column("Trials that could not be analysed; they count as not significant."),
    "power": Column("significant / simulations.", "1"),
    "mc_error": Column("Monte Carlo standard error of the power.", "1"),
    "ci_low": Column("Lower limit of the power (Wilson, 95 %).", "1"),
    "ci_high": Column("Upper limit of the power (Wilson, 95 %).", "1"),
    "pairs": Column("Mean number of complete pairs (both changes; of the one quantity where there is one) in a trial."),
    "exaggeration": Column("Mean absolute estimate of the significant trials over the mean estimate of all.", "1"),
    "reason": Column("Why no trial could be analysed; n/a where some could."),
}
SIZES = {
    "model": _MODEL,
    "target": Column("Power that is wanted.", "1"),
    "subjects": Column("Participants at which the model has it (probit curve through the simulated sizes)."),
    "ci_low": Column("Lower limit, Monte Carlo error (95 %)."),
    "ci_high": Column("Upper limit, Monte Carlo error (95 %)."),
    "reason": Column("Why there is no number; n/a where there is one."),
}


def power_tables(study: PowerStudy) -> tuple[Table, ...]:
    """`power.tsv` (one row per model and size) and `required_size.tsv`."""
    return (
        Table(name="power", columns=POINTS, rows=tuple(_row(point) for point in study.points)),
        Table(name="required_size", columns=SIZES, rows=tuple(_row(size) for size in study.sizes)),
    )


def _row(item: PowerPoint | RequiredSize) -> Row:
    return {field.name: getattr(item, field.name) for field in fields(item)}


def power_lines(study: PowerStudy) -> list[str]:
    """How many people are needed, what not to plan with, then every size that was simulated."""
    lines = []
    for size in study.sizes:
        if math.isfinite(size.subjects):
            lines.append(
                f"{size.model}: {math.ceil(size.subjects)} participants give power {size.target:g} "
                f"({math.floor(size.ci_low)} to {math.ceil(size.ci_high)}, Monte Carlo error)"
            )
        else:
            lines.append(f"{size.model}: no number of participants for power {size.target:g}: {size.reason}")
    named = dict.fromkeys(point.model for point in study.points)
    for name in (one for one in named if one in MODELS and MODELS[one].misses):
        lines.append(f"{name}: not for a plan, its test does not hold its level {MODELS[name].misses}")
    return [*lines, *map(_point_line, study.points)]


def _point_line(point: PowerPoint) -> str:
    start = f"{point.model}, {point.subjects} participants"
    if point.reason:
        return f"{start}: none of the {point.simulations} trials could be analysed"
    return (
        f"{start}: power {point.power:.3f} ± {point.mc_error:.3f} ({point.significant}/{point.simulations}"
        + (f", {point.not_estimable} not estimable" if point.not_estimable else "")
        + f"), {point.pairs:.1f} complete pairs"
    )


def power_section(study: PowerStudy, svg: str) -> Section:
    """The sizes that are needed first, the curve, then every point."""
    answers = power_lines(study)[: -len(study.points) or None]
    rows = tuple(
        (
            CellView(point.model), count_cell(point.subjects), number_cell(point.power),
            CellView(f"{point.ci_low:.2f} to {point.ci_high:.2f}", order=repr(point.ci_low)),
            count_cell(point.simulations), count_cell(point.not_estimable), number_cell(point.pairs),
            number_cell(point.exaggeration),
        )
        for point in study.points
    )  # fmt: skip
    heads = ("Model", "Participants", "Power", "95 % interval", "Trials", "Not estimable", "Complete pairs",
             "Exaggeration")  # fmt: skip
    caption = "Power of each model and size; exaggeration: mean size of the significant estimates over that of all."
    drawn = Drawn(
        svg=svg,
        alt="Power against the number of participants, a curve for each model. The values are in power.tsv.",
        caption="Power against the number of participants with 95 % Wilson intervals. Dashed: the power that is "
        "wanted, and the number of participants that has it.",
    )
    tables = (TableView(caption=caption, columns=heads, rows=rows),)
    return section_of_tables("power", "Power", [f"{line}." for line in answers], tables, figures=(drawn,))
