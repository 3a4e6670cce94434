"""Simulated plates with known truth: standards in duplicate, a zero standard, samples in replicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pharmrs.assay.records.plate import LayoutWell, Plate, PlateRead, Role, well_name

Floats = NDArray[np.float64]
STANDARDS = (1500.0, 750.0, 375.0, 187.5, 93.75, 46.875, 23.4375, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A sandwich assay like the reference study's: optical density of concentrations in the well."""

    zero: float = 0.06
    infinite: float = 3.2
    midpoint: float = 600.0
    slope: float = 1.15

    def density(self, x: Floats) -> Floats:
        ratio = (np.asarray(x) / self.midpoint) ** self.slope
        return np.asarray(self.infinite + (self.zero - self.infinite) / (1.0 + ratio))


def noisy(density: Floats, rng: np.random.Generator, cv: float, floor: float = 0.0) -> Floats:
    """Readings with a relative and an absolute SD."""
    return np.asarray(density + rng.standard_normal(density.shape) * np.sqrt((cv * density) ** 2 + floor**2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What to put into the next wells."""

    role: Role
    readings: tuple[float, ...]
    sample: str = ""
    nominal: float = float("nan")
    dilution: float = 1.0


def make_plate(contents: Sequence[Content], name: str = "P1") -> tuple[Plate, tuple[LayoutWell, ...]]:
    """A 96-well plate filled row by row."""
    values = np.full((8, 12), np.nan)
    layout = []
    place = 0
    for content in contents:
        for reading in content.readings:
            position = divmod(place, 12)
            values[position] = reading
            layout.append(
                LayoutWell(
                    plate=name,
                    well=well_name(*position),
                    role=content.role,
                    sample=content.sample,
                    nominal=content.nominal,
                    dilution=content.dilution,
                    line=place + 2,
                )
            )
            place += 1
    read = PlateRead(label="Label1", mode="Absorbance", wavelength_nm=450.0, values=values)
    return Plate(source="export.xlsx", names=(name,), instrument="simulated", reads=(read,)), tuple(layout)


def standards(truth: Truth, rng: np.random.Generator, cv: float, replicates: int = 2) -> list[Content]:
    """The dilution series with its zero standard."""
    return [
        Content(
            role="standard",
            nominal=nominal,
            readings=tuple(noisy(np.repeat(truth.density(np.array([nominal])), replicates), rng, cv)),
        )
        for nominal in STANDARDS
    ]
