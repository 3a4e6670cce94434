"""The pictures of one scan, ready to be embedded: drawn where the scan is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pharmrs.core.report.embedded import EmbeddedFigure, not_drawn
from pharmrs.core.unit import Within, unbounded
from pharmrs.spectra.records.acquisition import Acquisition
from pharmrs.spectra.records.preprocessing import PreprocessingStep, WaterAmplitude
from pharmrs.spectra.records.scan import ScanResult
from pharmrs.spectra.report.pictures.interactive_fit import fit_inside_report
from pharmrs.spectra.report.pictures.plot_fit import fit_svg
from pharmrs.spectra.report.pictures.plot_preprocessing import preprocessing_svg
from pharmrs.spectra.report.pictures.plot_water import water_svg


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFigures:
    """Fit, one picture per preprocessing step, and water reference (None without one) of a scan.

    `page`: the fit to explore, compressed, from `fit_inside_report`.
    """

    fit: EmbeddedFigure
    page: bytes
    steps: tuple[EmbeddedFigure, ...]
    water: EmbeddedFigure | None


def render_scan_figures(result: ScanResult, within: Within = unbounded) -> ScanFigures:
    """Draw the pictures of one scan (a few hundredths of a second); picklable, so a worker can do it.

    `within`: the boundary of each picture; one that fails is replaced by a word.
    """
    name = result.files.name

    def drawn(draw: Callable[[], EmbeddedFigure], what: str) -> EmbeddedFigure:
        return within(draw, f"{name}, {what}", "drawing") or not_drawn(f"{name}, {what}")

    page = within(partial(fit_inside_report, result.fit, name, result.amplitudes), f"{name}, fit to explore", "drawing")
    return ScanFigures(
        fit=drawn(partial(_fit_figure, result), "fit"),
        page=page or b"",
        steps=tuple(
            drawn(partial(step_figure, step, result.acquisition, name), step.name) for step in result.preprocessed.steps
        ),
        water=None if result.water is None else drawn(partial(_water_figure, result.water, name), "water"),
    )


def _fit_figure(result: ScanResult) -> EmbeddedFigure:
    differences = result.edited.differences if result.edited is not None else ()
    drawing = fit_svg(result.fit, result.files.name, result.amplitudes, differences=differences)
    return _embedded(drawing, _fit_alt(result))


def _water_figure(water: WaterAmplitude, name: str) -> EmbeddedFigure:
    return _embedded(water_svg(water), f"Water reference of {name} with its model and the residual.")


def _embedded(svg: str, alt: str) -> EmbeddedFigure:
    return EmbeddedFigure(content=svg.encode("utf-8"), alt=alt)


def step_figure(step: PreprocessingStep, acquisition: Acquisition, scan: str) -> EmbeddedFigure:
    """Before and after one step."""
    shown = f" and {', '.join(step.series)}" if step.series else ""
    alt = f"{scan}, {step.name}: spectrum before and after the step, 0 to 5 ppm{shown}."
    return _embedded(preprocessing_svg(step, acquisition), alt)


def _fit_alt(result: ScanResult) -> str:
    fit = result.fit
    shown = int((fit.amplitudes > 0).sum())
    return (
        f"Fit of {result.files.name}: residual, data with model and baseline, and {shown} components from "
        f"{fit.settings.ppm_high:g} to {fit.settings.ppm_low:g} ppm; line width {fit.line_width_hz:.1f} Hz, "
        f"signal-to-noise ratio {fit.signal_to_noise:.0f}."
        + (" Below, the same of the difference ON - OFF." if result.edited is not None else "")
    )
