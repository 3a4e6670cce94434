"""What a stage of a study after its scans is. Each reads files and leaves files; `stage_registry` lists them.

A stage knows the dataset and what earlier stages wrote into the derivative, never their objects: so each can be run and
tested alone, and the statistics work from derivatives whoever made them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.report.answer import Answer
from pharmrs.core.report.section import MethodsPart, Section

PlanT = TypeVar("PlanT")
ScanT = TypeVar("ScanT")
WholeT = TypeVar("WholeT")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyContext(Generic[PlanT, ScanT]):
    """What a stage may use: its part `plan` of the study's plan, and the `outcomes` of the scans.

    `tell` is told what is being done, for the progress display.
    """

    root: Path
    plan: PlanT
    output: Path
    outcomes: tuple[ScanT, ...] = ()
    tell: Callable[[str], None] = field(default=lambda _text: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOutcome:
    """What a stage adds to the report, and what is wrong with its input. `answer`: of the study, for the first page."""

    problems: tuple[InputProblem, ...] = ()
    sections: tuple[Section, ...] = ()
    methods: tuple[MethodsPart, ...] = ()
    answer: Answer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Generic[PlanT, ScanT]):
    """One stage. `outputs`: patterns below the derivative of the files it writes, removed before each run.

    `wanted`: whether plan and dataset ask for it. `check`: what is wrong with its input, found without computing, for
    `pharmrs validate`. `run` may raise InputError: the stage is then missing, with the reasons in the report, and the
    others go on. `inputs`: the files it reads from the dataset, for the provenance.
    """

    name: str
    outputs: tuple[str, ...]
    wanted: Callable[[Path, PlanT], bool]
    run: Callable[[StudyContext[PlanT, ScanT]], StageOutcome]
    check: Callable[[Path, PlanT], tuple[InputProblem, ...]] = field(default=lambda _root, _plan: ())
    inputs: Callable[[Path, PlanT], tuple[Path, ...]] = field(default=lambda _root, _plan: ())

    def of(self, part: Callable[[WholeT], PlanT]) -> Stage[WholeT, ScanT]:
        """The same stage for a plan whose `part` is what this one takes: a room needs to know its own section only."""

        def run(context: StudyContext[WholeT, ScanT]) -> StageOutcome:
            own = StudyContext(
                root=context.root,
                plan=part(context.plan),
                output=context.output,
                outcomes=context.outcomes,
                tell=context.tell,
            )
            return self.run(own)

        return Stage(
            name=self.name,
            outputs=self.outputs,
            wanted=lambda root, whole: self.wanted(root, part(whole)),
            run=run,
            check=lambda root, whole: self.check(root, part(whole)),
            inputs=lambda root, whole: self.inputs(root, part(whole)),
        )


def run_stages(context: StudyContext[PlanT, ScanT], stages: Sequence[Stage[PlanT, ScanT]]) -> list[StageOutcome]:
    """Run every stage that is wanted, in order; former outputs of all of them are removed first."""
    for stage in stages:
        for pattern in stage.outputs:
            for path in context.output.glob(pattern):
                path.unlink()
    outcomes = []
    for stage in stages:
        if not stage.wanted(context.root, context.plan):
            continue
        context.tell(stage.name)
        try:
            outcomes.append(stage.run(context))
        except InputError as error:
            outcomes.append(StageOutcome(problems=error.problems))
    return outcomes
