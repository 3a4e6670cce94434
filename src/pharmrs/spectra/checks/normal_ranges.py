"""What healthy brain holds, region by region: ranges of published means, rounded outwards.

Not diagnostic limits. A value is questioned only when it lies, with its error, beyond these ranges widened by
`MARGIN` (absolute) or `RATIO_MARGIN`, which leaves room for disease, age and the scale; what is then left is nearly
always a water reference, a gain or a fit that went wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MARGIN, RATIO_MARGIN = 2.0, 1.5
# Govindaraju 2000 (table of concentrations in adult brain), Pouwels & Frahm 1998 and Minati 2010 (six regions each)
SOURCES = (
    "10.1002/1099-1492(200005)13:3<129::AID-NBM619>3.0.CO;2-V",
    "10.1002/mrm.1910390110",
    "10.4103/0971-6203.62128",
)

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Ranges of one region: `absolute` in mmol/L on the scale of LCModel, `to_tcr` amplitude over that of Cr + PCr.

    `names`: how headers and file names call it.
    """

    label: str
    names: str
    absolute: dict[str, Range]
    to_tcr: dict[str, Range]


BRAIN = Region(
    label="brain",
    names="",
    absolute={
        "tNAA": (6.0, 17.0),
        "tCr": (4.5, 13.0),
        "tCho": (0.8, 3.5),
        "Ins": (3.0, 9.0),
        "Glu": (5.0, 14.0),
        "Glx": (7.0, 20.0),
    },
    to_tcr={
        "tNAA": (0.7, 2.4),
        "tCho": (0.12, 0.55),
        "Ins": (0.4, 1.2),
        "Glu": (0.7, 1.7),
        "Glx": (0.9, 2.6),
    },
)  # fmt: skip
REGIONS = (
    Region(
        label="cerebellum",
        names=r"cerebell|vermis",
        absolute={**BRAIN.absolute, "tCr": (6.0, 14.0), "tCho": (1.2, 3.8)},
        to_tcr={**BRAIN.to_tcr, "tNAA": (0.6, 1.5), "tCho": (0.15, 0.45), "Glu": (0.5, 1.5), "Glx": (0.7, 2.2)},
    ),
    Region(
        label="brain stem",
        names=r"pons|brain ?-?stem|medulla|midbrain|mesenceph",
        absolute={**BRAIN.absolute, "tCr": (3.5, 9.0), "tCho": (1.3, 4.2)},
        to_tcr={**BRAIN.to_tcr, "tNAA": (1.0, 3.0), "tCho": (0.25, 0.8), "Glu": (0.5, 1.7), "Glx": (0.7, 2.6)},
    ),
    Region(
        label="white matter",
        names=r"white ?-?matter|(?<![a-z])wm(?![a-z])|centrum ?-?semi|corona ?-?radiata|corpus ?-?callosum",
        absolute={**BRAIN.absolute, "tCr": (3.8, 9.0), "tCho": (1.0, 3.0), "Glu": (4.0, 11.0), "Glx": (5.0, 15.0)},
        to_tcr={**BRAIN.to_tcr, "tNAA": (1.2, 2.6), "tCho": (0.2, 0.55)},
    ),
    Region(
        label="thalamus and basal ganglia",
        names=r"thalam|putamen|caudate|basal ?-?gangl|striat|pallid",
        absolute={**BRAIN.absolute, "tCr": (5.0, 13.0)},
        to_tcr={**BRAIN.to_tcr, "tNAA": (0.8, 2.0)},
    ),
)


def region_of(text: str) -> Region:
    """The region that `text` of a header or a name tells of; the whole brain where it tells of none."""
    return next((region for region in REGIONS if re.search(region.names, text, re.I)), BRAIN)
