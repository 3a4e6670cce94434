"""Checksums are remembered only as long as a file cannot have changed unseen."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from pharmrs.core.files.checksums import UNREADABLE, Checksums

OLD = time.time_ns() - 10_000_000_000


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.write_bytes(b"first")
    return path


def age(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the clock of `Checksums` be ahead, so that a file just written looks as old as that."""
    now = time.time_ns
    monkeypatch.setattr("pharmrs.core.files.checksums.time.time_ns", lambda: now() + int(seconds * 1e9))


def remembered(sums: Checksums, tmp_path: Path) -> Checksums:
    (tmp_path / "sums.json").write_text(sums.text())
    return Checksums.load(tmp_path / "sums.json")


def test_a_settled_file_is_not_read_again(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    age(monkeypatch, 5)
    sums = Checksums(place=tmp_path)
    assert sums.of(file) == sha(b"first")
    again = remembered(sums, tmp_path)
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("the file was read again"))
    assert again.of(file) == sha(b"first")


def test_a_file_written_a_moment_ago_is_read_again(file: Path, tmp_path: Path) -> None:
    sums = Checksums(place=tmp_path)
    assert sums.of(file) == sha(b"first")
    assert remembered(sums, tmp_path).text().endswith("\n{}\n")


@pytest.mark.parametrize("ahead", [0, 3600, -3600])
def test_another_content_of_the_same_size_and_time_is_seen(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    """Whoever sets the time of a file back leaves the time of its inode; whatever this computer's clock says."""
    sums = Checksums(place=tmp_path)
    age(monkeypatch, 5 + ahead)
    os.utime(file, ns=(OLD, OLD))
    assert sums.of(file) == sha(b"first")
    known = remembered(sums, tmp_path)
    time.sleep(0.02)
    file.write_bytes(b"other")
    os.utime(file, ns=(OLD, OLD))
    assert known.of(file) == sha(b"other")


def test_folders_and_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"2")
    (tmp_path / "a").write_bytes(b"1")
    expected = sha((sha(b"1") + sha(b"2")).encode())
    assert Checksums().of(tmp_path) == expected
    assert Checksums().of(tmp_path / "gone") == UNREADABLE


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": [1, 2]}', '{"a": [1, 2, 3, "x", "y"]}'])
def test_a_damaged_memory_is_an_empty_one(text: str, tmp_path: Path, file: Path) -> None:
    (tmp_path / "sums.json").write_text(text)
    assert Checksums.load(tmp_path / "sums.json").of(file) == sha(b"first")


def test_a_pipe_and_a_device_are_no_files(tmp_path: Path) -> None:
    """Both would be read for ever."""
    os.mkfifo(tmp_path / "pipe")
    assert Checksums().of(tmp_path / "pipe") == Checksums().of(Path("/dev/zero")) == UNREADABLE
