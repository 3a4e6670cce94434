"""The page of `pharmrs review`: what it is made of, and a spectrum as it is sent to it."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.report.page import environment
from pharmrs.spectra.records.fit import LinearCombinationFit
from pharmrs.spectra.records.foreign import FittedCurves
from pharmrs.spectra.report.pictures.traces import fit_traces, packed, packed_axis

# offered as keys 1 to 8; any other reason can be typed
REASONS = (
    "broad or split lines",
    "low signal-to-noise ratio",
    "lipid contamination",
    "residual water",
    "spurious echo or other artefact",
    "distorted baseline or phase",
    "motion or frequency drift",
    "fit does not describe the data",
)
_RECORD = re.compile(r'<script type="application/json" id="record">(.*?)</script>', re.S)
_LARGEST_PAGE = 1 << 26


def review_html(rater: str) -> str:
    """The page; styles and script are fetched beside it."""
    return environment().get_template("review.html.j2").render(rater=rater, reasons=REASONS)


@cache
def review_asset(name: str) -> bytes:
    """`review.css` or `review.js`."""
    parts = {"review.css": ("report.css", "panels.css", "review.css"), "review.js": ("panels.js", "review.js")}[name]
    return "\n".join(environment().get_template(part).render() for part in parts).encode()


def review_traces(fit: LinearCombinationFit) -> dict[str, object]:
    """The spectrum with its fit, scaled to a height of one: nothing in it tells whose it is, or a concentration."""
    traces = fit_traces(fit)
    fitted = traces.model + traces.baseline
    return _scaled(traces.ppm, traces.data, fitted, traces.baseline, float(fit.noise_sd), fit.gaps_ppm)


def review_traces_of_curves(curves: FittedCurves) -> dict[str, object]:
    """The same of a fit that another program drew."""
    noise_sd = float(np.sqrt(np.mean((curves.data - curves.fit) ** 2)))
    return _scaled(curves.ppm, curves.data, curves.fit, curves.baseline, noise_sd, ())


def review_traces_of_page(page: bytes) -> dict[str, object]:
    """The same from a page to explore as `fit_inside_report` makes it, to a thousandth of the noise.

    Raises ValueError where `page` is none.
    """
    try:
        text = zlib.decompressobj().decompress(page, _LARGEST_PAGE).decode("utf-8")
        found = _RECORD.search(text)
        record = json.loads(found[1] if found else "")
        names = ("ppm", "data", "model", "baseline")
        ppm, data, model, baseline = (_values(record[name]) for name in names)
        return _scaled(ppm, data, model, baseline, float(record["noise_sd"]), record["gaps"])
    except (zlib.error, KeyError, TypeError) as error:
        raise ValueError(f"not a page of a fit: {error}") from error


def _values(trace: Mapping[str, Any]) -> FloatArray:
    """What `packed_small` packed."""
    deltas: list[int | None] = trace["deltas"]
    codes = np.cumsum([0 if one is None else one for one in deltas])
    values = float(trace["low"]) + float(trace["step"]) * codes.astype(float)
    values[[one is None for one in deltas]] = np.nan
    return np.asarray(values)


def _scaled(
    ppm: FloatArray,
    data: FloatArray,
    model: FloatArray,
    baseline: FloatArray,
    noise_sd: float,
    gaps: Sequence[Sequence[float]],
) -> dict[str, object]:
    height = float(abs(data).max()) or 1.0
    return {
        "points": len(ppm),
        "ppm": packed_axis(ppm),
        "data": packed(data / height),
        "model": packed(model / height),
        "baseline": packed(baseline / height),
        "residual": packed((data - model) / height),
        "noise_sd": noise_sd / height,
        "gaps": gaps,
    }
