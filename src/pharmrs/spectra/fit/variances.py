"""Prior variances estimated from the data while fitting (restricted maximum likelihood).

Fellner-Schall updates (Wood & Fasiolo 2017, 10.1111/biom.12666): each variance is multiplied until the penalty it
causes equals the freedom it grants. Baseline smoothness, line-shape freedom, and the spread of single metabolites'
shifts and dampings need no knob this way; the spreads may only shrink below their starting values, because a wrong
line shape or baseline would otherwise be paid for with implausible shifts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pharmrs.core.records.arrays import BoolArray, FloatArray, IntArray
from pharmrs.spectra.fit.model import BROAD_QUADRATIC, LORENTZ, PHASE1, QUADRATIC, SHIFT, SKEW, ParameterLayout
from pharmrs.spectra.records.fit import FitSettings

_PHASE1_SD_RAD = 0.8  # at the window's edges: a delay of about 0.2 ms at 7 T
_SHIFT_SD_HZ = 30.0
_WIDTH_SD = 100.0
_BROAD_QUADRATIC_SD = 2.0
_SKEW_WEIGHT, _SKEW_EXPECTED = 1.0, 0.03  # an exponential tail of 1.4 Hz
_SKEW_SD = (1e-3, 1.0)
_TURN_WEIGHT, _TURN_EXPECTED_RAD = 1.0, 0.05
_TURN_SD_RAD = (1e-3, 1.0)
_SHARED_WEIGHT, _USUAL_SHARE = 4.0, 0.5  # half the limit of a shared SD counts as much as four metabolites
_SHAPE_WEIGHT, _SHAPE_EXPECTED = 4.0, 0.02  # the expected SD counts as much as this many functions
# the one function that changes the size of a line has an SD of its own: two shims need it, most lines do not
_SIZE_WEIGHT, _SIZE_EXPECTED = 1.0, 0.05
_SIZE_SD = (1e-3, 0.5)
_LARGEST_STEP = 3.0  # factor on an SD in one update
_SHAPE_SD = (1e-3, 3.0)
_GROUP_WEIGHT, _GROUP_EXPECTED = 1.0, 0.05
_LEAST_GROUP_SD = 1e-3
_SMOOTHNESS = (1e-4, 1e7)


@dataclass(frozen=True, slots=True)
class Variances:
    """`smoothness`: factor of the penalties of each block of the background; `noise`: variance of real and imaginary
    parts; SDs of the parameter groups."""

    smoothness: tuple[float, ...]
    noise: float
    real_shape_sd: float
    imaginary_shape_sd: float
    group_sd: float
    fine_group_sd: float
    skew_sd: float
    turn_sd_rad: float
    size_sd: float
    shift_sd_hz: float
    damping_sd_hz: float


def precision(layout: ParameterLayout, variances: Variances, broad: BoolArray, settings: FitSettings) -> FloatArray:
    """Prior precision of each parameter, (parameters,); phase and common shift are practically free."""
    prior = np.zeros(layout.size)
    prior[PHASE1] = 1.0 / _PHASE1_SD_RAD**2
    prior[SHIFT] = 1.0 / _SHIFT_SD_HZ**2
    prior[LORENTZ] = prior[QUADRATIC] = 1.0 / _WIDTH_SD**2
    prior[SKEW] = 1.0 / variances.skew_sd**2
    prior[BROAD_QUADRATIC] = 1.0 / _BROAD_QUADRATIC_SD**2
    prior[layout.turns] = 1.0 / variances.turn_sd_rad**2
    prior[layout.real_shape] = 1.0 / variances.real_shape_sd**2
    prior[layout.imaginary_shape] = 1.0 / variances.imaginary_shape_sd**2
    prior[layout.sizes] = 1.0 / variances.size_sd**2
    prior[layout.coarse_scales] = 1.0 / variances.group_sd**2
    prior[layout.fine_scales] = 1.0 / variances.fine_group_sd**2
    prior[layout.shifts] = np.where(broad, 1.0 / settings.broad_shift_sd_hz**2, 1.0 / variances.shift_sd_hz**2)
    prior[layout.dampings] = np.where(broad, 1.0 / settings.broad_damping_sd_hz**2, 1.0 / variances.damping_sd_hz**2)
    return prior


def _updated_sd(values: FloatArray, posterior: FloatArray, sd: float, weight: float = 0.0, start: float = 0.0) -> float:
    """One Fellner-Schall step for an SD shared by `values` with posterior variances `posterior`."""
    freedom = max(values.size - float(posterior.sum()) / sd**2, 0.0)
    target = (float(values @ values) + weight * start**2) / max(freedom + weight, 1e-6)
    return float(np.sqrt(np.clip(target, (sd / _LARGEST_STEP) ** 2, (sd * _LARGEST_STEP) ** 2)))


def _free_shapes(layout: ParameterLayout) -> tuple[slice, slice]:
    """Real and imaginary part of the free form without the function that changes the size of a line."""
    real, imaginary = layout.real_shape, layout.imaginary_shape
    return slice(real.start + 1, real.stop), slice(imaginary.start + 1, imaginary.stop)


def updated(
    variances: Variances,
    layout: ParameterLayout,
    theta: FloatArray,
    posterior: FloatArray,
    broad: BoolArray,
    settings: FitSettings,
) -> Variances:
    """The parameter groups' SDs after one update; `posterior` (parameters,): marginal posterior variances."""
    narrow = np.flatnonzero(~broad)
    shifts, dampings = layout.shifts.start + narrow, layout.dampings.start + narrow
    fields: dict[str, Any] = {}
    fields["shift_sd_hz"] = _updated_sd(
        theta[shifts], posterior[shifts], variances.shift_sd_hz, _SHARED_WEIGHT, _USUAL_SHARE * settings.shift_sd_hz
    )
    fields["damping_sd_hz"] = _updated_sd(
        theta[dampings],
        posterior[dampings],
        variances.damping_sd_hz,
        _SHARED_WEIGHT,
        _USUAL_SHARE * settings.damping_sd_hz,
    )
    fields["shift_sd_hz"] = min(fields["shift_sd_hz"], settings.shift_sd_hz)
    fields["damping_sd_hz"] = min(fields["damping_sd_hz"], settings.damping_sd_hz)
    where: slice | IntArray = slice(SKEW, SKEW + 1)
    sd = _updated_sd(theta[where], posterior[where], variances.skew_sd, _SKEW_WEIGHT, _SKEW_EXPECTED)
    fields["skew_sd"] = float(np.clip(sd, *_SKEW_SD))
    where = layout.turns
    sd = _updated_sd(theta[where], posterior[where], variances.turn_sd_rad, _TURN_WEIGHT, _TURN_EXPECTED_RAD)
    fields["turn_sd_rad"] = float(np.clip(sd, *_TURN_SD_RAD))
    for name, where in (("group_sd", layout.coarse_scales), ("fine_group_sd", layout.fine_scales)):
        if where.stop > where.start:
            sd = _updated_sd(theta[where], posterior[where], getattr(variances, name), _GROUP_WEIGHT, _GROUP_EXPECTED)
            fields[name] = float(np.clip(sd, _LEAST_GROUP_SD, settings.group_sd_limit))
    if layout.shapes:
        where = layout.sizes
        sd = _updated_sd(theta[where], posterior[where], variances.size_sd, _SIZE_WEIGHT, _SIZE_EXPECTED)
        fields["size_sd"] = float(np.clip(sd, *_SIZE_SD))
        for name, where in zip(("real_shape_sd", "imaginary_shape_sd"), _free_shapes(layout), strict=True):
            sd = _updated_sd(theta[where], posterior[where], getattr(variances, name), _SHAPE_WEIGHT, _SHAPE_EXPECTED)
            fields[name] = float(np.clip(sd, *_SHAPE_SD))
    return replace(variances, **fields)


def updated_smoothness(smoothness: float, penalty: float, trace: float, rank: int) -> float:
    """Baseline penalty after one update. `penalty`: lambda b'Pb / noise; `trace`: lambda tr(P V), V posterior."""
    factor = max(rank - trace, 1e-3) / max(penalty, 1e-9)
    return float(np.clip(smoothness * np.clip(factor, 0.2, 5.0), *_SMOOTHNESS))


def estimated_blocks(layout: ParameterLayout) -> list[tuple[IntArray, float]]:
    """Places of parameters whose SD is estimated without an upper limit, with the weight of its expected value."""
    places = np.arange(layout.size)
    blocks = [
        *((places[where], _SHAPE_WEIGHT) for where in _free_shapes(layout)),
        (layout.sizes, _SIZE_WEIGHT),
        (places[layout.coarse_scales], _GROUP_WEIGHT),
        (places[layout.fine_scales], _GROUP_WEIGHT),
        (places[[SKEW]], _SKEW_WEIGHT),
        (places[layout.turns], _TURN_WEIGHT),
    ]
    return [(where, weight) for where, weight in blocks if where.size]
