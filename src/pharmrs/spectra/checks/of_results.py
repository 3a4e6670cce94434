"""Fits and concentrations: what the data hold that the model does not, lines that do not go together, values that
cannot be."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pharmrs.spectra.checks.finding import Finding, Fitted, Quantified, SignalCheck
from pharmrs.spectra.checks.normal_ranges import MARGIN, RATIO_MARGIN, SOURCES, Range, region_of
from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes
from pharmrs.spectra.records.fit import MOVES
from pharmrs.spectra.records.quantification import Concentration

_LINE_RATIO = (0.35, 1.5)  # metabolite line over water line
_LINE_SLACK_HZ = 1.5
_LARGEST_SHIFT_PPM = 0.12  # 10 K of temperature are 0.1 ppm of water
_SHORT_TE_S = 0.05  # ratios of coupled signals are those of short echo times
_STABLE = ("Glu", "Gln", "tNAA", "tCr", "tCho", "Ins")
_COUPLED = ("Ins", "Glu", "Glx")
_RELAXED_FROM_S, _LEAST_T2_S = 0.03, 0.12
_SDS = 2.0
_UNEDITED, _EDITED = ("tCr", "tCho"), ("tNAA", "Glx", "GABA", "GSH")
_SURE, _LEAST_SHARE = 10.0, 0.05
_WIDEST_SD = 0.3
_ABSOLUTE_SCALE, _RATIO_SCALE = "lcmodel_water", "ratio_tcr"


def _unexplained(fitted: Fitted) -> Iterator[Finding]:
    """What the fit noticed about the data themselves."""
    for sentence in fitted.fit.unexplained:
        yield Finding(
            field="fit",
            rule="should leave nothing but noise",
            value=sentence,
            remedy="look at the residual for lipids, an echo, a drug or a metabolite that the basis set lacks",
        )


def _stable(fitted: Fitted) -> Iterator[Finding]:
    """Values that harmless changes of the fit move by far more than the noise explains."""
    rows = [row for row in metabolite_amplitudes(fitted.fit) if row.metabolite in _STABLE and row.moves_with_the_model]
    if not rows:
        return
    yield Finding(
        field="fit",
        rule="first point, ends of the window, small components, macromolecules, baseline and freedom of the line "
        f"shape must not decide on a value: the SD between such fits at most {MOVES:g} times that of the noise",
        value=", ".join(f"{row.metabolite} moves by {row.stability_percent:.0f} % (SD)" for row in rows),
        remedy="take these values as doubtful (their SD holds the spread); look at the picture for signal that is in "
        "no model, and narrow the window (fit.ppm_low, fit.ppm_high) where it lies at an end",
    )


def _difference(fitted: Fitted) -> Iterator[Finding]:
    """A brain without Cr and Cho is none: editing takes both off a difference of ON and OFF."""
    rows = {row.metabolite: row for row in metabolite_amplitudes(fitted.fit)}
    gone, there = [rows[name] for name in _UNEDITED if name in rows], [rows[name] for name in _EDITED if name in rows]
    seen = max((row for row in there if row.sd > 0.0), key=lambda row: row.amplitude / row.sd, default=None)
    if len(gone) < len(_UNEDITED) or seen is None or seen.amplitude < _SURE * seen.sd:
        return
    if all(row.amplitude < _LEAST_SHARE * seen.amplitude for row in gone):
        yield Finding(
            field="spectrum",
            rule="a spectrum of brain shows Cr and Cho",
            value=f"neither beside {seen.metabolite}: this looks like a difference (ON - OFF) of an edited measurement",
            remedy="give the transients of ON and OFF with a basis set of their conditions (docs/edited.md); a "
            "difference alone cannot be fitted as a plain spectrum: do not use these values. In a phantom without Cr "
            "and Cho, nothing",
        )


def _lines(fitted: Fitted) -> Iterator[Finding]:
    """Metabolites and water of one voxel see the same shim."""
    water, fit = fitted.water, fitted.fit
    if water is None or not fit.converged:
        return
    low, high = _LINE_RATIO
    width, of_water = fit.line_width_hz, water.line_width_hz
    too_broad = width > high * of_water + _LINE_SLACK_HZ
    if too_broad or width < low * of_water - _LINE_SLACK_HZ:
        yield Finding(
            field="line width",
            rule=f"lines of metabolites and water of a voxel should be about equally wide ({low:g} to {high:g} times)",
            value=f"metabolites {width:.1f} Hz, water {of_water:.1f} Hz",
            remedy="look at the transients for drift and motion, and at the shape of the fitted line"
            if too_broad
            else "check that the water reference is this scan's: same voxel, same shim, same session",
        )


def _shift(fitted: Fitted) -> Iterator[Finding]:
    """After a correction with the water reference, water is on resonance, so that the metabolites are in place."""
    shift_ppm = -fitted.fit.shift_hz / fitted.acquisition.spectrometer_frequency_mhz
    if fitted.corrected and fitted.fit.converged and abs(shift_ppm) > _LARGEST_SHIFT_PPM:
        yield Finding(
            field="water reference",
            rule=f"water of the reference and metabolites must be within {_LARGEST_SHIFT_PPM:g} ppm of their places",
            value=f"the metabolites lie {shift_ppm:+.2f} ppm from where that water puts them",
            remedy="check that the reference is this scan's, made at the same frequency; in a phantom, that its "
            "temperature explains it (0.01 ppm per degree from 37 C)",
        )


def _plausible(quantified: Quantified) -> Iterator[Finding]:
    """Values beyond what healthy brain of the region holds, with room for disease and with their error."""
    te_s = quantified.acquisition.echo_time_s
    region = region_of(f"{quantified.acquisition.scanner.region} {quantified.name}")
    kept = math.exp(-max(te_s - _RELAXED_FROM_S, 0.0) / _LEAST_T2_S)
    for one in quantified.concentrations:
        if one.scale == _ABSOLUTE_SCALE and one.metabolite in region.absolute:
            low, high = region.absolute[one.metabolite]
            limits = (kept * low / MARGIN, high * MARGIN)
        elif one.scale == _RATIO_SCALE and one.metabolite in region.to_tcr:
            if one.metabolite in _COUPLED and te_s > _SHORT_TE_S:
                continue
            low, high = region.to_tcr[one.metabolite]
            limits = (low / RATIO_MARGIN, high * RATIO_MARGIN)
        else:
            continue
        if _beyond(one, limits):
            yield _implausible(one, limits, region.label)


def _beyond(one: Concentration, limits: Range) -> bool:
    """Outside `limits` by more than its error; a value that is hardly measured says nothing."""
    low, high = limits
    return one.value - _SDS * one.sd > high or (one.value + _SDS * one.sd < low and one.sd < _WIDEST_SD * low)


def _implausible(one: Concentration, limits: Range, region: str) -> Finding:
    ratio = one.scale == _RATIO_SCALE
    unit = "" if ratio else " mmol/L"
    water = (
        "check the water reference: without suppression, of this scan, same gain, averaged (not summed) as the "
        "spectrum; then the picture of the fit"
    )
    return Finding(
        field=f"{one.metabolite}/tCr" if ratio else one.metabolite,
        rule=f"plausible in {region}: {limits[0]:.2g} to {limits[1]:.2g}{unit}",
        value=f"{one.value:.3g} +- {one.sd:.2g}{unit}",
        remedy="look at the picture of the fit (phase, baseline, line shape) and at the echo time of the basis set"
        if ratio
        else water,
    )


FIT_CHECKS: tuple[SignalCheck[Fitted], ...] = (
    SignalCheck(name="residual", about="the fit leaves nothing but noise", look=_unexplained),
    SignalCheck(
        name="stability",
        about=f"harmless changes of the fit move no value by more than {MOVES:g} times the SD of the noise",
        look=_stable,
    ),
    SignalCheck(
        name="difference",
        about="Cr and Cho are there, which a difference of edited conditions has lost",
        look=_difference,
    ),
    SignalCheck(
        name="line widths",
        about=f"the metabolite line is {_LINE_RATIO[0]:g} to {_LINE_RATIO[1]:g} times as wide as that of water",
        look=_lines,
    ),
    SignalCheck(
        name="place of water",
        about=f"corrected by the water reference, metabolites lie within {_LARGEST_SHIFT_PPM:g} ppm of their places",
        look=_shift,
    ),
)
CONCENTRATION_CHECKS: tuple[SignalCheck[Quantified], ...] = (
    SignalCheck(
        name="plausible values",
        about=f"tNAA, tCr, tCho, Ins, Glu and Glx, absolute and over tCr, within published ranges of the region "
        f"widened {MARGIN:g}- and {RATIO_MARGIN:g}-fold (doi: {', '.join(SOURCES)})",
        look=_plausible,
    ),
)
