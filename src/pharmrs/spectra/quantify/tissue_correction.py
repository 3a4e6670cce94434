"""Corrections of a concentration for the tissues of the voxel; each is a ratio of two sums over the tissues.

With the volume fractions f of grey matter, white matter and CSF, every correction is (a . f) / (b . f):

- per grey and white matter: a = (1, 1, 1), b = (1, 1, 0);
- molal (Gasparovic 2006, 10.1002/mrm.20901): a = water density x relaxation, b = water density of tissue only;
- molar, per litre of tissue: the same a, b = (1, 1, 0);
- with a metabolite's white-to-grey ratio alpha (Harris 2015, 10.1002/jmri.24903): the same a, b = (1, alpha, 0).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.records.tissue import TissueFractions

ALL = np.ones(3)
TISSUE_ONLY = np.array([1.0, 1.0, 0.0])


def tissue_factor(tissue: TissueFractions, over: FloatArray, under: FloatArray) -> tuple[float, float]:
    """(over . f) / (under . f) and its relative SD, by the covariance of the fractions f; `under` . f must be positive.

    `over`, `under`: weights of grey matter, white matter and CSF, shape (3,).
    """
    values, covariance = _moments(tissue)
    top, bottom = float(over @ values), float(under @ values)
    gradient = over / top - under / bottom
    variance = float(gradient @ covariance @ gradient)
    return top / bottom, float(np.sqrt(max(variance, 0.0)))


@lru_cache(maxsize=16)
def _moments(tissue: TissueFractions) -> tuple[FloatArray, FloatArray]:
    """Fractions and their covariance, made once for all metabolites of a scan."""
    return tissue.values, tissue.covariance
