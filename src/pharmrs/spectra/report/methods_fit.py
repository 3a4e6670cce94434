"""Methods text: the fit, from the settings stored with each result."""

from __future__ import annotations

from collections.abc import Sequence

from pharmrs.core.report.references import Citations
from pharmrs.spectra.fit.attempts import WITHOUT_BROAD
from pharmrs.spectra.fit.baseline import FOREIGN_PPM, SATELLITES_PPM
from pharmrs.spectra.records.fit import FitSettings
from pharmrs.spectra.records.scan import ScanResult


def fit_paragraphs(results: Sequence[ScanResult], cite: Citations) -> list[str]:
    """One paragraph per set of settings in use (one, unless scans were fitted differently), and what is reported."""
    groups: dict[FitSettings, list[ScanResult]] = {}
    for result in results:
        groups.setdefault(result.fit.settings, []).append(result)
    paragraphs = [_settings(settings, group, len(results), cite) for settings, group in groups.items()]
    failed = sum(not result.fit.converged for result in results)
    ending = "All fits converged." if not failed else f"{failed} of {len(results)} fits did not converge."
    sums = {row.metabolite: row.parts for result in results for row in result.amplitudes if len(row.parts) > 1}
    sums_text = ", ".join(f"{name} = {' + '.join(parts)}" for name, parts in sums.items())
    reported = (
        "The uncertainty of an amplitude is its posterior standard deviation with all other parameters and the "
        "baseline marginalised, given in percent of the amplitude as CRLB; the classical Cramér-Rao lower bound "
        f"{cite.cite('bounds')} is tabulated beside it."
    )
    if sums_text:
        reported += f" Sums ({sums_text}) have standard deviations from the full covariance of their parts."
    return [*paragraphs, f"{reported} {ending}"]


def _settings(settings: FitSettings, group: Sequence[ScanResult], total: int, cite: Citations) -> str:
    names = tuple(dict.fromkeys(name for result in group for name in result.fit.names))
    who = "The spectra" if len(group) == total else f"The spectra of {len(group)} of {total} scans"
    omitted = f" (left out of the basis set: {', '.join(settings.omit)})" if settings.omit else ""
    added = _added(settings, cite)
    shape = ""
    if settings.line_shape_knot_s > 0:
        shape = (
            " The line shape that all components but macromolecules and lipids share is a Voigt profile with a "
            f"penalised free-form part (knots every {1e3 * settings.line_shape_knot_s:g} ms up to "
            f"{1e3 * settings.line_shape_extent_s:g} ms)."
        )
    return (
        f"{who} were fitted as complex data between {settings.ppm_low:g} and {settings.ppm_high:g} ppm by a linear "
        f"combination of {len(names)} simulated or measured basis signals {cite.cite('lcmodel')}: {', '.join(names)}"
        f"{omitted}.{added}{_ratios(settings)} "
        f"Amplitudes are non-negative and, like the baseline, were solved within each step of the "
        f"non-linear search {cite.cite('variable_projection')}. The baseline is a smooth causal signal with a "
        f"third-derivative penalty {cite.cite('splines')} and signals of at most "
        f"{1e3 * settings.baseline_detail_s:g} ms ({WITHOUT_BROAD:g} times as long where no macromolecules are "
        "fitted), "
        "its smoothness estimated from the data "
        f"{cite.cite('fellner_schall')}. Zero- and first-order phase, a common shift and common Lorentzian and "
        f"Gaussian widths were searched.{shape} Components may deviate from the common values under Gaussian priors "
        f"(standard deviations estimated, at most {settings.shift_sd_hz:g} Hz in shift and "
        f"{settings.damping_sd_hz:g} Hz in damping; macromolecules and lipids {settings.broad_shift_sd_hz:g} Hz and "
        f"{settings.broad_damping_sd_hz:g} Hz). Groups of macromolecule peaks may deviate from their common amplitude "
        "by a factor whose standard deviation is estimated too. Lipids from outside the voxel were allowed for as "
        f"lines of any phase between {FOREIGN_PPM[0]:g} and {FOREIGN_PPM[1]:g} ppm (and at "
        f"{_listed(SATELLITES_PPM)} ppm), their variance estimated."
        f"{_gaps(group)}"
    )


def _listed(values: Sequence[float]) -> str:
    *first, last = (f"{value:g}" for value in values)
    return f"{', '.join(first)} and {last}"


def _gaps(group: Sequence[ScanResult]) -> str:
    """What was left out of the fit where, because nothing in it could describe the data."""
    found = [result.quality.left_out_percent for result in group if result.fit.gaps_ppm]
    if not found:
        return ""
    return (
        " Points whose residual was far above the noise and a good part of the local signal were left out of the fit "
        f"({len(found)} of {len(group)} scans, at most {max(found):.1f} % of the window; see the quality table)."
    )


def _ratios(settings: FitSettings) -> str:
    """The soft priors on ratios, which pull on the result and must be known to the reader."""
    if not settings.ratio_priors:
        return ""
    listed = "; ".join(str(prior) for prior in settings.ratio_priors)
    return f" Declared soft priors on amplitude ratios (normal, mean +- SD): {listed}."


def _added(settings: FitSettings, cite: Citations) -> str:
    """What was added to the basis set, for a basis set without broad components or a voxel near the skull."""
    text = ""
    if "mm" in settings.add:
        text += (
            " Parametrised macromolecules were added to the basis set as one component, mm: Gaussian lines with "
            f"published positions, widths and ratios ({cite.name('macromolecules')}; "
            f"{cite.name('macromolecule_lines')}). Groups of them may deviate from these ratios under Gaussian priors "
            "whose standard deviation is estimated from the data."
        )
    if "lipids" in settings.add:
        text += (
            " Lipids were added to the basis set as three components of Gaussian lines, Lip09, Lip13 and Lip20, "
            f"with positions and widths as in LCModel {cite.cite('lcmodel')}."
        )
    return text
