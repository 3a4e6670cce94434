"""Plates at a notebook: standard curve and concentrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from pharmrs.api.results import Result
from pharmrs.assay.records.results import AssayStudy
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.report.figure_standard_curve import standard_curve_figure
from pharmrs.assay.stage.plates import analyse_files
from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.report.numbers import count_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, repr=False)
class Plates(Result):
    """Plates with their standard curves and samples. `problems`: warnings, and plates that could not be used."""

    study: AssayStudy
    problems: tuple[InputProblem, ...]

    def __repr__(self) -> str:
        samples = len(self.study.concentrations)
        curves = ", ".join(f"{plate.name} {plate.curve.model.upper()}" for plate in self.study.plates)
        return f"Plates of {self.study.settings.analyte}: {curves or 'none usable'}; {count_text(samples, 'sample')}"

    def to_frame(self) -> DataFrame:
        from pandas import DataFrame

        rows = [{field.name: getattr(one, field.name) for field in fields(one)} for one in self.study.concentrations]
        return DataFrame(rows)

    def plot(self, plate: int = 0) -> Figure:
        return standard_curve_figure(self.study.plates[plate])


def standard_curve(
    export: str | Path | Sequence[str | Path],
    layout: str | Path | Sequence[str | Path] = (),
    *,
    analyte: str = "analyte",
    unit: str = "",
    wavelength_nm: float | None = None,
    reference_wavelength_nm: float | None = None,
    settings: AssaySettings | None = None,
) -> Plates:
    """Read plates, fit their standard curves, give every sample its concentration or its limit. Raises `InputError`.

    `export`: of the plate reader, one or several; `layout`: tables of wells, needed where the export does not tell.
    `settings`: instead of the four before it, with everything else that can be chosen.
    """
    by_hand = AssaySettings(
        analyte=analyte, unit=unit, wavelength_nm=wavelength_nm, reference_wavelength_nm=reference_wavelength_nm
    )
    outcome = analyse_files(_paths(export), _paths(layout), settings or by_hand)
    if outcome.study is None:
        raise InputError(outcome.problems)
    return Plates(outcome.study, (*outcome.problems, *outcome.verdicts))


def _paths(given: str | Path | Sequence[str | Path]) -> list[Path]:
    return [Path(given)] if isinstance(given, (str, Path)) else [Path(one) for one in given]
