"""A radio-frequency pulse as it is played out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, read_only


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapedPulse:
    """`b1_hz`: complex nutation frequency of each of equally long steps, shape (steps,); `flip_deg`: nominal angle."""

    flip_deg: float
    duration_s: float
    b1_hz: ComplexArray
    source: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "b1_hz", read_only(self.b1_hz, np.complex128))

    @property
    def step_s(self) -> float:
        return self.duration_s / self.b1_hz.size
