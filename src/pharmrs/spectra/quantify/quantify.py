"""From amplitudes to concentrations, on every scale that can be computed.

Water scaling: with p the initial amplitude of one proton at unit concentration in the basis set and W the water
amplitude (two protons), a component of amplitude c has the concentration c p 2 C_w / W times the scale's correction.
Where a scale cannot be given its value is NaN and the reason is stated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from pharmrs.core.constants import (
    PURE_WATER_MOLARITY_MM,
    WATER_DENSITY_37C,
)
from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.records.declaration import declaration
from pharmrs.core.records.tissue import TissueFractions
from pharmrs.spectra.fit.amplitudes import selector
from pharmrs.spectra.quantify.relaxation import (
    published_times,
    signal_fraction,
    visible_water,
    water_density,
)
from pharmrs.spectra.quantify.tissue_correction import ALL, TISSUE_ONLY, tissue_factor
from pharmrs.spectra.records.acquisition import Acquisition
from pharmrs.spectra.records.fit import LinearCombinationFit, MetaboliteAmplitude
from pharmrs.spectra.records.preprocessing import WaterAmplitude
from pharmrs.spectra.records.quantification import Concentration
from pharmrs.spectra.records.scaling import SCALES, Scaling


@declaration
class QuantificationSettings(Scaling):
    """What the scales need for one scan; `tissue_missing`: why `tissue` is None.

    `group_tissue`: (grey, white) matter fractions of the mean voxel of the study.
    """

    tissue: TissueFractions | None = None
    tissue_missing: str = ""
    group_tissue: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One scan's ingredients of every scale that are known before it is fitted.

    `water_given`: there is a water reference, usable or not.
    """

    acquisition: Acquisition
    water_acquisition: Acquisition | None
    water: WaterAmplitude | None
    proton_amplitude: float
    settings: QuantificationSettings
    water_given: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Given):
    """The same with the fit."""

    fit: LinearCombinationFit


_STEP = 1e-4  # of the CSF fraction: for the slope by it
Value = tuple[float, float, str]  # value, SD, reason it is missing


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
        why = "the water reference holds no usable water signal" if context.water_given else "no water reference"
        return np.nan, np.nan, why
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


def _corrected(context: Context, start: Value, over: FloatArray, under: FloatArray) -> Value:
    """`start` times (over . f) / (under . f), the fractions' error included; or why there is no such value."""
    tissue = context.settings.tissue
    if tissue is None:
        why = context.settings.tissue_missing or "anatomy or quantification.tissue in study.yaml"
        return np.nan, np.nan, f"no tissue fractions ({why})"
    if float(under @ tissue.values) <= 0:
        return np.nan, np.nan, "no grey or white matter in the voxel"
    factor, relative = tissue_factor(tissue, over, under)
    value, sd, reason = _scaled(start, factor)
    return value, float(np.hypot(sd, value * relative)), reason


def _gm_wm_normalised(context: Context, row: MetaboliteAmplitude) -> Value:
    return _corrected(context, _lcmodel_water(context, row), ALL, TISSUE_ONLY)


def _of_tissue_water(context: Context, row: MetaboliteAmplitude, unit: float, under: FloatArray) -> Value:
    """Scaled by the water that the tissues of the voxel contribute, `unit` of pure water; or why it cannot be."""
    settings, water = context.settings, context.water_acquisition or context.acquisition
    times = settings.tissue_water or published_times(water)
    if settings.relaxation is None:
        return np.nan, np.nan, "no relaxation times in study.yaml (quantification.relaxation)"
    if times is None:
        why = "no relaxation times of water at this field (quantification.tissue_water)"
        return np.nan, np.nan, why
    kept = signal_fraction(
        context.acquisition, settings.relaxation.t1_metabolite_s, settings.relaxation.t2_metabolite_s
    )
    over = unit / kept * visible_water(water, times)
    return _corrected(context, _institutional(context, row), over, under)


def _tissue_molal(context: Context, row: MetaboliteAmplitude) -> Value:
    return _of_tissue_water(context, row, PURE_WATER_MOLARITY_MM.value, water_density() * TISSUE_ONLY)


def _tissue_molar(context: Context, row: MetaboliteAmplitude) -> Value:
    return _of_tissue_water(context, row, PURE_WATER_MOLARITY_MM.value * WATER_DENSITY_37C.value, TISSUE_ONLY)


def _alpha_corrected(context: Context, row: MetaboliteAmplitude) -> Value:
    ratio = context.settings.alpha.get(row.metabolite)
    if ratio is None:
        return np.nan, np.nan, "no white-to-grey ratio declared (quantification.alpha)"
    under = np.array([1.0, ratio.value, 0.0])
    unit = PURE_WATER_MOLARITY_MM.value * WATER_DENSITY_37C.value
    value, sd, reason = _of_tissue_water(context, row, unit, under)
    tissue = context.settings.tissue
    if reason or tissue is None:
        return value, sd, reason
    relative = ratio.sd * tissue.white_matter / float(under @ tissue.values)
    return value, float(np.hypot(sd, value * relative)), ""


def _alpha_normalised(context: Context, row: MetaboliteAmplitude) -> Value:
    value = _alpha_corrected(context, row)
    group = context.settings.group_tissue
    if value[2]:
        return value
    if group is None:
        return np.nan, np.nan, "no mean voxel of the study"
    gray, white = group
    return _scaled(value, (gray + context.settings.alpha[row.metabolite].value * white) / (gray + white))


_COMPUTE: dict[str, Callable[[Context, MetaboliteAmplitude], Value]] = {
    "ratio_tcr": _ratio_tcr,
    "institutional": _institutional,
    "lcmodel_water": _lcmodel_water,
    "water_relaxation": _water_relaxation,
    "gm_wm_normalised": _gm_wm_normalised,
    "tissue_molal": _tissue_molal,
    "tissue_molar": _tissue_molar,
    "alpha_corrected": _alpha_corrected,
    "alpha_normalised": _alpha_normalised,
}


def concentrations(context: Context, rows: tuple[MetaboliteAmplitude, ...]) -> tuple[Concentration, ...]:
    """Every metabolite on every scale; tCr over itself is 1 by definition and kept for completeness."""
    result = []
    shifted = _with_more_fluid(context)
    for row in rows:
        for name, scale in SCALES.items():
            value, sd, reason = _COMPUTE[name](context, row)
            common = 0.0 if shifted is None or reason else _common_sd(value, _COMPUTE[name](shifted, row)[0], context)
            result.append(
                Concentration(
                    metabolite=row.metabolite,
                    scale=name,
                    value=value,
                    sd=sd,
                    unit=scale.unit,
                    reason=reason,
                    common_sd=common,
                )
            )
    return tuple(result)


def _with_more_fluid(context: Context) -> Context | None:
    """The same scan with a little more fluid in its voxel; None where there is no common error of it."""
    tissue = context.settings.tissue
    if tissue is None or tissue.csf_common_sd <= 0:
        return None
    return replace(context, settings=replace(context.settings, tissue=tissue.with_fluid(_STEP)))


def _common_sd(value: float, shifted: float, context: Context) -> float:
    """By the slope, as the SD is: what a value changes by for one SD of the common error."""
    tissue = context.settings.tissue
    return 0.0 if tissue is None else abs(shifted - value) / _STEP * tissue.csf_common_sd


def why_missing(scale: str, given: Given) -> str:
    """Why no metabolite of a scan can have a value on `scale`, told before the fit; empty: nothing is missing."""
    if scale not in SCALES or SCALES[scale].of_fit:
        return ""
    name = next(iter(given.settings.alpha), "")
    row = MetaboliteAmplitude(
        metabolite=name, amplitude=1.0, sd=0.0, crlb_percent=0.0, classical_crlb_percent=0.0, shift_hz=0.0,
        damping_hz=0.0, parts=(name,),
    )  # fmt: skip
    return value_on(scale, given, row)[2]


def value_on(scale: str, given: Given, row: MetaboliteAmplitude) -> Value:
    """Value, SD and the reason where there is none, of an amplitude on a scale that does not look at the fit."""
    return _COMPUTE[scale](cast("Context", given), row)
