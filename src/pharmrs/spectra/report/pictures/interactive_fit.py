"""The fit as a page to explore: zoom, read values, switch every component on and off. One file, no network."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.report.embedded import EmbeddedFigure
from pharmrs.core.report.numbers import MISSING, number_text, percent_text
from pharmrs.core.report.page import environment
from pharmrs.spectra.records.fit import LinearCombinationFit, MetaboliteAmplitude
from pharmrs.spectra.report.pictures.component_rows import moving_with_the_model
from pharmrs.spectra.report.pictures.plot_fit import fit_svg
from pharmrs.spectra.report.pictures.traces import FitTraces, fit_traces, packed, packed_axis, packed_small
from pharmrs.spectra.report.result_rows import ResultTable

_COLOURS = 12  # in fit.css and fit_view.js
_LINE_LEVELS, _COMPONENT_LEVELS = 16382, 2046  # inside a report: a thousandth of the noise, half a pixel of a component


@dataclass(frozen=True, slots=True)
class _RowView:
    """A line of the table: a component or a sum, with the number of its trace on the page."""

    index: int
    name: str
    cells: tuple[str, ...]
    shown: bool
    colour: int


def fit_html(
    fit: LinearCombinationFit,
    title: str,
    amplitudes: Sequence[MetaboliteAmplitude],
    result: ResultTable | None = None,
    remarks: Sequence[str] = (),
) -> str:
    """The page of one fit.

    `result`: what the table beside the picture shows; None: the amplitudes. `remarks`: what a reader must know.

    `amplitudes`: rows of the table, components and sums; a component without a row takes amplitude and SD from `fit`,
    a row that is neither a component nor a sum of components of `fit` is left out.
    """
    traces = fit_traces(fit)
    sums = _sums(fit, amplitudes)
    context = _context(fit, title, amplitudes, sums, traces, result)
    words = f"Fit of {title}: residual, data with model and baseline, and the components with their CRLB."
    drawing = EmbeddedFigure(
        content=fit_svg(fit, title, [*_complete(fit, amplitudes), *sums]).encode("utf-8"), alt=words
    )
    page = environment().get_template("fit.html.j2")
    return page.render(**context, record=_record(fit, traces, sums), drawing=drawing, remarks=remarks)


def fit_inside_report(fit: LinearCombinationFit, title: str, amplitudes: Sequence[MetaboliteAmplitude]) -> bytes:
    """The body of the same page with fewer digits, compressed (zlib); report.js opens it in a frame."""
    traces = fit_traces(fit)
    sums = _sums(fit, amplitudes)
    body = environment().get_template("fit_body.html.j2")
    context = _context(fit, title, amplitudes, sums, traces)
    text = body.render(**context, record=_small_record(fit, traces, sums), drawing=None, remarks=())
    return zlib.compress(text.encode("utf-8"), 9)


def _sums(fit: LinearCombinationFit, amplitudes: Sequence[MetaboliteAmplitude]) -> list[MetaboliteAmplitude]:
    return [row for row in amplitudes if row.metabolite not in fit.names and row.parts and {*row.parts} <= {*fit.names}]


def _context(
    fit: LinearCombinationFit,
    title: str,
    amplitudes: Sequence[MetaboliteAmplitude],
    sums: Sequence[MetaboliteAmplitude],
    traces: FitTraces,
    result: ResultTable | None = None,
) -> dict[str, object]:
    rows = _complete(fit, amplitudes)
    power = _shared_power([row.amplitude for row in (*rows, *sums)])
    cells = _cells(result, power)
    return {
        "title": title,
        "fit": fit,
        "facts": _facts(fit),
        "moving": moving_with_the_model([*rows, *sums]),
        "power": power if result is None else 0,
        "heads": ("Amplitude", "SD", "CRLB") if result is None else result.columns[1:],
        "components": [_view(index, row, cells(row), shown=row.amplitude > 0) for index, row in enumerate(rows)],
        "sums": [_view(len(rows) + place, row, cells(row), shown=False) for place, row in enumerate(sums)],
        "window": (float(traces.ppm[0]), float(traces.ppm[-1])),
        "stride": traces.stride,
        "points": len(fit.ppm),
    }


def _complete(fit: LinearCombinationFit, amplitudes: Sequence[MetaboliteAmplitude]) -> list[MetaboliteAmplitude]:
    """A row for each component, its own where none is given."""
    given = {row.metabolite: row for row in amplitudes}
    return [given.get(name) or _own_row(fit, index) for index, name in enumerate(fit.names)]


def _own_row(fit: LinearCombinationFit, index: int) -> MetaboliteAmplitude:
    amplitude = float(fit.amplitudes[index])
    sd = math.sqrt(max(0.0, float(fit.covariance[index, index])))
    return MetaboliteAmplitude(
        metabolite=fit.names[index],
        amplitude=amplitude,
        sd=sd,
        crlb_percent=100 * sd / amplitude if amplitude > 0 and sd > 0 else math.inf,
        classical_crlb_percent=math.nan,
        shift_hz=float(fit.shifts_hz[index]),
        damping_hz=float(fit.dampings_hz[index]),
        parts=(fit.names[index],),
    )


def _shared_power(amplitudes: Sequence[float]) -> int:
    """Power of ten, a multiple of three, that the whole column shares; 0 where plain numbers read well."""
    largest = max((abs(value) for value in amplitudes if math.isfinite(value)), default=0.0)
    return 0 if largest == 0 or 0.1 <= largest < 1e4 else 3 * math.floor(math.log10(largest) / 3)


def _cells(result: ResultTable | None, power: int) -> Callable[[MetaboliteAmplitude], tuple[str, ...]]:
    """What the table says of a row: the result, where there is one for it."""
    given = {row.metabolite: (row.value, row.sd, row.ratio) for row in result.rows} if result is not None else {}

    def of(row: MetaboliteAmplitude) -> tuple[str, ...]:
        if result is not None:
            return given.get(row.metabolite, (MISSING,) * 3)
        scaled = [number_text(value / 10.0**power, digits) for value, digits in ((row.amplitude, 4), (row.sd, 2))]
        return (*scaled, percent_text(row.crlb_percent))

    return of


def _view(index: int, row: MetaboliteAmplitude, cells: tuple[str, ...], *, shown: bool) -> _RowView:
    return _RowView(index=index, name=row.metabolite, cells=cells, shown=shown, colour=index % _COLOURS)


def _facts(fit: LinearCombinationFit) -> list[tuple[str, str]]:
    return [
        ("Line width", f"{number_text(fit.line_width_hz)} Hz"),
        ("S/N", number_text(fit.signal_to_noise)),
        ("Residual autocorrelation", number_text(fit.residual_autocorrelation, 2)),
        ("Iterations", str(fit.iterations)),
    ]


def _record(fit: LinearCombinationFit, traces: FitTraces, sums: Sequence[MetaboliteAmplitude]) -> dict[str, object]:
    """What the script draws; everything a JSON parser takes, so no NaN and no infinity."""
    return {
        **_numbers(fit, traces, sums, packed),
        "ppm": packed_axis(traces.ppm),
        "data": packed(traces.data),
        "model": packed(traces.model + traces.baseline),
        "baseline": packed(traces.baseline),
        "residual": packed(traces.residual),
    }


def _small_record(
    fit: LinearCombinationFit, traces: FitTraces, sums: Sequence[MetaboliteAmplitude]
) -> dict[str, object]:
    """The same in a fifth of the size; the page takes the residual from data and model."""
    return {
        **_numbers(fit, traces, sums, lambda values: packed_small(values, _COMPONENT_LEVELS)),
        "ppm": packed_small(traces.ppm, _LINE_LEVELS),
        "data": packed_small(traces.data, _LINE_LEVELS),
        "model": packed_small(traces.model + traces.baseline, _LINE_LEVELS),
        "baseline": packed_small(traces.baseline, _LINE_LEVELS),
    }


def _numbers(
    fit: LinearCombinationFit,
    traces: FitTraces,
    sums: Sequence[MetaboliteAmplitude],
    pack: Callable[[FloatArray], dict[str, object]],
) -> dict[str, object]:
    return {
        "points": len(traces.ppm),
        "noise_sd": float(fit.noise_sd) if np.isfinite(fit.noise_sd) else None,
        "gaps": [list(gap) for gap in fit.gaps_ppm],
        "components": [
            {"name": name, "trace": pack(row)} for name, row in zip(fit.names, traces.components, strict=True)
        ],
        "sums": [{"name": row.metabolite, "parts": [fit.names.index(part) for part in row.parts]} for row in sums],
    }
