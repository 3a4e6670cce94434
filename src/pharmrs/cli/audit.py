"""`pharmrs audit TABLE`: which reported statistics disagree with each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pharmrs.cli.messages import print_problems
from pharmrs.core.errors import InputProblem


def audit_command(
    table: Annotated[
        Path,
        typer.Argument(
            help="Reported statistics, TSV or CSV, numbers as printed: label, and any of estimate, se, t, z, df, f, "
            "df1, df2, chi2, r, rs, n, p, ci_low, ci_high, level, r2, mean, items."
        ),
    ],
    out: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation at run time
        typer.Option("--out", "-o", help="Folder for every check: audit.tsv with its data dictionary, and a page."),
    ] = None,
) -> None:
    """Recompute t, p, F, intervals and means of a table of reported statistics and name those that cannot be.

    Exit code 0 whatever is found: an impossible statistic is a result.
    """
    from pharmrs.core.files.targets import claimed
    from pharmrs.trial.audit.audit import audit_rows
    from pharmrs.trial.read.reported import read_reported_table
    from pharmrs.trial.report.audit_table import audit_lines, write_audit

    warnings: list[InputProblem] = []
    audited = audit_rows(read_reported_table(table, warnings.append))
    print_problems(warnings)
    for line in audit_lines(audited):
        typer.echo(line)
    if out is not None:
        with claimed(out):
            for path in write_audit(out, table.name, audited):
                typer.echo(str(path))
