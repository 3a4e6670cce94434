"""Small parts of the pipeline that end-to-end runs cannot tell apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from pharmrs.core.errors import InputProblem
from pharmrs.core.files.relative_paths import relative_to


def problem(file: str, value: str = "", remedy: str = "mend it") -> InputProblem:
    return InputProblem(file=file, field="field", rule="a rule", value=value, remedy=remedy)


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
