"""`pharmrs run` called as a BIDS App: participants first, then the group, with the fits of the participants kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.study.e2e import pharmrs, table


def test_participants_then_the_group(copy_of_demo: Callable[[str], Path], tmp_path: Path) -> None:
    dataset, out = copy_of_demo("app"), tmp_path / "out"
    first = pharmrs("run", dataset, out, "participant", "--participant_label", "01", "-j", 1)
    assert first.code == 0, first.err
    scans = {row["scan"] for row in table(out / "quality.tsv")}
    assert scans and all(name.startswith("sub-01") for name in scans)
    assert (out / "report.html").is_file() and not (out / "sample_flow.tsv").exists()
    planned = pharmrs("run", dataset, out, "group", "--dry-run")
    assert all("as it was" in line for line in planned.out.splitlines() if line.startswith("sub-01"))
    whole = pharmrs("run", dataset, out, "group", "-j", 1)
    assert whole.code == 0, whole.err
    assert (out / "sample_flow.tsv").is_file() and {row["scan"] for row in table(out / "quality.tsv")} >= scans
    again = pharmrs("run", dataset, out, "participant", "--participant-label", "sub-01", "-j", 1)
    assert again.code == 0 and not (out / "sample_flow.tsv").exists()  # tables of all do not stand beside tables of one


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("OUT", "participant", "--participant-label", "77"), "must name participants who were scanned (found: 77)"),
        (("OUT", "--participant-label", "01"), "is for level participant"),
        (("OUT", "group", "--participant-label", "01"), "a trial is analysed with everybody"),
        (("OUT", "participants"), "participants"),
        (("OUT", "-o", "OTHER"), "is named twice"),
    ],
)
def test_calls_that_cannot_be_meant(demo: Path, tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    given = [str(tmp_path / word) if word.isupper() else word for word in words]
    end = pharmrs("run", demo, *given)
    assert end.code == 2 and told in " ".join(end.err.split()), end.err
    assert not list(tmp_path.iterdir())
