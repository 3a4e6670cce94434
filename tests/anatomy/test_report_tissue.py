"""The section of the voxels: what was not asked for has no columns, and the picture says what its colours mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import Movement, Placement, PlaneCut, TissueFractions, VoxelTissue
from pharmrs.anatomy.report.figure import placement_figure
from pharmrs.anatomy.report.methods import tissue_paragraphs
from pharmrs.anatomy.report.section import tissue_section
from pharmrs.core.report.figure_style import figure_png_bytes
from pharmrs.core.report.references import Citations
from tests.pictures import beyond_the_edge_mm
from tests.study.html_page import Page

NAN = float("nan")


def tissue(mni: tuple[float, float, float]) -> VoxelTissue:
    fractions = TissueFractions(
        gray_matter=0.7,
        white_matter=0.2,
        csf=0.1,
        gray_matter_sd=0.02,
        white_matter_sd=0.02,
        csf_sd=0.01,
        source="maps",
    )
    return VoxelTissue(
        scan="sub-01", subject="01", session="", fractions=fractions, inside_image=1.0, inside_brain=1.0,
        centre_mm=(0.0, 40.0, 7.0), mni_centre_mm=mni, moved_mm=0.0, source="maps", method="probseg",
    )  # fmt: skip


def headings(mni: tuple[float, float, float], placements: dict[str, Placement]) -> str:
    page = str(tissue_section([tissue(mni)], {}, {}, placements, None).body)
    assert len(Page(page).all("td")) == len(Page(page).all("th")) - 2  # a row as wide as the header
    return page


def test_without_normalisation_there_are_no_empty_columns() -> None:
    page = headings((NAN, NAN, NAN), {})
    assert "Grey matter" in page and "0.700 ± 0.020" in page
    assert "MNI" not in page and "Dice" not in page and "n/a" not in page


def test_with_it_the_place_is_told() -> None:
    page = headings((-1.2, 40.3, 7.2), {"sub-01": Placement(dice_group=0.91, dice_first=NAN, distance_mm=1.0)})
    assert "MNI x (mm)" in page and "-1.20" in page.replace("−", "-") and "0.91" in page and "n/a" in page


def test_lesions_are_in_the_methods_where_they_were_looked_for() -> None:
    def said(*shares: float | None) -> str:
        tissues = [replace(tissue((0.0, 40.0, 7.0)), lesion=share) for share in shares]
        return " ".join(tissue_paragraphs(Anatomy(), tissues, Citations()))

    assert "lesion" not in said(None)
    assert "no voxel held any" in said(0.0, 0.0)
    assert "1 voxel held some (14 % at most)" in said(0.0, 0.14)


def cuts() -> list[PlaneCut]:
    return [
        PlaneCut(
            axis=axis, image=np.ones((60, 60)), tissue=np.full((3, 60, 60), 1 / 3), extent_mm=(-30, 30, -30, 30),
            outline=np.array([[-10.0, -10.0], [10.0, -10.0], [10.0, 10.0], [-10.0, 10.0]]),
        )
        for axis in range(3)
    ]  # fmt: skip


def test_a_visit_laid_on_another_head_is_told_inside_the_picture() -> None:
    how = "registered on the image of the visit, rigid, mutual information"
    movement = Movement(to_head=np.eye(4), error_mm=0.4, information=1.0, elsewhere=0.2, overlap=1.0, how=how)
    name = "sub-0123456789_ses-followup24h_acq-steam_voi-pgACC_run-01"
    figure = placement_figure(cuts(), replace(tissue((NAN, NAN, NAN)), scan=name, movement=movement))
    assert beyond_the_edge_mm(figure) == 0
    title = figure.get_suptitle()
    assert name in title and "another visit" in title and how in " ".join(title.split())


def test_the_picture_says_what_its_colours_mean() -> None:
    figure = placement_figure(cuts(), tissue((NAN, NAN, NAN)))
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["grey matter", "white matter", "CSF"]
    assert figure_png_bytes(figure)[:4] == b"\x89PNG"


def test_the_title_of_another_visit_is_not_cut() -> None:
    how = "transform sub-01_ses-02_from-orig_to-T1w_mode-image_xfm.txt, borne out by registration of sub-01_T1w.nii.gz"
    movement = Movement(to_head=np.eye(4), error_mm=0.4, information=1.0, elsewhere=0.2, overlap=1.0, how=how)
    figure = placement_figure(cuts(), replace(tissue((NAN, NAN, NAN)), movement=movement))
    figure_png_bytes(figure)  # lays it out
    (title,) = [text for text in figure.texts if "visit laid" in text.get_text()]
    assert title.get_window_extent().x1 <= figure.bbox.x1
    assert "border of the brain" in title.get_text().replace("\n", " ")
