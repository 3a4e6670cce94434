"""Spin systems: chemical shifts and scalar couplings of the protons of a molecule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray, read_only


@dataclass(frozen=True, slots=True, kw_only=True)
class SpinPart:
    """Spins that are coupled among themselves and to no spin of another part.

    `nuclei`: `1H`, or a partner that is not observed (`31P`, `14N`). `shifts_ppm`: shape (spins,), without meaning for
    partners. `j_hz`: symmetric, shape (spins, spins), zero diagonal. `scale`: how often the part occurs, e.g. 3 for
    the methyl group that is given as one spin; it need not be whole (0.36 for an anomer).
    """

    nuclei: tuple[str, ...]
    shifts_ppm: FloatArray
    j_hz: FloatArray
    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "shifts_ppm", read_only(self.shifts_ppm, np.float64))
        object.__setattr__(self, "j_hz", read_only(self.j_hz, np.float64))

    @property
    def protons(self) -> float:
        return self.scale * self.nuclei.count("1H")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpinSystem:
    """A molecule as independent parts; `key` is its name in basis sets, `doi` where the values are from."""

    key: str
    name: str
    doi: str
    parts: tuple[SpinPart, ...]
    note: str = ""

    @property
    def protons(self) -> float:
        """Protons that give signal, counting scales."""
        return sum(part.protons for part in self.parts)
