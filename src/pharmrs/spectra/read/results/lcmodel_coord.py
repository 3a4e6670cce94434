"""The curves of a .coord of LCModel: data, fit, background, and each metabolite.

Source: LCModel's writer of unit LCOORD (source/LCModel.f, formats 5610 to 5650): blocks of NY values, ten a line; the
curve of a metabolite lies on the background, which is absent where none was fitted.
"""

from __future__ import annotations

import re

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.spectra.records.foreign import FittedCurves

_AXIS = re.compile(r"^\s*(\d+) points on ppm-axis = NY\s*$", re.M)
_BLOCKS = {
    "data": "NY phased data points follow",
    "fit": "NY points of the fit to the data follow",
    "baseline": "NY background values follow",
}
_METABOLITE = re.compile(r"^ (\S+)\s+Conc\. =\s*\S+[^\n]*$", re.M)


def read_curves(text: str, file: str) -> FittedCurves | None:
    """Those of the text of a file; None where it holds none, or not all values of data and fit."""
    axis = _AXIS.search(text)
    if axis is None:
        return None
    count = int(axis[1])
    ppm = _values(text, axis.end(), count)
    found = {name: _after(text, title, count) for name, title in _BLOCKS.items()}
    data, fit, baseline = found["data"], found["fit"], found["baseline"]
    if ppm is None or data is None or fit is None:
        return None
    under = np.zeros(count) if baseline is None else baseline
    components = {}
    for match in _METABOLITE.finditer(text, axis.end()):
        values = _values(text, match.end(), count)
        if values is not None:
            components[match[1]] = values - under
    return FittedCurves(ppm=ppm, data=data, fit=fit, baseline=under, components=components, file=file)


def _after(text: str, title: str, count: int) -> FloatArray | None:
    at = text.find(title)
    return None if at < 0 else _values(text, at + len(title), count)


def _values(text: str, start: int, count: int) -> FloatArray | None:
    """The next `count` numbers; None where they are not there."""
    words = text[start : start + 24 * count].split(maxsplit=count)[:count]
    try:
        values = np.array([float(word) for word in words])
    except ValueError:
        return None
    return values if len(values) == count and np.isfinite(values).all() else None
