"""Soft priors on amplitude ratios, only where they are declared.

(c_a - r sum c_b) / sum c_b ~ N(0, sd^2), as LCModel's CHRATO (Provencher 1993, 10.1002/mrm.1910300604). The sum in the
denominator is that of the step before, so the prior stays quadratic in the amplitudes and settles with the fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.spectra.records.fit import RatioPrior

_LEAST_SHARE = 1e-6  # of the largest amplitude: a vanishing denominator must not make the prior infinitely strong


@dataclass(frozen=True, slots=True)
class Ratios:
    """R priors over M components, for amplitudes of signals of unit norm: `contrasts`, `denominators` (R, M),
    `sds` (R,)."""

    contrasts: FloatArray
    denominators: FloatArray
    sds: FloatArray


def make_ratios(priors: Sequence[RatioPrior], names: tuple[str, ...], norms: FloatArray) -> Ratios:
    """The priors for components `names` (M,) whose signals were divided by `norms` (M,).

    A prior with a component that is not fitted (part of another, or without signal) is left out.
    """
    usable = [prior for prior in priors if {prior.numerator, *prior.denominator} <= set(names)]
    numerators = np.array([[float(name == prior.numerator) for name in names] for prior in usable])
    denominators = np.array([[float(name in prior.denominator) for name in names] for prior in usable])
    shape = (len(usable), len(names))
    numerators, denominators = numerators.reshape(shape) / norms, denominators.reshape(shape) / norms
    expected = np.array([prior.ratio for prior in usable])
    return Ratios(
        contrasts=numerators - expected[:, None] * denominators,
        denominators=denominators,
        sds=np.array([prior.sd for prior in usable]),
    )


def penalty(ratios: Ratios, amplitudes: FloatArray) -> FloatArray:
    """Precision that the priors add to the amplitudes (M,), (M, M)."""
    totals = ratios.denominators @ amplitudes
    least = _LEAST_SHARE * float(np.max(ratios.denominators, initial=0.0) * np.max(amplitudes, initial=0.0))
    rows = ratios.contrasts / (ratios.sds * np.maximum(totals, max(least, 1e-300)))[:, None]
    return np.asarray(rows.T @ rows)
