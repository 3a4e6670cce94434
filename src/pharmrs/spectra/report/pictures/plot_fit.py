"""The picture of a fit for pages: residual, data with model and baseline, and every component, as SVG."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.report.figure_style import BAND, BASELINE, DATA, GAP, INK, MODEL, MUTED
from pharmrs.core.report.numbers import number_text
from pharmrs.core.report.svg_plot import SOFT, WIDTH_PX, Panel, group, legend, picture, text, title
from pharmrs.spectra.records.fit import LinearCombinationFit, MetaboliteAmplitude
from pharmrs.spectra.report.pictures.component_rows import (
    LOWEST_ROW,
    crlb_labels,
    moving_with_the_model,
    quality_line,
    row_offsets,
    shown_components,
)
from pharmrs.spectra.report.pictures.traces import FitTraces, phased_traces
from pharmrs.spectra.report.result_rows import ResultTable

_LEFT, _RIGHT = 66.0, 54.0
_RESIDUAL_PX, _MAIN_PX, _ROW_PX = 66.0, 236.0, 15.0
_TABLE_PX, _LINE_PX, _REMARK_LETTERS = 300, 15.5, 46  # of the result beside the drawing


def fit_svg(
    fit: LinearCombinationFit,
    name: str,
    amplitudes: Sequence[MetaboliteAmplitude],
    *,
    components: bool = True,
    differences: Sequence[LinearCombinationFit] = (),
) -> str:
    """Real parts after phasing, high ppm at the left; components above zero in rows on one scale with their CRLB.

    `differences`: of an edited scan, drawn below, the picture above being that of OFF.
    """
    return picture(*_with_differences(fit, name, amplitudes, differences, components=components))


def _with_differences(
    fit: LinearCombinationFit,
    name: str,
    amplitudes: Sequence[MetaboliteAmplitude],
    differences: Sequence[LinearCombinationFit],
    *,
    components: bool,
) -> tuple[float, list[str]]:
    height, parts = _drawn(fit, f"{name}, OFF" if differences else name, amplitudes, components=components)
    for number, one in enumerate(differences, start=1):
        which = f" {number}" if len(differences) > 1 else ""
        label = f"{name}, difference{which} (ON - OFF)"
        height, below = _drawn(one, label, amplitudes, components=components, top=height + 14)
        parts += below
    return height, parts


def fit_sheet_svg(
    fit: LinearCombinationFit,
    name: str,
    amplitudes: Sequence[MetaboliteAmplitude],
    table: ResultTable,
    remarks: Sequence[str] = (),
    differences: Sequence[LinearCombinationFit] = (),
) -> str:
    """The same drawing with the result beside it, a page as every spectroscopist knows it."""
    height, parts = _with_differences(fit, name, amplitudes, differences, components=True)
    lines = 6 + len(table.rows) + sum(len(textwrap.wrap(one, _REMARK_LETTERS)) for one in remarks)
    return picture(max(height, 60 + _LINE_PX * lines), [*parts, *_beside(fit, table, remarks)], WIDTH_PX + _TABLE_PX)


def _beside(fit: LinearCombinationFit, table: ResultTable, remarks: Sequence[str]) -> Iterator[str]:
    down = 33.0
    left, places = WIDTH_PX + 10.0, [WIDTH_PX + at for at in (10.0, 158.0, 212.0, 288.0)]
    facts = [
        f"S/N {number_text(fit.signal_to_noise)}",
        f"line width {number_text(fit.line_width_hz)} Hz",
        f"baseline {number_text(fit.baseline_freedom)} degrees of freedom",
        *([] if fit.converged else ["NOT CONVERGED"]),
    ]
    for fact in facts:
        yield text(left, down, fact)
        down += _LINE_PX
    down += 8
    for heads, bold in [(table.columns, True), *((cells, False) for cells in table.cells)]:
        more = " font-weight='bold'" if bold else ""
        for at, (place, cell) in enumerate(zip(places, heads, strict=True)):
            yield text(place, down, cell, anchor="end" if at else "", size=11, more=more)
        down += _LINE_PX
    down += 8
    for remark in remarks:
        for line in textwrap.wrap(remark, _REMARK_LETTERS):
            yield text(left, down, line, size=10, more=f" fill='{SOFT}'")
            down += 13


def _drawn(
    fit: LinearCombinationFit,
    name: str,
    amplitudes: Sequence[MetaboliteAmplitude],
    *,
    components: bool,
    top: float = 0.0,
) -> tuple[float, list[str]]:
    """Where it ends, in pixels, and everything that is drawn from `top` on."""
    traces = phased_traces(fit, np.argsort(-fit.ppm, kind="stable"))
    ppm = traces.ppm
    edges = (float(ppm[0]), float(ppm[-1])) if len(ppm) else (1.0, 0.0)
    residual = _residual(traces, fit.noise_sd, edges, top)
    main = _main(traces, residual.bottom + 26, edges)
    shown = shown_components(fit, traces.components, ppm) if components else []
    offsets = row_offsets([row for _, row in shown])
    moving = moving_with_the_model(amplitudes)
    parts = [
        title(2, top + 17, name),
        text(WIDTH_PX - _RIGHT, top + 33, "residual on its own scale, band: ±2 SD of the noise", anchor="end", size=11,
             more=f" fill='{SOFT}'"),
        *_draw_residual(residual, traces, fit),
        *_draw_main(main, traces, fit),
    ]  # fmt: skip
    last = main
    if shown:
        highest = max(
            float((row / _unit(shown) + offset).max()) for (_, row), offset in zip(shown, offsets, strict=True)
        )
        limits = (-0.6 * LOWEST_ROW, highest + 0.4 * LOWEST_ROW)
        last = Panel(
            left=_LEFT, top=main.bottom + (60 if moving else 46), width=main.width, x=edges, y=limits,
            height=_ROW_PX * (limits[1] - limits[0]) / LOWEST_ROW,
        )  # fmt: skip
        parts += [main.x_axis("", 0.5)]
        parts += _draw_components(last, ppm, shown, offsets, crlb_labels(amplitudes))
        if moving:
            said = f"Moves with the model: {moving}"
            parts.append(text(last.left + 4, last.top - 22, said, size=11, more=f" fill='{SOFT}'"))
    parts += [last.x_axis("Chemical shift (ppm)", 0.5, 0.1)]
    return last.bottom + 42, parts


def _unit(shown: Sequence[tuple[str, FloatArray]]) -> float:
    return max(float(np.max([row for _, row in shown])), 1e-300)


def _residual(traces: FitTraces, noise_sd: float, edges: tuple[float, float], top: float) -> Panel:
    known = np.abs(traces.residual[np.isfinite(traces.residual)])
    reach = max(float(known.max(initial=0.0)), 3 * noise_sd if math.isfinite(noise_sd) else 0.0, 1e-300)
    width = WIDTH_PX - _LEFT - _RIGHT
    return Panel(left=_LEFT, top=top + 38, width=width, height=_RESIDUAL_PX, x=edges, y=(-1.1 * reach, 1.1 * reach))


def _main(traces: FitTraces, top: float, edges: tuple[float, float]) -> Panel:
    values = np.concatenate([traces.data, traces.model + traces.baseline, traces.baseline])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    margin = 0.04 * max(high - low, 1e-300)
    width = WIDTH_PX - _LEFT - _RIGHT
    return Panel(left=_LEFT, top=top, width=width, height=_MAIN_PX, x=edges, y=(low - margin, high + margin))


def _draw_residual(panel: Panel, traces: FitTraces, fit: LinearCombinationFit) -> list[str]:
    noise_sd = fit.noise_sd
    band = panel.band(-2 * noise_sd, 2 * noise_sd, BAND) if math.isfinite(noise_sd) else ""
    inside = [band, *_gaps(panel, fit), panel.level(0.0, MUTED), panel.curve(traces.ppm, traces.residual, DATA, 0.9)]
    return [panel.clipped(inside), panel.y_axis("Residual"), panel.x_axis("", 0.5, named=False)]


def _gaps(panel: Panel, fit: LinearCombinationFit) -> list[str]:
    return [panel.stripe(low, high, GAP) for low, high in fit.gaps_ppm]


def _draw_main(panel: Panel, traces: FitTraces, fit: LinearCombinationFit) -> list[str]:
    inside = [
        *_gaps(panel, fit),
        panel.curve(traces.ppm, traces.data, DATA, 0.9),
        panel.curve(traces.ppm, traces.model + traces.baseline, MODEL, 1.5),
        panel.curve(traces.ppm, traces.baseline, BASELINE, 1.5),
    ]
    names = [("data", DATA), ("model + baseline", MODEL), ("baseline", BASELINE)]
    return [
        panel.clipped(inside),
        panel.y_axis("Signal (a.u.)"),
        text(panel.left + 4, panel.top - 8, quality_line(fit)),
        legend(panel.right, panel.top - 8, names),
    ]


def _draw_components(
    panel: Panel,
    ppm: FloatArray,
    shown: Sequence[tuple[str, FloatArray]],
    offsets: FloatArray,
    crlb: dict[str, str],
) -> list[str]:
    unit = _unit(shown)
    lifted = [row / unit + offset for (_, row), offset in zip(shown, offsets.tolist(), strict=True)]
    note = f" fill='{SOFT}'"
    parts = [
        panel.clipped([panel.rows(ppm, lifted, offsets.tolist(), BAND, INK)]),
        text(panel.left + 4, panel.top - 8, "Components (same scale)", size=11, more=note),
    ]
    if any(name in crlb for name, _ in shown):
        parts.append(text(panel.right + 6, panel.top - 8, "CRLB", size=11, more=note))
    names, values = [], []
    for (name, _), offset in zip(shown, offsets.tolist(), strict=True):
        down = panel.top + float(panel.down(np.array(offset))) + 4
        names.append(text(panel.left - 7, down, name))
        values.append(text(panel.right + 6, down, crlb[name]) if crlb.get(name) else "")
    parts += ["<g text-anchor='end'>", *names, "</g>", group(values, size=11)]
    return parts
