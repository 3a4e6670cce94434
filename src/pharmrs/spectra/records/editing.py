"""Editing by frequency-selective pulses: which signals are inverted in which condition."""

from __future__ import annotations

from itertools import product
from typing import Annotated, Literal

from annotated_types import Interval, MinLen

from pharmrs.core.records.declaration import Positive, declaration, key

_Ppm = Annotated[float, Interval(ge=-5, le=15)]
Coedited = Literal["1to1GABAsoft", "1to1GABA", "3to2MM", "fixedGauss", "freeGauss", "none"]


@declaration
class Editing:
    """The editing pulses of MEGA-PRESS (one band: OFF and ON), HERMES or HERCULES (two bands: four conditions)."""

    on_ppm: tuple[_Ppm, ...] = key(
        "where the editing pulse acts when it is on: 1.9 for GABA, 4.56 for GSH, 4.1 for lactate; two bands for HERMES",
        default=(1.9,),
        min_length=1,
        max_length=2,
    )
    off_ppm: _Ppm = key("where it acts when it is off", default=7.5)
    instead_ppm: _Ppm | None = key(
        "where the pulse of the second band acts while that band is off: 4.18 in HERCULES, whose bands are 1.9, 4.58",
        default=None,
    )
    duration_ms: Positive = key("how long a Gaussian editing pulse lasts, ms; not used with a shape", default=14.0)
    shape: Annotated[str, MinLen(1)] | None = key(
        "editing pulse as given shape (180 degrees), path relative to study.yaml", default=None
    )

    def __post_init__(self) -> None:
        if self.instead_ppm is not None and len(self.on_ppm) != 2:
            raise ValueError("instead_ppm needs two bands in on_ppm, e.g. [1.9, 4.58]")

    @property
    def conditions(self) -> tuple[tuple[float, ...], ...]:
        """The bands of the pulse in each condition, OFF first, then in the order of `on_ppm`, both last."""
        chosen = product((False, True), repeat=len(self.on_ppm))
        instead = (None,) * (len(self.on_ppm) - 1) + (self.instead_ppm,)
        on = [
            tuple(
                ppm
                for band, other, used in zip(self.on_ppm, instead, one[::-1], strict=True)
                if (ppm := band if used else other) is not None
            )
            for one in chosen
        ]
        return tuple(one or (self.off_ppm,) for one in on)
