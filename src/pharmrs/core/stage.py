"""What a stage of a study is: one protocol for everything a study does. `study/stages.py` lists them.

A stage knows the dataset, what earlier stages wrote into the derivative, and what they handed on: so each can be run
and tested alone, and the statistics work from derivatives whoever made them.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from pharmrs.core.errors import InputProblem
from pharmrs.core.files.checksums import Checksums
from pharmrs.core.files.owned import remove_written
from pharmrs.core.records.handover import Handed, Handover, ValueT
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.report.answer import Answer
from pharmrs.core.report.section import MethodsPart, Section
from pharmrs.core.unit import attempt
from pharmrs.core.workers.execution import Workers, as_done

PlanT = TypeVar("PlanT")
WholeT = TypeVar("WholeT")
PlannedT = TypeVar("PlannedT")
TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyContext(Generic[PlanT]):
    """What a stage may use: its part `plan` of the study's plan, and what earlier stages handed on.

    `scans`: those of the dataset; `fresh`: nothing of an earlier run is to be used again. `tell` is told what is being
    done, `begin` how many units of the longest work there are, `done` each one's result: for the progress display.
    """

    root: Path
    plan: PlanT
    output: Path
    scans: tuple[ScanFiles, ...] = ()
    handed: Handed = field(default_factory=dict)
    workers: int | Workers = 1
    checksums: Checksums = field(default_factory=Checksums)
    fresh: bool = False
    tell: Callable[[str], None] = field(default=lambda _text: None)
    begin: Callable[[int], None] = field(default=lambda _count: None)
    done: Callable[[Any], None] = field(default=lambda _result: None)

    def given(self, what: Handover[ValueT]) -> ValueT:
        """What a stage before this one handed on."""
        found: ValueT = self.handed.get(what, what.otherwise)
        return found

    def part(self, of: Callable[[PlanT], WholeT]) -> StudyContext[WholeT]:
        """The same for a stage that takes a part of the plan."""
        changed: Any = replace(self, plan=of(self.plan))  # type: ignore[arg-type]
        return changed  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOutcome:
    """What a stage adds to the report, what is wrong with its input, and what it hands on to later stages.

    `answer`: of the study, for the first page.
    """

    problems: tuple[InputProblem, ...] = ()
    sections: tuple[Section, ...] = ()
    methods: tuple[MethodsPart, ...] = ()
    answer: Answer | None = None
    handed: Handed = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Generic[PlanT]):
    """One stage. `outputs`: patterns below the derivative of the files it writes, removed before it runs.

    `wanted`: whether plan and dataset ask for it. `look`: what can be told before any stage has run, and handed on to
    all; InputError there stops the study. `check`: what is wrong with its input, found without computing, for
    `pharmrs validate`. `inputs`: the files it reads from the dataset, for the provenance; it may use what `look` handed
    on. `run` may raise InputError: the stage is then missing, with the reasons in the report, and the others go on.
    `quiet`: it tells by itself what it does.
    """

    name: str
    outputs: tuple[str, ...]
    wanted: Callable[[Path, PlanT], bool]
    run: Callable[[StudyContext[PlanT]], StageOutcome]
    look: Callable[[StudyContext[PlanT]], StageOutcome] = field(default=lambda _context: StageOutcome())
    check: Callable[[Path, PlanT], tuple[InputProblem, ...]] = field(default=lambda _root, _plan: ())
    inputs: Callable[[StudyContext[PlanT]], tuple[Path, ...]] = field(default=lambda _context: ())
    quiet: bool = False

    def of(self, part: Callable[[WholeT], PlanT]) -> Stage[WholeT]:
        """The same stage for a plan whose `part` is what this one takes: a room needs to know its own section only."""
        return Stage(
            name=self.name,
            outputs=self.outputs,
            wanted=lambda root, whole: self.wanted(root, part(whole)),
            run=lambda context: self.run(context.part(part)),
            look=lambda context: self.look(context.part(part)),
            check=lambda root, whole: self.check(root, part(whole)),
            inputs=lambda context: self.inputs(context.part(part)),
            quiet=self.quiet,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Units(Generic[PlanT, PlannedT, TaskT, ResultT]):
    """The work of a stage that has many units (scans, heads, files); calling it with a context does all of it.

    `plan`: what is to be done; `tasks`: the units of it. `work`: what does one, in whatever process; its argument is
    the task alone, bad input is a result with its reason, never raised. `lost`: the result of a unit whose worker died
    every time. `kept`: the result that an earlier run left for exactly this task, or None. `finish`: what is added to
    a result here, new or kept. `seconds_each`: CPU that a unit is expected to take. `gather`: tables, page and what is
    handed on, from the results in the order of the tasks. `shown`: the progress display counts these units.
    """

    plan: Callable[[StudyContext[PlanT]], PlannedT]
    tasks: Callable[[PlannedT], Sequence[TaskT]]
    work: Callable[[StudyContext[PlanT]], Callable[[TaskT], ResultT]]
    lost: Callable[[TaskT, str], ResultT]
    seconds_each: Callable[[Sequence[TaskT]], float]
    gather: Callable[[StudyContext[PlanT], PlannedT, Sequence[ResultT]], StageOutcome]
    kept: Callable[[TaskT], ResultT | None] = field(default=lambda _task: None)
    finish: Callable[[StudyContext[PlanT], TaskT, ResultT], ResultT] = field(default=lambda _context, _task, one: one)
    shown: bool = False

    def __call__(self, context: StudyContext[PlanT]) -> StageOutcome:
        planned = self.plan(context)
        tasks = self.tasks(planned)
        if self.shown:
            context.begin(len(tasks))
        results: dict[int, ResultT] = {}
        for index, result in self._results(context, tasks):
            results[index] = self.finish(context, tasks[index], result)
            if self.shown:
                context.done(results[index])
        return self.gather(context, planned, [results[index] for index in range(len(tasks))])

    def _results(self, context: StudyContext[PlanT], tasks: Sequence[TaskT]) -> Iterator[tuple[int, ResultT]]:
        """Those that an earlier run left, then the others as they end."""
        to_do = []
        with _without_collector():
            for index, task in enumerate(tasks):
                kept = None if context.fresh else self.kept(task)
                if kept is None:
                    to_do.append(index)
                else:
                    yield index, kept
        left = [tasks[index] for index in to_do]
        each_s = self.seconds_each(left)
        work = partial(_contained, self.work(context), self.lost, context.output)
        for number, result in as_done(work, left, context.workers, seconds_each=each_s, lost=self.lost):
            yield to_do[number], result


def _contained(
    work: Callable[[TaskT], ResultT], lost: Callable[[TaskT, str], ResultT], output: Path, task: TaskT
) -> ResultT:
    """One unit; a fault in it is its result, and the others go on."""
    files = getattr(task, "files", task)
    unit = next((str(found) for name in ("metabolite", "t1", "subject") if (found := getattr(files, name, ""))), "unit")
    result, problems = attempt(partial(work, task), unit, "processing", output)
    return lost(task, "; ".join(f"{one.value}: {one.remedy}" for one in problems)) if result is None else result


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """While records are made by the million that stay and hold no circles, looking for circles is a third of the time.

    Python's collector goes through all of them again whenever there are a quarter more.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def look_ahead(
    context: StudyContext[PlanT], stages: Sequence[Stage[PlanT]]
) -> tuple[StudyContext[PlanT], StageOutcome]:
    """The context with what the stages can tell before any has run, wanted or not, and problems. Raises InputError."""
    problems: list[InputProblem] = []
    for stage in stages:
        seen = stage.look(context)
        problems += seen.problems
        context = replace(context, handed={**context.handed, **seen.handed})
    return context, StageOutcome(problems=tuple(problems))


def _run_stage(context: StudyContext[PlanT], stage: Stage[PlanT]) -> StageOutcome | None:
    """What a stage gives; None where it is not wanted."""
    if not stage.wanted(context.root, context.plan):
        return None
    if not stage.quiet:
        context.tell(stage.name)
    return stage.run(context)


def check_stages(root: Path, plan: PlanT, stages: Sequence[Stage[PlanT]]) -> list[InputProblem]:
    """What is wrong with the inputs of every stage that is wanted."""
    found: list[InputProblem] = []
    for stage in stages:

        def work(stage: Stage[PlanT] = stage) -> tuple[InputProblem, ...]:
            return stage.check(root, plan) if stage.wanted(root, plan) else ()

        checked, problems = attempt(work, stage.name, "check")
        found += [*(checked or ()), *problems]
    return found


def run_stages(
    context: StudyContext[PlanT],
    stages: Sequence[Stage[PlanT]],
    after: Callable[[StageOutcome], None] = lambda _outcome: None,
) -> list[StageOutcome]:
    """Run every stage that is wanted, in order, each with what those before handed on; `after`: told each outcome.

    Former outputs of a stage are removed when its turn comes, whether it is wanted or not.
    """
    outcomes = []
    for stage in stages:
        remove_written(context.output, stage.outputs)
        done, problems = attempt(partial(_run_stage, context, stage), stage.name, "stage", context.output)
        outcome = StageOutcome(problems=problems) if problems else done
        if outcome is None:
            continue
        after(outcome)
        outcomes.append(outcome)
        context = replace(context, handed={**context.handed, **outcome.handed})
    return outcomes
