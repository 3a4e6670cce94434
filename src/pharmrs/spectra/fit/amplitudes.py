"""Rows of the result: each component, and the sums the field reports, with their own SD."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pharmrs.core.records.arrays import FloatArray, read_only
from pharmrs.spectra.records.fit import LinearCombinationFit, MetaboliteAmplitude

# Sums of signals that one spectrum can hardly tell apart; each lists the names its parts go by in basis sets.
SUMS: dict[str, tuple[tuple[str, ...], ...]] = {
    "tNAA": (("NAA",), ("NAAG",)),
    "tCr": (("Cr", "Cre"), ("PCr",)),
    "tCho": (("GPC",), ("PCho", "PCh"), ("Cho",)),
    "Glx": (("Glu",), ("Gln",)),
    "GABA+": (("GABA",), ("MM3co",)),
}
_WHOLE = ("GABA+",)  # of all its parts or not at all: GABA alone is not GABA+


def parts_of(total: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Components of the sum `total` that are among `names`."""
    found = tuple(alias for aliases in SUMS[total] for alias in aliases if alias in names)
    return () if total in _WHOLE and len(found) < len(SUMS[total]) else found


@lru_cache(maxsize=256)
def selector(metabolite: str, names: tuple[str, ...]) -> FloatArray:
    """0/1 vector over `names` that picks a component or a sum; all zero where no part is there."""
    parts = parts_of(metabolite, names) if metabolite in SUMS and metabolite not in names else (metabolite,)
    return read_only([float(name in parts) for name in names], np.float64)


def metabolite_amplitudes(fit: LinearCombinationFit) -> tuple[MetaboliteAmplitude, ...]:
    """Every component in the order of the basis set, then the sums whose parts are there."""
    rows = []
    for index, name in enumerate(fit.names):
        moved = (float(fit.shifts_hz[index]), float(fit.dampings_hz[index]))
        rows.append(_row(fit, name, selector(name, fit.names), moved, (name,)))
    for total in SUMS:
        parts = parts_of(total, fit.names)
        if parts and total not in fit.names:
            rows.append(_row(fit, total, selector(total, fit.names), (np.nan, np.nan), parts))
    return tuple(rows)


def _row(
    fit: LinearCombinationFit, name: str, pick: FloatArray, moved: tuple[float, float], parts: tuple[str, ...]
) -> MetaboliteAmplitude:
    amplitude = float(pick @ fit.amplitudes)
    sd = _root(pick @ fit.covariance @ pick)
    # a part at zero has no classical bound and adds none to the sum
    classical = _root(pick @ np.nan_to_num(fit.classical_covariance) @ pick)
    stability = fit.stability
    between = _root(pick @ stability.covariance @ pick) if stability is not None else np.nan
    scale = 100.0 / amplitude if amplitude > 0 else np.inf
    return MetaboliteAmplitude(
        metabolite=name,
        amplitude=amplitude,
        sd=sd,
        crlb_percent=sd * scale if sd > 0 else np.inf,
        classical_crlb_percent=classical * scale if classical > 0 else np.inf,
        shift_hz=moved[0],
        damping_hz=moved[1],
        parts=parts,
        stability_sd=between,
    )


def _root(variance: FloatArray | float) -> float:
    return float(np.sqrt(np.maximum(variance, 0.0)))
