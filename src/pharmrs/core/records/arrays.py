"""Arrays inside records are read-only, so that a record is a value."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

ComplexArray = NDArray[np.complex128]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]
_Scalar = TypeVar("_Scalar", bound=np.generic)


def read_only(values: ArrayLike, dtype: type[_Scalar]) -> NDArray[_Scalar]:
    """A read-only array of the wanted type; copies only when the input is writable or of another type."""
    array = np.asarray(values, dtype=dtype)
    if array.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array
