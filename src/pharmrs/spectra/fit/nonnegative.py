"""Non-negative least squares on normal equations, by block principal pivoting.

Portugal, Judice & Vicente 1994 (10.1090/S0025-5718-1994-1250776-4): exact, a few factorisations for 20 unknowns, and a
warm start makes it one. Exchanging blocks can go round in circles when columns are nearly dependent; scipy's active set
takes over then.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dposv
from scipy.optimize import nnls

from pharmrs.core.records.arrays import BoolArray, FloatArray

_BLOCK_STEPS = 20


def solve_nonnegative(
    gram: FloatArray, moment: FloatArray, free: BoolArray | None = None, signed: BoolArray | None = None
) -> tuple[FloatArray, BoolArray]:
    """Minimise x'Gx - 2 x'r over x >= 0, entries that are `signed` (m,) over all numbers.

    `gram` (m, m) positive definite, `moment` (m,), `free`: starting guess of the entries above zero.
    Returns x (m,) and the mask of free entries. Raises LinAlgError for a singular matrix, ArithmeticError if neither
    way settles.
    """
    m = moment.shape[0]
    signed = np.zeros(m, dtype=bool) if signed is None else signed
    free = np.ones(m, dtype=bool) if free is None else free | signed
    limit = 1e-9 * float(np.abs(moment).max() + 1e-300)
    for _ in range(_BLOCK_STEPS):
        x = np.zeros(m)
        held = np.flatnonzero(free)
        if held.size:
            _, x[held], info = dposv(gram[held[:, None], held], moment[held])
            if info:
                raise np.linalg.LinAlgError("the normal equations of the amplitudes are singular")
        slope = moment - gram @ x
        wrong = (free & ~signed & (x < -1e-12 * np.abs(x).max())) | (~free & (slope > limit))
        if not wrong.any():
            return np.where(signed, x, np.maximum(x, 0.0)), free
        free = free ^ wrong
    return _active_set(gram, moment, signed)


def _active_set(gram: FloatArray, moment: FloatArray, signed: BoolArray) -> tuple[FloatArray, BoolArray]:
    lower = np.linalg.cholesky(gram)
    target = solve_triangular(lower, moment, lower=True)
    m = moment.shape[0]
    try:  # a number of either sign is the difference of two
        parts, _ = nnls(np.concatenate([lower.T, -lower.T[:, signed]], axis=1), target, maxiter=30 * m)
    except RuntimeError as error:
        raise ArithmeticError("non-negative least squares did not settle") from error
    x = parts[:m].copy()
    x[signed] -= parts[m:]
    return x, np.asarray(signed | (x > 0.0))
