"""One scan, head, plate or model that cannot be, or that sets off a bug, is named; all the others get their results."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Extension

from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import AnatomyFiles
from pharmrs.anatomy.stage import tissue
from pharmrs.anatomy.stage.plan import TissueTask
from pharmrs.assay.report import pictures
from pharmrs.assay.stage import plates
from pharmrs.core.errors import InputError
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.report.tables import write_table
from pharmrs.core.unit import attempt
from pharmrs.genotype.read.markers import find_markers
from pharmrs.genotype.records.marker import CallRules, Marker
from pharmrs.genotype.report import section
from pharmrs.genotype.stage import calls
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.report import study_sections
from pharmrs.spectra.report.pictures import scan_figures
from pharmrs.spectra.stage import scan_tasks
from pharmrs.trial.models import analyse
from pharmrs.trial.models.registry import MODELS
from pharmrs.trial.report import section as analysis_section
from pharmrs.trial.report.tables import observations_table
from tests.study.e2e import RESULTS, contents, pharmrs, recordings, table
from tests.trial.random_trials import random_rows, table_of

PLAN = """\
title: One model
design: {kind: crossover, treatments: [placebo, drug], baseline: before, follow_up: after}
analysis:
  metabolite: Glu
  biomarker: BDNF
  time_adjustment: none
  biomarker_transform: log
  biomarker_change: difference
  metabolite_change: relative
  models: [hc3, cr2]
"""
STANDARDS = [1500.0, 750.0, 375.0, 187.5, 93.75, 46.875, 23.4375]


def density(concentration: float) -> float:
    return 0.05 + 2.5 / (1 + (200 / concentration) ** 1.1)


def write_plate(folder: Path, name: str) -> Path:
    """Two columns of standards and a blank, one of samples, as a grid."""
    columns = [[density(one) for one in STANDARDS] + [0.05], [1.01 * density(one) for one in STANDARDS] + [0.0503]]
    columns.append([density(40.0 + 50 * number + len(name)) for number in range(8)])
    columns = [[one * (1 + 0.002 * (name == "two")) for one in column] for column in columns]  # no two are the same
    rows = [",".join(["ABCDEFGH"[row], *(f"{column[row]:.5f}" for column in columns)]) for row in range(8)]
    path = folder / f"{name}.csv"
    path.write_text("\n".join(["<>,1,2,3", *rows]) + "\n")
    return path


def write_layout(folder: Path, names: list[str]) -> Path:
    lines = ["plate\twell\trole\tsample\tnominal\tdilution"]
    for number, name in enumerate(names):
        for row, nominal in zip("ABCDEFG", STANDARDS, strict=True):
            lines += [f"{name}\t{row}{column}\tstandard\tn/a\t{nominal}\t1" for column in (1, 2)]
        lines += [f"{name}\tH{column}\tblank\tn/a\tn/a\t1" for column in (1, 2)]
        lines += [f"{name}\t{row}3\tsample\tsub-{number}{row}_ses-1\tn/a\t1" for row in "ABCDEFGH"]
    path = folder / "layout.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("field", "change"),
    [
        *(("AcquisitionStartTime", {"AcquisitionStartTime": start_s}) for start_s in (-0.35, -0.2)),
        *(("data", factor) for factor in (1e300, 1e150, 1e40, 1e-300)),
    ],
)  # fmt: skip
def test_what_no_scanner_gives_is_named_at_the_edge(field: str, change: Any, make_nifti: Callable[..., Path]) -> None:
    path = make_nifti(changes=change) if isinstance(change, dict) else make_nifti()
    if not isinstance(change, dict):
        image = nib.load(path)
        scaled = nib.Nifti2Image(
            np.asanyarray(image.dataobj).astype(np.complex128) * change, image.affine, image.header
        )
        scaled.header.set_data_dtype(np.complex128)
        nib.save(scaled, path)
    with pytest.raises(InputError) as caught:
        read_fids(path)
    (problem,) = [one for one in caught.value.problems if one.field == field]
    assert problem.file == str(path) and problem.value and problem.remedy


def test_a_scan_that_cannot_be_and_one_that_meets_a_bug(
    copy_of_demo: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bad scan is an outcome with its reason and a kept traceback; the good one has its numbers; exit code 3."""
    root = copy_of_demo("dataset")
    good = pharmrs("run", root, "-j", "1")
    assert good.code in (0, 3)
    numbers = [row for row in table(root / RESULTS / "metabolites.tsv") if "ses-1" in row["scan"]]
    svs = recordings(root / "sub-01" / "ses-2" / "mrs").svs
    image = nib.load(svs)
    content = json.loads(image.header.extensions[0].get_content())
    image.header.extensions[0] = Nifti1Extension(44, json.dumps({**content, "AcquisitionStartTime": -0.35}).encode())
    nib.save(nib.Nifti2Image(np.asanyarray(image.dataobj), image.affine, image.header), svs)
    checked = pharmrs("validate", root)
    assert (
        checked.code == 2
        and "ses-2" in checked.err
        and "AcquisitionStartTime" in checked.err
        and "-0.35" in checked.err
    )
    end = pharmrs("run", root, "-j", "1")
    assert end.code == 3 and "-0.35" in end.err
    assert [row for row in table(root / RESULTS / "metabolites.tsv") if "ses-1" in row["scan"]] == numbers

    fitted = scan_tasks.fitted_scan

    def broken(files: Any, *others: Any) -> Any:
        if files.session == "2":
            raise ZeroDivisionError("a bug")
        return fitted(files, *others)

    monkeypatch.setattr(scan_tasks, "fitted_scan", broken)
    monkeypatch.setattr(scan_figures, "water_svg", bug)  # a picture of the good scan
    monkeypatch.setattr(study_sections, "quality_figure", bug)  # the page of all scans
    end = pharmrs("run", root, "--fresh", "-j", "1")
    assert end.code == 3 and "please report it with faults/" in end.err
    assert [row for row in table(root / RESULTS / "metabolites.tsv") if "ses-1" in row["scan"]] == numbers
    left = contents(root / RESULTS)
    kept = {name: text for name, text in left.items() if name.startswith("faults/")}
    assert sorted(name.rpartition("_")[2] for name in kept) == ["drawing.txt", "processing.txt", "report.txt"]
    (of_scan,) = [text for name, text in kept.items() if "processing" in name]
    assert b"ZeroDivisionError: a bug" in of_scan and b"in broken" in of_scan and str(root).encode() not in of_scan
    (water,) = [text for name, text in left.items() if name.endswith("ses-1_acq-steam_water.svg")]
    assert b"could not be drawn" in water and "report.html" in left
    told = [row["file"] for row in table(root / RESULTS / "problems.tsv") if "fault of pharmrs" in row["rule"]]
    assert len(told) == 3 and "spectra" in told


def bug(*_arguments: Any, **_options: Any) -> Any:
    raise ZeroDivisionError("a bug")


def without(left: dict[str, bytes], *parts: str) -> dict[str, bytes]:
    """The files whose names hold none of `parts`: tables that must not change, whatever becomes of pictures."""
    return {name: text for name, text in left.items() if name.endswith((".tsv", ".json")) and not _any(parts, name)}


def _any(parts: tuple[str, ...], name: str) -> bool:
    return any(part in name for part in parts)


def test_one_plate_and_one_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two plates: a bug in one leaves the rows of the other as they are alone; a bug in a picture leaves all."""
    exports = [write_plate(tmp_path, "one"), write_plate(tmp_path, "two")]
    layout = write_layout(tmp_path, ["one", "two"])
    words = ["plate", *exports, "--layout", layout, "--unit", "pg/mL"]
    assert pharmrs(*words, "--out", tmp_path / "good").code == 0
    good = contents(tmp_path / "good", [".pharmrs"])
    monkeypatch.setattr(pictures, "standard_curve_figure", bug)
    end = pharmrs(*words, "--out", tmp_path / "undrawn")
    undrawn = contents(tmp_path / "undrawn", [".pharmrs"])
    assert end.code == 3 and without(undrawn, "faults/") == without(good)
    assert b"could not be drawn" in undrawn["figures/assay/one_curve.svg"] and "report.html" in undrawn

    right = plates.analyse_plate

    def broken(name: str, *others: Any) -> Any:
        return bug() if name == "one" else right(name, *others)

    monkeypatch.setattr(plates, "analyse_plate", broken)
    end = pharmrs(*words, "--out", tmp_path / "one-left")
    assert end.code == 3 and "plate one: analysis: must not end in a fault of pharmrs" in end.err
    rows = table(tmp_path / "one-left" / "biomarkers.tsv")
    assert rows == [row for row in table(tmp_path / "good" / "biomarkers.tsv") if row["plate"] == "two"] and rows
    assert "faults/plate-one_analysis.txt" in contents(tmp_path / "one-left")


def test_one_gel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table with a mistake, and a bug in a picture: the lanes of the other gels are called as without them."""
    gels = tmp_path / "gels"
    gels.mkdir()
    head = "gel\tlane\trole\tsample\tgenotype\tbands_bp\n"
    controls = "{0}\t1\tcontrol\tv\tVal/Val\t397;276\n{0}\t2\tcontrol\tm\tMet/Met\t672\n"
    lanes = controls + "{0}\t3\tsample\tsub-{1}\tn/a\t672\n"
    names = {"01": "gel/1", "02": "gel 1", "03": "g" * 300}  # alike, and longer than a file system takes
    for label, gel in names.items():
        (gels / f"{label}.tsv").write_text(head + lanes.format(gel, label))
    assert pharmrs("genotype", gels, "--out", tmp_path / "good").code == 0
    good = contents(tmp_path / "good")
    assert len([name for name in good if name.endswith(".png")]) == 3
    (gels / "04.tsv").write_text(head + lanes.format("4", "04").replace("672", "many"))
    monkeypatch.setattr(section, "gel_figure", bug)
    end = pharmrs("genotype", gels, "--out", tmp_path / "bad")
    assert end.code == 3 and "04.tsv: line 3: bands_bp" in end.err
    assert without(contents(tmp_path / "bad"), "faults/") == without(good)


def test_one_marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "my_genotypes.csv"
    place.write_text("Sample ID;rs6265;APOE\n1;A/G;E3/E4\n2;G/G;E2/E3\n")
    right = calls.call_reported

    def broken(marker: Marker, *others: Any) -> Any:
        return bug() if marker.name == "rs6265" else right(marker, *others)

    monkeypatch.setattr(calls, "call_reported", broken)
    markers = find_markers(["rs6265", "APOE"], [], "test", place)
    results, problems = calls.call_markers(place, CallRules(), markers, output=tmp_path / "out")
    (of_apoe,) = results
    assert [(one.subject, one.genotype) for one in of_apoe.calls] == [("1", "e3/e4"), ("2", "e2/e3")]
    assert [one.file for one in problems if "fault of pharmrs" in one.rule] == ["marker rs6265"]
    assert [path.name for path in (tmp_path / "out" / "faults").iterdir()] == ["marker-rs6265_calling.txt"]


def test_one_model_and_one_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = random_rows(3)
    write_table(tmp_path, observations_table(table_of(rows)))
    (tmp_path / "study.yaml").write_text(PLAN)
    words = ["analyse", tmp_path / "observations.tsv", "--plan", tmp_path / "study.yaml", "--out"]
    assert pharmrs(*words, tmp_path / "good").code == 0
    good = table(tmp_path / "good" / "statistics" / "estimates.tsv")
    assert [row for row in good if row["model"] == "cr2" and row["estimate"] != "n/a"]
    monkeypatch.setitem(MODELS, "cr2", replace(MODELS["cr2"], run=bug))
    monkeypatch.setattr(analysis_section, "interaction_figure", bug)
    end = pharmrs(*words, tmp_path / "bad")
    assert end.code == 3 and "not estimable: Cluster-robust (CR2): a fault of pharmrs" in end.err
    left = table(tmp_path / "bad" / "statistics" / "estimates.tsv")
    assert [row for row in left if row["model"] != "cr2"] == [row for row in good if row["model"] != "cr2"]
    assert all(row["estimate"] == "n/a" for row in left if row["model"] == "cr2")
    files = contents(tmp_path / "bad")
    assert "report.html" in files and "statistics/figures/forest.svg" in files
    assert "statistics/figures/interaction.svg" not in files
    assert len([name for name in files if name.startswith("faults/")]) == 2


def test_the_reference_analysis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in it leaves the page, the sample flow and the reason; code 3, not 1."""
    write_table(tmp_path, observations_table(table_of(random_rows(3))))
    (tmp_path / "study.yaml").write_text(PLAN)
    monkeypatch.setattr(analyse, "reference_chain", bug)
    out = tmp_path / "out"
    end = pharmrs("analyse", tmp_path / "observations.tsv", "--plan", tmp_path / "study.yaml", "--out", out)
    assert end.code == 3 and "Traceback" not in end.err
    assert "not estimable: main model" in end.err and "a fault of pharmrs" in end.err
    files = contents(out)
    assert "report.html" in files and [name for name in files if name.startswith("faults/")]
    assert b"a bug" not in files["statistics/estimates.tsv"] and table(out / "statistics" / "analysis_flow.tsv")


def test_one_voxel_of_a_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two scans of one head, a bug in the first: the second has its tissues, the head is opened once."""
    scans = tuple(
        ScanFiles(name=f"sub-01_ses-{one}", subject="01", session=one, metabolite=f"{one}.nii.gz") for one in "12"
    )
    files = AnatomyFiles(subject="01", session="1", t1=str(tmp_path / "t1.nii.gz"))
    task = TissueTask(files, scans, Anatomy(), tmp_path, tmp_path / "out", lambda _path: 123.2)
    opened: list[object] = []
    monkeypatch.setattr(tissue, "open_head", lambda *_arguments, **_options: opened.append(1) or "head")

    def measured(scan: ScanFiles, *_others: object) -> str:
        return bug() if scan.session == "1" else f"tissues of {scan.name}"

    monkeypatch.setattr(tissue, "_measure", measured)
    done = tissue.measure_tissue(task)
    assert done.found == ("tissues of sub-01_ses-2",) and len(opened) == 1
    assert list(done.missing) == ["sub-01_ses-1"] and "fault of pharmrs" in done.missing["sub-01_ses-1"]
    assert [one.file for one in done.problems] == ["1.nii.gz"]
    monkeypatch.setattr(tissue, "open_head", bug)
    done = tissue.measure_tissue(task)
    assert done.found == () and len(done.missing) == 2 and "ZeroDivisionError: a bug" in done.problems[0].value
    assert len(list((tmp_path / "out" / "faults").iterdir())) == 2


def test_memory_and_the_system() -> None:
    def without_memory() -> None:
        raise MemoryError

    def full() -> None:
        raise OSError(28, "No space left on device")

    def long() -> None:
        raise OSError(36, "File name too long")

    assert attempt(lambda: 3, "scan", "processing") == (3, ())
    assert "workers" in attempt(without_memory, "scan", "processing")[1][0].remedy
    assert "too long" in attempt(long, "scan", "processing")[1][0].value
    with pytest.raises(OSError, match="No space"):
        attempt(full, "scan", "processing")
