"""Accuracy and calibration of fits against known truth, the same for every program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.spectra.records import LinearCombinationFit

TARGETS: dict[str, tuple[str, ...]] = {
    "Glu": ("Glu",),
    "Gln": ("Gln",),
    "NAA": ("NAA",),
    "tNAA": ("NAA", "NAAG"),
    "tCr": ("Cr", "PCr"),
    "tCho": ("GPC", "PCho"),
    "Ins": ("Ins",),
    "GABA": ("GABA",),
    "GSH": ("GSH",),
}


@dataclass(frozen=True, slots=True)
class Estimates:
    """Estimates of many spectra by one program: target -> values (n,), SDs (n,) where the program gives them."""

    values: Mapping[str, FloatArray]
    sds: Mapping[str, FloatArray]
    seconds: FloatArray


@dataclass(frozen=True, slots=True)
class Score:
    """RMSE and bias in %, and the root mean square of (estimate - truth)/SD, bias included (NaN: no SD is given)."""

    rmse: float
    bias: float
    z: float


def estimates_of(fits: Sequence[LinearCombinationFit]) -> Estimates:
    """Ours, with the SD of each sum from the covariance."""
    values: dict[str, FloatArray] = {}
    sds: dict[str, FloatArray] = {}
    for target, parts in TARGETS.items():
        picks = [np.array([float(name in parts) for name in fit.names]) for fit in fits]
        pairs = list(zip(picks, fits, strict=True))
        values[target] = np.array([pick @ fit.amplitudes for pick, fit in pairs])
        sds[target] = np.sqrt([pick @ fit.covariance @ pick for pick, fit in pairs])
    return Estimates(values, sds, np.array([fit.cpu_s for fit in fits]))


def estimates_of_table(table: Mapping[str, FloatArray]) -> Estimates:
    """A program's table with columns TARGET, TARGET_sd and seconds, as `lcmodel_groups.csv`."""
    values = {target: table[target] for target in TARGETS}
    return Estimates(values, {target: table[f"{target}_sd"] for target in TARGETS}, table["seconds"])


def truth_of(table: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """True concentration of each target."""
    return {target: np.sum([table[part] for part in parts], axis=0) for target, parts in TARGETS.items()}


def scale_of(estimates: Estimates, truth: Mapping[str, FloatArray]) -> float:
    """The common scale: median ratio of tNAA to its truth, as ../shared/data/known-truth-worlds/score.py takes it."""
    return float(np.nanmedian(estimates.values["tNAA"] / truth["tNAA"]))


def score(estimates: Estimates, truth: Mapping[str, FloatArray], scale: float | None = None) -> dict[str, Score]:
    """Scores of each target; the common `scale` is that of the spectra themselves where none is given."""
    common = scale_of(estimates, truth) if scale is None else scale
    result = {}
    for target, true in truth.items():
        error = estimates.values[target] / common - true
        sd = estimates.sds[target] / common
        usable = np.isfinite(sd) & (sd > 0)
        z = float(np.sqrt(np.mean((error[usable] / sd[usable]) ** 2))) if usable.any() else float("nan")
        result[target] = Score(
            100.0 * float(np.sqrt(np.nanmean((error / true) ** 2))), 100.0 * float(np.nanmean(error / true)), z
        )
    return result
