"""ITK's text file of an affine transform, as fMRIPrep writes it for each T1w image (`*_from-orig_to-T1w_..._xfm.txt`).

`mode-image`: the file takes the image of the visit to the participant's space. ITK stores such a transform as what it
does to points the other way, from the participant's space to the visit's, with left and posterior positive.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from pharmrs.anatomy.science.registration import LPS, itk_matrix
from pharmrs.core.files.content import instead_of_file, is_file
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import FloatArray

_MOST_STRETCH = 0.02
_REMEDY = "give the file as fMRIPrep wrote it, or remove it: the visit's image is registered then"


def read_image_transform(path: str | Path) -> FloatArray:
    """4x4, mm, RAS+: where a point of the visit's world lies in the participant's. Raises `InputError`."""
    problems = Problems(str(path))
    if not is_file(Path(path)):
        problems.add("file", "must exist and be a file", instead_of_file(Path(path)), _REMEDY)
        problems.raise_errors()
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    numbers = {
        key: np.array([float(one) for one in found.split()])
        for key, found in re.findall(r"^\s*(Parameters|FixedParameters):\s*([-+0-9.eE \t]+)$", text, re.MULTILINE)
        if _all_numbers(found)
    }
    parameters, centre = numbers.get("Parameters", np.empty(0)), numbers.get("FixedParameters", np.empty(0))
    if text.count("Transform:") != 1 or parameters.size != 12 or centre.size != 3:
        shown = f"{text.count('Transform:')} transforms, {parameters.size} and {centre.size} numbers"
        problems.add("file", "must hold one affine transform of ITK (12 parameters, 3 fixed)", shown, _REMEDY)
        problems.raise_errors()
    matrix = LPS @ itk_matrix(parameters, centre) @ LPS
    if np.abs(matrix[:3, :3].T @ matrix[:3, :3] - np.eye(3)).max() > _MOST_STRETCH:
        problems.add(
            "Parameters", "must be a rotation: a head does not change its size", matrix[:3, :3].tolist(), _REMEDY
        )
        problems.raise_errors()
    return np.asarray(np.linalg.inv(matrix))


def _all_numbers(text: str) -> bool:
    try:
        return bool(np.isfinite([float(one) for one in text.split()]).all())
    except ValueError:
        return False
