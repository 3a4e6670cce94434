"""Whether the lengths of an image or a voxel can be those of a head in millimetres, and in which unit they would be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pharmrs.anatomy.read.orientation import placed_affine
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import FloatArray

Limits = tuple[float, float]
_SPACING_MM, _FIELD_OF_VIEW_MM, _EDGE_MM = (0.3, 5.0), (30.0, 600.0), (3.0, 120.0)
_SHEAR = 0.01  # cosine of the angle between two axes: half a degree
_FLAT = 1e-6  # determinant of the directions of the axes
_THICKEST_MM = 25.0  # of slices; beyond, the unit is another one
_THICK = "slices so thick cannot show what a voxel holds: give the three-dimensional image (MPRAGE) of the visit"
_UNITS = "correct the affine and pixdim (NIfTI wants mm), or convert the scanner's files again"
_IN_MM: Mapping[str, float] = {"metres": 1e3, "centimetres": 10.0, "micrometres": 1e-3}


def checked_grid(image: Any, problems: Problems) -> FloatArray:
    """The affine of an image, with what is wrong with it; a left-handed one is as good as a right-handed one."""
    affine = placed_affine(image, problems)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or spacing.min() <= 0 or abs(np.linalg.det(affine[:3, :3] / spacing)) < _FLAT:
        problems.add("affine", "must place every axis of the image", affine.tolist(), _UNITS)
        return affine
    extent = spacing * np.array(image.shape[:3])
    remedy = _in_another_unit((spacing, _SPACING_MM), (extent, _FIELD_OF_VIEW_MM))
    if not _within(spacing, _SPACING_MM):
        found = f"{_shown(spacing)} mm, {_shown(extent)} mm in all{_unit_said(image)}"
        rule = f"elements must be {_SPACING_MM[0]:g} to {_SPACING_MM[1]:g} mm large"
        thick = spacing.min() >= _SPACING_MM[0] and spacing.max() < _THICKEST_MM
        problems.add("affine", rule, found, _THICK if thick else remedy)
    elif not _within(extent, _FIELD_OF_VIEW_MM):
        problems.add("affine", "must be an image of a head", f"{_shown(extent)} mm in all{_unit_said(image)}", remedy)
    if (worst := _worst_cosine(affine)) > _SHEAR:
        remedy = "resample the image to a grid with axes at right angles (gantry tilt, sheared registration)"
        problems.add("affine", "the axes must be at right angles", f"cosine {worst:.3f}", remedy)
    return affine


def check_edges(affine: FloatArray, problems: Problems) -> None:
    """What is wrong with the edges of a spectrum's voxel."""
    edges = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or not _within(edges, _EDGE_MM):
        rule = f"the edges of the voxel must be {_EDGE_MM[0]:g} to {_EDGE_MM[1]:g} mm long"
        problems.add("affine", rule, f"{_shown(edges)} mm", _in_another_unit((edges, _EDGE_MM)))
    elif (worst := _worst_cosine(affine)) > _SHEAR:
        problems.add("affine", "the edges must be at right angles", f"cosine {worst:.3f}", _UNITS)


def _within(lengths: FloatArray, limits: Limits) -> bool:
    return bool(limits[0] <= lengths.min() and lengths.max() <= limits[1])


def _in_another_unit(*lengths: tuple[FloatArray, Limits]) -> str:
    """The remedy for `lengths` outside their limits in mm: the unit in which all would be inside."""
    for unit, factor in _IN_MM.items():
        if all(_within(factor * one, limits) for one, limits in lengths):
            return (
                f"the file seems to be in {unit} ({_shown(factor * lengths[0][0])} mm would fit), NIfTI wants mm: "
                f"multiply pixdim, sform and the offsets of both forms by {factor:g}, set xyzt_units to mm; look "
                "whether image and spectrum are both so"
            )
    return _UNITS


def _shown(lengths: FloatArray) -> str:
    return " x ".join(f"{value:.3g}" for value in lengths)


def _unit_said(image: Any) -> str:
    """What the header says its lengths are in, where that is not mm."""
    said = getattr(image.header, "get_xyzt_units", None)
    unit = "mm" if said is None else str(said()[0])
    return "" if unit in ("mm", "unknown") else f"; xyzt_units says {unit}"


def _worst_cosine(affine: FloatArray) -> float:
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return float(np.abs(axes.T @ axes - np.eye(3)).max())
