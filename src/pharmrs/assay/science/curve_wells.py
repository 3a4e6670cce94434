"""Which wells make the standard curve: standards, and blanks where they read as concentration zero does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pharmrs.assay.records.acceptance import AcceptanceCheck
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.records.standard_curve import AssayWell, ReplicateNoise
from pharmrs.assay.science.curve.fit import fit_curve
from pharmrs.assay.science.dose_response import judge_blank
from pharmrs.assay.science.noise import well_variance
from pharmrs.core.errors import FitFailure
from pharmrs.core.records.arrays import FloatArray

_FEWEST_WITHOUT_BLANKS = 5  # concentrations that give a curve, and with it the response at zero, without the blanks


def curve_wells(wells: Sequence[AssayWell], *, blanks: bool) -> list[AssayWell]:
    """Standards, and blanks where they count as standards of concentration zero."""
    return [
        replace(well, nominal=0.0) if well.role == "blank" else well
        for well in wells
        if well.role == "standard" or (well.role == "blank" and blanks)
    ]


def responses_by_level(wells: Sequence[AssayWell]) -> dict[float, FloatArray]:
    """Readings of each concentration, lowest first."""
    measured = [well for well in wells if well.missing is None]
    return {
        nominal: np.array([well.response for well in measured if well.nominal == nominal])
        for nominal in sorted({well.nominal for well in measured})
    }


def points(standards: Sequence[AssayWell]) -> tuple[FloatArray, FloatArray]:
    """Concentrations and responses (n,)."""
    return np.array([well.nominal for well in standards]), np.array([well.response for well in standards])


def check_blanks(wells: Sequence[AssayWell], noise: ReplicateNoise, settings: AssaySettings) -> AcceptanceCheck | None:
    """Blanks against zero standards, or against the curve without them; None where nothing can be compared.

    A reagent blank (no sample, no conjugate) reads lower than the zero standard, which binds some of the label: as a
    standard of concentration zero it would pull the foot of the curve down.
    """
    blanks = np.array([well.response for well in wells if well.role == "blank" and well.missing is None])
    if not settings.blanks_are_zero_standards or not blanks.size:
        return None
    levels = responses_by_level([well for well in wells if well.role == "standard"])
    if not levels:
        return None
    largest = max(float(np.abs(values).max()) for values in levels.values())
    zero = levels.get(0.0)
    if zero is not None:
        mean = float(zero.mean())
        variance = float(well_variance(noise, np.array([mean]), largest)[0]) / len(zero)
        return judge_blank(blanks, mean, variance, noise, largest)
    if len(levels) < _FEWEST_WITHOUT_BLANKS:
        return None
    used = [well for well in wells if well.role == "standard" and well.missing is None]
    try:
        curve = fit_curve(*points(used), weights=settings.weights, model=settings.model)
    except FitFailure:
        return None
    if np.isnan(curve.search[0]):
        return None  # this model says nothing of concentration zero
    return judge_blank(blanks, float(curve.search[0]), float(curve.covariance[0, 0]), noise, largest)
