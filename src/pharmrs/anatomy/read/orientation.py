"""Where a NIfTI image lies in the scanner: which of its two forms to take, and what to say when they disagree.

NIfTI holds two affines, each with a code of what its millimetres mean (1 scanner, 2 aligned to something, 3 to 5 a
template). Spectra lie in the scanner's space, so a form of code 1 comes first; without any code nothing is known.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import FloatArray

_SCANNER, _TEMPLATES = 1, (3, 4, 5)
_APART_MM = 1.0
_CONVERT = "convert the scanner's files again (dcm2niix, spec2nii)"
_NAMES = {0: "unknown", 1: "scanner", 2: "aligned", 3: "Talairach", 4: "MNI152", 5: "another template"}


def placed_affine(image: Any, problems: Problems) -> FloatArray:
    """The affine to the scanner's millimetres; what is doubtful about it goes to `problems`, with what was taken."""
    header = image.header
    if "qform_code" not in header:  # MGH: one affine, that of the scanner
        return np.asarray(image.affine, dtype=np.float64)
    codes = {"qform": int(header["qform_code"]), "sform": int(header["sform_code"])}
    forms = {name: _form(header, name) for name, code in codes.items() if code}
    if not forms:
        rule = "the place in the scanner must be stored (qform_code or sform_code above 0)"
        problems.add("qform_code, sform_code", rule, "0 and 0: no place is stored", _CONVERT)
        return np.asarray(image.affine, dtype=np.float64)
    order = sorted(
        forms,
        key=lambda name: (
            not np.isfinite(forms[name]).all(),
            codes[name] != _SCANNER,
            codes[name] in _TEMPLATES,
            name != "sform",
        ),
    )
    taken = order[0]
    if codes[taken] in _TEMPLATES:
        rule = "the image must lie in the scanner's space, as the spectrum does"
        found = f"{taken}_code {codes[taken]} ({_NAMES[codes[taken]]}); taken as it is"
        remedy = f"give the image as it was scanned, not one warped to a template; {_CONVERT}"
        problems.add(f"{taken}_code", rule, found, remedy, severity="warning")
    if len(forms) == 2 and (apart := _apart(forms["qform"], forms["sform"], image.shape)) > _APART_MM:
        codes_said = ", ".join(
            f"{name}_code {codes[name]} ({_NAMES.get(codes[name], '?')})" for name in ("qform", "sform")
        )
        problems.add(
            "qform, sform",
            "both must give the same place",
            f"{apart:.1f} mm apart, {codes_said}; the {taken} was taken",
            f"look at the picture; if the voxel lies wrongly, {_CONVERT}",
            severity="warning",
        )
    return forms[taken]


def _form(header: Any, name: str) -> FloatArray:
    from nibabel.spatialimages import HeaderDataError

    try:
        return np.asarray(getattr(header, f"get_{name}")(), dtype=np.float64)
    except (HeaderDataError, ValueError):
        return np.full((4, 4), np.nan)


def _apart(first: FloatArray, second: FloatArray, shape: tuple[int, ...]) -> float:
    """The most that a corner of the grid lies apart, mm."""
    ends = np.array([[*corner, 1.0] for corner in itertools.product(*((0.0, size - 1.0) for size in shape[:3]))])
    apart = float(np.linalg.norm((ends @ (first - second).T)[:, :3], axis=1).max())
    return apart if np.isfinite(apart) else np.inf
