"""Files that appear whole or not at all, and folders that say that they are not complete."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from pathlib import Path

import pytest

from pharmrs.core.errors import InputError
from pharmrs.core.files.atomic import remove_leftovers, write_bytes, write_text
from pharmrs.core.files.atomic_folder import writing_folder
from pharmrs.core.files.unfinished import MARK, incomplete, is_left, unfinished


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_a_dead_writer_left_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / ".a.tsv.pharmrs-part").write_bytes(b"half of something longer")
    write_text(tmp_path / "a.tsv", "whole\n")
    assert (tmp_path / "a.tsv").read_text() == "whole\n" and names(tmp_path) == ["a.tsv"]


def test_what_a_living_writer_is_at_is_left_alone(tmp_path: Path) -> None:
    part = tmp_path / ".a.tsv.pharmrs-part"
    with part.open("wb") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        theirs.write(b"their half")
        theirs.flush()
        write_text(tmp_path / "a.tsv", "mine\n")
        assert part.read_bytes() == b"their half"
    assert (tmp_path / "a.tsv").read_text() == "mine\n" and names(tmp_path) == [".a.tsv.pharmrs-part", "a.tsv"]


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / ".a.tsv.pharmrs-part").symlink_to("theirs")
    write_text(tmp_path / "a.tsv", "mine\n")
    assert (tmp_path / "theirs").read_text() == "theirs" and (tmp_path / "a.tsv").read_text() == "mine\n"


def test_many_writers_of_one_file(tmp_path: Path) -> None:
    """Whoever is last: what is there is always one of the texts, whole."""
    texts = {number: str(number) * 200_000 for number in range(4)}
    seen: set[str] = set()

    def write(number: int) -> None:
        for _ in range(15):
            write_text(tmp_path / "a", texts[number])
            seen.add((tmp_path / "a").read_text())

    threads = [threading.Thread(target=write, args=(number,)) for number in texts]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert seen <= set(texts.values()) and len(seen) > 1
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize(("number", "said"), [(errno.ENOSPC, r"2.0 kB to be written, .* free"), (errno.EIO, "error")])
def test_what_cannot_be_written_names_file_and_need(
    number: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    (tmp_path / "a").write_text("former")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match=said) as caught:
        write_bytes(tmp_path / "a", bytes(2000))
    assert (caught.value.errno, caught.value.filename) == (number, str(tmp_path / "a"))
    assert (tmp_path / "a").read_text() == "former" and names(tmp_path) == ["a"]


def test_a_folder_that_is_not_complete(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with pytest.raises(ZeroDivisionError), unfinished(folder, "pharmrs simulate", "seed 1"):
        (folder / ".b.pharmrs-part").write_text("half")
        raise ZeroDivisionError
    problem = incomplete(folder)
    assert problem is not None and "pharmrs simulate has not finished here" in problem.value
    assert is_left(folder, "pharmrs simulate", "seed 1")
    for other in (("pharmrs simulate", "seed 2"), ("pharmrs import", "seed 1")):
        with pytest.raises(InputError, match="must be complete"):
            is_left(folder, *other)
    with unfinished(folder, "pharmrs simulate", "seed 1"):
        assert names(folder) == [MARK]
        with pytest.raises(InputError, match="only one command at a time"), unfinished(folder, "pharmrs import", "x"):
            pass
    assert names(folder) == [] and incomplete(folder) is None and not is_left(folder, "pharmrs import", "x")


@pytest.mark.parametrize("half", [1, 10, 30])
def test_half_a_mark_is_of_anybody(half: int, tmp_path: Path) -> None:
    """It is the first thing that is written: who was killed over it has written nothing else."""
    with pytest.raises(KeyboardInterrupt), unfinished(tmp_path, "pharmrs simulate", "work"):
        raise KeyboardInterrupt
    whole = (tmp_path / MARK).read_bytes()
    (tmp_path / MARK).write_bytes(whole[:half])
    assert incomplete(tmp_path) is not None and is_left(tmp_path, "pharmrs simulate", "other work")
    with pytest.raises(KeyboardInterrupt), unfinished(tmp_path, "pharmrs simulate", "work"):
        raise KeyboardInterrupt
    assert (tmp_path / MARK).read_bytes() == whole


def test_a_mark_that_was_not_written_yet_is_of_anybody(tmp_path: Path) -> None:
    (tmp_path / MARK).touch()
    assert is_left(tmp_path, "pharmrs import", "x")


def test_leftovers(tmp_path: Path) -> None:
    for name in (".a.pharmrs-part", ".video.part", ".part-thesis", "a.part", ".bidsignore"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert names(tmp_path) == [".bidsignore", ".part-thesis", ".video.part", "a.part"]


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "set"
    for names_of_files in (("a", "b"), ("b", "c")):
        with writing_folder(folder) as part:
            assert part.parents[1] == folder.parent
            for name in names_of_files:
                write_text(part / name, " ".join(names_of_files))
        assert contents(folder) == dict.fromkeys(names_of_files, " ".join(names_of_files))
        assert names(folder.parent) == ["set"]


@pytest.mark.parametrize("before", [None, "old"])
def test_a_folder_that_cannot_be_filled_stays_as_it_was(before: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    if before is not None:
        folder.mkdir()
        (folder / "a").write_text(before)
    with pytest.raises(OSError, match="No space") as caught, writing_folder(folder) as part:
        write_text(part / "a", "new")
        raise OSError(errno.ENOSPC, "No space left on device", str(part / "b"))
    assert caught.value.filename == str(folder / "b")
    assert contents(folder) == {"a": "old"} if before else names(tmp_path) == []


def test_a_folder_that_cannot_be_renamed_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, replace = tmp_path / "set", Path.replace
    folder.mkdir()
    (folder / "a").write_text("old")

    def failing(self: Path, target: Path) -> Path:
        if self.name == "new" and not folder.exists():
            raise OSError(errno.EIO, "Input/output error", str(self), None, str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="Input/output") as caught, writing_folder(folder) as part:
        write_text(part / "a", "new")
    assert caught.value.filename == str(folder)
    assert contents(folder) == {"a": "old"} and names(tmp_path) == ["set"]


def test_what_dead_writers_of_a_folder_left_is_removed(tmp_path: Path) -> None:
    for name in ("new", "former"):
        (tmp_path / ".set.pharmrs-part" / name).mkdir(parents=True)
        (tmp_path / ".set.pharmrs-part" / name / "half").write_text("x")
    with writing_folder(tmp_path / "set") as part:
        assert contents(part) == {}
        write_text(part / "a", "new")
    assert names(tmp_path) == ["set"] and contents(tmp_path / "set") == {"a": "new"}
    (tmp_path / ".other.pharmrs-part" / "inner").mkdir(parents=True)
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["set"]


def test_a_link_in_place_of_the_temporary_folder_is_not_followed(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "keep").write_text("keep")
    (tmp_path / ".set.pharmrs-part").symlink_to(theirs)
    with writing_folder(tmp_path / "set") as part:
        write_text(part / "a", "new")
    assert contents(theirs) == {"keep": "keep"} and contents(tmp_path / "set") == {"a": "new"}


def test_writers_of_one_folder_at_the_same_time(tmp_path: Path) -> None:
    """Four of them, 25 times each: it is always that of one of them, whole, and in the end nothing else is there."""
    folder, failed = tmp_path / "set", list[str]()

    def write(mine: str) -> None:
        try:
            for _ in range(25):
                with writing_folder(folder) as part:
                    for name in "abc":
                        (part / name).write_text(mine)
        except Exception as error:
            failed.append(f"{type(error)} {error}")

    writers = [threading.Thread(target=write, args=(str(number),)) for number in range(4)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert failed == []
    assert len(set(contents(folder).values())) == 1 and len(contents(folder)) == 3
    assert names(tmp_path) == ["set"]
