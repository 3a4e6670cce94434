"""What relaxation and tissue leave of the signal: the forward model that quantification inverts.

Gasparovic et al. 2006, doi:10.1002/mrm.20901.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pharmrs.core.constants import PURE_WATER_MOLARITY_MM
from pharmrs.spectra.quantify.relaxation import water_density
from pharmrs.spectra.records import Acquisition, TissueFractions


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaxationTimes:
    """T1 and T2 in seconds, one pair for water and one for all metabolites (round numbers typical of 7 T)."""

    t1_water_s: float = 2.0
    t2_water_s: float = 0.050
    t1_metabolite_s: float = 1.5
    t2_metabolite_s: float = 0.110


def attenuation(acquisition: Acquisition, t1_s: float, t2_s: float) -> float:
    """Signal left after relaxation: (1 - exp(-TR' / T1)) exp(-TE / T2), times exp(-TM / T1) where TM is given.

    A stimulated echo leaves no longitudinal magnetisation behind its third pulse, so recovery lasts from there to the
    next excitation: TR' = TR - TM - TE / 2. Without a mixing time TR' = TR. The half signal that a stimulated echo
    keeps is common to water and metabolites and left out.
    """
    recovery_s, kept = acquisition.repetition_time_s, math.exp(-acquisition.echo_time_s / t2_s)
    if acquisition.mixing_time_s is not None:
        recovery_s -= acquisition.mixing_time_s + 0.5 * acquisition.echo_time_s
        kept *= math.exp(-acquisition.mixing_time_s / t1_s)
    return (1.0 - math.exp(-recovery_s / t1_s)) * kept


def water_concentration_mm(tissue: TissueFractions) -> float:
    """Concentration of water in the whole voxel, mmol/L, from its tissue fractions."""
    gray, white, csf = map(float, water_density())
    share = tissue.gray_matter * gray + tissue.white_matter * white + tissue.csf * csf
    return PURE_WATER_MOLARITY_MM.value * share
