"""Small parts of the pipeline that end-to-end runs cannot tell apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from pharmrs.core.errors import InputProblem
from pharmrs.core.files.relative_paths import relative_to
from pharmrs.core.report.problem_groups import grouped


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


def test_the_most_harmful_problem_is_said_first_and_once() -> None:
    def found(file: str, field: str, severity: str, value: str = "") -> InputProblem:
        return InputProblem(file=file, field=field, rule=f"{field} rule", value=value, remedy="do", severity=severity)

    heads = [found(f"sub-{n:02}/mrs/x.nii.gz", "PatientName", "note") for n in range(60)]
    wide = [found(f"sub-{n:02}/mrs/x.nii.gz", "width", "warning", f"{n} Hz") for n in (7, 9)]
    lost = [
        found("sub-03/mrs/x.nii.gz", "points", "error"),
        *(found(f"sub-{n}/mrs/y", "dwell", "error") for n in (4, 5)),
    ]
    groups = grouped([*heads, *wide, found("sub-02/mrs/x.nii.gz", "water", "warning"), *lost,
                      found("study.yaml", "scale", "warning"), found("study.yaml", "basis", "error")])  # fmt: skip
    assert [one.fields[0] for one in groups] == [
        "basis", "dwell", "points", "scale", "width", "water", "PatientName",
    ]  # fmt: skip
    assert groups[4].where == "2 files (sub-07/mrs/x.nii.gz, sub-09/mrs/x.nii.gz)" and groups[4].found == "7 Hz; 9 Hz"
    assert groups[-1].where.startswith("60 files (") and groups[-1].where.endswith("and 57 more)")
