"""Physical constants: value, unit and source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constant:
    """A number with its unit and where it comes from (DOI, or the standard that defines it)."""

    value: float
    unit: str
    doi: str


# Govindaraju 2000: water at 37 C, pH 7, relative to DSS
WATER_PPM = Constant(4.65, "ppm", "10.1002/1099-1492(200005)13:3<129::AID-NBM619>3.0.CO;2-V")
PROTON_GYROMAGNETIC_MHZ_PER_T = Constant(42.577478518, "MHz/T", "10.1103/RevModPhys.93.025010")  # CODATA 2018

# LCModel's convention for water scaling (LCModel & LCMgui User's Manual 6.3, section 10.2)
LCMODEL_WATER_CONCENTRATION_MM = Constant(35880.0, "mmol/L", "10.1002/mrm.1910300604")  # WCONC, white matter
LCMODEL_WATER_ATTENUATION = Constant(0.7, "1", "10.1002/mrm.1910300604")  # ATTH2O: exp(-30 ms / 80 ms)
PURE_WATER_MOLARITY_MM = Constant(55510.0, "mmol/kg", "10.1002/mrm.20901")  # Gasparovic 2006

# Round numbers within the published ranges at 7 and 9.4 T (T2 13 to 40 ms: 10.1002/mrm.28174); single peaks differ from
# them, which the independently scaled groups of the fit take up. Consensus: Cudalbu 2021
MACROMOLECULE_T1_S = Constant(0.35, "s", "10.1002/nbm.4393")
MACROMOLECULE_T2_S = Constant(0.027, "s", "10.1002/nbm.4393")


@dataclass(frozen=True, slots=True)
class Singlet:
    """A single line at `ppm` from `protons` equivalent protons."""

    ppm: float
    protons: int


# Govindaraju 2000, 10.1002/1099-1492(200005)13:3<129::AID-NBM619>3.0.CO;2-V; names as in basis sets, lower case
_CREATINE = Singlet(3.027, 3)
_SCYLLO = Singlet(3.34, 6)
_GPC = Singlet(3.212, 9)
_PHOSPHOCHOLINE = Singlet(3.208, 9)
SINGLETS = {
    "naa": Singlet(2.008, 3),
    "cr": _CREATINE,
    "cre": _CREATINE,
    "pcr": Singlet(3.029, 3),
    "gpc": _GPC,
    "pch": _PHOSPHOCHOLINE,
    "pcho": _PHOSPHOCHOLINE,
    "scyllo": _SCYLLO,
    "sins": _SCYLLO,
    "si": _SCYLLO,
    "gly": Singlet(3.548, 2),
}
