"""`pharmrs plan STUDY.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def plan_command(
    study: Annotated[Path, typer.Argument(help="study.yaml with title, design and analysis.")],
) -> None:
    """The statistical analysis plan as text, with the hash that its results will bear: to register before the data."""
    from pharmrs.study.study_file import read_plan
    from pharmrs.trial.report.plan_text import plan_text
    from pharmrs.trial.stage.analysis import check_models

    declared = read_plan(study)
    plan = declared.analysis.plan()
    if wrong := check_models(plan, str(study)):
        from pharmrs.core.errors import InputError

        raise InputError(wrong)
    typer.echo(plan_text(declared.title, declared.design, plan), nl=False)
