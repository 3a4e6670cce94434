"""The same input gives the same bytes: again, elsewhere, and on however many processes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.study.e2e import edit_data, edit_header, pharmrs, recordings
from tests.study.e2e import results as results_of


@pytest.fixture(scope="module")
def first(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A dataset with two usable scans and a bad one, so that problems are in every output, and its results."""
    root = tmp_path_factory.mktemp("first") / "dataset"
    shutil.copytree(demo, root)
    (root / "sub-02" / "ses-1").mkdir(parents=True)
    folder = root / "sub-02" / "ses-1" / "mrs"
    shutil.copytree(root / "sub-01" / "ses-1" / "mrs", folder)
    for path in folder.iterdir():
        path.rename(folder / path.name.replace("sub-01", "sub-02"))
    scan = recordings(folder)
    edit_header(scan.svs, EchoTime=20.0)
    edit_data(scan.quant, lambda data: data[:, :, :, :1024])
    assert pharmrs("run", root, "--workers", 1).code == 3
    return root, results_of(root)


def assert_same(mine: dict[str, bytes], theirs: dict[str, bytes]) -> None:
    assert sorted(mine) == sorted(theirs)
    assert [name for name in mine if mine[name] != theirs[name]] == []


def test_elsewhere_on_two_processes(first: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    root, results = first
    copy = tmp_path / "quite" / "another place"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns("derivatives"))
    assert pharmrs("run", copy, "--workers", 2).code == 3
    assert_same(results, results_of(copy))


def test_again_over_the_first_results_from_inside_the_folder(
    first: tuple[Path, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, results = first
    monkeypatch.chdir(root)
    assert pharmrs("run", ".", "--workers", 1).code == 3
    assert_same(results, results_of(root))


def test_no_output_knows_where_the_dataset_lies(first: tuple[Path, dict[str, bytes]]) -> None:
    root, results = first
    places = [str(root).encode(), str(root.parent).encode(), str(Path.home()).encode() + b"/"]
    assert {name for name, content in results.items() for place in places if place in content} == set()
    # and yet the problems are there, with paths inside the dataset
    for name in ("problems.tsv", "report.html"):
        assert b"sub-02/ses-1/mrs/sub-02_ses-1_acq-steam_svs.nii.gz" in results[name]
