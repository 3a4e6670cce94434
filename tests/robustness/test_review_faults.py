"""`pharmrs review` killed (-9) at any thing it does to its files, a full disk, one that fails, two servers at once.

What the page was told to be saved is there; nothing is half-written; given again, the sitting ends with the same bytes.
"""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from pharmrs.spectra.review.log import read_decisions
from tests.robustness.fault_hook import Fault
from tests.robustness.review_sittings import DICTIONARY, LOG, REVIEW, STEPS, Page, Sitting, new_copy, sit

LONG = pytest.mark.long


@dataclass(frozen=True)
class Whole:
    """A sitting that nothing happens to."""

    prepared: Path
    sitting: Sitting
    results: dict[str, bytes]

    @property
    def lines(self) -> list[bytes]:
        return self.results[LOG].splitlines(keepends=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    import uvicorn  # noqa: F401  every copy of this process has it loaded

    import pharmrs.spectra.review.server
    import pharmrs.spectra.review.sitting  # noqa: F401

    base = tmp_path_factory.mktemp("review")
    prepared = base / "prepared"
    prepared.mkdir()
    REVIEW.prepare(prepared)
    done = new_copy(prepared, base / "done")
    sitting = sit(done)
    assert sitting.ended.code == 0 and "Traceback" not in sitting.ended.err, sitting.ended.err
    assert sitting.confirmed == len(STEPS) and not sitting.refused and not REVIEW.hidden(done)
    assert [one["judged"] for one in sitting.states] == [0, 1, 2, 1, 2]
    return Whole(prepared, sitting, REVIEW.results(done))


def saved(of: Whole, folder: Path, confirmed: int) -> int:
    """How many steps are on the disk: all that were confirmed, and at most the one after; nothing else is there."""
    left = REVIEW.results(folder)
    assert left.keys() <= of.results.keys()
    assert left.get(DICTIONARY) in (None, of.results[DICTIONARY])
    log = left.get(LOG, b"")
    assert of.results[LOG].startswith(log)  # its last line may be cut
    number = max(0, log.count(b"\n") - 1)
    assert confirmed <= number <= confirmed + 1
    assert len(read_decisions(folder / REVIEW.out / "review")) == number
    return number


def completes(of: Whole, folder: Path, number: int) -> None:
    """A server that is started again begins where the disk says, and ends with the same bytes."""
    again = sit(folder, number)
    assert again.ended.code == 0 and "Traceback" not in again.ended.err, again.ended.err
    assert again.states == of.sitting.states[number:]
    assert REVIEW.results(folder) == of.results and REVIEW.hidden(folder) == []


def test_the_sweep_reaches_every_line(whole: Whole) -> None:
    """Each line is an event before it is written, before and after it is put on the disk; the log is made before."""
    assert whole.sitting.ended.seen >= 3 * len(whole.lines) + 5


def every_moment(whole: Whole, tmp_path: Path, kind: str, moments: list[int]) -> set[int]:
    """Kill it at each of the moments; the numbers of steps that were confirmed then."""
    found = set()
    for at in moments:
        folder = new_copy(whole.prepared, tmp_path / "copy")
        cut = sit(folder, fault=Fault(kind=kind, at=at))
        if cut.ended.code == 0:  # torn: nothing was written after the event
            assert kind == "torn" and at > lines_at(whole)[-1]
            continue
        assert cut.ended.code in (-signal.SIGKILL, -signal.SIGXFSZ), (at, cut)
        completes(whole, folder, saved(whole, folder, cut.confirmed))
        found.add(cut.confirmed)
    return found


@pytest.mark.parametrize(("kind", "parts"), [("killed", (0.3, 0.8)), ("torn", (0.5,))])
def test_killed_and_started_again(kind: str, parts: tuple[float, ...], whole: Whole, tmp_path: Path) -> None:
    every_moment(whole, tmp_path, kind, [round(part * whole.sitting.ended.seen) for part in parts])


@LONG
@pytest.mark.parametrize("kind", ["killed", "torn"])
def test_killed_at_every_moment(kind: str, whole: Whole, tmp_path: Path) -> None:
    found = every_moment(whole, tmp_path, kind, list(range(1, whole.sitting.ended.seen + 1)))
    assert found == set(range(len(STEPS)))


@LONG
def test_killed_again_and_again(whole: Whole, tmp_path: Path) -> None:
    """Every server dies a little later than the one before; the rater gets to the end."""
    folder, number, deaths = new_copy(whole.prepared, tmp_path / "copy"), 0, 0
    for at in (*range(1, 30), 10**6):
        cut = sit(folder, number, Fault(kind="killed", at=at))
        number = saved(whole, folder, number + cut.confirmed)
        deaths += cut.ended.code == -signal.SIGKILL
        if number == len(STEPS):
            break
    assert deaths > 5
    assert REVIEW.results(folder) == whole.results and REVIEW.hidden(folder) == []


@pytest.mark.parametrize("at", [pytest.param(1, marks=LONG), 4, pytest.param(8, marks=LONG)])
def test_no_room_to_begin(at: int, whole: Whole, tmp_path: Path) -> None:
    folder = new_copy(whole.prepared, tmp_path / "copy")
    ended = sit(folder, fault=Fault(kind="full", at=at)).ended
    assert ended.code == 2 and "Traceback" not in ended.err
    assert ended.last_line.startswith(f"error: {REVIEW.out}/"), ended.last_line  # the log, or the list of our files
    assert "Remedy: free some space or choose another disk, then give the same command again" in ended.last_line
    assert REVIEW.hidden(folder) == []
    completes(whole, folder, saved(whole, folder, 0))


def lines_at(whole: Whole) -> list[int]:
    """The event at which each step is written: it is put on the disk with the next, and confirmed after the third.

    Six more write down how many were confirmed, eight the first time, when that file is listed as ours.
    """
    events = [3 + 8, *[3 + 6] * (len(STEPS) - 1)]
    return [whole.sitting.ended.seen - sum(events[step:]) + 1 for step in range(len(STEPS))]


@pytest.mark.parametrize(
    ("kind", "told", "moment"),
    [
        ("full", "File too large", 0),
        *(("EIO", "Input/output error", moment) for moment in (0, 2)),
        pytest.param("EIO", "Input/output error", 1, marks=LONG),
    ],
)
@pytest.mark.parametrize("step", [pytest.param(0, marks=LONG), 1, pytest.param(2, marks=LONG), 3])
def test_what_could_not_be_saved_is_told_and_given_again(
    kind: str, told: str, moment: int, step: int, whole: Whole, tmp_path: Path
) -> None:
    """No room for a line, or a disk that fails with it and even takes nothing off; then it is well, the key pressed."""
    at = lines_at(whole)[step] + moment
    folder = new_copy(whole.prepared, tmp_path / "copy")
    states, refused = [], []
    with Page(folder, Fault(kind=kind, at=at, until=at + (kind != "full"))) as page:
        for path, body in STEPS:
            try:
                states.append(page.ask(path, body))
            except OSError as error:
                refused.append(f"{len(states)}: {error}")
                if kind == "full":
                    page.room_again()
                states.append(page.ask(path, body))
        assert page.close().code == 0
    assert refused == [f"{step}: [Errno 507] could not be written: {told}"]
    assert tuple(states) == whole.sitting.states[1:]
    assert REVIEW.results(folder) == whole.results and REVIEW.hidden(folder) == []


@pytest.mark.parametrize(("kind", "told"), [("EROFS", "Read-only file system"), ("EIO", "Input/output error")])
def test_a_disk_that_is_lost_during_a_sitting(kind: str, told: str, whole: Whole, tmp_path: Path) -> None:
    """Nothing is confirmed from there on; the server ends in order, and another one finds what was."""
    for moment, at in enumerate(lines_at(whole)[1:3]):
        folder = new_copy(whole.prepared, tmp_path / "copy")
        cut = sit(folder, fault=Fault(kind=kind, at=at + moment))
        assert cut.refused == f"[Errno 507] could not be written: {told}" and cut.confirmed == 1 + moment
        assert cut.ended.code == 0 and "Traceback" not in cut.ended.err
        completes(whole, folder, saved(whole, folder, cut.confirmed))


@pytest.mark.parametrize("kind", ["EROFS", "EACCES"])
def test_a_folder_that_may_not_be_written_to(kind: str, whole: Whole, tmp_path: Path) -> None:
    folder = new_copy(whole.prepared, tmp_path / "copy")
    ended = sit(folder, fault=Fault(kind=kind, at=1)).ended
    assert ended.code == 2 and "Traceback" not in ended.err
    assert ended.last_line.startswith(f"error: {REVIEW.out}"), ended.last_line
    assert "Remedy: choose another folder for the output" in ended.last_line
    assert not (folder / "derivatives").exists()


def test_two_servers_at_once(whole: Whole, tmp_path: Path) -> None:
    """Two raters do not see each other; a second server of one rater is refused, and the first goes on."""
    alone = new_copy(whole.prepared, tmp_path / "alone")
    together = new_copy(whole.prepared, tmp_path / "together")
    with Page(alone, rater="CD") as page:
        single = [page.ask(path, body) for path, body in STEPS]
        page.close()
    with Page(together) as first, Page(together, rater="CD") as second:
        states: list[list[object]] = [[], []]
        for number, (path, body) in enumerate(STEPS):
            states[0].append(first.ask(path, body))
            states[1].append(second.ask(path, body))
            if number == 1:
                refused = Page(together).close()
                assert refused.code == 2 and "may be open in one review at a time" in refused.err
        assert first.close().code == second.close().code == 0
    assert tuple(states[0]) == whole.sitting.states[1:] and states[1] == single
    assert REVIEW.results(together) == whole.results | REVIEW.results(alone)
    assert len(REVIEW.results(together)) == 6 and REVIEW.hidden(together) == []


@pytest.mark.parametrize(("clock_s", "rate_s"), [(0.0, 1.0), pytest.param(4.1e9, 1.0, marks=LONG), (1.8e9, -60.0)])
def test_a_clock_that_is_wrong(clock_s: float, rate_s: float, whole: Whole, tmp_path: Path) -> None:
    """What stands is told by the order of the lines; nothing but the time that is noted differs."""
    folder = new_copy(whole.prepared, tmp_path / "copy")
    sitting = sit(folder, fault=Fault(clock_s=clock_s, rate_s=rate_s))
    assert sitting.states == whole.sitting.states
    left = REVIEW.results(folder)[LOG].decode()
    noted = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
    assert len(set(noted.findall(left))) == (1 if rate_s == 0 else len(STEPS))
    told = re.compile(rf"{noted.pattern}|\b[0-9a-f]{{16}}$", re.M)  # the seal covers the time
    assert told.sub("", left) == told.sub("", whole.results[LOG].decode())
