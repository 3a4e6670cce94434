"""What is printed while a command works, and in which order problems are told."""

from __future__ import annotations

import io
import sys

import pytest

from pharmrs.cli.messages import print_problems, progress
from pharmrs.core.errors import InputProblem


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def work() -> None:
    with progress("scans") as (begin, step):
        begin(2)
        step("sub-01")
        step("sub-02 [bold] FAILED")


def test_progress_bar_with_eta_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    work()
    shown = terminal.getvalue()
    assert "scans" in shown and "ETA" in shown and "2/2" in shown
    assert "sub-02 [bold] FAILED" in shown  # names are text, not markup


def test_plain_lines_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    work()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "scans 1/2 sub-01\nscans 2/2 sub-02 [bold] FAILED\n"


def test_problems_are_told_once_and_errors_first(capsys: pytest.CaptureFixture[str]) -> None:
    warning = InputProblem(file="a", field="x", rule="should be", value="", remedy="do", severity="warning")
    error = InputProblem(file="b", field="y", rule="must be", value="7", remedy="mend")
    assert print_problems([warning, error, warning, error]) == (1, 1)
    assert capsys.readouterr().err.splitlines() == [
        "error: b: y: must be (found: 7). Remedy: mend",
        "warning: a: x: should be. Remedy: do",
        "1 error, 1 warning",
    ]
    assert print_problems([]) == (0, 0)
    assert capsys.readouterr().err == ""


def test_problems_of_a_table_come_in_the_order_of_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_problems(
        InputProblem(file="a", field=f"line {n}: x", rule="must be", value="", remedy="do") for n in (10, 9, 2)
    )
    told = capsys.readouterr().err.splitlines()[:-1]
    assert [line.split(":")[2] for line in told] == [" line 2", " line 9", " line 10"]


def test_of_many_problems_alike_the_first_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    many = [
        InputProblem(file="a.tsv", field=f"line {n}: x", rule="must be a number", value=f"{n},5", remedy="use a point")
        for n in range(2, 102)
    ]
    other = InputProblem(file="a.tsv", field="line 50: y", rule="must not be missing", value="", remedy="fill it in")
    assert print_problems([*many, other]) == (101, 0)
    told = capsys.readouterr().err.splitlines()
    assert [line.split(":")[2].strip() for line in told[:5]] == [f"line {n}" for n in range(2, 7)]
    assert told[5:] == [
        "error: a.tsv: line 50: y: must not be missing. Remedy: fill it in",
        "error: a.tsv: must be a number: 95 more like these",
        "101 errors, 0 warnings",
    ]
    print_problems(many[:12])
    assert len(capsys.readouterr().err.splitlines()) == 13  # a dozen is read


def test_a_command_that_is_stopped_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pharmrs.cli import main

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pharmrs.study.dataset.validate_dataset", stopped)
    monkeypatch.setattr(sys, "argv", ["pharmrs", "validate", "."])
    with pytest.raises(SystemExit) as end:
        main.run()
    assert end.value.code == 130 and "the same command goes on" in capsys.readouterr().err
