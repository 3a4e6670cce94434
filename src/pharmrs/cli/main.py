"""The command line: parse arguments, call the pipeline, print. No science, and nothing heavy is imported here."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import typer

from pharmrs import __version__
from pharmrs.cli import (
    analyse,
    audit,
    basis,
    deidentify,
    demo,
    doctor,
    fit,
    genotype,
    import_data,
    init,
    pdf,
    plate,
    power,
    preprocess,
    rerun,
    results,
    review,
    run_dataset,
    series,
    simulate,
    validate,
    voxel,
)
from pharmrs.cli.messages import (
    EXIT_BAD_INPUT,
    EXIT_BY_SIGNAL,
    EXIT_SOME_FAILED,
    EXIT_STOPPED,
    flush_results,
    open_streams,
    print_problems,
    say,
    system_error_text,
)
from pharmrs.cli.options import PlainCommand
from pharmrs.core.errors import InputError, WorkersLost
from pharmrs.core.files.targets import protect

app = typer.Typer(
    name="pharmrs",
    help="From the raw recordings of a pharmacological MRS study to its scientific result and a report.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all done; 2 bad input, or no place to write; 3 finished, but something could not be done.",
)
app.command("run", cls=run_dataset.RunCommand, short_help="Process every scan of a dataset, then the whole study.")(
    run_dataset.run_command
)
app.command("validate", cls=PlainCommand, short_help="Report every problem of the inputs at once.")(
    validate.validate_command
)
app.command("init", cls=PlainCommand, short_help="Begin study.yaml and tables from what a folder holds.")(
    init.init_command
)
app.command("preprocess", cls=PlainCommand, short_help="One spectrum from a raw recording, step by step.")(
    preprocess.preprocess_command
)
app.command("fit", cls=fit.FitCommand, short_help="Quantify spectra, preprocessed or raw.")(fit.fit_command)
app.command("series", cls=PlainCommand, short_help="Spectra of one person over time, fitted together.")(
    series.series_command
)
app.command("voxel", cls=PlainCommand, short_help="Tissues in the voxel of one spectrum, from a T1w image.")(
    voxel.voxel_command
)
app.command("basis", cls=PlainCommand, short_help="Simulate a basis set for a localisation sequence.")(
    basis.basis_command
)
app.command("plate", cls=PlainCommand, short_help="Standard curves and concentrations of plates.")(plate.plate_command)
app.command("genotype", cls=PlainCommand, short_help="Expected fragments, calls from bands, Hardy-Weinberg.")(
    genotype.genotype_command
)
app.command("analyse", cls=PlainCommand, short_help="The statistics of a trial from its observation table.")(
    analyse.analyse_command
)
app.command("plan", cls=PlainCommand, short_help="The analysis plan as text with its hash, to register.")(
    analyse.plan_command
)
app.command("power", cls=PlainCommand, short_help="Sample size for the planned coupling, by simulation.")(
    power.power_command
)
app.command("audit", cls=PlainCommand, short_help="Reported statistics that disagree with each other.")(
    audit.audit_command
)
app.command("pdf", cls=PlainCommand, short_help="Print a report to PDF.")(pdf.pdf_command)
app.command("review", cls=PlainCommand, short_help="Judge the spectra by eye, blind, on a local page.")(
    review.review_command
)
app.command("rerun", cls=PlainCommand, short_help="Repeat a run and compare every result byte by byte.")(
    rerun.rerun_command
)
app.command("doctor", cls=PlainCommand, short_help="Check the installation.")(doctor.doctor_command)
app.command("import", cls=PlainCommand, short_help="Bring vendor files into a BIDS dataset.")(
    import_data.import_command
)
app.command(
    "results", cls=PlainCommand, short_help="Fits of other tools: read, checked, compared, and in another tool's form."
)(results.results_command)
app.command(
    "export", cls=PlainCommand, short_help="Spectra, tables and figures of a run in the forms of other programs."
)(results.export_command)
app.command("deidentify", cls=PlainCommand, short_help="Copy a dataset without what identifies a person.")(
    deidentify.deidentify_command
)
app.command("schema", cls=PlainCommand, short_help="Print the JSON Schema of study.yaml, for editors.")(
    validate.schema_command
)
app.command("simulate", cls=PlainCommand, short_help="Simulate a trial as a BIDS dataset, with known truth.")(
    simulate.simulate_command
)
app.command("demo", cls=PlainCommand, short_help="Simulate a trial, analyse it, compare with the truth.")(
    demo.demo_command
)


_signals: list[int] = []  # what the system sent to end this process


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


def _given(words: Sequence[str]) -> list[Path]:
    """What the command line names beside the places to write to."""
    targets = ("-o", "--out", "--output", "--figure")
    values = [word for before, word in zip(["", *words], words, strict=False) if before not in targets]
    return [Path(one.split("=", 1)[-1]) for one in values if not one.startswith(("--out", "--figure"))]


def _stop_in_order() -> None:
    """SIGTERM (a batch system, `kill`) and SIGHUP (a closed terminal) end a command as Ctrl+C does: tidied up.

    A second one ends it at once; `nohup` stays what it is. Only the main thread of a program may ask for signals.
    """
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _stop)


def _stop(number: int, _frame: object) -> None:
    signal.signal(number, signal.SIG_DFL)
    _signals.append(number)
    raise KeyboardInterrupt


def run() -> None:
    """Entry point: bad input, a full disk, a missing right become a message and exit code 2; bugs keep a traceback."""
    open_streams()
    _stop_in_order()
    protect(_given(sys.argv[1:]))
    try:
        try:
            app()
        finally:
            flush_results()
    except InputError as error:
        print_problems(error.problems)
        sys.exit(EXIT_BAD_INPUT)
    except WorkersLost as error:
        say(f"error: {error}")
        sys.exit(EXIT_SOME_FAILED)
    except SystemExit as end:
        if end.code == EXIT_STOPPED:
            say("stopped; the same command goes on from what is complete")
            sys.exit(EXIT_BY_SIGNAL + _signals[-1] if _signals else EXIT_STOPPED)
        if type(sys.stdout).__name__ == "PacifyFlushWrapper":  # the reader of a pipe has gone
            sys.exit(EXIT_BY_SIGNAL + signal.SIGPIPE)
        raise
    except OSError as error:
        say(system_error_text(error))
        sys.exit(EXIT_BAD_INPUT)
