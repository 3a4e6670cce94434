"""`pharmrs preprocess RECORDING... --water WATER`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pharmrs.cli.messages import EXIT_BAD_INPUT, EXIT_SOME_FAILED, print_problems


def preprocess_command(
    recordings: Annotated[list[Path], typer.Argument(help="Raw recordings, NIfTI-MRS, coils and transients apart.")],
    water: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation at run time
        typer.Option("--water", "-w", help="Water reference of the same coils: their weights and eddy currents."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for spectra and pages.")] = Path(
        "pharmrs-preprocess"
    ),
    skip_points: Annotated[int, typer.Option("--skip-points", min=0, help="Points before the echo to drop.")] = 0,
) -> None:
    """One spectrum from a raw recording: coils, eddy currents, alignment, averaging, residual water; a page shows each
    step.
    """
    from pharmrs.core.files.targets import claimed
    from pharmrs.core.workers.threads import limit_threads
    from pharmrs.spectra.stage.single_outputs import names_of, write_preprocessed
    from pharmrs.spectra.stage.single_spectra import prepare_file

    limit_threads()
    failed = 0
    with claimed(out):
        for name, file in zip(names_of(recordings), recordings, strict=True):
            scan, problems = prepare_file(file, water, skip_points)
            print_problems(problems)
            if scan is None:
                failed += 1
                continue
            for number, step in enumerate(scan.steps, start=1):
                typer.echo(f"{name}: {number}. {step.name}: {step.summary}")
            for path in write_preprocessed(out, name, scan):
                typer.echo(str(path))
    if failed:
        raise typer.Exit(EXIT_BAD_INPUT if failed == len(recordings) else EXIT_SOME_FAILED)
