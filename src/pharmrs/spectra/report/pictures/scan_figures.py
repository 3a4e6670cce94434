"""The pictures of one scan, ready to be embedded: drawn where the scan is computed."""

from __future__ import annotations

from dataclasses import dataclass

from pharmrs.core.report.embedded import EmbeddedFigure
from pharmrs.spectra.records.preprocessing import PreprocessingStep
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


def render_scan_figures(result: ScanResult) -> ScanFigures:
    """Draw the pictures of one scan (a few hundredths of a second); picklable, so a worker can do it."""
    water = None
    if result.water is not None:
        alt = f"Water reference of {result.files.name} with its model and the residual."
        water = _embedded(water_svg(result.water), alt)
    return ScanFigures(
        fit=_embedded(fit_svg(result.fit, result.files.name, result.amplitudes), _fit_alt(result)),
        page=fit_inside_report(result.fit, result.files.name, result.amplitudes),
        steps=tuple(_step_figure(step, result) for step in result.preprocessed.steps),
        water=water,
    )


def _embedded(svg: str, alt: str) -> EmbeddedFigure:
    return EmbeddedFigure(content=svg.encode("utf-8"), alt=alt)


def _step_figure(step: PreprocessingStep, result: ScanResult) -> EmbeddedFigure:
    shown = f" and {', '.join(step.series)}" if step.series else ""
    alt = f"{result.files.name}, {step.name}: spectrum before and after the step, 0 to 5 ppm{shown}."
    return _embedded(preprocessing_svg(step, result.acquisition), alt)


def _fit_alt(result: ScanResult) -> str:
    fit = result.fit
    shown = int((fit.amplitudes > 0).sum())
    return (
        f"Fit of {result.files.name}: residual, data with model and baseline, and {shown} components from "
        f"{fit.settings.ppm_high:g} to {fit.settings.ppm_low:g} ppm; line width {fit.line_width_hz:.1f} Hz, "
        f"signal-to-noise ratio {fit.signal_to_noise:.0f}."
    )
