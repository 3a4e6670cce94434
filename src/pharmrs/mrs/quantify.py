"""From amplitudes to concentrations, on every scale that can be computed.

Water scaling: with p the initial amplitude of one proton at unit concentration in the basis set and W the water
amplitude (two protons), a component of amplitude c has the concentration c p 2 C_w / W times the scale's correction.
Where a scale cannot be given its value is NaN and the reason is stated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pharmrs.constants import LCMODEL_WATER_ATTENUATION, LCMODEL_WATER_CONCENTRATION_MM
from pharmrs.mrs.amplitudes import selector
from pharmrs.records.acquisition import Acquisition
from pharmrs.records.fit import LinearCombinationFit, MetaboliteAmplitude
from pharmrs.records.preprocessing import WaterAmplitude
from pharmrs.records.quantification import Concentration, TissueFractions


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """Relaxation times in seconds and their source."""

    t1_metabolite_s: float
    t2_metabolite_s: float
    t1_water_s: float
    t2_water_s: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantificationSettings:
    """What the scales need beside the fit; `None`: not stated."""

    water_concentration_mm: float = LCMODEL_WATER_CONCENTRATION_MM.value
    water_attenuation: float = LCMODEL_WATER_ATTENUATION.value
    relaxation: Relaxation | None = None
    tissue: TissueFractions | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One scan's ingredients of every scale."""

    fit: LinearCombinationFit
    acquisition: Acquisition
    water_acquisition: Acquisition | None
    water: WaterAmplitude | None
    proton_amplitude: float
    settings: QuantificationSettings


Value = tuple[float, float, str]  # value, SD, reason it is missing


def signal_fraction(acquisition: Acquisition, t1_s: float, t2_s: float) -> float:
    """Share of the signal left after relaxation: saturation (TR), mixing time (STEAM), echo time.

    exp(-TE/T2) (1 - exp(-TR'/T1)) exp(-TM/T1) with TR' = TR - TM - TE/2 for STEAM, after which the next excitation
    finds the recovered magnetisation (Near 2021, 10.1002/nbm.4257), and TR' = TR without a mixing time.
    """
    mixing_s = acquisition.mixing_time_s or 0.0
    recovery_s = acquisition.repetition_time_s - (mixing_s + 0.5 * acquisition.echo_time_s if mixing_s else 0.0)
    return float(np.exp(-acquisition.echo_time_s / t2_s - mixing_s / t1_s) * -np.expm1(-recovery_s / t1_s))


def _ratio_tcr(context: Context, row: MetaboliteAmplitude) -> Value:
    pick, reference = selector(row.metabolite, context.fit.names), selector("tCr", context.fit.names)
    total = float(reference @ context.fit.amplitudes)
    if total <= 0:
        return np.nan, np.nan, "tCr is zero or not in the basis set"
    gradient = pick / total - reference * (row.amplitude / total**2)
    variance = float(gradient @ context.fit.covariance @ gradient)
    return row.amplitude / total, float(np.sqrt(max(variance, 0.0))), ""


def _water_scaled(context: Context, row: MetaboliteAmplitude) -> Value:
    if context.water is None:
        given = context.water_acquisition is not None
        return np.nan, np.nan, "the water reference holds no usable water signal" if given else "no water reference"
    if not np.isfinite(context.proton_amplitude):
        return np.nan, np.nan, "the amplitude of one proton in the basis set is not known"
    settings = context.settings
    factor = context.proton_amplitude * 2.0 * settings.water_concentration_mm / context.water.amplitude
    relative = context.water.sd / context.water.amplitude
    value = row.amplitude * factor
    return value, float(np.hypot(row.sd * factor, value * relative)), ""


def _scaled(value: Value, factor: float) -> Value:
    return value[0] * factor, value[1] * factor, value[2]


def _institutional(context: Context, row: MetaboliteAmplitude) -> Value:
    return _scaled(_water_scaled(context, row), 1.0 / context.settings.water_concentration_mm)


def _lcmodel_water(context: Context, row: MetaboliteAmplitude) -> Value:
    return _scaled(_water_scaled(context, row), context.settings.water_attenuation)


def _water_relaxation(context: Context, row: MetaboliteAmplitude) -> Value:
    times = context.settings.relaxation
    if times is None:
        return np.nan, np.nan, "no relaxation times in study.yaml (quantification.relaxation)"
    water = context.water_acquisition or context.acquisition
    kept_water = signal_fraction(water, times.t1_water_s, times.t2_water_s)
    kept = signal_fraction(context.acquisition, times.t1_metabolite_s, times.t2_metabolite_s)
    return _scaled(_water_scaled(context, row), kept_water / kept)


def _gm_wm_normalised(context: Context, row: MetaboliteAmplitude) -> Value:
    tissue = context.settings.tissue
    if tissue is None:
        return np.nan, np.nan, "no tissue fractions (quantification.tissue)"
    brain = tissue.gray_matter + tissue.white_matter
    if brain <= 0:
        return np.nan, np.nan, "no grey or white matter in the voxel"
    value, sd, reason = _scaled(_lcmodel_water(context, row), 1.0 / brain)
    return value, float(np.hypot(sd, value * np.sqrt(2.0) * tissue.sd / brain)), reason


@dataclass(frozen=True, slots=True)
class Scale:
    """`unit` and `definition` of a scale, and the function that computes it."""

    unit: str
    definition: str
    compute: Callable[[Context, MetaboliteAmplitude], Value]


SCALES: dict[str, Scale] = {
    "ratio_tcr": Scale("1", "amplitude over that of Cr + PCr, covariance respected", _ratio_tcr),
    "institutional": Scale("1", "proton amplitude over that of water, nothing corrected", _institutional),
    "lcmodel_water": Scale("mmol/L", "water-scaled as LCModel: WCONC, ATTH2O, no relaxation", _lcmodel_water),
    "water_relaxation": Scale(
        "mmol/L", "water-scaled with the stated relaxation times of metabolites and water", _water_relaxation
    ),
    "gm_wm_normalised": Scale(
        "mmol/L", "lcmodel_water over the volume fraction of grey and white matter", _gm_wm_normalised
    ),
}


def concentrations(context: Context, rows: tuple[MetaboliteAmplitude, ...]) -> tuple[Concentration, ...]:
    """Every metabolite on every scale; tCr over itself is 1 by definition and kept for completeness."""
    result = []
    for row in rows:
        for name, scale in SCALES.items():
            value, sd, reason = scale.compute(context, row)
            result.append(
                Concentration(metabolite=row.metabolite, scale=name, value=value, sd=sd, unit=scale.unit, reason=reason)
            )
    return tuple(result)
