"""Basis sets kept in several files: together they are one basis set only on one clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pharmrs.core.constants import WATER_PPM
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import ComplexArray
from pharmrs.spectra.records import BasisSet


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSignals:
    """The signals of one file: `fids` complex (signals, points)."""

    names: tuple[str, ...]
    fids: ComplexArray
    dwell_time_s: float
    spectrometer_frequency_mhz: float


def joined(
    path: Path, files: Sequence[FileSignals], field: str, clock: str, remedy: str, problems: Problems
) -> BasisSet | None:
    """The basis set at `path` made of `files`; None, with a problem, where they are not on one clock.

    `field`, `clock`, `remedy`: words of the format for that problem; `clock` names the keys that must be equal.
    """
    clocks = {(one.spectrometer_frequency_mhz, one.dwell_time_s, one.fids.shape[1]) for one in files}
    if len(clocks) != 1:
        problems.add(field, f"all files must have the same {clock}", f"{len(clocks)} different combinations", remedy)
        return None
    mhz, dwell_time_s, _ = clocks.pop()
    return BasisSet(
        names=tuple(name for one in files for name in one.names),
        fids=np.concatenate([one.fids for one in files]),
        dwell_time_s=dwell_time_s,
        spectrometer_frequency_mhz=mhz,
        receiver_ppm=WATER_PPM.value,
        source=str(path),
    )
