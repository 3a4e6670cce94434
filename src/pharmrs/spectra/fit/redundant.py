"""Components that are parts of another one (G_glu and G_gly of GSH) must not be fitted beside the whole."""

from __future__ import annotations

import numpy as np

from pharmrs.core.records.arrays import ComplexArray
from pharmrs.spectra.fit.nonnegative import solve_nonnegative

_UNEXPLAINED = 0.01  # energy of the whole that its parts may leave
_SMALLEST_SHARE = 0.05  # energy of the whole that a part must carry
_NEARLY_SAME = 0.98  # correlation above which two components are alternatives, not whole and part (Cr and PCr: 0.96)


def find_parts(names: tuple[str, ...], spectra: ComplexArray) -> dict[str, str]:
    """Parts among the components: part -> whole. `spectra` complex (M, n) in the fit window.

    A whole is a component that is, to 1 % of its energy, a non-negative sum of two or more others, none of which is
    nearly the same signal by itself.
    """
    norms = np.linalg.norm(spectra, axis=1)
    unit = spectra / np.where(norms > 0.0, norms, 1.0)[:, None]
    gram = np.ascontiguousarray((unit.conj() @ unit.T).real)
    found: dict[str, str] = {}
    for whole, name in enumerate(names):
        others = [index for index in range(len(names)) if index != whole and gram[whole, index] < _NEARLY_SAME]
        if len(others) < 2:
            continue
        sub = gram[np.ix_(others, others)] + 1e-9 * np.eye(len(others))
        weights, _ = solve_nonnegative(sub, gram[others, whole])
        unexplained = 1.0 - 2.0 * weights @ gram[others, whole] + weights @ sub @ weights
        parts = [names[index] for index, weight in zip(others, weights, strict=True) if weight**2 > _SMALLEST_SHARE]
        if unexplained < _UNEXPLAINED and len(parts) > 1 and name not in found:
            found.update({part: name for part in parts if part not in found.values()})
    return found
