"""What the processes that are started inherit: one thread each, and no code from the folder they are started in."""

from __future__ import annotations

import os

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)
_SAFE_PATH = "PYTHONSAFEPATH"  # a `selectors.py` that lies in the dataset is no module of a worker


def limit_threads() -> None:
    """One BLAS thread in this process and its children: the arrays are small, oversubscription is ruinous.

    Children import nothing from the working directory.
    """
    for variable in (*_THREAD_VARIABLES, _SAFE_PATH):
        os.environ[variable] = "1"
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1)
