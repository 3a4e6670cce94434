"""The page of `pharmrs review`: what it is made of, and a spectrum as it is sent to it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pharmrs.records.fit import LinearCombinationFit
from pharmrs.report.page import environment
from pharmrs.report.traces import fit_traces, packed, packed_axis

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
_TEMPLATES = Path(__file__).parent / "templates"


def review_html(rater: str) -> str:
    """The page; styles and script are fetched beside it."""
    return environment().get_template("review.html.j2").render(rater=rater, reasons=REASONS)


@cache
def review_asset(name: str) -> bytes:
    """`review.css` or `review.js`."""
    parts = {"review.css": ("report.css", "review.css"), "review.js": ("review.js",)}[name]
    return b"\n".join((_TEMPLATES / part).read_bytes() for part in parts)


def review_traces(fit: LinearCombinationFit) -> dict[str, object]:
    """The spectrum with its fit, scaled to a height of one: nothing in it tells whose it is, or a concentration."""
    traces = fit_traces(fit)
    height = float(abs(traces.data).max()) or 1.0
    return {
        "points": len(traces.ppm),
        "ppm": packed_axis(traces.ppm),
        "data": packed(traces.data / height),
        "model": packed((traces.model + traces.baseline) / height),
        "baseline": packed(traces.baseline / height),
        "residual": packed(traces.residual / height),
        "noise": float(fit.noise_sd) / height,
    }
