"""What the report says about the tissues of the voxels: a table, a section of the page, a part of the methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pharmrs.records.anatomy import VoxelTissue
from pharmrs.report.dictionaries import SCAN, Column
from pharmrs.report.scan_figures import EmbeddedFigure
from pharmrs.report.section import Section, render_section
from pharmrs.report.tables import Row, Table
from pharmrs.report.view_tables import CellView, TableView, number_cell

_SD = "Standard deviation of `{0}`: place of the voxel and segmentation."
TISSUE: dict[str, Column] = {
    **SCAN,
    "gm": Column("Volume fraction of grey matter, of the part of the voxel that is in the brain.", "1"),
    "wm": Column("Volume fraction of white matter, likewise.", "1"),
    "csf": Column("Volume fraction of cerebrospinal fluid, likewise; gm + wm + csf = 1.", "1"),
    "gm_sd": Column(_SD.format("gm"), "1"),
    "wm_sd": Column(_SD.format("wm"), "1"),
    "csf_sd": Column(_SD.format("csf"), "1"),
    "inside_brain": Column("Share of the voxel that is in the brain.", "1"),
    "inside_image": Column("Share of the voxel that is in the image.", "1"),
    "x_mm": Column("Centre of the nominal voxel in the world of the scanner, to the right.", "mm"),
    "y_mm": Column("Centre of the nominal voxel in the world of the scanner, to the front.", "mm"),
    "z_mm": Column("Centre of the nominal voxel in the world of the scanner, up.", "mm"),
    "mni_x_mm": Column("Centre of the nominal voxel in MNI152 space, to the right.", "mm"),
    "mni_y_mm": Column("Centre of the nominal voxel in MNI152 space, to the front.", "mm"),
    "mni_z_mm": Column("Centre of the nominal voxel in MNI152 space, up.", "mm"),
    "moved_mm": Column("Chemical-shift displacement of the box that was evaluated, from the nominal one.", "mm"),
    "method": Column(
        "How the tissues were told apart.",
        levels={"probseg": "maps of another derivative", "atropos": "T1w image segmented here"},
    ),
    "source": Column("Image, or map of grey matter, that was used; path in the dataset."),
    "reason": Column("Why there are no fractions."),
}


def tissue_table(tissues: Sequence[VoxelTissue], missing: Mapping[str, tuple[str, str, str]]) -> Table:
    """One row per scan; `missing`: scan -> subject, session and the reason why it has no fractions."""
    rows = [_row(tissue) for tissue in tissues]
    rows += [
        {"scan": scan, "subject": subject, "session": session, "reason": reason}
        for scan, (subject, session, reason) in missing.items()
    ]
    return Table(name="tissue", columns=TISSUE, rows=tuple(sorted(rows, key=lambda row: str(row["scan"]))))


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
    }


def tissue_section(
    tissues: Sequence[VoxelTissue], missing: Mapping[str, tuple[str, str, str]], figures: Mapping[str, EmbeddedFigure]
) -> Section:
    """Fractions of every scan, and where each voxel lies."""
    return render_section(
        "tissue",
        "Voxels",
        "section_tissue.html.j2",
        fractions=_view(tissues),
        missing=[(scan, reason) for scan, (_, _, reason) in sorted(missing.items())],
        figures=[(tissue.scan, figures[tissue.scan]) for tissue in tissues if tissue.scan in figures],
    )


def _view(tissues: Sequence[VoxelTissue]) -> TableView:
    rows = []
    for tissue in tissues:
        found = tissue.fractions
        pairs = (
            (found.gray_matter, found.gray_matter_sd),
            (found.white_matter, found.white_matter_sd),
            (found.csf, found.csf_sd),
        )
        rows.append(
            (
                CellView(tissue.scan),
                *(CellView(f"{value:.3f} ± {sd:.3f}", order=repr(value)) for value, sd in pairs),
                number_cell(tissue.inside_brain, tone="bad" if tissue.inside_brain < 0.85 else ""),
                *(number_cell(value) for value in tissue.mni_centre_mm),
            )
        )
    return TableView(
        caption="Volume fractions of each voxel ± SD (place of the voxel and segmentation), and its centre in MNI152.",
        columns=("Scan", "Grey matter", "White matter", "CSF", "In the brain", "MNI x (mm)", "y", "z"),
        rows=tuple(rows),
        sortable=True,
    )
