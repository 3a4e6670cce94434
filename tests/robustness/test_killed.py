"""Killed (-9) at any thing a command does to its files: nothing is half-written, and given again it completes.

The command runs in a copy of this process, which dies at the n-th making, writing, renaming or deleting of a file.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.robustness.fault_hook import Fault, command
from tests.robustness.fault_jobs import BASIS, JOBS, LONG_ONES, RUN, Undisturbed, whole_caches

QUICK = [name for name in JOBS if name not in LONG_ONES]
MANY = 40  # moments at which a command is killed in `make test-all`


def moments(events: int, share: int) -> list[int]:
    """So many moments, spread from the first event to the last."""
    return sorted({1 + round(number * (events - 1) / (share - 1)) for number in range(share)})


def kill(of: Undisturbed, kind: str, at: int, folder: Path) -> bool:
    """Kill the command, look at what it left, give it again; whether it was killed at all."""
    ended = of.job.run(folder, Fault(kind=kind, at=at, below="out"))
    if kind == "torn" and ended.code == of.code:  # nothing was written after the event
        assert of.job.results(folder) == of.results
        return False
    assert ended.code in (-signal.SIGKILL, -signal.SIGXFSZ), (at, ended)
    left = of.job.results(folder)
    assert {name for name in left if left[name] != of.results.get(name)} == set(), f"half-written at event {at}"
    whole_caches(folder)
    again = of.job.run(folder)
    assert again.code == of.code, (at, again.err)
    assert of.job.results(folder) == of.results, at
    assert of.job.hidden(folder) == [], at
    return True


@pytest.mark.parametrize(("kind", "part"), [("killed", 0.3), ("torn", 0.4)])
@pytest.mark.parametrize("name", QUICK)
def test_killed_and_given_again(
    name: str, kind: str, part: float, undisturbed: Callable[[str], Undisturbed], tmp_path: Path
) -> None:
    of = undisturbed(name)
    assert kill(of, kind, round(part * of.events), of.copy(tmp_path / "copy"))


@pytest.mark.parametrize("kind", ["killed", pytest.param("torn", marks=pytest.mark.long)])
def test_a_run_killed_and_given_again(kind: str, undisturbed: Callable[[str], Undisturbed], tmp_path: Path) -> None:
    of = undisturbed(RUN.name)
    assert kill(of, kind, round(0.6 * of.events), of.copy(tmp_path / "copy"))


@pytest.mark.long
@pytest.mark.parametrize("kind", ["killed", "torn"])
@pytest.mark.parametrize("name", QUICK)
def test_killed_at_many_moments(
    name: str, kind: str, undisturbed: Callable[[str], Undisturbed], tmp_path: Path
) -> None:
    of = undisturbed(name)
    killed = [kill(of, kind, at, of.copy(tmp_path / "copy")) for at in moments(of.events, MANY)]
    # torn: after the other moments nothing of more than 100 bytes is written
    assert all(killed) if kind == "killed" else sum(killed) > len(killed) / 3


@pytest.mark.long
@pytest.mark.parametrize("kind", ["killed", "torn"])
@pytest.mark.parametrize("name", LONG_ONES)
def test_long_commands_killed_at_many_moments(
    name: str, kind: str, undisturbed: Callable[[str], Undisturbed], tmp_path: Path
) -> None:
    of = undisturbed(name)
    for at in moments(of.events, MANY // 4):
        kill(of, kind, at, of.copy(tmp_path / "copy"))


@pytest.mark.long
def test_a_run_killed_again_and_again(undisturbed: Callable[[str], Undisturbed], tmp_path: Path) -> None:
    """Killed at its 3rd event, given again and killed at its 10th, and so on: it gets there all the same."""
    of = undisturbed(RUN.name)
    folder = of.copy(tmp_path / "copy")
    for at in range(3, of.events, 7):
        ended = RUN.run(folder, Fault(kind="killed", at=at, below="out"))
        if ended.code != -signal.SIGKILL:  # what is complete is not done again: fewer events are left than `at`
            break
        left = RUN.results(folder)
        assert {name for name in left if left[name] != of.results.get(name)} == set(), at
    assert RUN.run(folder).code == of.code
    assert RUN.results(folder) == of.results and RUN.hidden(folder) == []


@pytest.mark.parametrize("share", [6, pytest.param(MANY, marks=pytest.mark.long)])
def test_a_basis_set_killed_over_another(share: int, undisturbed: Callable[[str], Undisturbed], tmp_path: Path) -> None:
    """Its folder holds the signals of one basis set, the former or the new one: never of both, nor some of them."""
    of, longer = undisturbed(BASIS.name), [one.replace("30", "144") for one in BASIS.arguments]
    prepared = of.copy(tmp_path / "prepared")
    assert command(*longer, cwd=prepared).code == 0
    before = BASIS.results(prepared)
    assert before.keys() == of.results.keys() and all(before[name] != of.results[name] for name in before)
    absent = 0
    for at in moments(of.events + 2, share):  # renaming the former folder, and deleting it, come on top
        folder = tmp_path / "copy"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(prepared, folder)
        ended = BASIS.run(folder, Fault(kind="killed", at=at, below="out"))
        assert ended.code == -signal.SIGKILL, at
        left = BASIS.results(folder)
        signals = {name for name in before if "_json/" in name}
        absent += not signals & left.keys()
        assert signals <= left.keys() or not signals & left.keys(), f"some signals are missing at event {at}"
        assert len({left[name] == before[name] for name in signals & left.keys()}) <= 1, f"mixed at event {at}"
        assert all(left[name] in (before[name], of.results[name]) for name in left), at
        assert BASIS.run(folder).code == 0
        assert BASIS.results(folder) == of.results and BASIS.hidden(folder) == []
    assert share < MANY or absent > 0  # killed between the two renames


def test_a_dataset_that_is_not_complete_is_refused(undisturbed: Callable[[str], Undisturbed], tmp_path: Path) -> None:
    """`run` and `validate` do not take half a simulated dataset for a whole one; another simulation is not mixed in."""
    of = undisturbed("simulate")
    folder = of.copy(tmp_path / "copy")
    assert of.job.run(folder, Fault(kind="killed", at=of.events - 5, below="out")).code == -signal.SIGKILL
    for arguments in (("run", "out"), ("validate", "out"), ("simulate", "out", "-n", "3", "--no-recordings")):
        ended = command(*arguments, cwd=folder)
        assert ended.code == 2
        assert "must be complete (found: pharmrs simulate has not finished here)" in ended.err
