"""`pharmrs validate DATASET` and `pharmrs schema`."""

from __future__ import annotations

import typer

from pharmrs.cli.messages import EXIT_BAD_INPUT, print_problems
from pharmrs.cli.options import DatasetArgument


def validate_command(
    dataset: DatasetArgument,
) -> None:
    """Report every problem of the inputs at once, without fitting anything."""
    from pharmrs.core.report.numbers import count_text
    from pharmrs.core.workers.threads import limit_threads
    from pharmrs.study.dataset import validate_dataset

    limit_threads()
    found, problems = validate_dataset(dataset)
    errors, warnings = print_problems(problems)
    ending = "" if errors else "; ready for `pharmrs run`" + (", but read the warnings first" if warnings else "")
    scans = len(found.all_scans)
    spectra = count_text(scans, "scan") + " found" if scans else "no spectra"
    typer.echo(f"{spectra}{ending}")
    if errors:
        raise typer.Exit(EXIT_BAD_INPUT)


def schema_command() -> None:
    """Print the JSON Schema of study.yaml, for editors."""
    import json

    from pharmrs.study.study_file import study_schema

    typer.echo(json.dumps(study_schema(), indent=2))
