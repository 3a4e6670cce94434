"""The pictures of one scan, ready to be embedded: drawn where the scan is computed, carried as PNG bytes."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace

from pharmrs.records.preprocessing import PreprocessingStep
from pharmrs.records.scan import ScanResult
from pharmrs.report.figure_fit import fit_figure
from pharmrs.report.figure_preprocessing import preprocessing_figure
from pharmrs.report.figure_style import figure_png_bytes, lighter_png
from pharmrs.report.figure_water import water_figure
from pharmrs.report.interactive_fit import fit_inside_report

_LIGHTER_SCALE, _LIGHTER_COLOURS = 0.55, 24
COMPACT_ABOVE_SCANS = 40  # from here on the report takes smaller pictures, to stay below 15 MB at 140 scans


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedFigure:
    """A PNG and what it shows in words, for those who cannot see it."""

    png: bytes
    alt: str

    @property
    def data_uri(self) -> str:
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, from the PNG header, so that the page does not jump while loading."""
        return int.from_bytes(self.png[16:20], "big"), int.from_bytes(self.png[20:24], "big")

    def lighter(self) -> EmbeddedFigure:
        """The same picture for a page that holds many."""
        return replace(self, png=lighter_png(self.png, _LIGHTER_SCALE, _LIGHTER_COLOURS))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFigures:
    """Fit, one picture per preprocessing step, and water reference (None without one) of a scan.

    `page`: the fit to explore, compressed, from `fit_inside_report`.
    """

    fit: EmbeddedFigure
    page: bytes
    steps: tuple[EmbeddedFigure, ...]
    water: EmbeddedFigure | None

    @property
    def page_text(self) -> str:
        """`page` as base64."""
        return base64.b64encode(self.page).decode("ascii")


@dataclass(frozen=True, slots=True)
class _Resolution:
    fit_dpi: float
    step_dpi: float


_FULL = _Resolution(fit_dpi=130, step_dpi=110)
_COMPACT = _Resolution(fit_dpi=66, step_dpi=55)


def render_scan_figures(result: ScanResult, *, compact: bool = False) -> ScanFigures:
    """Draw the pictures of one scan (about a second); picklable, so a worker can do it.

    `compact`: about 35 kB a scan, for reports of more than `COMPACT_ABOVE_SCANS` scans.
    """
    resolution = _COMPACT if compact else _FULL
    fit = fit_figure(result.fit, result.files.name, result.amplitudes)
    water = None
    if result.water is not None:
        png = figure_png_bytes(water_figure(result.water), resolution.step_dpi, small=True)
        water = EmbeddedFigure(png=png, alt=f"Water reference of {result.files.name} with its model and the residual.")
    return ScanFigures(
        fit=EmbeddedFigure(png=figure_png_bytes(fit, resolution.fit_dpi, small=True), alt=_fit_alt(result)),
        page=fit_inside_report(result.fit, result.files.name, result.amplitudes),
        steps=tuple(_step_figure(step, result, resolution) for step in result.preprocessed.steps),
        water=water,
    )


def _step_figure(step: PreprocessingStep, result: ScanResult, resolution: _Resolution) -> EmbeddedFigure:
    figure = preprocessing_figure(step, result.acquisition)
    shown = f" and {', '.join(step.series)}" if step.series else ""
    return EmbeddedFigure(
        png=figure_png_bytes(figure, resolution.step_dpi, small=True),
        alt=f"{result.files.name}, {step.name}: spectrum before and after the step, 0 to 5 ppm{shown}.",
    )


def _fit_alt(result: ScanResult) -> str:
    fit = result.fit
    shown = int((fit.amplitudes > 0).sum())
    return (
        f"Fit of {result.files.name}: residual, data with model and baseline, and {shown} components from "
        f"{fit.settings.ppm_high:g} to {fit.settings.ppm_low:g} ppm; line width {fit.line_width_hz:.1f} Hz, "
        f"signal-to-noise ratio {fit.signal_to_noise:.0f}."
    )
