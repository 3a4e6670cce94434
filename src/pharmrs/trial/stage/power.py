"""`pharmrs power`: simulated trials on several cores, then the curve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pharmrs.core.report.figure_style import figure_svg_text, save_figure
from pharmrs.core.report.site import write_page
from pharmrs.core.report.tables import write_table
from pharmrs.core.workers.execution import Workers, map_tasks, workforce
from pharmrs.trial.power.simulated import TrialBatch, power_point, required_size, run_batch
from pharmrs.trial.records.declared_analysis import StudyPlan
from pharmrs.trial.records.declared_power import Power
from pharmrs.trial.records.power import PowerStudy
from pharmrs.trial.report.figure_power import power_figure
from pharmrs.trial.report.power_tables import power_section, power_tables

_BATCH = 50  # trials per task: seconds of work, so that the bar moves
_BATCH_S = 1.0  # expected with the main model


def declared(plan: StudyPlan) -> Power:
    """What the plan says about power; `read_power` has seen to it that it says something."""
    assert plan.power is not None
    return plan.power


def power_batches(plan: StudyPlan) -> list[TrialBatch]:
    """All tasks of a plan, in the order of models and sizes."""
    power = declared(plan)
    return [
        TrialBatch(
            truth=power.truth(plan.design), plan=plan.analysis.plan(), model=model, subjects=subjects, first=first,
            count=min(_BATCH, power.simulations - first), seed=power.seed,
        )
        for model in power.models
        for subjects in sorted(power.subjects)
        for first in range(0, power.simulations, _BATCH)
    ]  # fmt: skip


def simulate_power(
    plan: StudyPlan, workers: int | Workers, done: Callable[[object], None] = lambda _result: None
) -> PowerStudy:
    """Simulate every batch and count. `done` is called as each batch ends."""
    power = declared(plan)
    batches = power_batches(plan)
    with workforce(workers) as team:
        team.check(())
        results = map_tasks(run_batch, batches, team, done, seconds_each=_BATCH_S)
    points = []
    for model in power.models:
        for subjects in sorted(power.subjects):
            trials = [
                trial
                for batch, result in zip(batches, results, strict=True)
                if (batch.model, batch.subjects) == (model, subjects)
                for trial in result
            ]
            points.append(power_point(model, subjects, trials))
    sizes = tuple(
        required_size(model, [point for point in points if point.model == model], power.target)
        for model in power.models
    )
    return PowerStudy(title=plan.title, alpha=plan.analysis.alpha, points=tuple(points), sizes=sizes)


def with_simulations(plan: StudyPlan, simulations: int) -> StudyPlan:
    """The plan with another number of simulated trials."""
    return replace(plan, power=replace(declared(plan), simulations=simulations))


def write_power(folder: Path, study: PowerStudy) -> list[Path]:
    """A page with the answer first, tables with dictionaries, and the curve (PNG, SVG)."""
    written = [path for table in power_tables(study) for path in write_table(folder, table)]
    figure = power_figure(study)
    section = power_section(study, figure_svg_text(figure))
    page = write_page(folder / "report.html", kind="Power by simulation", heading=study.title, sections=(section,))
    written.insert(0, page)
    for suffix in ("png", "svg"):
        path = folder / f"power.{suffix}"
        save_figure(figure, path)
        written.append(path)
    return written
