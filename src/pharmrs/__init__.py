"""pharmrs: from the raw recordings of a pharmacological MRS study to its scientific result."""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = [
    "Analysis",
    "Basis",
    "Concentrations",
    "Fit",
    "Plates",
    "Preprocessed",
    "Recording",
    "Study",
    "Voxel",
    "analyse",
    "fit",
    "preprocess",
    "quantify",
    "read_basis",
    "read_spectrum",
    "run",
    "simulate_basis",
    "standard_curve",
    "voxel_tissue",
]


def __getattr__(name: str) -> object:
    """The names of `pharmrs.api`, loaded when they are used: the command line starts without them."""
    if name not in __all__:
        raise AttributeError(f"module 'pharmrs' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module("pharmrs.api"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
