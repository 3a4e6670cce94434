"""Small parts of the pipeline that end-to-end runs cannot tell apart."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pharmrs.errors import InputError, InputProblem
from pharmrs.pipeline.execution import default_workers, map_tasks
from pharmrs.pipeline.relative_paths import relative_to


def later_first(number: int) -> int:
    """The first tasks end last."""
    time.sleep(0.4 if number == 0 else 0.0)
    return 10 * number


def refuse(number: int) -> int:
    if number == 1:
        raise InputError([problem(f"file-{number}")])
    return number


def problem(file: str, value: str = "", remedy: str = "mend it") -> InputProblem:
    return InputProblem(file=file, field="field", rule="a rule", value=value, remedy=remedy)


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_tasks(workers: int) -> None:
    seen: list[int] = []
    assert map_tasks(later_first, range(3), workers, seen.append) == [0, 10, 20]
    assert sorted(seen) == [0, 10, 20]
    assert (seen == [0, 10, 20]) == (workers == 1)  # reported as they end


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_comes_back_whole(workers: int) -> None:
    with pytest.raises(InputError) as caught:
        map_tasks(refuse, range(3), workers)
    assert caught.value.problems == (problem("file-1"),)


def test_no_task_and_default_workers() -> None:
    assert map_tasks(later_first, [], 4) == []
    assert default_workers() >= 1


@pytest.mark.parametrize(
    ("root", "text", "expected"),
    [
        ("/data/study", "/data/study/sub-01/mrs/x_svs.nii.gz", "sub-01/mrs/x_svs.nii.gz"),
        ("/data/study", "see /data/study/sub-01 (/data/study/sub-02)", "see sub-01 (sub-02)"),
        ("/data/study", "/data/study2/x and /old/data/study/x", "/data/study2/x and /old/data/study/x"),
        ("/data/study", "/data/study/../basis/b.basis", "../basis/b.basis"),
        ("d", "d/sub-01 and/or d/sub-02, ../d/x", "sub-01 and/or sub-02, ../d/x"),
        (".", "sub-01/x ./y ../z", "sub-01/x y ../z"),
        ("/a+b (c)", "/a+b (c)/sub-01", "sub-01"),
    ],
)
def test_paths_become_relative_to_the_dataset(root: str, text: str, expected: str) -> None:
    shown = relative_to(Path(root), problem(text, value=text, remedy=text))
    assert (shown.file, shown.value, shown.remedy) == (expected, expected, expected)
    assert (shown.field, shown.rule, shown.severity) == ("field", "a rule", "error")


@pytest.mark.parametrize("root", ["/data/study", "study", "."])
def test_the_dataset_itself(root: str) -> None:
    assert relative_to(Path(root), problem(root)).file == "."
