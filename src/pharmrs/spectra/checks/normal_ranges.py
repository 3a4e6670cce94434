"""What healthy brain holds, region by region: ranges chosen by judgement, checked against published means.

Checked against the database of Gudmundson 2023: 2.5 and 97.5 percentiles of the means of healthy adult groups at echo
times up to 50 ms (mM or over tCr; 14 to 82 groups of 7 to 30 papers for each of the whole brain, 4 to 24 for a region).
Several are narrower than those (Ins to 10 mM, percentile 13.2; Glx/tCr 0.8 to 2.6, percentiles 0.44 to 3.0, which mix
fits of areas and amplitudes). They hold the cerebellum, pons, insula and occipital lobe of Jacobs 2001 and the white
matter and thalamus of Christiansen 1993, as their abstracts give them.

Not diagnostic limits. A value is questioned only when it lies, with its error, beyond these ranges widened by
`MARGIN` (absolute) or `RATIO_MARGIN`, which leaves room for disease, age and the scale; what is then left is nearly
always a water reference, a gain or a fit that went wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MARGIN, RATIO_MARGIN = 2.0, 1.5
SOURCES = ("10.1016/j.ab.2023.115227", "10.1002/mrm.1248", "10.1002/nbm.1940060114")

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
        "tNAA": (5.5, 17.5),
        "tCr": (4.0, 14.0),
        "tCho": (0.8, 3.5),
        "Ins": (3.5, 10.0),
        "Glu": (5.0, 14.0),
        "Glx": (5.0, 22.0),
    },
    to_tcr={
        "tNAA": (0.7, 2.4),
        "tCho": (0.12, 0.55),
        "Ins": (0.4, 1.2),
        "Glu": (0.65, 1.95),
        "Glx": (0.8, 2.6),
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
        absolute={**BRAIN.absolute, "tCr": (3.5, 9.0), "tCho": (1.3, 4.2), "Glu": (3.0, 11.0), "Glx": (4.0, 13.0)},
        to_tcr={**BRAIN.to_tcr, "tNAA": (1.0, 3.0), "tCho": (0.25, 0.8), "Glu": (0.5, 1.7), "Glx": (0.7, 2.6)},
    ),
    Region(
        label="white matter",
        names=r"white ?-?matter|(?<![a-z])wm(?![a-z])|centrum ?-?semi|corona ?-?radiata|corpus ?-?callosum",
        absolute={**BRAIN.absolute, "tCr": (3.8, 11.0), "tCho": (1.0, 3.0), "Glu": (4.0, 11.0), "Glx": (5.0, 15.0)},
        to_tcr={**BRAIN.to_tcr, "tNAA": (1.2, 2.6), "tCho": (0.2, 0.55)},
    ),
    Region(
        label="thalamus and basal ganglia",
        names=r"thalam|putamen|caudate|basal ?-?gangl|striat|pallid",
        absolute={**BRAIN.absolute, "tCr": (4.8, 13.0)},
        to_tcr={**BRAIN.to_tcr, "tNAA": (0.75, 2.0), "Glu": (0.6, 2.3), "Glx": (0.7, 2.6)},
    ),
)


def region_of(text: str) -> Region:
    """The region that `text` of a header or a name tells of; the whole brain where it tells of none."""
    return next((region for region in REGIONS if re.search(region.names, text, re.I)), BRAIN)
