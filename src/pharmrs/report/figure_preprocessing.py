"""What one preprocessing step changed: the spectrum before and after it, and its values per transient or coil."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from pharmrs.records.acquisition import Acquisition
from pharmrs.records.arrays import ComplexArray, FloatArray
from pharmrs.records.preprocessing import PreprocessingStep
from pharmrs.report.figure_style import BASELINE, INK, MODEL, MUTED, chemical_shift_axis, figure_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN_PPM = (0.0, 5.0)
_SCALED_PPM = (0.3, 4.3)  # the vertical scale follows the metabolites; water may leave the picture
_ROWS = 3
_DOTTED_VALUES = 300
_TITLE_CHARACTERS = 32


def preprocessing_figure(step: PreprocessingStep, acquisition: Acquisition) -> Figure:
    """Spectra before and after the step, 0-5 ppm, real part, and one panel for each series of the step.

    Both spectra are turned by the same zero-order phase, for display only. When the step changed the scale more than
    threefold (coil weights, summation), the spectrum before it is drawn magnified and the legend says by how much.
    """
    before, before_ppm = _spectrum(step.before, acquisition)
    after, after_ppm = _spectrum(step.after, acquisition)
    upright = _display_phase(after, after_ppm)
    with figure_style():
        columns = math.ceil(len(step.series) / _ROWS)
        rows = min(len(step.series), _ROWS)
        fig = new_figure(6.2 if rows < 3 else 7.4)
        if not columns:
            spectra = fig.add_subplot()
        else:
            grid = fig.add_gridspec(rows, 1 + columns, width_ratios=[2.4] + [1.0] * columns)
            spectra = fig.add_subplot(grid[:, 0])
            for number, (name, values) in enumerate(step.series.items()):
                axes = fig.add_subplot(grid[number % _ROWS, 1 + number // _ROWS])
                _draw_series(axes, name, values)
        _draw_spectra(spectra, (before_ppm, (before * upright).real), (after_ppm, (after * upright).real))
        spectra.set_title(step.name)
    return fig


def _spectrum(fid: ComplexArray, acquisition: Acquisition) -> tuple[ComplexArray, FloatArray]:
    """The part of the spectrum that is shown, ascending chemical shift."""
    ppm = acquisition.ppm_axis(len(fid))
    inside = np.flatnonzero((ppm >= _SHOWN_PPM[0]) & (ppm <= _SHOWN_PPM[1]))
    inside = inside[np.argsort(ppm[inside])]
    return np.fft.fft(fid)[inside], ppm[inside]


def _display_phase(spectrum: ComplexArray, ppm: FloatArray) -> complex:
    total = complex(np.sum(spectrum[(ppm >= _SCALED_PPM[0]) & (ppm <= _SCALED_PPM[1])]))
    return total.conjugate() / abs(total) if math.isfinite(abs(total)) and abs(total) > 0 else 1.0 + 0.0j


def _extent(ppm: FloatArray, values: FloatArray) -> tuple[float, float]:
    inside = values[(ppm >= _SCALED_PPM[0]) & (ppm <= _SCALED_PPM[1])]
    inside = inside[np.isfinite(inside)]
    return (float(inside.min()), float(inside.max())) if len(inside) else (0.0, 1.0)


def _draw_spectra(axes: Axes, before: tuple[FloatArray, FloatArray], after: tuple[FloatArray, FloatArray]) -> None:
    low, high = _extent(*after)
    first_low, first_high = _extent(*before)
    ratio = (high - low) / (first_high - first_low) if first_high > first_low and high > low else 1.0
    factor = ratio if not 1 / 3 <= ratio <= 3 else 1.0
    label = "before" if factor == 1.0 else f"before (× {factor:.3g})"
    axes.plot(before[0], factor * before[1], color=MODEL, linewidth=1.4, alpha=0.55, label=label)
    axes.plot(after[0], after[1], color=INK, linewidth=0.7, label="after")
    low, high = min(low, factor * first_low), max(high, factor * first_high)
    margin = 0.06 * max(high - low, 1e-300)
    axes.set_ylim(low - margin, high + margin)
    axes.set_yticks([])
    axes.set_ylabel("Signal (a.u.)")
    axes.legend(loc="upper right", ncols=2, borderaxespad=0.1, handlelength=1.6)
    chemical_shift_axis(axes, *_SHOWN_PPM)


def _draw_series(axes: Axes, name: str, values: tuple[float, ...]) -> None:
    from matplotlib.ticker import MaxNLocator

    index = np.arange(1, len(values) + 1)
    if min(values, default=0.0) < 0 < max(values, default=0.0):
        axes.axhline(0.0, color=MUTED, linewidth=0.5)
    marker = "o" if len(values) <= _DOTTED_VALUES else ""
    axes.plot(index, values, color=BASELINE, linewidth=0.5, marker=marker, markersize=2.6)
    axes.set_title(textwrap.fill(name, _TITLE_CHARACTERS), fontsize=8, fontweight="normal")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 5, 10]))
