"""Concentrations of the metabolites that a simulated trial does not plant anything on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from pharmrs.simulate.trial import stream
from pharmrs.simulate.trial_records import Trial, Visit

_PERSONAL, _MOMENTARY = 30, 31  # streams of random numbers
_BETWEEN_PEOPLE, _BETWEEN_VISITS = 0.10, 0.03

# components of the built-in basis set
METABOLITES = (
    *("Asp", "Cr", "GABA", "GPC", "GSH", "Gln", "Glu", "Gly", "Ins"),
    *("Lac", "NAA", "NAAG", "PCho", "PCr", "Scyllo", "Tau", "mm"),
)

# mM in brain tissue, names in lower case: round numbers within the ranges of normal brain, Govindaraju 2000,
# doi:10.1002/1099-1492(200005)13:3<129::AID-NBM619>3.0.CO;2-V; basis sets spell some of them in several ways
TISSUE_MM: Mapping[str, float] = MappingProxyType(
    {
        "ala": 0.5,
        "asc": 1.0,
        "asp": 2.4,
        "cr": 4.9,
        "cre": 4.9,
        "gaba": 1.4,
        "glc": 1.0,
        "gln": 3.1,
        "glu": 11.3,
        "gly": 0.7,
        "gpc": 1.3,
        "gsh": 1.4,
        "ins": 7.1,
        "lac": 0.8,
        "mm": 1.8,
        "naa": 12.7,
        "naag": 1.8,
        "pch": 0.5,
        "pcho": 0.5,
        "pcr": 4.5,
        "pe": 1.5,
        "scyllo": 0.35,
        "ser": 0.4,
        "sins": 0.35,
        "tau": 1.6,
    }
)


def concentrations(trial: Trial, visit: Visit, names: tuple[str, ...]) -> dict[str, float]:
    """mM of the whole voxel for every component of a basis set; 0 where nothing is known about it.

    Metabolites are in grey and white matter alone. Each varies between people and visits (log-normal); the trial's
    metabolite is the visit's own.
    """
    person = int(visit.participant.label)
    personal = stream(trial.settings, _PERSONAL, person).normal(0.0, _BETWEEN_PEOPLE, len(TISSUE_MM))
    momentary = stream(trial.settings, _MOMENTARY, person, int(visit.session)).normal(
        0.0, _BETWEEN_VISITS, len(TISSUE_MM)
    )
    spread = dict(zip(TISSUE_MM, np.exp(personal + momentary).tolist(), strict=True))
    brain = visit.gray_matter + visit.white_matter
    amounts = {name: brain * TISSUE_MM.get(name.lower(), 0.0) * spread.get(name.lower(), 1.0) for name in names}
    amounts[trial.settings.metabolite] = brain * visit.metabolite_mm
    return amounts
