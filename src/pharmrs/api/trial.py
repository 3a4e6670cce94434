"""A voxel and a trial at a notebook."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import VoxelTissue
from pharmrs.anatomy.stage.voxel import HeadInput, measure_voxels
from pharmrs.api.results import Result
from pharmrs.core.errors import InputProblem
from pharmrs.core.report.tables import Table
from pharmrs.spectra.read.nifti_mrs import spectrometer_frequency_mhz
from pharmrs.study.study_file import read_plan
from pharmrs.trial.models.analyse import analyse as _analyse
from pharmrs.trial.read.observations import read_observations
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.report.answer import answer_in_words
from pharmrs.trial.report.figure_analysis import forest_figure, interaction_figure
from pharmrs.trial.report.tables import estimates_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, repr=False)
class Analysis(Result):
    """The statistics of a trial: `answer` in sentences, every estimate in `to_frame()`."""

    result: AnalysisResult
    problems: tuple[InputProblem, ...] = ()

    def __repr__(self) -> str:
        return "\n".join(self.answer)

    @property
    def answer(self) -> tuple[str, ...]:
        """The finding, the estimate with its interval, warnings, and what it hangs on."""
        return answer_in_words(self.result).lines

    def to_frame(self) -> DataFrame:
        return _frame(estimates_table(self.result))

    def plot(self) -> Figure:
        return interaction_figure(self.result)

    def forest(self) -> Figure | None:
        """The interaction in every model that has it; None without any."""
        return forest_figure(self.result)


@dataclass(frozen=True, slots=True, repr=False)
class Voxel(Result):
    """Tissue fractions of a voxel with their SD. `picture`: PNG of its place."""

    tissue: VoxelTissue
    picture: bytes
    problems: tuple[InputProblem, ...] = ()

    def __repr__(self) -> str:
        found = self.tissue.fractions
        return (
            f"Voxel of {self.tissue.scan}: grey matter {found.gray_matter:.3f} ± {found.gray_matter_sd:.3f}, white "
            f"matter {found.white_matter:.3f} ± {found.white_matter_sd:.3f}, CSF {found.csf:.3f} ± {found.csf_sd:.3f}"
        )

    def to_frame(self) -> DataFrame:
        from pandas import DataFrame

        found = self.tissue.fractions
        return DataFrame(
            {
                "tissue": ["grey matter", "white matter", "CSF"],
                "fraction": [found.gray_matter, found.white_matter, found.csf],
                "sd": [found.gray_matter_sd, found.white_matter_sd, found.csf_sd],
            }
        )

    def plot(self) -> Figure:
        import io

        from matplotlib.figure import Figure
        from matplotlib.image import imread

        pixels = imread(io.BytesIO(self.picture), format="png")
        figure = Figure(figsize=(pixels.shape[1] / 100, pixels.shape[0] / 100))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.imshow(pixels)
        axes.set_axis_off()
        return figure


def analyse(observations: str | Path, plan: str | Path) -> Analysis:
    """The statistics that `plan` (study.yaml) declares, from an observation table. Raises `InputError`."""
    declared = read_plan(Path(plan))
    warnings: list[InputProblem] = []
    settings = declared.analysis.plan()
    table = read_observations(Path(observations), declared.design, settings, warnings.append)
    return Analysis(_analyse(table, settings), tuple(warnings))


def voxel_tissue(t1: str | Path, spectrum: str | Path) -> Voxel:
    """Grey matter, white matter and CSF in the voxel of a spectrum, from a T1w image. Raises `InputError`."""
    with tempfile.TemporaryDirectory() as folder:
        head, spectra = HeadInput(t1=Path(t1)), (Path(spectrum),)
        found = measure_voxels(head, spectra, Path(folder), Anatomy(), spectrometer_frequency_mhz)
        picture = next(path for path in found.files if path.suffix == ".png").read_bytes()
    return Voxel(found.tissues[0], picture, found.problems)


def _frame(table: Table) -> DataFrame:
    from pandas import DataFrame

    return DataFrame(list(table.rows), columns=list(table.columns))
