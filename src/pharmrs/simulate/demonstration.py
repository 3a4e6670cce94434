"""`pharmrs demo`: a trial is simulated, analysed as if it were real, and its results put beside what was planted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.files.places import STUDY_FILE, default_output
from pharmrs.core.files.unfinished import incomplete
from pharmrs.core.report.tables import write_table
from pharmrs.simulate.command import SimulationRequest, planned_trial, simulate_trial
from pharmrs.simulate.recovered import Recovered, compare, recovered_table
from pharmrs.simulate.trial_records import Trial
from pharmrs.simulate.trial_tables import TRUTH, as_simulated
from pharmrs.study.run import RunResult, run_dataset
from pharmrs.study.study_file import read_study


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """The run, planted against recovered, and the seconds that simulation and analysis took."""

    run: RunResult
    rows: tuple[Recovered, ...]
    simulation_s: float
    analysis_s: float


def demonstrate(
    folder: Path,
    request: SimulationRequest,
    begin: Callable[[int], None],
    step: Callable[[str, bool], None],
    tell: Callable[[str], None],
) -> Demonstration:
    """Simulate into `folder`, analyse, compare. Raises `InputError` as the two commands it stands for.

    Where the same trial was simulated there before, it goes on with the analysis. `begin` is told the number of steps
    (participants and scans), `step` each one and whether it could be done, `tell` the stages after the scans.
    """
    planned = planned_trial(request)
    simulated = _simulated(folder, planned)
    begin((0 if simulated else len(planned.participants)) + sum(visit.has_scan for visit in planned.visits))
    start = time.perf_counter()
    if simulated is None:
        simulate_trial(folder, request, done=lambda one: step(f"simulated sub-{one.person.label}", True))
        simulated = _simulated(folder, planned)
    else:
        tell(f"{folder}: simulated before; what is there is analysed")
    if simulated is None:
        raise AssertionError("the truth that was written must be that of the trial")
    simulation_s = time.perf_counter() - start
    output = default_output(folder)
    result = run_dataset(
        folder,
        output,
        request.workers,
        done=lambda outcome: step(f"analysed {outcome.files.name}", not outcome.failed),
        tell=tell,
    )
    analysis_s = time.perf_counter() - start - simulation_s
    rows = tuple(compare(simulated, read_study(folder / STUDY_FILE), output))
    write_table(folder / TRUTH, recovered_table(rows))
    return Demonstration(run=result, rows=rows, simulation_s=simulation_s, analysis_s=analysis_s)


def _simulated(folder: Path, planned: Trial) -> Trial | None:
    """`planned` with what only its simulation tells, where it stands complete in `folder`."""
    return None if incomplete(folder) else as_simulated(folder, planned)
