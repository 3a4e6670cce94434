"""What relaxation leaves of a signal, and the water that each tissue of the voxel contributes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pharmrs.core.constants import PROTON_GYROMAGNETIC_MHZ_PER_T, TISSUE_WATER
from pharmrs.core.records.arrays import FloatArray
from pharmrs.spectra.records.acquisition import Acquisition
from pharmrs.spectra.records.scaling import TissueWaterTimes

_FIELD_TOLERANCE = 0.07  # 2.89 T (Siemens Trio, Prisma) is a 3 T scanner


def signal_fraction(acquisition: Acquisition, t1_s: float, t2_s: float) -> float:
    """Share of the signal left after relaxation: saturation (TR), mixing time (STEAM), echo time.

    exp(-TE/T2) (1 - exp(-TR'/T1)) exp(-TM/T1) with TR' = TR - TM - TE/2 for STEAM, after which the next excitation
    finds the recovered magnetisation (Near 2021, 10.1002/nbm.4257), and TR' = TR without a mixing time.
    """
    mixing_s = acquisition.mixing_time_s or 0.0
    recovery_s = acquisition.repetition_time_s - (mixing_s + 0.5 * acquisition.echo_time_s if mixing_s else 0.0)
    return float(np.exp(-acquisition.echo_time_s / t2_s - mixing_s / t1_s) * -np.expm1(-recovery_s / t1_s))


def published_times(acquisition: Acquisition) -> TissueWaterTimes | None:
    """Published relaxation times of water at the field of `acquisition`; None where there are none in `constants`."""
    return _times_at(acquisition.spectrometer_frequency_mhz) if acquisition.nucleus == "1H" else None


@lru_cache(maxsize=16)
def _times_at(mhz: float) -> TissueWaterTimes | None:
    field_t = mhz / PROTON_GYROMAGNETIC_MHZ_PER_T.value
    nearest = min(TISSUE_WATER, key=lambda known: abs(known - field_t))
    if abs(field_t / nearest - 1.0) > _FIELD_TOLERANCE:
        return None
    tissues = TISSUE_WATER[nearest]
    sources = dict.fromkeys(one.doi for tissue in tissues for one in (tissue.t1, tissue.t2))
    first, second, third = tissues
    return TissueWaterTimes(
        t1_s=(first.t1.value, second.t1.value, third.t1.value),
        t2_s=(first.t2.value, second.t2.value, third.t2.value),
        source=", ".join(f"doi:{doi}" for doi in sources),
    )


def water_density() -> FloatArray:
    """Visible water of grey matter, white matter and CSF relative to pure water, shape (3,)."""
    return np.array([tissue.density.value for tissue in next(iter(TISSUE_WATER.values()))])


def visible_water(acquisition: Acquisition, times: TissueWaterTimes) -> FloatArray:
    """Density times what relaxation leaves of the water of each tissue, shape (3,)."""
    left = [signal_fraction(acquisition, t1, t2) for t1, t2 in zip(times.t1_s, times.t2_s, strict=True)]
    return np.asarray(water_density() * np.array(left))
