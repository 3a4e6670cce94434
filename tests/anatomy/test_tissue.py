"""Tissue fractions in `pharmrs run`: from existing maps to concentrations, and every bad input on the way."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from pharmrs.anatomy.science.fractions import shares_in
from pharmrs.anatomy.stage import stage as tissue_stage
from pharmrs.anatomy.stage.plan import plan_tissue
from pharmrs.anatomy.stage.tissue import measure_tissue
from pharmrs.core.report.embedded import LinkedFigure
from pharmrs.study.dataset import open_dataset
from tests.anatomy.anatomy_images import AFFINE, declare_anatomy, head, made_heads, write_maps
from tests.study.e2e import RESULTS, pharmrs, table
from tests.study.e2e import results as results_of

GOOD = "sub-01_ses-1_acq-steam"


@pytest.fixture(scope="module")
def results(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The derivative of a dataset whose participant has maps of a segmentation."""
    root = tmp_path_factory.mktemp("tissue") / "dataset"
    shutil.copytree(demo, root)
    write_maps(root, head())
    declare_anatomy(root)
    ended = pharmrs("run", root, "--workers", 1)
    assert ended.code == 0, ended.err
    return root / RESULTS


def reference() -> np.ndarray:
    """Mean of the maps over the voxel by brute force: a million random points, nearest element."""
    points = np.random.default_rng(1).uniform(-0.5, 0.5, (1_000_000, 3)) * [20.0, 15.0, 10.0] + [0.0, 40.0, 10.0]
    index = np.rint((points - AFFINE[:3, 3]) / 2.0).astype(int)
    shares = np.array([values[tuple(index.T)].mean() for values in head().values()])
    return shares / shares.sum()


def test_fractions_are_those_of_the_maps(results: Path) -> None:
    """Against a million random points, whose own error is 5e-4."""
    rows = {row["scan"]: row for row in table(results / "tissue.tsv")}
    assert len(rows) == 2
    for row in rows.values():
        assert [float(row[key]) for key in ("gm", "wm", "csf")] == pytest.approx(list(reference()), abs=2e-3)
        assert float(row["gm"]) + float(row["wm"]) + float(row["csf"]) == pytest.approx(1.0)
        assert [float(row[f"{axis}_mm"]) for axis in "xyz"] == [0.0, 40.0, 10.0]
        assert float(row["inside_brain"]) == pytest.approx(1.0, abs=1e-6)
        assert (row["method"], row["reason"]) == ("probseg", "n/a")
        assert row["source"] == "derivatives/fmriprep/sub-01/anat/sub-01_label-GM_probseg.nii.gz"
        # the segmentation alone gives 0.015 for WM and CSF; a border in the voxel adds that of its place
        assert float(row["csf_sd"]) >= 0.015
        assert 0.015 < float(row["wm_sd"]) < 0.1


def test_concentrations_use_the_fractions(results: Path) -> None:
    tissue = {row["scan"]: row for row in table(results / "tissue.tsv")}[GOOD]
    brain = float(tissue["gm"]) + float(tissue["wm"])
    rows = {row["metabolite"]: row for row in table(results / "metabolites.tsv") if row["scan"] == GOOD}
    for row in rows.values():
        if row["lcmodel_water"] != "n/a" and float(row["lcmodel_water"]):
            assert float(row["gm_wm_normalised"]) == pytest.approx(float(row["lcmodel_water"]) / brain, rel=1e-6)
    glu = rows["Glu"]
    # the fractions add their share to the SD, and no more
    before, after = (float(glu[f"{scale}_sd"]) / float(glu[scale]) for scale in ("lcmodel_water", "gm_wm_normalised"))
    assert after == pytest.approx(math.hypot(before, float(tissue["csf_sd"]) / brain), rel=1e-6)
    assert math.isfinite(float(glu["tissue_molal"]))
    assert "alpha_corrected: no white-to-grey ratio declared" in glu["reason"]


def test_the_report_shows_every_voxel_and_says_what_was_done(results: Path) -> None:
    page, methods = (
        (results / name).read_text(encoding="utf-8") for name in ("report_pages/voxels.html", "methods.md")
    )
    assert 'href="report_pages/voxels.html"' in (results / "report.html").read_text(encoding="utf-8")
    assert "## Tissue fractions" in methods
    assert "maps of tissue probability (fmriprep)" in methods
    assert "10.1002/mrm.20901" in methods
    pictures = sorted(path.name for path in results.glob("sub-01/ses-*/anat/figures/*.png"))
    assert pictures == [f"sub-01_ses-{n}_acq-steam_voxel.png" for n in (1, 2)]
    picture = r'<img src="\.\./(sub-01/ses-\d/anat/figures/[^"]+)" alt="Voxel of [^"]+" width="\d+" height="\d+"'
    shown = re.findall(picture, page)
    assert len(shown) == 2 and page.count("in sagittal, coronal and axial planes") == 2
    assert all((results / place).is_file() for place in shown)
    assert len(re.findall(r'<details class="scan" id="tissue-\d">', page)) == 2  # folded


def test_pictures_of_voxels_are_not_held(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each scan the report has the address of its picture, the size and the words."""
    held: list[object] = []
    section = tissue_stage.tissue_section

    def noting(tissues: Any, missing: Any, figures: dict[str, object], *rest: Any) -> Any:
        held.extend(figures.values())
        return section(tissues, missing, figures, *rest)

    monkeypatch.setattr(tissue_stage, "tissue_section", noting)
    assert pharmrs("run", results.parents[1], "--output", tmp_path / "out", "--workers", 1).code == 0
    assert len(held) == 2 and all(isinstance(figure, LinkedFigure) for figure in held)


@pytest.mark.long
def test_maps_are_in_the_provenance_and_the_same_run_gives_the_same_bytes(results: Path) -> None:
    assert '"derivatives/fmriprep/sub-01/anat/sub-01_label-CSF_probseg.nii.gz": "' in (
        results / "provenance.json"
    ).read_text(encoding="utf-8")
    first = results_of(results.parents[1])
    assert pharmrs("run", results.parents[1], "--workers", 2, "--fresh").code == 0
    assert results_of(results.parents[1]) == first


Damage = Callable[[Path], object]


def _scaled(root: Path) -> None:
    write_maps(root, {label: 255 * values for label, values in head().items()})


def _part(root: Path) -> None:
    write_maps(root, {label: 0.5 * values for label, values in head().items()})


def _without_csf(root: Path) -> None:
    (write_maps(root, head()) / "sub-01_label-CSF_probseg.nii.gz").unlink()


def _edit(root: Path, label: str, change: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]) -> None:
    path = write_maps(root, head()) / f"sub-01_label-{label}_probseg.nii.gz"
    image = nib.load(path)
    data, affine = change(np.asarray(image.dataobj).copy(), image.affine.copy())
    nib.save(nib.Nifti1Image(data.astype(np.float32), affine), path)


def _other_grid(root: Path) -> None:
    _edit(root, "WM", lambda data, affine: (data[:-2], affine))


def _nan(root: Path) -> None:
    def change(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        data[5, 5, 5] = np.nan
        return data, affine

    _edit(root, "GM", change)


def _constant(root: Path) -> None:
    _edit(root, "GM", lambda data, affine: (0 * data, affine))


def _four_dimensions(root: Path) -> None:
    _edit(root, "GM", lambda data, affine: (np.stack([data, data], axis=-1), affine))


def _centimetres(root: Path) -> None:
    _edit(root, "GM", lambda data, affine: (data, np.diag([0.1, 0.1, 0.1, 1.0]) @ affine))


def _metres(root: Path) -> None:
    _edit(root, "GM", lambda data, affine: (data, np.diag([1e-3, 1e-3, 1e-3, 1.0]) @ affine))


def _sheared(root: Path) -> None:
    def change(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        affine[0, 1] = 0.3
        return data, affine

    _edit(root, "CSF", change)


def _thick(root: Path) -> None:
    folder = write_maps(root, head())
    for path in folder.glob("*probseg.nii.gz"):
        image = nib.load(path)
        affine = image.affine.copy()
        affine[:, 2] *= 6.0 / np.linalg.norm(affine[:3, 2])
        nib.save(nib.Nifti1Image(np.asarray(image.dataobj), affine), path)


def _overshot(root: Path) -> None:
    _edit(root, "CSF", lambda data, affine: (np.where(data > 0.9, 1.06, data - 0.04).astype(np.float32), affine))


def _elsewhere(root: Path) -> None:
    folder = write_maps(root, head())
    for path in folder.glob("*probseg.nii.gz"):
        image = nib.load(path)
        affine = image.affine.copy()
        affine[1, 3] += 300.0
        nib.save(nib.Nifti1Image(np.asarray(image.dataobj), affine), path)


def _slab(root: Path) -> None:
    folder = write_maps(root, head())
    for path in folder.glob("*probseg.nii.gz"):
        image = nib.load(path)
        affine = image.affine.copy()
        affine[:3, 3] += affine[:3, :3] @ [0, 0, 41]
        nib.save(nib.Nifti1Image(np.asarray(image.dataobj)[:, :, 41:], affine), path)


def _in_the_rim(root: Path) -> None:
    folder = write_maps(root, head())
    for path in folder.glob("*probseg.nii.gz"):
        image = nib.load(path)
        affine = image.affine.copy()
        affine[1, 3] -= 46.0  # the head ends at 39 mm, 6.5 mm into a voxel of 15 mm
        nib.save(nib.Nifti1Image(np.asarray(image.dataobj), affine), path)


def _twice(root: Path) -> None:
    write_maps(root, head())
    write_maps(root, head(), pipeline="cat12")


def _truncated(root: Path) -> None:
    path = write_maps(root, head()) / "sub-01_label-GM_probseg.nii.gz"
    path.write_bytes(path.read_bytes()[:2000])


def _nothing(root: Path) -> None:
    pass


BAD: dict[str, tuple[Damage, str, str]] = {
    "nothing there": (_nothing, "the voxel's tissues need an image of the participant", "add anat/*_T1w.nii.gz"),
    "two segmentations": (_twice, "exactly one maps of GM, WM and CSF must fit", "anatomy: {derivative: ...}"),
    "from 0 to 255": (_scaled, "must be shares from 0 to 1 (found: 0 to 255)", "divide by the largest"),
    "sum one half": (_part, "GM + WM + CSF must be 1 in the brain", "the sum is 0.5 in the median"),
    "no CSF": (_without_csf, "the maps of all three tissues are needed (found: csf missing)", "add the missing map"),
    "another grid": (_other_grid, "the three maps must have one grid", "one run of the segmentation"),
    "not a number": (_nan, "must be finite numbers (found: 1 NaN or infinite)", "convert again"),
    "constant": (_constant, "must hold an image (found: 0 everywhere)", "export or convert"),
    "four dimensions": (_four_dimensions, "must be one three-dimensional image", "extract one volume"),
    "centimetres": (
        _centimetres,
        "elements must be 0.3 to 5 mm large (found: 0.2 x 0.2 x 0.2 mm, ",
        "seems to be in centimetres (2 x 2 x 2 mm would fit)",
    ),
    "metres": (_metres, "elements must be 0.3 to 5 mm large (found: 0.002 x 0.002 x 0.002 mm", "by 1000"),
    "slices of 6 mm": (_thick, "0.3 to 5 mm large (found: 2 x 2 x 6 mm, ", "three-dimensional image"),
    "overshot": (_overshot, "must be shares from 0 to 1 (found: -0.04 to 1.06)", "resampling with splines"),
    "sheared": (_sheared, "the axes must be at right angles", "resample the image"),
    "another place": (_elsewhere, "the voxel must lie inside the image", "one person and one visit"),
    "slab": (_slab, "the voxel must lie inside the image", "a slab that cuts the voxel"),
    "in the rim": (_in_the_rim, "the voxel must lie in the brain", "one person and one visit"),
    "truncated": (_truncated, "must be a complete gzip file", "copy or download"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_images_are_named_with_a_remedy_and_cost_no_scan(name: str, copy_of_demo: Callable[[], Path]) -> None:
    """Every scan has a reason for its missing fractions, and nothing is raised."""
    damage, rule, remedy = BAD[name]
    root = copy_of_demo()
    declare_anatomy(root, "anatomy: {normalise: false, other_visit_sd_mm: 0}")
    damage(root)
    dataset = open_dataset(root)
    assert dataset.study is not None
    plan = plan_tissue(root, dataset.study.anatomy, dataset.scans, root / RESULTS, lambda _path: 297.2)
    done = [measure_tissue(task) for task in plan.tasks]
    problems = [*plan.problems, *(problem for one in done for problem in one.problems)]
    said = [str(problem) for problem in problems]
    assert any(rule in text and remedy in text for text in said), said
    assert all(problem.file and problem.field and problem.remedy for problem in problems)
    missing = {**plan.missing, **{scan: why for one in done for scan, why in one.missing.items()}}
    assert set(missing) == {scan.name for scan in dataset.scans}
    assert all(missing.values())
    assert not [one for one in done if one.found]


def test_a_run_without_usable_images_still_gives_uncorrected_scales(copy_of_demo: Callable[[], Path]) -> None:
    root = copy_of_demo()
    declare_anatomy(root)
    ended = pharmrs("run", root, "--workers", 1)
    assert ended.code == 3
    assert [line for line in ended.lines("error") if "T1w image" in line]
    rows = [row for row in table(root / RESULTS / "metabolites.tsv") if row["scan"] == GOOD]
    assert all(math.isfinite(float(row["institutional"])) for row in rows)
    assert {row["gm_wm_normalised"] for row in rows} == {"n/a"}
    assert "no image of the head could be chosen" in rows[0]["reason"]
    tissue = table(root / RESULTS / "tissue.tsv")
    assert [row["gm"] for row in tissue] == ["n/a", "n/a"]
    assert all("no image of the head" in row["reason"] for row in tissue)


def test_images_that_nothing_uses_are_told(copy_of_demo: Callable[[], Path]) -> None:
    root = copy_of_demo()
    (root / "sub-01" / "ses-1" / "anat").mkdir()
    (root / "sub-01" / "ses-1" / "anat" / "sub-01_ses-1_T1w.nii.gz").write_bytes(b"")
    dataset = open_dataset(root)
    assert dataset.study is not None
    plan = plan_tissue(root, dataset.study.anatomy, dataset.scans, root / RESULTS, lambda _path: 297.2)
    assert [problem.severity for problem in plan.problems] == ["warning"]
    assert not plan.tasks


def test_anatomy_and_one_set_of_fractions_exclude_each_other(copy_of_demo: Callable[[], Path]) -> None:
    root = copy_of_demo()
    path = root / "study.yaml"
    path.write_text(path.read_text() + "anatomy: {}\n")
    ended = pharmrs("run", root)
    assert ended.code == 2
    assert "anatomy and quantification.tissue exclude each other" in ended.err


@pytest.fixture(scope="module")
def segmented(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with one T1w image for both visits, run once; the voxel of the first visit is put into the head."""
    root = tmp_path_factory.mktemp("segmented") / "dataset"
    shutil.copytree(demo, root)
    made = made_heads().make_head()
    (root / "sub-01" / "anat").mkdir()
    nib.save(nib.Nifti1Image(made.image.data, made.image.affine), root / "sub-01" / "anat" / "sub-01_T1w.nii.gz")
    for path in root.glob("sub-01/ses-*/mrs/*.nii.gz"):
        image = nib.load(path)
        moved = type(image)(np.asarray(image.dataobj), made.box().affine, image.header)
        moved.set_sform(made.box().affine)
        moved.set_qform(made.box().affine)
        nib.save(moved, path)
    declare_anatomy(root)
    ended = pharmrs("run", root, "--workers", 1)
    assert ended.code == 0, ended.err
    return root


def test_a_t1w_image_is_segmented_once_for_both_visits(segmented: Path) -> None:
    results = segmented / RESULTS
    rows = table(results / "tissue.tsv")
    made = made_heads().make_head()
    shares, _ = shares_in(made.truth, made.box())
    for row in rows:
        assert [float(row[key]) for key in ("gm", "wm", "csf")] == pytest.approx(list(shares / shares.sum()), abs=0.05)
        assert [float(row[f"mni_{axis}_mm"]) for axis in "xyz"] == pytest.approx(list(made_heads().TARGET_MM), abs=1.0)
        assert (row["method"], row["source"]) == ("segmented", "sub-01/anat/sub-01_T1w.nii.gz")
        assert float(row["dice_group"]) == pytest.approx(1.0)
    assert rows[0]["dice_first"] == "n/a"
    assert float(rows[1]["dice_first"]) == pytest.approx(1.0)
    kept = sorted(path.name for path in (results / "sub-01" / "anat").glob("*"))
    assert kept == [
        "sub-01_desc-border_label-CSF_probseg.nii.gz",
        "sub-01_desc-border_label-WM_probseg.nii.gz",
        "sub-01_desc-doubt_label-GM_probseg.nii.gz",
        "sub-01_desc-second_label-CSF_probseg.nii.gz",
        "sub-01_desc-second_label-GM_probseg.nii.gz",
        "sub-01_desc-second_label-WM_probseg.nii.gz",
        "sub-01_desc-tissue_anatomy.json",
        "sub-01_from-T1w_to-MNI152NLin2009aSym_mode-points_xfm.npz",
        "sub-01_label-CSF_probseg.nii.gz",
        "sub-01_label-GM_probseg.nii.gz",
        "sub-01_label-WM_probseg.nii.gz",
    ]
    assert (results / "voxels_space-MNI152NLin2009aSym_overlap.nii.gz").is_file()
    assert "were segmented" in (results / "methods.md").read_text(encoding="utf-8")


def test_the_segmentation_is_found_again_and_made_again_for_another_image(
    segmented: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(shutil.copytree(segmented, tmp_path / "copy"))
    before = results_of(root)

    def never(*_: object) -> None:
        raise AssertionError("segmented again")

    monkeypatch.setattr("pharmrs.anatomy.stage.head.segment", never)
    assert pharmrs("run", root, "--workers", 1).code == 0
    assert results_of(root) == before
    image = root / "sub-01" / "anat" / "sub-01_T1w.nii.gz"
    loaded = nib.load(image)
    nib.save(nib.Nifti1Image(np.asarray(loaded.dataobj) * 2.0, loaded.affine), image)
    ended = pharmrs("run", root, "--workers", 1)
    assert ended.code == 3 and "AssertionError: segmented again" in ended.err


@pytest.mark.long
def test_voxel_command(segmented: Path, tmp_path: Path) -> None:
    """The same image and box by themselves: the same fractions as in the run."""
    spectrum = next(segmented.glob("sub-01/ses-1/mrs/*_svs.nii.gz"))
    out = tmp_path / "out"
    ended = pharmrs("voxel", segmented / "sub-01" / "anat" / "sub-01_T1w.nii.gz", spectrum, "--out", out)
    assert ended.code == 0, ended.err
    (row,) = table(out / "tissue.tsv")
    expected = next(one for one in table(segmented / RESULTS / "tissue.tsv") if one["scan"] == GOOD)
    for key in ("gm", "wm", "csf", "gm_sd", "wm_sd", "csf_sd", "inside_brain", "mni_x_mm"):
        assert row[key] == expected[key]
    assert (out / f"{GOOD}_voxel.png").is_file()
    assert "centre in MNI152" in ended.out


def test_voxel_command_refuses_another_contrast(segmented: Path, tmp_path: Path) -> None:
    made = made_heads().make_head(means=(1000.0, 700.0, 450.0))
    nib.save(nib.Nifti1Image(made.image.data, made.image.affine), tmp_path / "T2w.nii.gz")
    spectrum = next(segmented.glob("sub-01/ses-1/mrs/*_svs.nii.gz"))
    ended = pharmrs("voxel", tmp_path / "T2w.nii.gz", spectrum, "--out", tmp_path / "out")
    assert ended.code == 2
    assert "contrast: must be a T1-weighted image of a head" in ended.err
    assert not (tmp_path / "out").exists()


def test_validate_checks_the_images_without_segmenting(
    copy_of_demo: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slab that cuts the voxel is found; a T1w image that holds it is not segmented."""

    def never(*_: object) -> None:
        raise AssertionError("segmented")

    monkeypatch.setattr("pharmrs.anatomy.stage.head.segment", never)
    root = copy_of_demo()
    declare_anatomy(root)
    _slab(root)
    ended = pharmrs("validate", root)
    assert ended.code == 2
    (line,) = [line for line in ended.lines("error") if "the voxel must lie inside the image" in line]
    assert line.startswith("error: 2 files (")
    shutil.rmtree(root / "derivatives")
    (root / "sub-01" / "anat").mkdir()
    data = np.random.default_rng(1).random((60, 60, 60), dtype=np.float32)
    affine = np.diag([3.0, 3.0, 3.0, 1.0])
    affine[:3, 3] = -80.0
    nib.save(nib.Nifti1Image(data, affine), root / "sub-01" / "anat" / "sub-01_T1w.nii.gz")
    assert not pharmrs("validate", root).lines("error")
