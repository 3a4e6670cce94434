"""Values of another program on the scales of a study: what its file tells is undone, and done again as for our own.

Water-scaled values without tissue correction (LCModel's) are brought back to the amplitude of one proton over that of
water, from which every scale follows as for our own fits. What a program gives corrected for tissue alone stays as it
is, on the scale it is on: its file does not tell what to undo.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pharmrs.core.constants import LCMODEL_WATER_ATTENUATION, LCMODEL_WATER_CONCENTRATION_MM
from pharmrs.spectra.quantify.quality import broken_rules
from pharmrs.spectra.quantify.quantify import Given, QuantificationSettings, value_on
from pharmrs.spectra.records.acquisition import Acquisition
from pharmrs.spectra.records.fit import MetaboliteAmplitude
from pharmrs.spectra.records.foreign import UNSCALED, ForeignResult, ForeignValue
from pharmrs.spectra.records.preprocessing import WaterAmplitude
from pharmrs.spectra.records.quantification import Concentration, Exclusion, ScanQuality
from pharmrs.spectra.records.rules import LIMITS, Rules
from pharmrs.spectra.records.scaling import SCALES

_DEFAULT = LCMODEL_WATER_CONCENTRATION_MM.value * LCMODEL_WATER_ATTENUATION.value
_NEED_TIMES = ("water_relaxation", "tissue_molal", "tissue_molar", "alpha_corrected", "alpha_normalised")
_NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What is taken of values whose file does not say it.

    `scale`: of values without one; `factor`: brings those on `lcmodel_water` to LCModel's default settings.
    """

    scale: str = ""
    factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingKnown:
    """What is known of the recording; None where TE or TR are not, and why."""

    acquisition: Acquisition | None
    water_acquisition: Acquisition | None = None
    lacking: str = ""


Values = Mapping[str, ForeignValue]  # of one metabolite, by scale


def values_by_metabolite(source: ForeignResult, assumed: Assumed) -> dict[str, dict[str, ForeignValue]]:
    """Each metabolite's values by scale, those without a scale on the assumed one."""
    found: dict[str, dict[str, ForeignValue]] = {}
    for one in source.values:
        scaled = one
        if one.scale == UNSCALED and assumed.scale:
            factor = assumed.factor if assumed.scale == "lcmodel_water" else 1.0
            scaled = replace(one, scale=assumed.scale, value=one.value * factor)
        found.setdefault(one.metabolite, {}).setdefault(scaled.scale, scaled)
    return found


def foreign_concentrations(
    source: ForeignResult, assumed: Assumed, recorded: RecordingKnown, settings: QuantificationSettings
) -> tuple[Concentration, ...]:
    """Every metabolite on every scale, with the reason where there is none; SDs from the bounds that the tool gives."""
    found = values_by_metabolite(source, assumed)
    return tuple(
        _concentration(name, scale, values, found.get("tCr", {}), source.tool, recorded, settings)
        for name, values in found.items()
        for scale in SCALES
    )


def _concentration(
    name: str, scale: str, values: Values, creatine: Values, tool: str, recorded: RecordingKnown,
    settings: QuantificationSettings,
) -> Concentration:  # fmt: skip
    if scale == "ratio_tcr":
        value, sd, reason = _ratio(name, values, creatine)
    elif (base := _per_water(values)) is not None:
        value, sd, reason = _rescaled(name, scale, base, recorded, settings)
    elif scale in values:
        value, sd, reason = values[scale].value, values[scale].sd, ""
    else:
        stated = ", ".join(one for one in values if one != "ratio_tcr") or "a ratio"
        value, sd, reason = _NAN, _NAN, f"the file of {tool} gives {stated} only"
    if not reason and not math.isfinite(value):
        reason = f"no value in the file of {tool}"
    return Concentration(metabolite=name, scale=scale, value=value, sd=sd, unit=SCALES[scale].unit, reason=reason)


def _ratio(name: str, values: Values, creatine: Values) -> tuple[float, float, str]:
    """As printed, else the quotient on a scale that both have; no covariance is known, so SDs add in squares."""
    if name == "tCr":
        return 1.0, 0.0, ""
    if "ratio_tcr" in values:
        one, total = values["ratio_tcr"], creatine.get("ratio_tcr")
        value, bounds = one.value, (one.crlb_percent, total.crlb_percent if total is not None else 0.0)
    else:
        shared = next((scale for scale in values if scale in creatine and creatine[scale].value > 0), None)
        if shared is None:
            return _NAN, _NAN, "no ratio to tCr and no tCr in the file"
        value = values[shared].value / creatine[shared].value
        bounds = (values[shared].crlb_percent, creatine[shared].crlb_percent)
    return value, value * float(np.hypot(*bounds)) / 100.0 if all(map(math.isfinite, bounds)) else _NAN, ""


def _per_water(values: Values) -> tuple[float, float] | None:
    """Amplitude of one proton over that of water, and its SD; None where no value tells it."""
    for scale, factor in (("institutional", 1.0), ("lcmodel_water", 1.0 / _DEFAULT)):
        if scale in values:
            return values[scale].value * factor, values[scale].sd * factor
    return None


def _rescaled(
    name: str, scale: str, base: tuple[float, float], recorded: RecordingKnown, settings: QuantificationSettings
) -> tuple[float, float, str]:
    if scale in _NEED_TIMES and recorded.acquisition is None:
        return _NAN, _NAN, recorded.lacking
    given = Given(
        acquisition=recorded.acquisition or _NO_TIMES,
        water_acquisition=recorded.water_acquisition,
        water=_UNIT_WATER,
        proton_amplitude=0.5,  # so that an amplitude is one proton's over that of water, which has two
        settings=settings,
        water_given=True,
    )
    row = MetaboliteAmplitude(
        metabolite=name, amplitude=base[0], sd=base[1], crlb_percent=_NAN, classical_crlb_percent=_NAN,
        shift_hz=_NAN, damping_hz=_NAN, parts=(name,),
    )  # fmt: skip
    return value_on(scale, given, row)


_UNIT_WATER = WaterAmplitude(
    amplitude=1.0,
    sd=0.0,
    line_width_hz=_NAN,
    shift_hz=_NAN,
    observed=np.zeros(0),
    fitted=np.zeros(0),
    dwell_time_s=_NAN,
)
_NO_TIMES = Acquisition(spectrometer_frequency_mhz=_NAN, dwell_time_s=_NAN, echo_time_s=_NAN, repetition_time_s=_NAN)


def foreign_amplitudes(source: ForeignResult, assumed: Assumed) -> tuple[MetaboliteAmplitude, ...]:
    """One row a metabolite: no amplitude in units of ours, the bound that the tool prints."""
    rows = []
    for name, values in values_by_metabolite(source, assumed).items():
        one = next(iter(values.values()))
        bound = next(
            (value.crlb_percent for value in values.values() if value.crlb_percent == value.crlb_percent), _NAN
        )
        rows.append(
            MetaboliteAmplitude(
                metabolite=name, amplitude=_NAN, sd=_NAN, crlb_percent=bound, classical_crlb_percent=bound,
                shift_hz=_NAN, damping_hz=_NAN, parts=tuple(one.printed.split("+")),
            )
        )  # fmt: skip
    return tuple(rows)


def foreign_quality(source: ForeignResult, mhz: float | None) -> ScanQuality:
    """What the file tells of the quality; a line width in ppm in Hz where the frequency is known."""
    width = source.line_width_hz
    if not math.isfinite(width) and mhz and "line_width_ppm" in source.stated:
        width = source.stated["line_width_ppm"] * mhz
    return ScanQuality(
        signal_to_noise=source.signal_to_noise, line_width_hz=width, water_line_width_hz=_NAN,
        residual_autocorrelation=_NAN, noise_sd=_NAN, transients=None, transients_rejected=None,
        frequency_drift_hz=_NAN, baseline_freedom=_NAN, left_out_percent=_NAN, converged=None,
        message=f"fitted by {source.tool}",
    )  # fmt: skip


def foreign_exclusions(
    scan: str, quality: ScanQuality, rows: Sequence[MetaboliteAmplitude], rules: Rules
) -> tuple[tuple[Exclusion, ...], tuple[str, ...]]:
    """The rules that are broken, and the keys of those that the file tells nothing for: they are not applied."""
    silent = []
    for rule in LIMITS:
        if getattr(rules, rule.key) is None or rule.figure is None:
            continue
        judged = rows if rule.of_metabolite else (quality,)
        if all(math.isnan(getattr(one, rule.figure.name)) for one in judged):
            silent.append(rule.key)
    nothing: dict[str, Any] = dict.fromkeys(silent)
    applied = replace(rules, **nothing)
    return broken_rules(scan, quality, tuple(rows), applied), tuple(silent)
