"""`pharmrs rerun`: the same bytes when nothing changed, and every difference by name when something did."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pharmrs.core.files.owned import MARKER
from tests.study.e2e import RESULTS, contents, pharmrs
from tests.study.small_trial import write_small_trial


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with images of the head that was run, and what the run kept to save time, which is no result."""
    root = tmp_path_factory.mktemp("rerun") / "dataset"
    write_small_trial(root, imaged=True)
    assert pharmrs("run", root, "--workers", 1).code == 0
    assert (root / RESULTS / "cache").is_dir()
    return root


def test_nothing_changed(done: Path) -> None:
    before = contents(done)
    end = pharmrs("rerun", done / RESULTS / "provenance.json", "--workers", 1)
    assert (end.code, end.out) == (0, "")
    count = len(
        [
            name
            for name in contents(done / RESULTS)
            if name not in ("pharmrs.log", MARKER) and not name.startswith("cache/")
        ]
    )
    assert f"{count} result files the same bytes, 0 result files not" in end.err
    assert contents(done) == before  # nothing is written, neither to the dataset nor to the derivative


def test_every_difference_is_named(done: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(done, tmp_path / "dataset"))
    results = root / RESULTS
    (root / "study.yaml").write_text((root / "study.yaml").read_text().replace("20", "21", 1))
    recorded = json.loads((results / "provenance.json").read_text())
    recorded["software"]["numpy"] = "0.1"
    (results / "provenance.json").write_text(json.dumps(recorded))
    (results / "quality.tsv").write_text("something else")
    (results / "metabolites.json").unlink()
    (results / "stray.txt").write_text("not from a run")
    end = pharmrs("rerun", results / "provenance.json", "--workers", 1)
    assert end.code == 3
    for name in ("settings_sha256", "inputs_sha256: study.yaml", "software: numpy: 0.1 then"):
        assert f"provenance {name}" in end.out
    assert "result quality.tsv: 14 bytes" in end.out
    assert "result metabolites.json: absent then, there now" in end.out
    assert "result stray.txt: there then, absent now" in end.out


@pytest.mark.parametrize(
    ("content", "rule"),
    [(None, "must exist"), ("no JSON", "must be readable JSON"), ("[1]", "must be there"), ("{}", "must be there")],
)
def test_a_file_that_is_no_provenance(content: str | None, rule: str, tmp_path: Path) -> None:
    path = tmp_path / "provenance.json"
    if content is not None:
        path.write_text(content)
    end = pharmrs("rerun", path)
    assert end.code == 2
    assert rule in end.err and "Remedy:" in end.err and "Traceback" not in end.err


def test_a_provenance_elsewhere_needs_its_dataset(done: Path, tmp_path: Path) -> None:
    elsewhere = Path(shutil.copytree(done / RESULTS, tmp_path / "results"))
    end = pharmrs("rerun", elsewhere / "provenance.json")
    assert end.code == 2
    assert "--dataset" in end.err
    assert pharmrs("rerun", elsewhere / "provenance.json", "--dataset", done, "--workers", 1).code == 0
