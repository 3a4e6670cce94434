"""The log of a rater: added to only, whole after any crash, one writer, and mistakes in it named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pharmrs.core.errors import InputError
from pharmrs.spectra.review.log import COLUMNS, DecisionLog, confirmed_file, log_file, log_files, read_decisions
from pharmrs.spectra.review.records import Decision, standing_decisions


def _decision(scan: str, decision: str = "accept", rater: str = "AB", reason: str = "", position: int = 1) -> Decision:
    return Decision(
        rater=rater, scan=scan, decision=decision, reason=reason, position=position, seed=1,
        recording="0f" * 16, decided_at="2026-01-02T03:04:05Z",
    )  # fmt: skip


def test_what_is_added_is_read_again(tmp_path: Path) -> None:
    made = [
        _decision("sub-01"),
        _decision("sub-02", "reject", reason="lipid\tcontamination\n"),
        _decision("sub-02", "withdrawn"),
    ]
    with DecisionLog(tmp_path / "review", "AB") as log:
        for one in made:
            log.add(one)
    read = read_decisions(tmp_path / "review")
    assert [one.reason for one in read] == ["", "lipid contamination", ""]
    assert [(one.scan, one.decision) for one in read] == [(one.scan, one.decision) for one in made]
    assert read[0] == made[0]
    with DecisionLog(tmp_path / "review", "AB") as log:
        assert log.decisions == read
    with DecisionLog(tmp_path / "review", "CD"):
        pass
    assert log_files(tmp_path / "review") == [log_file(tmp_path / "review", name) for name in ("AB", "CD")]
    assert len(read_decisions(tmp_path / "review")) == 3
    assert log_file(tmp_path / "review", "CD").with_suffix(".json").is_file()


def test_the_last_decision_stands_unless_withdrawn() -> None:
    lines = [
        _decision("a"),
        _decision("a", "reject"),
        _decision("b"),
        _decision("b", "withdrawn"),
        _decision("a", rater="CD"),
    ]
    standing = standing_decisions(lines)
    assert {scan: {rater: one.decision for rater, one in own.items()} for scan, own in standing.items()} == {
        "a": {"AB": "reject", "CD": "accept"}
    }


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_cut_short_is_not_a_decision_and_does_not_spoil_the_next(cut: int, tmp_path: Path) -> None:
    with DecisionLog(tmp_path, "AB") as log:
        log.add(_decision("sub-01"))
        confirmed = confirmed_file(log.path).read_bytes()
        log.add(_decision("sub-02"))
    path = log_file(tmp_path, "AB")
    path.write_bytes(path.read_bytes()[:-cut])
    confirmed_file(path).write_bytes(confirmed)  # the crash came before the second was confirmed
    assert [one.scan for one in read_decisions(tmp_path)] == ["sub-01"]
    with DecisionLog(tmp_path, "AB") as log:
        assert [one.scan for one in log.decisions] == ["sub-01"]
        log.add(_decision("sub-03"))
    assert [one.scan for one in read_decisions(tmp_path)] == ["sub-01", "sub-03"]


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_decisions_that_are_gone_from_the_end_are_noticed(lost: int, tmp_path: Path) -> None:
    with DecisionLog(tmp_path, "AB") as log:
        for number in (1, 2, 3):
            log.add(_decision(f"sub-0{number}", position=number))
    path = log_file(tmp_path, "AB")
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-lost]))
    for read in (lambda: read_decisions(tmp_path), lambda: DecisionLog(tmp_path, "AB")):
        with pytest.raises(InputError, match=rf"every decision that was confirmed \(found: {3 - lost} of 3\)"):
            read()


def test_a_log_that_goes_on_after_the_last_confirmation_is_right(tmp_path: Path) -> None:
    """A crash between both writes; and a log without the file, as an earlier version left it."""
    with DecisionLog(tmp_path, "AB") as log:
        log.add(_decision("sub-01"))
        confirmed = confirmed_file(log.path).read_bytes()
        log.add(_decision("sub-02", position=2))
    whole = confirmed_file(log.path).read_bytes()
    confirmed_file(log.path).write_bytes(confirmed)
    assert len(read_decisions(tmp_path)) == 2
    with DecisionLog(tmp_path, "AB"):  # the page shows the second as judged: from here on it is confirmed
        assert confirmed_file(log.path).read_bytes() == whole
    confirmed_file(log.path).unlink()
    assert len(read_decisions(tmp_path)) == 2
    with DecisionLog(tmp_path, "AB") as log:
        log.add(_decision("sub-03", position=3))
    assert confirmed_file(log.path).read_text().startswith("3\t")


def test_only_one_review_of_a_rater_at_a_time(tmp_path: Path) -> None:
    refused = pytest.raises(InputError, match="may be open in one review at a time")
    with DecisionLog(tmp_path, "AB"), DecisionLog(tmp_path, "CD"), refused:
        DecisionLog(tmp_path, "AB")
    with DecisionLog(tmp_path, "AB"):
        pass


_WRITER = """
import sys, time
from pathlib import Path
from pharmrs.spectra.review.log import DecisionLog
from pharmrs.spectra.review.records import Decision
log = DecisionLog(Path(sys.argv[1]), "AB")
for number in range(100000):
    log.add(Decision(rater="AB", scan=f"sub-{number}", decision="accept", reason="x" * 80, position=number, seed=1,
                     recording="0", decided_at="now"))
    print(number, flush=True)
"""


def test_a_killed_process_loses_no_confirmed_decision(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(25):
            last = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        rest = [int(line) for line in writer.stdout.read().split()]
    confirmed = max([last, *rest])
    with DecisionLog(tmp_path, "AB") as log:  # the lock died with its owner
        assert [one.scan for one in log.decisions][: confirmed + 1] == [f"sub-{n}" for n in range(confirmed + 1)]
        assert len(log.decisions) <= confirmed + 2  # at most one was written and not yet confirmed


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DecisionLog(tmp_path, "AB") as log:
        log.add(_decision("sub-01"))
        real = os.write
        monkeypatch.setattr(os, "write", lambda file, content: real(file, content[:10]))
        with pytest.raises(OSError, match="only 10 of"):
            log.add(_decision("sub-02"))
        monkeypatch.undo()
        log.add(_decision("sub-03"))
    assert [one.scan for one in read_decisions(tmp_path)] == ["sub-01", "sub-03"]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("decision", "maybe", "must be one of accept, reject, unsure, withdrawn"),
        ("rater", "CD", "must be the rater of"),
        ("position", "one", "must be a whole number"),
        ("decision", "reject", "must be as it was written"),
        ("reason", "motion", "must be as it was written"),
    ],
)
def test_a_log_edited_by_hand_is_named(column: str, value: str, said: str, tmp_path: Path) -> None:
    with DecisionLog(tmp_path, "AB") as log:
        log.add(_decision("sub-01"))
    path = log_file(tmp_path, "AB")
    header, line = path.read_text().splitlines()
    cells = dict(zip(COLUMNS, line.split("\t"), strict=True)) | {column: value}
    path.write_text(header + "\n" + "\t".join(cells.values()) + "\n")
    for read in (lambda: read_decisions(tmp_path), lambda: DecisionLog(tmp_path, "AB")):
        with pytest.raises(InputError) as caught:
            read()
        assert said in str(caught.value) and "line 2" in str(caught.value)


def test_a_line_that_was_lost_or_put_in_shows_and_an_older_log_is_read(tmp_path: Path) -> None:
    with DecisionLog(tmp_path, "AB") as log:
        for name in ("sub-01", "sub-02", "sub-03"):
            log.add(_decision(name))
    path = log_file(tmp_path, "AB")
    head, *lines = path.read_text().splitlines()
    for changed in ([lines[0], lines[2]], [lines[1], lines[0], lines[2]], [lines[0], *lines]):
        path.write_text("\n".join([head, *changed]) + "\n")
        with pytest.raises(InputError, match="after the line before it"):
            read_decisions(tmp_path)
    older = [line.rpartition("\t")[0] for line in (head, *lines)]
    path.write_text("\n".join(older) + "\n")
    with DecisionLog(tmp_path, "AB") as log:
        log.add(_decision("sub-04"))
    assert [one.scan for one in read_decisions(tmp_path)] == ["sub-01", "sub-02", "sub-03", "sub-04"]
