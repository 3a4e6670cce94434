"""The session of `pharmrs review` on a dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pharmrs.core.errors import InputError, input_problem
from pharmrs.core.files.owned import claim
from pharmrs.core.files.places import REVIEW_FOLDER, default_output
from pharmrs.core.files.targets import refuse_output
from pharmrs.spectra.review.log import DecisionLog
from pharmrs.spectra.review.sitting import ReviewSession
from pharmrs.study.dataset import open_dataset
from pharmrs.study.derivative import PROVENANCE_FILE


def with_session(root: Path, output: Path, rater: str, seed: int, use: Callable[[ReviewSession], None]) -> None:
    """Open the dataset and the log in the derivative `output`, and `use` the session. Raises InputError for both."""
    folder = output / REVIEW_FOLDER
    if not (rater.isalnum() and rater.isascii()):
        remedy = "choose a label of letters and digits, e.g. --rater AB"
        rule = "must consist of letters and digits"
        raise InputError([input_problem(folder, "rater", rule, rater, remedy)])
    dataset = open_dataset(root, output)
    dataset.usable()
    if output != default_output(root):
        refuse_output(output)
    claim(output, all_ours=(output / PROVENANCE_FILE).is_file())
    with DecisionLog(folder, rater) as log:
        use(ReviewSession(dataset, log, rater, seed, output))
