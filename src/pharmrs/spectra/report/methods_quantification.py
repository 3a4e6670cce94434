"""Methods text: how amplitudes became concentrations, for the scales that have values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pharmrs.core.report.references import Citations
from pharmrs.spectra.quantify.relaxation import water_density
from pharmrs.spectra.records.scaling import SCALES
from pharmrs.spectra.records.scan import ScanResult, ScanValues
from pharmrs.spectra.report.summary import scale_order

if TYPE_CHECKING:
    from pharmrs.spectra.records.declared import Quantification, SpectraPlan, Tissue

_OTHER_SCALE = "as defined in the data dictionary of the table of metabolites."


def quantification_paragraphs(study: SpectraPlan, results: Sequence[ScanValues], cite: Citations) -> list[str]:
    """Water reference, then one line per scale on which at least one value exists, the primary scale named."""
    paragraphs: list[str] = []
    with_water = sum(isinstance(result, ScanResult) and result.water is not None for result in results)
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
        known = SCALES.get(scale)
        text = known.sentence.format_map(_Words(study.quantification, results, cite)) if known else _OTHER_SCALE
        primary = " (primary scale)" if scale == study.quantification.primary_scale else ""
        where = "" if given == len(results) else f" Values exist for {given} of {len(results)} scans."
        lines.append(f"- `{scale}`{primary}: {text}{where}")
    if lines:
        paragraphs += ["Concentrations are given on these scales:", "\n".join(lines)]
    else:
        paragraphs.append("No concentration could be given; the reasons are in the table of metabolites.")
    return paragraphs


def _scales_with_value(result: ScanValues) -> set[str]:
    return {item.scale for item in result.concentrations if math.isfinite(item.value)}


class _Words(Mapping[str, object]):
    """What a scale's sentence may name, worked out only where it does: references are numbered as they are met."""

    def __init__(self, plan: Quantification, results: Sequence[ScanValues], cite: Citations) -> None:
        self._words: dict[str, Callable[[], object]] = {
            "cite": lambda: _Cite(cite),
            "creatine": lambda: _creatine(results),
            "covariance": lambda: ", with their covariance" if _any_ours(results) else "",
            "wconc": lambda: f"{plan.water_concentration_mm:g}",
            "atth2o": lambda: f"{plan.water_attenuation:g}",
            "relaxation": lambda: _relaxation(plan),
            "densities": _densities,
            "tissue": lambda: _tissue(plan),
            "water_times": lambda: _water_times(plan),
            "alpha": lambda: _alpha(plan),
        }

    def __getitem__(self, name: str) -> object:
        return self._words[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)


@dataclass(frozen=True, slots=True)
class _Cite:
    cite: Citations

    def __getitem__(self, key: str) -> str:
        return self.cite.cite(key)


def _any_ours(results: Sequence[ScanValues]) -> bool:
    return any(isinstance(result, ScanResult) for result in results)


def _creatine(results: Sequence[ScanValues]) -> str:
    parts = next((row.parts for result in results for row in result.amplitudes if row.metabolite == "tCr"), ())
    return f" ({' + '.join(parts)})" if parts else ""


def _relaxation(plan: Quantification) -> str:
    times = plan.relaxation
    if times is None:
        return "relaxation times not declared"
    return (
        f"T1 and T2 of metabolites {times.t1_metabolite_s:g} s and {times.t2_metabolite_s:g} s, of water "
        f"{times.t1_water_s:g} s and {times.t2_water_s:g} s; source: {times.source}"
    )


def _densities() -> str:
    gray, white, fluid = (f"{value:.2f}" for value in water_density())
    return f"{gray}, {white} and {fluid}"


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
        f"grey matter {tissue.gray_matter:g}, white matter {tissue.white_matter:g}, CSF {tissue.csf:g}, "
        f"SD {tissue.sd:g} (source: {tissue.source})"
    )


def _alpha(plan: Quantification) -> str:
    return "; ".join(f"{name} {ratio.value:g} ({ratio.source})" for name, ratio in sorted(plan.alpha.items()))


def _water_times(plan: Quantification) -> str:
    if plan.tissue_water is not None:
        return f" Relaxation times of water in the tissues: {plan.tissue_water.source}."
    return " Relaxation times of water in the tissues are published means at the field of the data."
