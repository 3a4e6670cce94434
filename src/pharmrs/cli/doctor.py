"""`pharmrs doctor`."""

from __future__ import annotations

import typer

from pharmrs.cli.messages import EXIT_BAD_INPUT, say


def doctor_command() -> None:
    """Check the installation: versions, memory, temporary files, and the fit of a spectrum whose truth is known."""
    from pharmrs.core.workers.threads import limit_threads
    from pharmrs.simulate.doctor import examine

    limit_threads()
    bad = 0
    for finding in examine():
        bad += not finding.good
        typer.echo(f"{'ok ' if finding.good else 'BAD'} {finding.what}: {finding.found}")
        if not finding.good:
            typer.echo(f"    Remedy: {finding.remedy}")
    say("all checks passed" if not bad else f"{bad} of these must be put right")
    if bad:
        raise typer.Exit(EXIT_BAD_INPUT)
