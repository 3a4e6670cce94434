"""Every component of a basis set, each on its own scale, as a spectroscopist checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pharmrs.core.report.figure_style import INK, MUTED, chemical_shift_axis, figure_style, new_figure
from pharmrs.spectra.records.basis import BasisSet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS, _ROW_CM, _FRAME_CM = 3, 2.5, 2.0
_WINDOW_PPM = (0.3, 4.5)


def basis_figure(basis: BasisSet, title: str) -> Figure:
    """Real spectra from 0.3 to 4.5 ppm, one panel a component; the number is its highest peak beside the others'."""
    ppm = basis.ppm_axis()
    inside = np.argsort(ppm)
    inside = inside[(ppm[inside] >= _WINDOW_PPM[0]) & (ppm[inside] <= _WINDOW_PPM[1])]
    halved = basis.fids.copy()
    halved[:, 0] *= 0.5  # without it every line stands on a pedestal
    spectra = np.fft.fft(halved, axis=1).real[:, inside]
    largest = max(float(np.abs(spectra).max()), 1e-300)
    rows = -(-len(basis.names) // _COLUMNS)
    with figure_style():
        fig = new_figure(rows * _ROW_CM + _FRAME_CM)
        panels = fig.subplots(rows, _COLUMNS, sharex=True, squeeze=False).ravel()
        for number, (panel, name) in enumerate(zip(panels, basis.names, strict=False)):
            row = spectra[number]
            panel.axhline(0.0, color=MUTED, linewidth=0.5)
            panel.plot(ppm[inside], row, color=INK, linewidth=0.8)
            panel.set_yticks([])
            panel.spines["left"].set_visible(False)
            share = 100 * float(np.abs(row).max()) / largest
            panel.set_title(name, fontsize=8.5, pad=2)
            panel.text(
                1.0,
                1.02,
                f"{share:.{0 if share >= 9.95 else 1}f} %",
                transform=panel.transAxes,
                ha="right",
                fontsize=7.5,
                color=MUTED,
            )
            chemical_shift_axis(panel, *_WINDOW_PPM, label=number >= len(basis.names) - _COLUMNS)
            panel.tick_params(labelbottom=number >= len(basis.names) - _COLUMNS)
        for panel in panels[len(basis.names) :]:
            panel.remove()
        fig.suptitle(title, fontsize=10, fontweight="bold", x=0.01, ha="left")
    return fig
