"""Stages after the scans: run in order when wanted, leave no file of a former run, and fail without stopping others."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.read.declarations import checked
from pharmrs.core.report.section import MethodsPart, Section, render_section
from pharmrs.core.stage import Stage, StageOutcome, StudyContext, check_stages, run_stages
from pharmrs.study.declared import Study
from pharmrs.study.report.methods import methods_text

_PROBLEM = InputProblem(file="a.tsv", field="well", rule="must exist", value="none", remedy="add it")


def _study() -> Study:
    return checked(Study, {"title": "t", "basis": "b", "quantification": {"primary_scale": "ratio_tcr"}, "quality": {}})


@dataclass
class _Recorder:
    ran: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def stage(self, name: str, *, wanted: bool = True, raises: bool = False) -> Stage:
        def run(context: StudyContext) -> StageOutcome:
            self.ran.append(name)
            if raises:
                raise InputError([_PROBLEM])
            (context.output / f"{name}.tsv").write_text("new")
            return StageOutcome()

        return Stage(name=name, outputs=(f"{name}.tsv",), wanted=lambda _root, _study: wanted, run=run)


@pytest.fixture
def context(tmp_path: Path) -> StudyContext:
    return StudyContext(root=tmp_path, plan=_study(), output=tmp_path)


def test_stages_run_in_order_and_former_outputs_go(context: StudyContext) -> None:
    recorder = _Recorder()
    for name in ("assay", "genotype", "analysis"):
        (context.output / f"{name}.tsv").write_text("former")
    stages = [
        recorder.stage("assay", raises=True),
        recorder.stage("genotype", wanted=False),
        recorder.stage("analysis"),
    ]
    outcomes = run_stages(context, stages)
    assert recorder.ran == ["assay", "analysis"]
    assert [outcome.problems for outcome in outcomes] == [(_PROBLEM,), ()]
    assert {path.name: path.read_text() for path in context.output.glob("*.tsv")} == {"analysis.tsv": "new"}


def test_a_bug_in_a_stage_is_kept_and_told_and_ends_no_other(context: StudyContext) -> None:
    place = "/".join(["", "home", "somebody", "private", "thing"])

    def run(_context: StudyContext) -> StageOutcome:
        raise ZeroDivisionError(f"of {place}")

    def full(_context: StudyContext) -> StageOutcome:
        raise OSError(errno.ENOSPC, "No space left on device")

    broken = Stage(name="broken", outputs=(), wanted=lambda _root, _study: True, run=run)
    good = replace(broken, name="good", run=lambda _context: StageOutcome())
    first, second = run_stages(context, [broken, good])
    (problem,) = first.problems
    assert (problem.file, problem.field, second) == ("broken", "stage", StageOutcome())
    assert "ZeroDivisionError" in problem.value and "please report it" in problem.remedy
    kept = (context.output / "faults" / "broken_stage.txt").read_text()
    assert "ZeroDivisionError: of thing" in kept and "in run" in kept and "/home" not in kept
    with pytest.raises(OSError, match="No space"):  # what the system refuses to everybody ends the command
        run_stages(context, [replace(broken, run=full)])
    assert check_stages(context.root, context.plan, [replace(broken, check=lambda _root, _plan: 1 // 0)])


@pytest.mark.parametrize("anchor", ["", "Assay", "1st", 'a" onclick="x', "a b"])
def test_an_anchor_is_a_safe_identifier(anchor: str) -> None:
    with pytest.raises(ValueError, match="anchor"):
        render_section(anchor, "Title", "macros.html.j2")


def test_methods_of_stages_come_last_with_their_references() -> None:
    part = MethodsPart(title="Assay", write=lambda cite: [f"Curves were fitted {cite.cite('splines')}."])
    text = methods_text(_study(), [], [part])
    assert text.index("## Data") < text.index("## Assay\n\nCurves were fitted (Eilers and Marx 1996).")
    assert text.index("## Assay") < text.index("doi:10.1214/ss/1038425655")


def test_a_section_keeps_what_it_is_given() -> None:
    section = render_section("assay", "Assay <1>", "macros.html.j2")
    assert isinstance(section, Section)
    assert (section.anchor, section.title) == ("assay", "Assay <1>")
