"""The published spin systems that come with the program (`data/spin_systems.json`, each with its DOI)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pharmrs.spectra.basis.spin_parts import PARTNERS, PROTON
from pharmrs.spectra.basis.spin_system_file import read_spin_systems
from pharmrs.spectra.records.spin_system import SpinSystem

SPIN_SYSTEMS_FILE = Path(__file__).with_name("data") / "spin_systems.json"
NUCLEI = frozenset({PROTON, *PARTNERS})
# the metabolites of a basis set for the brain: water is suppressed, the anomers of glucose are in Glc
DEFAULT_METABOLITES = (
    *("Ala", "Asc", "Asp", "Cr", "GABA", "GPC", "GSH", "Glc", "Gln", "Glu", "Gly"),
    *("Ins", "Lac", "NAA", "NAAG", "PCho", "PCr", "PE", "Scyllo", "Ser", "Tau"),
)


@cache
def published_spin_systems() -> dict[str, SpinSystem]:
    """Spin systems by name."""
    return read_spin_systems(SPIN_SYSTEMS_FILE, NUCLEI)


def known_spin_systems(own: Path | None = None) -> dict[str, SpinSystem]:
    """The published spin systems and those of the file `own`, which replace published ones of the same name."""
    return published_spin_systems() | (read_spin_systems(own, NUCLEI) if own is not None else {})
