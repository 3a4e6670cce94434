"""Chemical shifts, couplings and proton counts for first-order multiplets.

Metabolites: Govindaraju, Young and Maudsley 2000, doi:10.1002/1099-1492(200005)13:3<129::AID-NBM619>3.0.CO;2-V, with
the corrigendum of 2015, doi:10.1002/nbm.3336 (37 C, pH 7, shifts relative to DSS). Exchangeable protons (NH, OH) and,
for NAAG, the N-CH that lies under the water are left out. Macromolecules: peak positions as in the consensus of
Cudalbu et al. 2021, doi:10.1002/nbm.4393; their widths and relative areas are round numbers for demonstration.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpinGroup:
    """Equivalent protons: shift (ppm), their number, and (J in Hz, number of equal partners) for each coupling."""

    ppm: float
    protons: int
    couplings: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class BroadPeak:
    """One macromolecule peak: position (ppm), Gaussian FWHM (ppm), area in protons."""

    ppm: float
    width_ppm: float
    protons: float


# Geminal couplings between protons that are closer in frequency than about three times J at 7 T are left out: to first
# order they would split lines that strong coupling in truth leaves together.
METABOLITES: dict[str, tuple[SpinGroup, ...]] = {
    "Asp": (
        SpinGroup(3.8914, 1, ((3.647, 1), (9.107, 1))),
        SpinGroup(2.8011, 1, ((3.647, 1), (17.426, 1))),
        SpinGroup(2.6533, 1, ((9.107, 1), (17.426, 1))),
    ),
    "Cr": (SpinGroup(3.0270, 3), SpinGroup(3.9130, 2)),
    "GABA": (
        SpinGroup(3.0128, 2, ((5.372, 1), (7.127, 1))),
        SpinGroup(1.8890, 2, ((6.25, 2), (7.32, 2))),
        SpinGroup(2.2840, 2, ((7.755, 1), (6.173, 1))),
    ),
    "GPC": (
        SpinGroup(3.2120, 9),
        SpinGroup(3.605, 1, ((5.77, 1),)),
        SpinGroup(3.672, 1, ((4.53, 1),)),
        SpinGroup(3.903, 1, ((5.77, 2), (4.53, 2))),
        SpinGroup(3.871, 1, ((5.77, 1), (6.03, 1))),
        SpinGroup(3.946, 1, ((4.53, 1), (6.03, 1))),
        SpinGroup(4.312, 2, ((3.10, 1), (5.90, 1), (6.03, 1))),
        SpinGroup(3.659, 2, ((3.10, 1), (5.90, 1))),
    ),
    "GSH": (
        SpinGroup(3.769, 2),
        SpinGroup(4.5608, 1, ((7.09, 1), (4.71, 1))),
        SpinGroup(2.9264, 1, ((7.09, 1),)),
        SpinGroup(2.9747, 1, ((4.71, 1),)),
        SpinGroup(3.769, 1, ((6.34, 1), (6.36, 1))),
        SpinGroup(2.1525, 2, ((6.35, 1), (6.7, 1), (7.6, 1))),
        SpinGroup(2.510, 1, ((6.7, 1), (7.6, 1))),
        SpinGroup(2.560, 1, ((7.6, 1), (6.7, 1))),
    ),
    "Gln": (
        SpinGroup(3.7530, 1, ((5.847, 1), (6.500, 1))),
        SpinGroup(2.1290, 1, ((5.847, 1), (9.165, 1), (6.347, 1))),
        SpinGroup(2.1090, 1, ((6.500, 1), (6.324, 1), (9.209, 1))),
        SpinGroup(2.4320, 1, ((9.165, 1), (6.324, 1))),
        SpinGroup(2.4540, 1, ((6.347, 1), (9.209, 1))),
    ),
    "Glu": (
        SpinGroup(3.7433, 1, ((7.331, 1), (4.651, 1))),
        SpinGroup(2.0375, 1, ((7.331, 1), (6.413, 1), (8.406, 1))),
        SpinGroup(2.1200, 1, ((4.651, 1), (8.478, 1), (6.875, 1))),
        SpinGroup(2.3378, 1, ((6.413, 1), (8.478, 1))),
        SpinGroup(2.3520, 1, ((8.406, 1), (6.875, 1))),
    ),
    "Gly": (SpinGroup(3.5480, 2),),
    "Ins": (
        SpinGroup(3.5217, 2, ((2.95, 1), (9.998, 1))),
        SpinGroup(4.0538, 1, ((2.95, 2),)),
        SpinGroup(3.6144, 2, ((9.998, 1), (9.484, 1))),
        SpinGroup(3.2690, 1, ((9.484, 2),)),
    ),
    "Lac": (SpinGroup(1.3142, 3, ((6.933, 1),)), SpinGroup(4.0974, 1, ((6.933, 3),))),
    "NAA": (
        SpinGroup(2.0080, 3),
        SpinGroup(4.3817, 1, ((3.861, 1), (9.821, 1))),
        SpinGroup(2.6727, 1, ((3.861, 1), (15.592, 1))),
        SpinGroup(2.4863, 1, ((9.821, 1), (15.592, 1))),
    ),
    "NAAG": (
        SpinGroup(2.0420, 3),
        SpinGroup(2.721, 1, ((4.412, 1), (15.910, 1))),
        SpinGroup(2.519, 1, ((9.515, 1), (15.910, 1))),
        SpinGroup(4.128, 1, ((4.61, 1), (8.42, 1))),
        SpinGroup(1.881, 1, ((8.42, 1), (7.0, 2))),
        SpinGroup(2.049, 1, ((4.61, 1), (7.0, 2))),
        SpinGroup(2.185, 2, ((7.0, 2),)),
    ),
    "PCho": (
        SpinGroup(3.2080, 9),
        SpinGroup(4.2805, 2, ((2.284, 1), (7.231, 1), (6.298, 1))),
        SpinGroup(3.6410, 2, ((2.284, 1), (7.231, 1))),
    ),
    "PCr": (SpinGroup(3.0290, 3), SpinGroup(3.9300, 2)),
    "Scyllo": (SpinGroup(3.3400, 6),),
    "Tau": (SpinGroup(3.4206, 2, ((6.742, 1), (6.464, 1))), SpinGroup(3.2459, 2, ((6.742, 1), (6.464, 1)))),
}

MACROMOLECULES: tuple[BroadPeak, ...] = (
    BroadPeak(0.92, 0.10, 3.0),
    BroadPeak(1.21, 0.09, 1.0),
    BroadPeak(1.39, 0.11, 2.2),
    BroadPeak(1.67, 0.14, 2.0),
    BroadPeak(2.04, 0.17, 3.8),
    BroadPeak(2.26, 0.12, 1.2),
    BroadPeak(2.99, 0.11, 1.2),
    BroadPeak(3.20, 0.13, 0.5),
    BroadPeak(3.90, 0.16, 1.4),
)
