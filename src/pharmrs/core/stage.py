"""What a stage of a study after its scans is. Each reads files and leaves files; `stage_registry` lists them.

A stage knows the dataset and what earlier stages wrote into the derivative, never their objects: so each can be run and
tested alone, and the statistics work from derivatives whoever made them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.report.section import MethodsPart, Section
from pharmrs.spectra.records.scan import ScanOutcome
from pharmrs.study.declared import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyContext:
    """What a stage may use. `tell` is told what is being done, for the progress display."""

    root: Path
    study: Study
    output: Path
    outcomes: tuple[ScanOutcome, ...]
    tell: Callable[[str], None] = field(default=lambda _text: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOutcome:
    """What a stage adds to the report, and what is wrong with its input."""

    problems: tuple[InputProblem, ...] = ()
    sections: tuple[Section, ...] = ()
    methods: tuple[MethodsPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage. `outputs`: patterns below the derivative of the files it writes, removed before each run.

    `wanted`: whether study and dataset ask for it. `check`: what is wrong with its input, found without computing, for
    `pharmrs validate`. `run` may raise InputError: the stage is then missing, with the reasons in the report, and the
    others go on. `inputs`: the files it reads from the dataset, for the provenance.
    """

    name: str
    outputs: tuple[str, ...]
    wanted: Callable[[Path, Study], bool]
    run: Callable[[StudyContext], StageOutcome]
    check: Callable[[Path, Study], tuple[InputProblem, ...]] = field(default=lambda _root, _study: ())
    inputs: Callable[[Path, Study], tuple[Path, ...]] = field(default=lambda _root, _study: ())


def run_stages(context: StudyContext, stages: Sequence[Stage]) -> list[StageOutcome]:
    """Run every stage that is wanted, in order; former outputs of all of them are removed first."""
    for stage in stages:
        for pattern in stage.outputs:
            for path in context.output.glob(pattern):
                path.unlink()
    outcomes = []
    for stage in stages:
        if not stage.wanted(context.root, context.study):
            continue
        context.tell(stage.name)
        try:
            outcomes.append(stage.run(context))
        except InputError as error:
            outcomes.append(StageOutcome(problems=error.problems))
    return outcomes
