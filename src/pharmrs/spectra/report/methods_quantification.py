"""Methods text: how amplitudes became concentrations, for the scales that have values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pharmrs.core.report.references import Citations
from pharmrs.spectra.records.scan import ScanResult
from pharmrs.spectra.report.summary import scale_order

if TYPE_CHECKING:
    from pharmrs.spectra.records.declared import Quantification, SpectraPlan, Tissue


def quantification_paragraphs(study: SpectraPlan, results: Sequence[ScanResult], cite: Citations) -> list[str]:
    """Water reference, then one line per scale on which at least one value exists, the primary scale named."""
    paragraphs: list[str] = []
    with_water = sum(result.water is not None for result in results)
    if with_water:
        where = "" if with_water == len(results) else f" in {with_water} of {len(results)} scans"
        paragraphs.append(
            f"The amplitude of the unsuppressed water reference{where} was obtained from a fit extrapolated to t = 0."
        )
    lines: list[str] = []
    with_value = Counter(scale for result in results for scale in _scales_with_value(result))
    for scale in scale_order(results):
        given = with_value[scale]
        if not given:
            continue
        describe = _SCALES.get(scale, _other_scale)
        primary = " (primary scale)" if scale == study.quantification.primary_scale else ""
        where = "" if given == len(results) else f" Values exist for {given} of {len(results)} scans."
        lines.append(f"- `{scale}`{primary}: {describe(study.quantification, results, cite)}{where}")
    if lines:
        paragraphs += ["Concentrations are given on these scales:", "\n".join(lines)]
    else:
        paragraphs.append("No concentration could be given; the reasons are in the table of metabolites.")
    return paragraphs


def _scales_with_value(result: ScanResult) -> set[str]:
    return {item.scale for item in result.concentrations if math.isfinite(item.value)}


def _ratio(_plan: Quantification, results: Sequence[ScanResult], _cite: Citations) -> str:
    parts = next((row.parts for result in results for row in result.amplitudes if row.metabolite == "tCr"), ())
    made_of = f" ({' + '.join(parts)})" if parts else ""
    return f"amplitude relative to total creatine{made_of} of the same spectrum, with their covariance."


def _lcmodel(plan: Quantification, _results: Sequence[ScanResult], cite: Citations) -> str:
    return (
        f"water-scaled by LCModel's convention {cite.cite('lcmodel')} with a water concentration (WCONC) of "
        f"{plan.water_concentration_mm:g} mmol/L and a water attenuation (ATTH2O) of {plan.water_attenuation:g}, "
        "without further correction of relaxation or tissue."
    )


def _relaxation(plan: Quantification, _results: Sequence[ScanResult], _cite: Citations) -> str:
    times = plan.relaxation
    if times is None:
        return "water-scaled with correction of the relaxation of metabolites and water."
    return (
        "water-scaled with correction of relaxation for the echo, mixing and repetition times of each recording "
        f"(water concentration {plan.water_concentration_mm:g} mmol/L; T1 and T2 of metabolites "
        f"{times.t1_metabolite_s:g} s and {times.t2_metabolite_s:g} s, of water {times.t1_water_s:g} s and "
        f"{times.t2_water_s:g} s; source: {times.source})."
    )


def _gm_wm(plan: Quantification, results: Sequence[ScanResult], _cite: Citations) -> str:
    text = (
        f"water-scaled (water concentration {plan.water_concentration_mm:g} mmol/L, water attenuation "
        f"{plan.water_attenuation:g}) and divided by the volume fraction of gray plus white matter in the voxel."
    )
    return f"{text}{_tissue(plan)}"


def _institutional(_plan: Quantification, _results: Sequence[ScanResult], _cite: Citations) -> str:
    return "institutional units: amplitude of one proton relative to that of water, nothing corrected."


def _other_scale(_plan: Quantification, _results: Sequence[ScanResult], _cite: Citations) -> str:
    return "as defined in the data dictionary of the table of metabolites."


def _tissue(plan: Quantification) -> str:
    if plan.tissue is not None and not plan.tissue_by_scan:
        return f" Tissue fractions: {_fractions(plan.tissue)}, the same for all scans."
    if plan.tissue_by_scan:
        sources = ", ".join(sorted({tissue.source for tissue in plan.tissue_by_scan.values()}))
        rest = f"; other scans: {_fractions(plan.tissue)}" if plan.tissue is not None else ""
        return f" Tissue fractions were given scan by scan in study.yaml (source: {sources}{rest})."
    return ""


def _fractions(tissue: Tissue) -> str:
    return (
        f"gray matter {tissue.gray_matter:g}, white matter {tissue.white_matter:g}, CSF {tissue.csf:g}, "
        f"SD {tissue.sd:g} (source: {tissue.source})"
    )


def _molal(_plan: Quantification, _results: Sequence[ScanResult], cite: Citations) -> str:
    return (
        f"millimoles per kilogram of tissue water {cite.cite('gasparovic')}: the water of grey matter, white matter "
        "and CSF with relative densities of 0.78, 0.65 and 0.97 and relaxation of its own, CSF holding no metabolites."
        f"{_water_times(_plan)}"
    )


def _molar(_plan: Quantification, _results: Sequence[ScanResult], cite: Citations) -> str:
    return f"millimoles per litre of grey and white matter, water as for `tissue_molal` {cite.cite('near')}."


def _alpha(plan: Quantification, _results: Sequence[ScanResult], cite: Citations) -> str:
    ratios = "; ".join(f"{name} {ratio.value:g} ({ratio.source})" for name, ratio in sorted(plan.alpha.items()))
    return (
        f"millimoles per litre of grey matter {cite.cite('harris')}, water as for `tissue_molal`, with declared ratios "
        f"of the concentrations in white and grey matter: {ratios}."
    )


def _alpha_normalised(_plan: Quantification, _results: Sequence[ScanResult], cite: Citations) -> str:
    return f"`alpha_corrected`, brought to the mean grey and white matter of all voxels {cite.cite('harris')}."


def _water_times(plan: Quantification) -> str:
    if plan.tissue_water is not None:
        return f" Relaxation times of water in the tissues: {plan.tissue_water.source}."
    return " Relaxation times of water in the tissues are published means at the field of the data."


_SCALES: dict[str, Callable[[Quantification, Sequence[ScanResult], Citations], str]] = {
    "ratio_tcr": _ratio,
    "lcmodel_water": _lcmodel,
    "water_relaxation": _relaxation,
    "gm_wm_normalised": _gm_wm,
    "institutional": _institutional,
    "tissue_molal": _molal,
    "tissue_molar": _molar,
    "alpha_corrected": _alpha,
    "alpha_normalised": _alpha_normalised,
}
