"""What a notebook imports: about ten names, each with its arguments and its result on one page.

`import pharmrs` gives them without loading anything until one is used. Results are shown by their `repr`, as HTML in a
notebook, as a table by `to_frame()` and as a picture by `plot()`.
"""

from pharmrs.api.plates import Plates, standard_curve
from pharmrs.api.spectra import (
    Basis,
    Concentrations,
    Fit,
    Preprocessed,
    Recording,
    fit,
    preprocess,
    quantify,
    read_basis,
    read_spectrum,
    simulate_basis,
)
from pharmrs.api.study import Study, run
from pharmrs.api.trial import Analysis, Voxel, analyse, voxel_tissue

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
