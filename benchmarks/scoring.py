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
    """RMSE and bias in %, and the SD of (estimate - truth)/SD (NaN where no SD is given)."""

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
    """A program's table with columns METABOLITE, METABOLITE_crlb (%) and seconds, as `lcmodel.csv`."""
    values, sds = {}, {}
    for target, parts in TARGETS.items():
        values[target] = np.sum([np.nan_to_num(table[part]) for part in parts], axis=0)
        if len(parts) == 1:
            sds[target] = np.asarray(values[target] * table[f"{target}_crlb"] / 100.0)
    return Estimates(values, sds, table["seconds"])


def truth_of(table: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """True concentration of each target."""
    return {target: np.sum([table[part] for part in parts], axis=0) for target, parts in TARGETS.items()}


def score(estimates: Estimates, truth: Mapping[str, FloatArray]) -> dict[str, Score]:
    """Scores of each target; the common scale is removed by the median ratio of NAA, as ../shared/.../score.py does."""
    scale = float(np.median(estimates.values["NAA"] / truth["NAA"]))
    result = {}
    for target, true in truth.items():
        relative = (estimates.values[target] / scale / true - 1.0) * 100.0
        z = float("nan")
        if target in estimates.sds:
            sd = estimates.sds[target] / scale
            usable = (sd > 0) & (sd < 5.0 * estimates.values[target] / scale)
            z = float(np.std(((estimates.values[target] / scale - true) / np.where(sd > 0, sd, 1.0))[usable]))
        result[target] = Score(float(np.sqrt(np.mean(relative**2))), float(np.mean(relative)), z)
    return result
