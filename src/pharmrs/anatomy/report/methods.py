"""Methods text: how the tissue fractions of the voxels were found."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import VoxelTissue
from pharmrs.core.report.numbers import count_text
from pharmrs.core.report.references import Citations


def tissue_paragraphs(plan: Anatomy, tissues: Sequence[VoxelTissue], cite: Citations) -> list[str]:
    """What was done, for the scans it was done for."""
    paragraphs = []
    given = [tissue for tissue in tissues if tissue.method in ("probseg", "labels")]
    if given:
        folders = sorted({tissue.source.split("/")[1] for tissue in given if tissue.source.startswith("derivatives/")})
        named = f" ({', '.join(folders)})" if folders else ""
        paragraphs.append(
            f"Grey matter, white matter and CSF of {count_text(len(given), 'scan')} were taken from existing "
            f"{_kind(given)}{named}; the segmentation was given an SD of {plan.segmentation_sd:g} at each border "
            "(GM/WM and GM/CSF)."
        )
    made = [tissue for tissue in tissues if tissue.method == "segmented"]
    if made:
        paragraphs.append(
            f"The T1-weighted images of {count_text(len(made), 'scan')} were segmented: the brain was found by affine "
            f"registration to the MNI152 template {cite.cite('mni')} (ANTs, mutual information, {cite.name('ants')}) "
            f"and by brightness and connection, the bias field was removed with N4 {cite.cite('n4')} on the template's "
            "grid, white matter was made equally bright everywhere (Gaussian of 10 mm), and the classes of CSF, grey "
            "and white matter were taken from pure elements. Maps are the weighted mean of the posteriors "
            f"with a Markov random field {cite.cite('atropos')} and of the partial volumes expected by brightness "
            f"{cite.cite('partial_volume')}, with steep borders of white matter and CSF told from grey matter; "
            "thalamus, caudate, putamen, pallidum and accumbens were found with a warped atlas as prior; where borders "
            "were wider than the image's resolution makes them, that of myelinated cortex was set deeper. The stated "
            "uncertainty holds the error that made heads had at the place, the difference of the two maps, what the "
            "atlas leaves open and, by the width of the borders, how far apart people and programs put them; the last "
            "is mostly common to all scans."
        )
        if common := max(tissue.fractions.csf_common_sd for tissue in made):
            paragraphs[-1] += (
                f" Beyond it the CSF fraction may be wrong by an SD of up to {common:.2f} in all scans alike, which "
                "moves the means of concentrations corrected for tissue (given as their common SD) and hardly changes."
            )
    if any(math.isfinite(tissue.mni_centre_mm[0]) for tissue in tissues):
        paragraphs.append(
            f"Boxes were taken to MNI152 space {cite.cite('mni')} by affine registration of the head (ANTs, "
            "mutual information); overlap is given as Dice coefficient of the boxes there."
        )
    paragraphs.append(
        "Each map was averaged over the box of the spectroscopic voxel with exact partial overlap of the box and the "
        "elements of the image, and the three means were normalised to their sum. The stated uncertainty holds "
        f"that of the segmentation and that of the voxel's place (SD {plan.position_sd_mm:g} mm along each axis)."
    )
    paragraphs += _regions(tissues) + _lesions(tissues) + _visits(tissues)
    shift = plan.displacement
    if shift is not None:
        moved = max(tissue.moved_mm for tissue in tissues)
        paragraphs.append(
            f"The box was that of the signal at {shift.signal_ppm:g} ppm by chemical-shift displacement (carrier at "
            f"{shift.carrier_ppm:g} ppm, bandwidths {', '.join(f'{value:g}' for value in shift.bandwidth_hz)} Hz), up "
            f"to {moved:.1f} mm from the nominal one."
        )
    return paragraphs


def _kind(given: Sequence[VoxelTissue]) -> str:
    kinds = {"probseg": "maps of tissue probability", "labels": "segmentations into anatomical labels"}
    return " and ".join(kinds[method] for method in sorted({tissue.method for tissue in given}, reverse=True))


def _visits(tissues: Sequence[VoxelTissue]) -> list[str]:
    moved = [tissue.movement for tissue in tissues if tissue.movement is not None]
    if not moved:
        return []
    seen = [one for one in moved if math.isfinite(one.information)]
    most = max((one.error_mm for one in seen), default=0.0)
    text = f"In {count_text(len(moved), 'scan')} the tissues are those of an image of another visit."
    if seen:
        text += (
            f" The head's pose in {count_text(len(seen), 'scan')} was found by rigid registration of an image of that "
            "visit (ANTs, mutual information, in both directions); the images shared more information there than in "
            f"any of twelve other poses, and the SD of the pose, at most {most:.1f} mm along "
            "each axis, is part of that of the voxel's place."
        )
    if len(seen) < len(moved):
        most = max(one.error_mm for one in moved if not math.isfinite(one.information))
        text += f" In the others it was declared or taken from a file, with an SD of {most:.1f} mm along each axis."
    return [text]


def _lesions(tissues: Sequence[VoxelTissue]) -> list[str]:
    """What was looked for, and in how many voxels it was found."""
    shares = [tissue.lesion for tissue in tissues if tissue.lesion is not None]
    if not shares:
        return []
    held = sum(share > 0 for share in shares)
    found = (
        f"{count_text(held, 'voxel')} held some ({100 * max(shares):.0f} % at most)" if held else "no voxel held any"
    )
    return [
        "Voxels were searched for what looks like a lesion (grey matter or fluid, together at least 0.1 ml, where the "
        f"warped atlas has only white matter): {found}; its part as bright as grey matter is in the SDs."
    ]


def _regions(tissues: Sequence[VoxelTissue]) -> list[str]:
    """Mean shares of the structures that the voxels hold."""
    placed = [tissue for tissue in tissues if tissue.regions]
    if not placed:
        return []
    names = {name for tissue in placed for name, _ in tissue.regions}
    means = {name: sum(dict(one.regions).get(name, 0.0) for one in placed) / len(placed) for name in names}
    most = sorted(means.items(), key=lambda one: (-one[1], one[0]))[:5]
    said = ", ".join(f"{100 * share:.0f} % {name}" for name, share in most if share >= 0.01)
    return [
        "By the atlas of structures of pharmrs (six label maps of SynthSeg, warped to MNI152; cortex by the regions of "
        f"Desikan and Killiany) the voxels held {said} on the average."
    ]
