"""`pharmrs review DATASET --rater LABEL`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pharmrs.cli.messages import say
from pharmrs.cli.options import DatasetArgument, OutputOption

if TYPE_CHECKING:
    from pharmrs.spectra.review.sitting import ReviewSession


def review_command(
    dataset: DatasetArgument,
    rater: Annotated[str, typer.Option("--rater", "-r", help="Your label: letters and digits, e.g. initials.")],
    output: OutputOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random order.")] = 1,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: a free one.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
) -> None:
    """Judge the spectra by eye on a local page: blind, in random order, by keyboard; every decision is kept."""
    from pharmrs.core.files.places import REVIEW_FOLDER, default_output
    from pharmrs.core.report.numbers import number_text
    from pharmrs.core.workers.threads import limit_threads
    from pharmrs.spectra.review.server import serve
    from pharmrs.spectra.review.stage import finished_agreements
    from pharmrs.study.review_session import with_session

    limit_threads()
    target = output or default_output(dataset)
    folder = target / REVIEW_FOLDER

    def opened(address: str) -> None:
        typer.echo(address)
        say("The page is on this computer only. Stop with Ctrl+C: every decision is saved already.")
        if browser:
            from pharmrs.spectra.review.opening import open_in_browser

            open_in_browser(address)

    def use(session: ReviewSession) -> None:
        serve(session, rater, port, opened)
        progress = session.progress()
        say(f"{progress.judged} of {progress.total} spectra judged by {rater}; decisions in {folder}")
        for pair in finished_agreements(folder, rater) if progress.position is None else ():  # not before: it is blind
            say(
                f"{pair.name} agree on {100 * pair.agreed:.0f} % of {pair.scans} spectra, kappa "
                f"{number_text(pair.kappa)} (95 % interval {number_text(pair.low)} to {number_text(pair.high)})"
            )

    with_session(dataset, target, rater, seed, use)
