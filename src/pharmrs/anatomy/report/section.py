"""What the report says about the tissues of the voxels: a table, a section of the page, a part of the methods."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from pharmrs.anatomy.records.images import Placement, VoxelTissue
from pharmrs.core.records.columns import Column
from pharmrs.core.report.dictionaries import SCAN
from pharmrs.core.report.embedded import EmbeddedFigure, LinkedFigure
from pharmrs.core.report.section import Section, render_section
from pharmrs.core.report.tables import Row, Table
from pharmrs.core.report.view_tables import CellView, TableView, number_cell

_SD = "Standard deviation of `{0}`: place of the voxel and segmentation."
TISSUE: dict[str, Column] = {
    **SCAN,
    "gm": Column("Volume fraction of grey matter, of the part of the voxel that is in the brain.", "1"),
    "wm": Column("Volume fraction of white matter, likewise.", "1"),
    "csf": Column("Volume fraction of cerebrospinal fluid, likewise; gm + wm + csf = 1.", "1"),
    "gm_sd": Column(_SD.format("gm"), "1"),
    "wm_sd": Column(_SD.format("wm"), "1"),
    "csf_sd": Column(_SD.format("csf"), "1"),
    "csf_common_sd": Column(
        "Standard deviation of `csf` that all segmented scans share, in one direction, beyond `csf_sd`: fluid of thin "
        "sulci, of which there may be more. What it does to concentrations is `*_common_sd` in metabolites.tsv.",
        "1",
    ),
    "lesion": Column(
        "Share of the voxel that looks like a lesion: grey matter or fluid where the atlas has only white matter.",
        "1",
    ),
    "inside_brain": Column("Share of the voxel that is in the brain.", "1"),
    "inside_image": Column("Share of the voxel that is in the image.", "1"),
    "x_mm": Column("Centre of the nominal voxel in the world of the scanner, to the right.", "mm"),
    "y_mm": Column("Centre of the nominal voxel in the world of the scanner, to the front.", "mm"),
    "z_mm": Column("Centre of the nominal voxel in the world of the scanner, up.", "mm"),
    "mni_x_mm": Column("Centre of the nominal voxel in MNI152 space, to the right.", "mm"),
    "mni_y_mm": Column("Centre of the nominal voxel in MNI152 space, to the front.", "mm"),
    "mni_z_mm": Column("Centre of the nominal voxel in MNI152 space, up.", "mm"),
    "dice_group": Column("Dice overlap of the box, in MNI152 space, with the mean of all boxes (1: all are one).", "1"),
    "dice_first": Column("Dice overlap of the box, in MNI152 space, with the participant's first one.", "1"),
    "distance_mm": Column("Distance of the centre, in MNI152 space, to the mean centre of all boxes.", "mm"),
    "moved_mm": Column("Chemical-shift displacement of the box that was evaluated, from the nominal one.", "mm"),
    "visit": Column("How the visit of the scan was laid on the head of the image, where that is of another visit."),
    "visit_mm": Column("How far the voxel was moved by that.", "mm"),
    "visit_deg": Column("How far it was turned by that.", "degree"),
    "visit_sd_mm": Column("Standard deviation of that along each axis.", "mm"),
    "method": Column(
        "How the tissues were told apart.",
        levels={
            "probseg": "maps of another derivative",
            "labels": "labels of another derivative",
            "segmented": "T1w image segmented here",
        },
    ),
    "source": Column("Image, or map of grey matter, that was used; path in the dataset."),
    "reason": Column("Why there are no fractions."),
}
_MOSTLY_INSIDE = 0.85  # share of a box in the brain below which it is marked


def tissue_table(
    tissues: Sequence[VoxelTissue],
    missing: Mapping[str, tuple[str, str, str]],
    placements: Mapping[str, Placement] | None = None,
) -> Table:
    """One row per scan; `missing`: scan -> subject, session and the reason why it has no fractions.

    `placements`: scan -> how its box lies among the others, for scans that were normalised.
    """
    places = placements or {}
    rows = [_row(tissue) | _place_cells(places.get(tissue.scan)) for tissue in tissues]
    rows += [
        {"scan": scan, "subject": subject, "session": session, "reason": reason}
        for scan, (subject, session, reason) in missing.items()
    ]
    return Table(name="tissue", columns=TISSUE, rows=tuple(sorted(rows, key=lambda row: str(row["scan"]))))


REGIONS: dict[str, Column] = {
    **SCAN,
    "region": Column(
        "Structure of the atlas of pharmrs, with its side; cortex by regions (Desikan-Killiany), white matter whole."
    ),
    "share": Column("Share of the nominal voxel that the atlas gives to it, by registration and warp to MNI152.", "1"),
}


def regions_table(tissues: Sequence[VoxelTissue]) -> Table:
    """Which structures every voxel holds, the largest share first."""
    rows: list[Row] = [
        {
            "scan": tissue.scan,
            "subject": tissue.subject,
            "session": tissue.session,
            "region": name,
            "share": share,
        }
        for tissue in sorted(tissues, key=lambda one: one.scan)
        for name, share in tissue.regions
    ]
    return Table(name="tissue_regions", columns=REGIONS, rows=tuple(rows))


def _row(tissue: VoxelTissue) -> Row:
    found = tissue.fractions
    x, y, z = tissue.centre_mm
    mni_x, mni_y, mni_z = tissue.mni_centre_mm
    return {
        "scan": tissue.scan,
        "subject": tissue.subject,
        "session": tissue.session,
        "gm": found.gray_matter,
        "wm": found.white_matter,
        "csf": found.csf,
        "gm_sd": found.gray_matter_sd,
        "wm_sd": found.white_matter_sd,
        "csf_sd": found.csf_sd,
        "csf_common_sd": found.csf_common_sd if tissue.method == "segmented" else None,
        "lesion": tissue.lesion,
        "inside_brain": tissue.inside_brain,
        "inside_image": tissue.inside_image,
        "x_mm": x,
        "y_mm": y,
        "z_mm": z,
        "mni_x_mm": mni_x,
        "mni_y_mm": mni_y,
        "mni_z_mm": mni_z,
        "moved_mm": tissue.moved_mm,
        "method": tissue.method,
        "source": tissue.source,
        **_visit_cells(tissue),
    }


def _visit_cells(tissue: VoxelTissue) -> Row:
    movement = tissue.movement
    if movement is None:
        return {}
    return {
        "visit": movement.how,
        "visit_mm": movement.moved_mm(np.array(tissue.centre_mm)),
        "visit_deg": movement.turned_deg,
        "visit_sd_mm": movement.error_mm,
    }


def _place_cells(place: Placement | None) -> Row:
    if place is None:
        return {}
    return {"dice_group": place.dice_group, "dice_first": place.dice_first, "distance_mm": place.distance_mm}


def tissue_section(
    tissues: Sequence[VoxelTissue],
    missing: Mapping[str, tuple[str, str, str]],
    figures: Mapping[str, EmbeddedFigure | LinkedFigure],
    placements: Mapping[str, Placement],
    group: EmbeddedFigure | None,
) -> Section:
    """Fractions of every scan, where each voxel lies, and where they all lie in MNI152 space (`group`)."""
    shown = [(tissue.scan, figures[tissue.scan]) for tissue in tissues if tissue.scan in figures]
    return render_section(
        "tissue",
        "Voxels",
        "section_tissue.html.j2",
        page="voxels",
        fractions=_view(tissues, placements, [scan for scan, _ in shown]),
        overview=_overview(tissues),
        group=group,
        missing=[(scan, reason) for scan, (_, _, reason) in sorted(missing.items())],
        figures=shown,
    )


def _overview(tissues: Sequence[VoxelTissue]) -> str:
    """What to expect of the voxels, and how many of them to look at."""
    if len(tissues) < 2:
        return ""
    parts = [("grey matter", "gray_matter"), ("white matter", "white_matter"), ("CSF", "csf")]
    said = []
    for name, field in parts:
        values = np.array([getattr(tissue.fractions, field) for tissue in tissues])
        low, middle, high = np.nanquantile(values, [0.0, 0.5, 1.0])
        said.append(f"{name} {middle:.2f} ({low:.2f} to {high:.2f})")
    outside = sum(tissue.inside_brain < _MOSTLY_INSIDE for tissue in tissues)
    ending = (
        f"{outside} with less than {100 * _MOSTLY_INSIDE:.0f} % of the box in the brain"
        if outside
        else (f"each with at least {100 * _MOSTLY_INSIDE:.0f} % of the box in the brain")
    )
    return f"{len(tissues)} voxels, median (range): {', '.join(said)}; {ending}."


def _view(tissues: Sequence[VoxelTissue], placements: Mapping[str, Placement], shown: Sequence[str]) -> TableView:
    """Fractions, and the place in MNI152 space where any image was registered to it; `shown`: scans with a picture."""
    link = {scan: f"#tissue-{number}" for number, scan in enumerate(shown, start=1)}
    normalised = bool(placements) or not all(math.isnan(tissue.mni_centre_mm[0]) for tissue in tissues)
    rows = []
    for tissue in tissues:
        found = tissue.fractions
        place = placements.get(tissue.scan)
        pairs = (
            (found.gray_matter, found.gray_matter_sd),
            (found.white_matter, found.white_matter_sd),
            (found.csf, found.csf_sd),
        )
        rows.append(
            (
                CellView(tissue.scan, href=link.get(tissue.scan, "")),
                *(CellView(f"{value:.3f} ± {sd:.3f}", order=repr(value)) for value, sd in pairs),
                number_cell(tissue.inside_brain, tone="bad" if tissue.inside_brain < _MOSTLY_INSIDE else ""),
                *(map(number_cell, tissue.mni_centre_mm) if normalised else ()),
                *(_overlap_view(place) if placements else ()),
                *((CellView(_most(tissue)),) if normalised else ()),
            )
        )
    caption = "Volume fractions of each voxel ± SD (place of the voxel and segmentation)"
    if normalised:
        caption += ", and its centre in MNI152"
    if placements:
        caption += ", with its overlap there with the mean of all boxes and with the participant's first one (Dice)"
    common = [one.fractions.csf_common_sd for one in tissues if one.method == "segmented"]
    if common:
        caption += (
            f". Beyond these SDs CSF may be wrong by an SD of {np.median(common):.2f} in all scans alike (median; most "
            "likely there is more of it, in thin sulci), which moves absolute concentrations"
        )
    return TableView(
        caption=f"{caption}.",
        columns=(
            *("Scan", "Grey matter", "White matter", "CSF", "In the brain"),
            *(("MNI x (mm)", "y", "z") if normalised else ()),
            *(("Dice, group", "Dice, first") if placements else ()),
            *(("In the atlas",) if normalised else ()),
        ),
        rows=tuple(rows),
        sortable=True,
    )


def _most(tissue: VoxelTissue) -> str:
    """The structures that hold most of the voxel."""
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in tissue.regions[:3])


def _overlap_view(place: Placement | None) -> tuple[CellView, ...]:
    return (
        number_cell(place.dice_group if place is not None else None, 2),
        number_cell(place.dice_first if place is not None else None, 2),
    )
