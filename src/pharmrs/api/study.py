"""A whole study at a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pharmrs.api.results import Result
from pharmrs.core.files.places import default_output
from pharmrs.core.report.numbers import count_text
from pharmrs.spectra.report.pictures.figure_study import overview_figure
from pharmrs.spectra.report.summary import main_metabolites
from pharmrs.study.dataset import open_dataset
from pharmrs.study.run import RunResult, run_dataset

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, repr=False)
class Study(Result):
    """A study that was run: its folder of results, its report, what went wrong, and its answer in sentences."""

    outcome: RunResult
    scale: str

    def __repr__(self) -> str:
        done = len(self.outcome.outcomes) - len(self.outcome.failed)
        counts = f"{done} of {count_text(len(self.outcome.outcomes), 'scan')} processed; report {self.outcome.report}"
        return "\n".join([*self.answer, counts])

    @property
    def answer(self) -> tuple[str, ...]:
        """The finding, the estimate with its interval, warnings; empty without a declared analysis."""
        return self.outcome.answer.lines if self.outcome.answer is not None else ()

    @property
    def folder(self) -> Path:
        """The derivative with all tables."""
        return self.outcome.report.parent

    def to_frame(self) -> DataFrame:
        """Every metabolite of every scan on every scale."""
        from pandas import read_csv

        return read_csv(self.folder / "metabolites.tsv", sep="\t", na_values="n/a")

    def plot(self) -> Figure:
        results = [one.result for one in self.outcome.outcomes if one.result is not None]
        return overview_figure(results, self.scale, main_metabolites(results, self.scale), self.scale)


def run(dataset: str | Path, output: str | Path | None = None, workers: int = 1) -> Study:
    """Everything that `study.yaml` of a dataset declares, as `pharmrs run`. Raises `InputError`."""
    root = Path(dataset)
    target = Path(output) if output is not None else default_output(root)
    done = run_dataset(root, target, workers)
    study = open_dataset(root, target).usable()
    return Study(done, study.quantification.primary_scale)
