"""The command line: parse arguments, call the pipeline, print. No science, and nothing heavy is imported here."""

from __future__ import annotations

import sys

import typer

from pharmrs import __version__
from pharmrs.cli import (
    analyse,
    audit,
    basis,
    demo,
    doctor,
    fit,
    genotype,
    import_data,
    pdf,
    plate,
    power,
    rerun,
    review,
    run_dataset,
    simulate,
    validate,
    voxel,
)
from pharmrs.cli.messages import EXIT_BAD_INPUT, EXIT_SOME_FAILED, print_problems, say, system_error_text
from pharmrs.errors import InputError, WorkersLost

app = typer.Typer(
    name="pharmrs",
    help="From the raw recordings of a pharmacological MRS study to its scientific result and a report.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit codes: 0 all done; 2 bad input, or no place to write; 3 finished, but some scans could not be done.",
)
app.command("run")(run_dataset.run_command)
app.command("validate")(validate.validate_command)
app.command("fit")(fit.fit_command)
app.command("voxel")(voxel.voxel_command)
app.command("basis")(basis.basis_command)
app.command("plate")(plate.plate_command)
app.command("genotype")(genotype.genotype_command)
app.command("analyse")(analyse.analyse_command)
app.command("power")(power.power_command)
app.command("audit")(audit.audit_command)
app.command("pdf")(pdf.pdf_command)
app.command("review")(review.review_command)
app.command("rerun")(rerun.rerun_command)
app.command("doctor")(doctor.doctor_command)
app.command("import")(import_data.import_command)
app.command("schema")(validate.schema_command)
app.command("simulate")(simulate.simulate_command)
app.command("demo")(demo.demo_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit()


@app.callback()
def _main(
    _version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


def run() -> None:
    """Entry point: bad input, a full disk, a missing right become a message and exit code 2; bugs keep a traceback."""
    try:
        app()
    except InputError as error:
        print_problems(error.problems)
        sys.exit(EXIT_BAD_INPUT)
    except WorkersLost as error:
        say(f"error: {error}")
        sys.exit(EXIT_SOME_FAILED)
    except OSError as error:
        say(system_error_text(error))
        sys.exit(EXIT_BAD_INPUT)
