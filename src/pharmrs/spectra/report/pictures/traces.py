"""Spectra packed for a page: 16 bits a value, so that thirty of them and the page stay below 400 kB."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray, IntArray
from pharmrs.spectra.records.fit import LinearCombinationFit

LEVELS = 65534  # steps between the lowest and the highest value; the code after the last one means 'no number'
_NO_NUMBER = 65535
_MOST_VALUES = 100_000  # of all traces together: 270 kB as text


@dataclass(frozen=True, slots=True, kw_only=True)
class FitTraces:
    """The fit as it is drawn: real parts after phasing.

    `model` is without the baseline. `stride`: 1, or every how-manieth point is kept of a very long spectrum.
    """

    ppm: FloatArray
    data: FloatArray
    model: FloatArray
    baseline: FloatArray
    residual: FloatArray
    components: FloatArray
    stride: int


def fit_traces(fit: LinearCombinationFit) -> FitTraces:
    """Phased real parts of everything in `fit`, highest chemical shift first.

    Thinned only where the page would become too large.
    """
    values = len(fit.ppm) * (len(fit.names) + 4)
    stride = -(-values // _MOST_VALUES)
    return phased_traces(fit, np.argsort(-fit.ppm, kind="stable")[::stride], stride)


def phased_traces(fit: LinearCombinationFit, order: IntArray, stride: int = 1) -> FitTraces:
    """Phased real parts of everything in `fit` at the points `order`, in that order."""
    upright = np.conj(fit.phase[order])
    return FitTraces(
        ppm=fit.ppm[order],
        data=(fit.data[order] * upright).real,
        model=(fit.model[order] * upright).real,
        baseline=(fit.baseline[order] * upright).real,
        residual=(fit.residual[order] * upright).real,
        components=(fit.components[:, order] * upright).real,
        stride=stride,
    )


def packed(values: FloatArray) -> dict[str, object]:
    """`low + step * code`, codes as little-endian 16-bit integers in base64, none for a constant.

    The error is at most half a step: 8e-6 of the difference between the highest and the lowest value.
    """
    known = np.isfinite(values)
    low = float(np.min(values, where=known, initial=np.inf)) if known.any() else 0.0
    high = float(np.max(values, where=known, initial=-np.inf)) if known.any() else 0.0
    if known.all() and high == low:
        return {"low": low, "step": 0.0, "codes": ""}
    step = (high - low) / LEVELS or 1.0
    codes = np.full(len(values), _NO_NUMBER, dtype="<u2")
    codes[known] = np.clip(np.rint((values[known] - low) / step), 0, LEVELS)
    return {"low": low, "step": step, "codes": _text(codes.tobytes())}


def packed_small(values: FloatArray, levels: int) -> dict[str, object]:
    """`low + step * code`, given as the differences between successive codes, which compress well; None: no number.

    For the fits inside a report, where each must be small: the error is half of a step of `levels`.
    """
    known = np.isfinite(values)
    low, high = (float(values[known].min()), float(values[known].max())) if known.any() else (0.0, 0.0)
    step = (high - low) / levels or 1.0
    codes = np.rint((values[known] - low) / step).astype(int)
    deltas = iter(np.diff(codes, prepend=0).tolist())
    return {"low": low, "step": step, "deltas": [next(deltas) if there else None for there in known]}


def packed_axis(values: FloatArray) -> str:
    """An axis as little-endian 32-bit floats in base64."""
    return _text(np.asarray(values, dtype="<f4").tobytes())


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
