"""What is told of one voxel: where it lies, what it holds, how well that can be known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import AnatomyFiles, VoxelBox
from pharmrs.anatomy.science.fractions import BoxContent
from pharmrs.anatomy.science.outliers import away_from
from pharmrs.anatomy.stage.plan import ANOTHER, check_inside, misplaced
from pharmrs.core.errors import InputError, InputProblem, input_problem
from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.records.scan_files import ScanFiles

_LEAST_IN_BRAIN = 0.5
_EXPECTED_IN_BRAIN = 0.85
_LEAST_TISSUE, _EXPECTED_TISSUE = 0.2, 0.5  # of the brain in the voxel; below the first no scale is corrected
_MOST_ERROR = 0.1
_LESION = 0.02  # of the voxel


def check_target(placed: VoxelBox | None, scan: ScanFiles, plan: Anatomy, problems: list[InputProblem]) -> None:
    """A warning where the voxel does not lie where the study says."""
    place = plan.place
    if place is None or placed is None:
        return
    away = away_from(place, placed.centre_mm)
    if away > place.tolerance_mm:
        x, y, z = placed.centre_mm
        problems.append(
            input_problem(
                scan.place,
                "voxel",
                f"the centre should lie within {place.tolerance_mm:g} mm of {place.name} (anatomy.expected)",
                f"{away:.0f} mm away, at {x:.0f}, {y:.0f}, {z:.0f} in MNI152",
                "look at the picture; exclude the scan or correct anatomy.expected or the affine of the spectrum",
                severity="warning",
            )
        )


def check_told_apart(error: FloatArray, scan: ScanFiles, problems: list[InputProblem]) -> None:
    """A warning where the segmentation (its `error`: covariance, (3, 3)) says little of what the voxel holds."""
    most = float(np.sqrt(np.diag(error).max()))
    if most > _MOST_ERROR:
        problems.append(
            input_problem(
                scan.metabolite,
                "tissues",
                f"grey and white matter must be told apart with an SD of at most {_MOST_ERROR:g} at the voxel's place",
                f"{most:.2f}",
                "brightness says little there (deep grey matter, myelinated or thin cortex): give labels or maps of "
                "FreeSurfer or SynthSeg, and do not compare with published fractions",
                severity="warning",
            )
        )


def check_place(content: BoxContent, scan: ScanFiles, files: AnatomyFiles, problems: list[InputProblem]) -> None:
    """Raises InputError where the box is not in the image or not in the brain; a box half outside is a warning."""
    check_inside(content.inside_image, scan, files)
    if content.inside_brain < _LEAST_IN_BRAIN:
        rule = "the voxel must lie in the brain"
        raise InputError([misplaced(scan, files, rule, content.inside_brain, ANOTHER)])
    if content.inside_brain < _EXPECTED_IN_BRAIN:
        rule = "the voxel should lie in the brain; the fractions are those of the part that does"
        problems.append(replace(misplaced(scan, files, rule, content.inside_brain, ANOTHER), severity="warning"))
    tissue = float(content.values[0] + content.values[1])
    if tissue < _EXPECTED_TISSUE:
        found = input_problem(
            scan.place,
            "voxel",
            "the voxel must hold brain tissue, not mostly fluid",
            f"grey and white matter {100 * tissue:.0f} %",
            "place the voxel anew, or exclude the scan: dividing by so little tissue multiplies every error",
            severity="error" if tissue < _LEAST_TISSUE else "warning",
        )
        if tissue < _LEAST_TISSUE:
            raise InputError([found])
        problems.append(found)


def check_lesion(share: float, scan: ScanFiles, problems: list[InputProblem]) -> None:
    """A warning where the voxel holds what looks like a lesion."""
    if share > _LESION:
        problems.append(
            input_problem(
                scan.place,
                "voxel",
                "should hold nothing that looks like a lesion (grey matter or fluid where only white matter should be)",
                f"{100 * share:.0f} % of it",
                "look at the picture, and exclude the scan if it is one; the SDs hold that grey matter there is white",
                severity="warning",
            )
        )
