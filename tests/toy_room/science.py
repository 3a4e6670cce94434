"""Connectivity as Fisher's z: numbers in, a record out; no files and no pictures."""

from __future__ import annotations

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from tests.toy_room.records import Strength


def strength(subject: str, seed: FloatArray, target: FloatArray, least_volumes: int) -> Strength:
    """Fisher's z of the correlation of two time courses, (volumes,)."""
    volumes = len(seed)
    if volumes < least_volumes:
        return Strength(subject=subject, volumes=volumes, reason=f"{volumes} volumes, {least_volumes} are the least")
    if not (np.ptp(seed) > 0 and np.ptp(target) > 0):
        return Strength(subject=subject, volumes=volumes, reason="a time course does not vary")
    z = float(np.arctanh(np.corrcoef(seed, target)[0, 1]))
    return Strength(subject=subject, volumes=volumes, z=z, sd=float(1.0 / np.sqrt(volumes - 3)))
