"""Which image serves which scan: session, participant, the only one elsewhere, names of other programs, ambiguity."""

from __future__ import annotations

from pathlib import Path

import pytest

from pharmrs.anatomy.read.files import find_anatomy
from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import AnatomyFiles, VisitFiles
from pharmrs.core.errors import InputProblem
from pharmrs.core.records.scan_files import ScanFiles

FMRIPREP = tuple(f"sub-01_label-{tissue}_probseg.nii.gz" for tissue in ("GM", "WM", "CSF"))


def scan(subject: str = "01", session: str = "2") -> ScanFiles:
    name = f"sub-{subject}_ses-{session}" if session else f"sub-{subject}"
    return ScanFiles(name=name, subject=subject, session=session, metabolite=f"{name}_svs.nii.gz")


def found(
    root: Path, *paths: str, plan: Anatomy | None = None, of: ScanFiles | None = None
) -> tuple[AnatomyFiles | None, list[InputProblem]]:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"")
    wanted = of or scan()
    plan = plan or Anatomy(other_visit_sd_mm=0.0)
    chosen, problems = find_anatomy(root, [wanted], plan, root / "derivatives" / "pharmrs")
    assert all(problem.file and problem.field and problem.rule and problem.remedy for problem in problems)
    one = chosen.get(wanted.name)
    return (one.files if one is not None else None), problems


SES1, SES2 = (f"sub-01/ses-{n}/anat/sub-01_ses-{n}_T1w.nii.gz" for n in (1, 2))
WHOLE = "sub-01/anat/sub-01_T1w.nii.gz"


@pytest.mark.parametrize(
    ("paths", "taken"),
    [
        ((SES1, SES2, WHOLE), SES2),
        ((SES1, WHOLE), WHOLE),
        ((SES1,), SES1),
        (("sub-02/anat/sub-02_T1w.nii.gz", SES1), SES1),
    ],
    ids=["own session", "participant", "only one elsewhere", "not of another person"],
)
def test_the_nearest_image_serves(paths: tuple[str, ...], taken: str, tmp_path: Path) -> None:
    files, problems = found(tmp_path, *paths)
    assert not problems
    assert files is not None
    assert files.t1 == str(tmp_path / taken)
    assert files.maps == ()


def test_several_images_are_ambiguous_until_an_entity_tells(tmp_path: Path) -> None:
    paths = [f"sub-01/ses-2/anat/sub-01_ses-2_acq-{name}_T1w.nii.gz" for name in ("mprage", "mp2rage")]
    files, problems = found(tmp_path, *paths)
    assert files is None
    (problem,) = problems
    assert problem.severity == "error"
    assert "sub-01_ses-2_acq-mp2rage_T1w.nii.gz, sub-01_ses-2_acq-mprage_T1w.nii.gz" in problem.value
    assert "anatomy: {t1: ...}" in problem.remedy
    files, problems = found(tmp_path, plan=Anatomy(other_visit_sd_mm=0.0, t1="acq-mprage"))
    assert not problems
    assert files is not None
    assert files.t1.endswith("acq-mprage_T1w.nii.gz")


def test_several_other_sessions_are_ambiguous_until_one_is_declared_the_reference(tmp_path: Path) -> None:
    paths = (SES1, SES1.replace("ses-1", "ses-3"))
    assert found(tmp_path, *paths)[0] is None
    files, _ = found(tmp_path, plan=Anatomy(other_visit_sd_mm=0.0, t1="ses-3"))
    assert files is not None
    assert "ses-3" in files.t1


@pytest.mark.parametrize(
    "names",
    [
        tuple(f"fmriprep/sub-01/ses-2/anat/{name}" for name in FMRIPREP),
        tuple(f"fsl/sub-01/ses-2/anat/sub-01_ses-2_T1w_pve_{n}.nii.gz" for n in (1, 2, 0)),
        tuple(f"cat12/sub-01/mri/p{n}sub-01_ses-2_T1w.nii" for n in (1, 2, 3)),
        tuple(f"spm/sub-01/ses-2/anat/c{n}sub-01_ses-2_T1w.nii" for n in (1, 2, 3)),
    ],
    ids=["BIDS", "FAST", "CAT12", "SPM"],
)
def test_maps_of_other_programs_come_first(names: tuple[str, ...], tmp_path: Path) -> None:
    files, problems = found(tmp_path, SES2, *(f"derivatives/{name}" for name in names))
    assert not problems
    assert files is not None
    assert files.maps == tuple(str(tmp_path / "derivatives" / name) for name in names)  # GM, WM, CSF
    assert files.t1 == str(tmp_path / SES2)  # for the pictures
    alone, _ = found(tmp_path, plan=Anatomy(other_visit_sd_mm=0.0, source="t1"))
    assert alone is not None
    assert alone.maps == ()


def test_a_link_to_a_folder_beside_it_makes_no_second_set_of_maps(tmp_path: Path) -> None:
    """`derivatives/current` that leads to a program's folder, and one that leads to the dataset itself."""
    (tmp_path / "derivatives").mkdir()
    (tmp_path / "derivatives" / "current").symlink_to("fmriprep")
    (tmp_path / "derivatives" / "around").symlink_to("..")
    files, problems = found(tmp_path, SES2, *(f"derivatives/fmriprep/sub-01/anat/{name}" for name in FMRIPREP))
    assert not problems
    assert files is not None
    assert files.maps == tuple(str(tmp_path / f"derivatives/fmriprep/sub-01/anat/{name}") for name in FMRIPREP)


def test_maps_in_the_space_of_a_template_and_own_results_are_left_alone(tmp_path: Path) -> None:
    warped = [name.replace("_label", "_space-MNI152NLin2009cAsym_label") for name in FMRIPREP]
    files, problems = found(
        tmp_path,
        SES2,
        *(f"derivatives/fmriprep/sub-01/anat/{name}" for name in warped),
        *(f"derivatives/pharmrs/sub-01/anat/{name}" for name in FMRIPREP),
    )
    assert not problems
    assert files is not None
    assert files.maps == ()


def test_two_segmentations_need_a_word(tmp_path: Path) -> None:
    paths = [f"derivatives/{pipeline}/sub-01/anat/{name}" for pipeline in ("cat12", "fmriprep") for name in FMRIPREP]
    assert found(tmp_path, *paths)[0] is None
    files, problems = found(tmp_path, plan=Anatomy(other_visit_sd_mm=0.0, derivative="fmriprep"))
    assert not problems
    assert files is not None
    assert "fmriprep" in files.csf
    _, problems = found(tmp_path, plan=Anatomy(other_visit_sd_mm=0.0, derivative="freesurfer"))
    assert problems[0].field == "anatomy.derivative"


def test_nothing_for_a_scan_is_an_error_with_both_remedies(tmp_path: Path) -> None:
    files, problems = found(tmp_path, "sub-02/anat/sub-02_T1w.nii.gz")
    assert files is None
    assert [problem.severity for problem in problems] == ["error"]
    _, problems = found(tmp_path, plan=Anatomy(other_visit_sd_mm=0.0, source="probseg"))
    assert "probseg" in problems[0].remedy


def visit_of(root: Path, *paths: str, plan: Anatomy | None = None) -> tuple[VisitFiles | None, list[InputProblem]]:
    """How the second visit of the participant lies to the images that were chosen for it."""
    files, problems = found(root, *paths, plan=plan or Anatomy())
    chosen, _ = find_anatomy(root, [scan(), scan(session="1")], plan or Anatomy(), root / "derivatives" / "pharmrs")
    assert (files is None) == (scan().name not in chosen)
    return (chosen[scan().name].visit if files is not None else None), problems


MAPS = tuple(f"derivatives/fmriprep/sub-01/anat/{name}" for name in FMRIPREP)


@pytest.mark.parametrize("paths", [(SES1,), (SES1, *MAPS)], ids=["T1w of the first visit", "maps of the participant"])
def test_images_of_another_visit_do_not_serve_without_an_image_of_this_one(
    paths: tuple[str, ...], tmp_path: Path
) -> None:
    visit, problems = visit_of(tmp_path, *paths)
    assert visit is None
    (problem,) = problems
    assert problem.severity == "error"
    assert problem.rule.startswith("a head lies otherwise in every visit")
    assert "other_visit_sd_mm" in problem.remedy
    declared, problems = visit_of(tmp_path, *paths, plan=Anatomy(other_visit_sd_mm=5.0))
    assert (declared, problems) == (VisitFiles(session="2"), [])


@pytest.mark.parametrize(
    ("others", "image"),
    [
        (("T1w", "T2w"), "T1w"),
        (("T2w", "localizer"), "T2w"),
        (("acq-3plane_localizer",), "acq-3plane_localizer"),
    ],
)
def test_any_image_of_the_visit_tells_how_the_head_lay(others: tuple[str, ...], image: str, tmp_path: Path) -> None:
    folder = "sub-01/ses-2/anat/sub-01_ses-2"
    visit, problems = visit_of(tmp_path, SES1, *MAPS, *(f"{folder}_{name}.nii.gz" for name in others))
    assert visit == VisitFiles(session="2", image=str(tmp_path / f"{folder}_{image}.nii.gz"))
    assert not problems


def test_the_transform_of_fmriprep_comes_with_the_image(tmp_path: Path) -> None:
    transforms = [
        f"derivatives/fmriprep/sub-01/ses-{n}/anat/sub-01_ses-{n}_from-orig_to-T1w_mode-image_xfm.txt" for n in (1, 2)
    ]
    visit, _ = visit_of(tmp_path, SES1, SES2, *MAPS, *transforms)
    assert visit == VisitFiles(session="2", image=str(tmp_path / SES2), transform=str(tmp_path / transforms[1]))


def test_one_visit_alone_needs_no_registration(tmp_path: Path) -> None:
    """A participant-level image is of the only visit there is; and maps of the session are of its own."""
    files, _ = found(tmp_path, WHOLE)
    chosen, problems = find_anatomy(tmp_path, [scan()], Anatomy(), tmp_path / "derivatives" / "pharmrs")
    assert files is not None and not problems
    assert chosen[scan().name].visit is None
    own = [f"derivatives/fmriprep/sub-01/ses-2/anat/{name}" for name in FMRIPREP]
    visit, problems = visit_of(tmp_path, SES1, *own)
    assert (visit, problems) == (None, [])


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (("freesurfer/sub-01/mri/aseg.mgz", "freesurfer/sub-01/mri/aparc+aseg.mgz"), "aparc+aseg.mgz"),
        (("fastsurfer/sub-01_ses-2/mri/aparc.DKTatlas+aseg.deep.mgz",), "aparc.DKTatlas+aseg.deep.mgz"),
        (("synthseg/sub-01/ses-2/anat/sub-01_ses-2_T1w_synthseg.nii.gz",), "sub-01_ses-2_T1w_synthseg.nii.gz"),
        (
            ("fmriprep/sub-01/anat/sub-01_dseg.nii.gz", "fmriprep/sub-01/anat/sub-01_desc-aseg_dseg.nii.gz"),
            "sub-01_dseg.nii.gz",
        ),
        (("fmriprep/sub-01/anat/sub-01_dseg.nii.gz", *(one.removeprefix("derivatives/") for one in MAPS)), FMRIPREP[0]),
    ],
    ids=["FreeSurfer", "FastSurfer", "SynthSeg", "dseg", "maps before labels"],
)
def test_labels_of_other_programs(names: tuple[str, ...], taken: str, tmp_path: Path) -> None:
    files, problems = found(tmp_path, SES2, *(f"derivatives/{name}" for name in names))
    assert not problems
    assert files is not None
    assert Path(files.tissues).name == taken


def test_modulated_maps_are_named_and_left_alone(tmp_path: Path) -> None:
    """CAT12's default output: `mwp*` lie in a template's space and hold volumes, not shares."""
    files, problems = found(
        tmp_path, SES2, *(f"derivatives/cat12/sub-01/mri/mwp{n}sub-01_ses-2_T1w.nii" for n in (1, 2))
    )
    assert files is not None and files.maps == ()
    assert {problem.severity for problem in problems} == {"warning"}
    assert all("p1, p2 and p3" in problem.remedy for problem in problems)
