"""How the components of a fit are stacked in a picture, the same in print and on a page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.report.numbers import percent_text
from pharmrs.spectra.records.fit import LinearCombinationFit, MetaboliteAmplitude

LOWEST_ROW = 0.17  # of the highest component: the least distance between two rows, so that labels do not touch
_HIGHEST_ROW = 0.55  # a taller peak reaches into the rows above instead of making the figure endless


def quality_line(fit: LinearCombinationFit) -> str:
    """Line width and signal-to-noise ratio, the share in gaps, and a warning where the fit did not converge."""
    said = f"line width {fit.line_width_hz:.1f} Hz, S/N {fit.signal_to_noise:.0f}"
    if fit.gaps_ppm:
        said += f", {fit.left_out_percent:.0f} % left out (shaded)"
    return said if fit.converged else said + ", NOT CONVERGED"


def shown_components(fit: LinearCombinationFit, rows: FloatArray, ppm: FloatArray) -> list[tuple[str, FloatArray]]:
    """Names and real traces of the components above zero, highest chemical shift of the maximum first."""
    # of an edited scan, what only the difference shows has nothing here
    present = [index for index in range(len(fit.names)) if fit.amplitudes[index] > 0 and rows[index].any()]
    present.sort(key=lambda index: (-float(ppm[int(np.argmax(rows[index]))]), fit.names[index]))
    return [(fit.names[index], rows[index]) for index in present]


def row_offsets(rows: Sequence[FloatArray]) -> FloatArray:
    """Height of each row above the lowest one, in units of the highest component; the first row is on top."""
    if not rows:
        return np.zeros(0)
    heights = np.array([float(np.max(row)) for row in rows])
    slots = np.clip(heights / max(float(heights.max()), 1e-300), LOWEST_ROW, _HIGHEST_ROW)
    # a row lies below its own slot: the distance to the row above is this row's height
    return np.concatenate([np.cumsum(slots[1:][::-1])[::-1], [0.0]])


def moving_with_the_model(amplitudes: Sequence[MetaboliteAmplitude]) -> str:
    """Which values depend on choices of the fit that should not matter, in words; empty where none does."""
    rows = [row for row in amplitudes if row.moves_with_the_model and row.amplitude > row.sd]
    return ", ".join(f"{row.metabolite} (SD {percent_text(row.stability_percent)})" for row in rows)


def crlb_labels(amplitudes: Sequence[MetaboliteAmplitude] | None) -> dict[str, str]:
    """CRLB in percent of each metabolite, as text."""
    return {row.metabolite: percent_text(row.crlb_percent) for row in amplitudes or ()}
