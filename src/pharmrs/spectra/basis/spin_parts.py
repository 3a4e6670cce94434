"""From a spin system as published to the coupled protons that have to be simulated.

Partners that are not observed (31P, 14N) stay as they are through proton pulses, so each of their states only shifts
the protons coupled to them: one small proton system per combination of states. Protons without a coupling between
them are systems of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.spectra.records.spin_system import SpinPart

PROTON = "1H"
# magnetic quantum numbers of partners that are not observed
PARTNERS: dict[str, tuple[float, ...]] = {"31P": (0.5, -0.5), "14N": (1.0, 0.0, -1.0), "13C": (0.5, -0.5)}


@dataclass(frozen=True, slots=True)
class ProtonSystem:
    """Coupled protons: offsets from the receiver (Hz), couplings (Hz), and how often the system occurs."""

    offsets_hz: FloatArray
    j_hz: FloatArray
    weight: float


def proton_systems(part: SpinPart, mhz: float, receiver_ppm: float) -> Iterator[ProtonSystem]:
    """Every system of coupled protons in `part`, for each state of the partners that reach it."""
    protons = np.array([k for k, nucleus in enumerate(part.nuclei) if nucleus == PROTON], dtype=np.intp)
    partners = [k for k, nucleus in enumerate(part.nuclei) if nucleus != PROTON]
    for members in coupled_groups(part.j_hz[np.ix_(protons, protons)]):
        group = protons[members]
        offsets = (receiver_ppm - part.shifts_ppm[group]) * mhz
        j_hz = part.j_hz[np.ix_(group, group)]
        near = [k for k in partners if np.any(part.j_hz[group, k] != 0.0)]
        states = list(product(*(PARTNERS[part.nuclei[k]] for k in near)))
        for state in states:
            shift = part.j_hz[group][:, near] @ np.array(state) if near else 0.0
            yield ProtonSystem(np.asarray(offsets + shift), j_hz, part.scale / len(states))


def coupled_groups(j_hz: FloatArray) -> list[list[int]]:
    """Indices of the spins of each group that is connected by couplings, in order of their first spin."""
    left, groups = list(range(j_hz.shape[0])), []
    while left:
        group, waiting = [], [left.pop(0)]
        while waiting:
            one = waiting.pop()
            group.append(one)
            joined = [k for k in left if j_hz[one, k] != 0.0]
            waiting += joined
            left = [k for k in left if k not in joined]
        groups.append(sorted(group))
    return groups
