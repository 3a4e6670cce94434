"""Non-negative least squares on normal equations, by block principal pivoting.

Portugal, Judice & Vicente 1994 (10.1090/S0025-5718-1994-1250776-4): exact, a few factorisations for 20 unknowns, and a
warm start makes it one.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dposv

from pharmrs.records.arrays import BoolArray, FloatArray

_BLOCK_STEPS = 20


def solve_nonnegative(
    gram: FloatArray, moment: FloatArray, free: BoolArray | None = None
) -> tuple[FloatArray, BoolArray]:
    """Minimise x'Gx - 2 x'r over x >= 0.

    `gram` (m, m) positive definite, `moment` (m,), `free`: starting guess of the entries above zero.
    Returns x (m,) and the mask of free entries. Raises LinAlgError for a singular matrix, ArithmeticError if pivoting
    does not settle.
    """
    m = moment.shape[0]
    free = np.ones(m, dtype=bool) if free is None else free.copy()
    limit = 1e-9 * float(np.abs(moment).max() + 1e-300)
    for step in range(_BLOCK_STEPS + 3 * m):
        x = np.zeros(m)
        held = np.flatnonzero(free)
        if held.size:
            _, x[held], info = dposv(gram[held[:, None], held], moment[held])
            if info:
                raise np.linalg.LinAlgError("the normal equations of the amplitudes are singular")
        slope = moment - gram @ x
        wrong = (free & (x < -1e-12 * np.abs(x).max())) | (~free & (slope > limit))
        if not wrong.any():
            return np.maximum(x, 0.0), free
        if step < _BLOCK_STEPS:
            free = free ^ wrong
        else:  # Murty's single pivots always end
            free[np.flatnonzero(wrong)[-1]] ^= True
    raise ArithmeticError("non-negative least squares did not settle")
