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
# Density of water at 37 C, for moles per litre of a molality: IAPWS-95
WATER_DENSITY_37C = Constant(0.9933, "kg/L", "10.1063/1.1461829")


@dataclass(frozen=True, slots=True)
class TissueWater:
    """Water of one tissue at one field: visible water relative to pure water (1), T1 and T2 (s)."""

    density: Constant
    t1: Constant
    t2: Constant


_GM_WATER = Constant(0.78, "1", "10.1002/mrm.20901")  # Gasparovic 2006, after Ernst 1993, 10.1006/jmrb.1993.1055
_WM_WATER = Constant(0.65, "1", "10.1002/mrm.20901")
_CSF_WATER = Constant(0.97, "1", "10.1002/mrm.20901")
_SURVEY = "10.1002/mrm.28630"  # Clarke 2021 (FSL-MRS): means of published values, grey and white matter
_ROONEY = "10.1002/mrm.21122"  # Rooney 2007: T1 from 0.2 to 7 T
_SPIJKERMAN = "10.1007/s10334-017-0659-3"  # Spijkerman 2018: T2 of CSF at 3 and 7 T
# field (T) -> grey matter, white matter, CSF
TISSUE_WATER: dict[float, tuple[TissueWater, TissueWater, TissueWater]] = {
    3.0: (
        TissueWater(_GM_WATER, Constant(1.50, "s", _SURVEY), Constant(0.088, "s", _SURVEY)),
        TissueWater(_WM_WATER, Constant(0.97, "s", _SURVEY), Constant(0.073, "s", _SURVEY)),
        TissueWater(_CSF_WATER, Constant(4.47, "s", _ROONEY), Constant(2.03, "s", _SPIJKERMAN)),
    ),
    7.0: (
        TissueWater(_GM_WATER, Constant(2.05, "s", _SURVEY), Constant(0.050, "s", _SURVEY)),
        TissueWater(_WM_WATER, Constant(1.21, "s", _SURVEY), Constant(0.055, "s", _SURVEY)),
        TissueWater(_CSF_WATER, Constant(4.43, "s", _ROONEY), Constant(1.05, "s", _SPIJKERMAN)),
    ),
}

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
