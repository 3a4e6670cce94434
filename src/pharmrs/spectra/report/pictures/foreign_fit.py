"""The fit of another program, drawn and explored as ours."""

from __future__ import annotations

import numpy as np

from pharmrs.core.report.embedded import EmbeddedFigure
from pharmrs.spectra.records.fit import FitSettings, LinearCombinationFit
from pharmrs.spectra.records.foreign import FittedCurves
from pharmrs.spectra.records.scan import ForeignValues
from pharmrs.spectra.report.pictures.interactive_fit import fit_inside_report
from pharmrs.spectra.report.pictures.plot_fit import fit_svg
from pharmrs.spectra.report.pictures.scan_figures import ScanFigures

_NAN = float("nan")


def foreign_figures(values: ForeignValues) -> ScanFigures | None:
    """Picture and page of a fit whose curves its file holds; None without them."""
    if values.source.curves is None:
        return None
    fit, name = fit_of(values, values.source.curves), values.files.name
    alt = f"Fit of {name} by {values.source.tool}: residual, data with model and baseline, and the components."
    return ScanFigures(
        fit=EmbeddedFigure(content=fit_svg(fit, name, values.amplitudes).encode("utf-8"), alt=alt),
        page=fit_inside_report(fit, name, values.amplitudes),
        steps=(),
        water=None,
    )


def fit_of(values: ForeignValues, curves: FittedCurves) -> LinearCombinationFit:
    """The curves in the form that pictures of fits take; what the file does not tell is NaN."""
    names = tuple(curves.components)
    rows = np.array([curves.components[name] for name in names]).reshape(len(names), len(curves.ppm))
    unknown = np.full((len(names), len(names)), _NAN)
    residual = curves.data - curves.fit
    data, model, baseline, components = (
        np.asarray(one, dtype=np.complex128)
        for one in (curves.data, curves.fit - curves.baseline, curves.baseline, rows)
    )
    noise = float(np.sqrt(np.mean(residual**2)))
    heights = rows.max(axis=1) if names else np.zeros(0)
    return LinearCombinationFit(
        names=names, amplitudes=heights, covariance=unknown, classical_covariance=unknown,
        shifts_hz=np.full(len(names), _NAN), dampings_hz=np.full(len(names), _NAN), at_zero=heights <= 0,
        ppm=curves.ppm, data=data, model=model, baseline=baseline, components=components,
        phase=np.ones(len(curves.ppm), dtype=complex), phase0_rad=0.0, phase1_rad_per_ppm=0.0,
        shift_hz=0.0, lorentz_hz=_NAN, gauss_hz=_NAN, line_width_hz=values.quality.line_width_hz,
        signal_to_noise=values.quality.signal_to_noise, noise_sd=noise, residual_autocorrelation=_NAN,
        baseline_smoothness=_NAN, baseline_freedom=_NAN, line_shape_sd=_NAN, shift_sd_hz=_NAN, damping_sd_hz=_NAN,
        iterations=0, converged=True, message="",
        settings=FitSettings(ppm_low=float(curves.ppm.min()), ppm_high=float(curves.ppm.max())),
    )  # fmt: skip
