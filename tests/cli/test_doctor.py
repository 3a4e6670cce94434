"""`pharmrs doctor` says yes to this installation, and no to a broken one."""

from __future__ import annotations

import importlib.metadata

import pytest

from pharmrs.simulate import doctor
from pharmrs.study import installation
from tests.study.e2e import pharmrs


def test_this_installation_is_right() -> None:
    end = pharmrs("doctor")
    assert end.code == 0, end.out
    lines = end.out.splitlines()
    assert all(line.startswith("ok ") for line in lines)
    for what in ("Python", "numpy", "memory", "temporary files", "worker processes", "fit of a known spectrum"):
        assert sum(f" {what}:" in line for line in lines) == 1


def test_a_library_too_old_or_missing_is_named_and_no_fit_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    true_version = importlib.metadata.version

    def version(name: str) -> str:
        if name == "scipy":
            raise importlib.metadata.PackageNotFoundError(name)
        return "0.1" if name == "numpy" else true_version(name)

    monkeypatch.setattr(installation, "version", version)
    end = pharmrs("doctor")
    assert end.code == 2
    assert "BAD numpy: 0.1 (wanted" in end.out and "BAD scipy: not installed" in end.out
    assert end.out.count("Remedy: pip install") == 2
    assert "fit of a known spectrum" not in end.out


def test_wrong_numbers_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(doctor._TRUTH, "Glu", 20.0)
    monkeypatch.setattr("pharmrs.simulate.signals.metabolite_signal", _half_of_glutamate())
    found = [finding for finding in doctor.examine() if finding.what == "fit of a known spectrum"]
    assert [finding.good for finding in found] == [False]
    assert "Glu" in found[0].found


def _half_of_glutamate():  # type: ignore[no-untyped-def]
    from pharmrs.simulate.signals import metabolite_signal

    return lambda basis, amounts, *rest: metabolite_signal(basis, {**amounts, "Glu": amounts["Glu"] / 2}, *rest)


def test_no_room_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere/at/all")
    found = doctor._temporary_files()
    assert not found.good and "/nowhere/at/all" in found.found


def test_no_shared_memory_for_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: object, **_more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("multiprocessing.synchronize.SemLock.__init__", refused)
    found = doctor._workers()
    assert not found.good and "/dev/shm" in found.remedy and "Permission denied" in found.found
