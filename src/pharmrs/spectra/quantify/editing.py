"""How well an edited difference was made, and its simple fit as a second opinion.

Cho is not edited: what stands at its place in the difference is what the subtraction left. The Gaussian is the model of
Gannet (Edden 2014, 10.1002/jmri.24478): one peak on a straight line; it takes macromolecules along without a word, so
it is compared with GABA+.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import curve_fit

from pharmrs.core.records.arrays import FloatArray
from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes, selector
from pharmrs.spectra.preprocess.edited import DRIFT, LIKENESS, PAIR_WEIGHTS, PAIRS_REJECTED
from pharmrs.spectra.records.edited import EditedFigures, edits_gaba
from pharmrs.spectra.records.fit import LinearCombinationFit
from pharmrs.spectra.records.preprocessing import PreprocessedScan, PreprocessingStep

_CHO_PPM, _GAUSSIAN_PPM, _CHO_LEFT_OUT_PPM = (3.12, 3.32), (2.79, 3.55), (3.155, 3.285)
_GABA_PPM, _GABA_WIDTH_PPM = 3.01, 0.14
_EDITED_PPM = (2.8, 3.2)
_CHO = ("GPC", "PCho", "PCh", "Cho")
_UNKNOWN = (float("nan"), float("nan"))


def edited_figures(
    scan: str,
    fit: LinearCombinationFit,
    differences: tuple[LinearCombinationFit, ...],
    bands_ppm: tuple[float, ...],
    crushed: float,
    prepared: PreprocessedScan,
) -> tuple[EditedFigures, ...]:
    """Of each of the `differences`, whose editing pulses act at `bands_ppm`; `fit`: of OFF, with all amplitudes."""
    steps = {step.name: step for step in prepared.steps}
    sorting, alignment = (steps.get(name) for name in ("editing", "subtraction"))
    pairs = len(alignment.series[PAIR_WEIGHTS]) if alignment is not None else 0
    lost = int(_number(alignment, PAIRS_REJECTED)) if alignment is not None else 0
    tcr = float(selector("tCr", fit.names) @ fit.amplitudes)
    found = []
    for difference, ppm in zip(differences, bands_ppm, strict=True):
        gaba = "GABA" in difference.names
        ours = _over_tcr(fit) if "MM3co" in difference.names else _UNKNOWN
        simple, sd = gaussian_gaba(difference) if gaba else _UNKNOWN
        found.append(
            EditedFigures(
                scan=scan,
                band_ppm=f"{ppm:g}",
                likeness=_number(sorting, LIKENESS),
                order=prepared.editing_order,
                pairs=pairs - lost,
                pairs_rejected=lost,
                drift_hz=_number(alignment, DRIFT),
                choline_artefact_percent=choline_artefact(fit, difference),
                naa_residue_percent=100.0 * (1.0 - crushed) if edits_gaba(ppm) else float("nan"),
                gaba_plus_tcr=ours[0],
                gaba_plus_tcr_sd=ours[1],
                gaussian_tcr=simple / tcr if tcr > 0.0 else float("nan"),
                gaussian_tcr_sd=sd / tcr if tcr > 0.0 else float("nan"),
            )
        )
    return tuple(found)


def _number(step: PreprocessingStep | None, name: str) -> float:
    return step.numbers.get(name, float("nan")) if step is not None else float("nan")


def _over_tcr(fit: LinearCombinationFit) -> tuple[float, float]:
    rows = {row.metabolite: row for row in metabolite_amplitudes(fit)}
    total, reference = rows.get("GABA+"), rows.get("tCr")
    if total is None or reference is None or not reference.amplitude > 0.0:
        return _UNKNOWN
    over, under = selector("GABA+", fit.names), selector("tCr", fit.names)
    gradient = over / reference.amplitude - under * (total.amplitude / reference.amplitude**2)
    return total.amplitude / reference.amplitude, float(np.sqrt(max(float(gradient @ fit.covariance @ gradient), 0.0)))


def choline_artefact(fit: LinearCombinationFit, difference: LinearCombinationFit) -> float:
    """How much of Cho is left in the difference, in % of Cho in OFF, whatever its phase.

    Fitted metabolites and a straight line are taken off first.
    """
    inside = (difference.ppm > _CHO_PPM[0]) & (difference.ppm < _CHO_PPM[1])
    rows = [row for row, name in enumerate(fit.names) if name in _CHO]
    if difference.ppm.shape != fit.ppm.shape or np.count_nonzero(inside) < 8 or not rows:
        return float("nan")
    line = fit.components[rows].sum(axis=0)[inside]
    if not np.abs(line).any():
        return float("nan")
    place = difference.ppm[inside] - float(np.mean(_CHO_PPM))
    columns = np.stack([line, np.ones_like(line), place.astype(complex)], axis=1)
    left, *_ = np.linalg.lstsq(columns, (difference.data - difference.model)[inside], rcond=None)
    return 100.0 * float(np.abs(left[0]))


def gaussian_gaba(difference: LinearCombinationFit) -> tuple[float, float]:
    """Amount and SD of the peak at 3.0 ppm as a Gaussian on a straight line, in the unit of the amplitude of GABA."""
    ppm = difference.ppm
    used = (ppm > _GAUSSIAN_PPM[0]) & (ppm < _GAUSSIAN_PPM[1])
    used &= (ppm < _CHO_LEFT_OUT_PPM[0]) | (ppm > _CHO_LEFT_OUT_PPM[1])
    unit = _area_of_one(difference)
    if np.count_nonzero(used) < 12 or not unit > 0.0:
        return _UNKNOWN
    values = (difference.data * difference.phase.conj()).real
    height = float(values[used].max() - np.median(values[used]))

    def model(x: FloatArray, peak: float, place: float, width: float, level: float, slope: float) -> FloatArray:
        gaussian = peak * np.exp(-4.0 * np.log(2.0) * ((x - place) / width) ** 2)
        return np.asarray(gaussian + level + slope * (x - _GABA_PPM))

    start = (height, _GABA_PPM, _GABA_WIDTH_PPM, float(np.median(values[used])), 0.0)
    low, high = (0.0, 2.9, 0.05, -np.inf, -np.inf), (np.inf, 3.12, 0.35, np.inf, np.inf)
    try:
        found, covariance = curve_fit(model, ppm[used], values[used], start, bounds=(low, high))
    except (RuntimeError, ValueError):
        return _UNKNOWN
    spacing = float(abs(ppm[1] - ppm[0]))
    to_area = np.sqrt(np.pi / np.log(2.0)) / 2.0 / spacing / unit
    gradient = np.array([found[2], 0.0, found[0], 0.0, 0.0]) * to_area
    return float(found[0] * found[2] * to_area), float(np.sqrt(gradient @ covariance @ gradient))


def _area_of_one(difference: LinearCombinationFit) -> float:
    """Sum of the points of GABA near 3.0 ppm for an amplitude of 1, from the fitted signal of GABA or MM3co."""
    inside = (difference.ppm > _EDITED_PPM[0]) & (difference.ppm < _EDITED_PPM[1])
    for name in ("GABA", "MM3co"):
        if name in difference.names:
            row = difference.names.index(name)
            amplitude = float(difference.amplitudes[row])
            if amplitude > 0.0:
                area = (difference.components[row] * difference.phase.conj()).real[inside].sum()
                return float(area) / amplitude
    return float("nan")
