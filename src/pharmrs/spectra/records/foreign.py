"""Results of fits that another tool made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pharmrs.core.errors import InputProblem
from pharmrs.core.records.arrays import FloatArray, read_only
from pharmrs.core.records.scan_files import ScanFiles

UNSCALED = "as the tool gives it"  # a scale of nobody else: of use as a ratio to itself alone


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignValue:
    """One metabolite on one scale, as it was printed.

    `metabolite`: our name (tCr); `printed`: the tool's (Cr+PCr). `scale`: a key of our scales, `ratio_<reference>`, or
    `UNSCALED`. `crlb_percent` is infinite for a value at zero (LCModel's 999); NaN where the tool gives none.
    """

    metabolite: str
    printed: str
    scale: str
    value: float
    crlb_percent: float = math.nan

    @property
    def sd(self) -> float:
        """From the bound in per cent; NaN where that says nothing."""
        return self.value * self.crlb_percent / 100.0 if math.isfinite(self.crlb_percent) else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedCurves:
    """A fit as another program drew it: real parts over `ppm`, (n,). `fit` with the baseline, `components` without.

    `file`: where they stand.
    """

    ppm: FloatArray
    data: FloatArray
    fit: FloatArray
    baseline: FloatArray
    components: Mapping[str, FloatArray]
    file: str = ""

    def __post_init__(self) -> None:
        for name in ("ppm", "data", "fit", "baseline"):
            object.__setattr__(self, name, read_only(getattr(self, name), np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignResult:
    """What one tool made of one scan. `scan`: as its table names it, else the file's. `notes`: how it was scaled.

    `stated`: what its file says of the recording, by the names of `Acquisition`; its line width in ppm where in nothing
    else.
    """

    tool: str
    file: str
    scan: str
    values: tuple[ForeignValue, ...]
    signal_to_noise: float = math.nan
    line_width_hz: float = math.nan
    notes: tuple[str, ...] = ()
    stated: Mapping[str, float] = field(default_factory=dict)
    curves: FittedCurves | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignScan:
    """Values of another program and the scan they are of. `problems`: what is odd about them."""

    files: ScanFiles
    source: ForeignResult
    problems: tuple[InputProblem, ...] = ()


# sums and inositols under the names that tools print them by
_OURS = {
    "NAA+NAAG": "tNAA", "Cr+PCr": "tCr", "PCr+Cr": "tCr", "GPC+PCh": "tCho", "PCh+GPC": "tCho", "GPC+PCho": "tCho",
    "PCho+GPC": "tCho", "Glu+Gln": "Glx", "TNAA": "tNAA", "TCho": "tCho", "TCr": "tCr", "NAA_NAAG": "tNAA",
    "Cr_PCr": "tCr", "PCh_GPC": "tCho", "GPC_PCh": "tCho", "Glu_Gln": "Glx", "Glx": "Glx", "mI": "Ins", "mIns": "Ins",
    "sI": "Scyllo", "sIns": "Scyllo",
}  # fmt: skip


def our_name(printed: str) -> str:
    """The name of a sum in our tables; others stay as they are printed."""
    return _OURS.get(printed, printed)
