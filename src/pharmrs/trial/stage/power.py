"""`pharmrs power`: simulated trials on several cores, then the curve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pharmrs.core.report.figure_style import figure_svg_text, save_figure
from pharmrs.core.report.site import write_page
from pharmrs.core.report.tables import write_table
from pharmrs.core.workers.execution import Workers, map_tasks, workforce
from pharmrs.trial.power.series import SERIES_MODEL, SeriesBatch, run_series_batch
from pharmrs.trial.power.simulated import SimulatedTrial, TrialBatch, power_point, required_size, run_batch
from pharmrs.trial.records.declared_analysis import StudyPlan
from pharmrs.trial.records.declared_power import Power, SeriesPower
from pharmrs.trial.records.power import PowerStudy
from pharmrs.trial.report.figure_power import power_figure
from pharmrs.trial.report.power_tables import power_section, power_tables

_BATCH = 50  # trials per task: seconds of work, so that the bar moves
_BATCH_S = 1.0  # expected with the main model


def power_batches(plan: StudyPlan) -> list[TrialBatch | SeriesBatch]:
    """All tasks of a plan, in the order of models and sizes."""
    return [*_of_models(plan, plan.power), *_of_series(plan, plan.power_series)]


def _of_models(plan: StudyPlan, power: Power | None) -> list[TrialBatch]:
    if power is None:
        return []
    return [
        TrialBatch(
            truth=power.truth(plan.design), plan=plan.analysis.plan(), model=model, subjects=subjects, first=first,
            count=min(_BATCH, power.simulations - first), seed=power.seed,
        )
        for model in power.models
        for subjects in sorted(power.subjects)
        for first in range(0, power.simulations, _BATCH)
    ]  # fmt: skip


def _of_series(plan: StudyPlan, power: SeriesPower | None) -> list[SeriesBatch]:
    if power is None:
        return []
    return [
        SeriesBatch(
            design=plan.design, truth=power, alpha=plan.analysis.alpha, subjects=subjects, first=first,
            count=min(_BATCH, power.simulations - first),
        )
        for subjects in sorted(power.subjects)
        for first in range(0, power.simulations, _BATCH)
    ]  # fmt: skip


def _run(batch: TrialBatch | SeriesBatch) -> tuple[SimulatedTrial, ...]:
    return run_series_batch(batch) if isinstance(batch, SeriesBatch) else run_batch(batch)


def simulate_power(
    plan: StudyPlan, workers: int | Workers, done: Callable[[object], None] = lambda _result: None
) -> PowerStudy:
    """Simulate every batch and count. `done` is called as each batch ends."""
    batches = power_batches(plan)
    with workforce(workers) as team:
        team.check(())
        results = map_tasks(_run, batches, team, done, seconds_each=_BATCH_S)
    trials: dict[tuple[str, int], list[SimulatedTrial]] = defaultdict(list)
    for batch, result in zip(batches, results, strict=True):
        trials[batch.model, batch.subjects] += result
    points = [power_point(model, subjects, found) for (model, subjects), found in trials.items()]
    targets = dict.fromkeys(plan.power.models, plan.power.target) if plan.power is not None else {}
    if plan.power_series is not None:
        targets[SERIES_MODEL] = plan.power_series.target
    sizes = tuple(
        required_size(model, [point for point in points if point.model == model], target)
        for model, target in targets.items()
    )
    return PowerStudy(title=plan.title, alpha=plan.analysis.alpha, points=tuple(points), sizes=sizes)


def with_simulations(plan: StudyPlan, simulations: int) -> StudyPlan:
    """The plan with another number of simulated trials."""
    changed: dict[str, Any] = {
        name: replace(getattr(plan, name), simulations=simulations)
        for name in ("power", "power_series")
        if getattr(plan, name) is not None
    }
    return replace(plan, **changed)


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
