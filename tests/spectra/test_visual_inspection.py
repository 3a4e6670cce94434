"""Decisions of raters in the run: honoured by the declared rule, quoted, never deleted, never silent."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pharmrs.core.read.declarations import checked
from pharmrs.spectra.records.declared import VisualInspection
from pharmrs.spectra.review.log import DecisionLog, recording_digest
from pharmrs.spectra.review.records import Decision
from pharmrs.spectra.review.stage import exclusion_of
from tests.study.e2e import RESULTS, pharmrs, report_text, table


def _decision(rater: str, verdict: str, scan: str = "sub-01", reason: str = "", recording: str = "") -> Decision:
    return Decision(
        rater=rater, scan=scan, decision=verdict, reason=reason, position=1, seed=1, recording=recording,
        decided_at="2026-01-02T03:04:05Z",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("when", "unsure", "verdicts", "excluded"),
    [
        ("any", "accept", ("accept", "accept"), False),
        ("any", "accept", ("accept", "reject"), True),
        ("any", "accept", ("accept", "unsure"), False),
        ("any", "reject", ("accept", "unsure"), True),
        ("any", "accept", ("reject",), True),
        ("any", "accept", (), False),
        ("all", "accept", ("reject", "reject"), True),
        ("all", "accept", ("reject", "accept"), False),
        ("all", "accept", ("reject", "unsure"), False),
        ("all", "reject", ("reject", "unsure"), True),
        ("all", "accept", ("reject",), False),  # the second rater has not judged it yet
    ],
)
def test_the_declared_rule(when: str, unsure: str, verdicts: tuple[str, ...], excluded: bool) -> None:
    rule = checked(VisualInspection, {"raters": 2, "exclude_when": when, "unsure_counts_as": unsure})
    given = {name: _decision(name, verdict) for name, verdict in zip("AB", verdicts, strict=False)}
    found = exclusion_of("sub-01", given, rule)
    assert (found is not None) is excluded
    assert found is None or (found.metabolite, found.rule) == ("*", "rejected by raters")


def _declared(dataset: Path, **rule: object) -> None:
    study = yaml.safe_load((dataset / "study.yaml").read_text())
    rule = {"raters": 2, "exclude_when": "any", "unsure_counts_as": "accept", **rule}
    study["quality"] = {"visual_inspection": rule}
    (dataset / "study.yaml").write_text(yaml.safe_dump(study))


def _judge(dataset: Path, rater: str, *verdicts: tuple[str, str]) -> list[str]:
    """Verdicts on the scans in the order of their names; returns the names."""
    recordings = sorted(dataset.glob("sub-*/ses-*/mrs/*_svs.nii.gz"))
    names = [path.name.removesuffix("_svs.nii.gz") for path in recordings]
    with DecisionLog(dataset / RESULTS / "review", rater) as log:
        for path, name, (verdict, reason) in zip(recordings, names, verdicts, strict=False):
            log.add(_decision(rater, verdict, name, reason, recording_digest(path)))
    return names


def test_repeats_tell_how_well_a_rater_agrees_with_themselves(copy_of_demo: Callable[[str], Path]) -> None:
    """Two scans, both shown twice: reject then accept, and accept twice; the first verdict counts."""
    dataset = copy_of_demo("dataset")
    _declared(dataset, raters=1, repeats=0.5)
    one, _ = _judge(dataset, "AB", ("reject", "lipid contamination"), ("accept", ""))
    recordings = sorted(dataset.glob("sub-*/ses-*/mrs/*_svs.nii.gz"))
    with DecisionLog(dataset / RESULTS / "review", "AB") as log:
        for path, first in zip(recordings, tuple(log.decisions), strict=True):
            again = replace(first, decision="accept", reason="", showing=2, recording=recording_digest(path))
            log.add(again)
    ended = pharmrs("run", dataset, "--workers", 1)
    assert ended.code == 0, ended.err
    output = dataset / RESULTS
    assert [row["scan"] for row in table(output / "exclusions.tsv")] == [one]
    (row,) = table(output / "rater_agreement.tsv")
    assert (row["kind"], row["first"], row["second"], row["scans"]) == ("within", "AB", "AB", "2")
    assert (row["reject_accept"], row["accept_accept"], row["agreed"], row["kappa"]) == ("1", "1", "0.5", "0")
    assert "was shown a second time" in (output / "methods.md").read_text()
    assert "AB with themselves" in report_text(output)


def test_run_honours_the_verdicts_and_says_so(copy_of_demo: Callable[[str], Path]) -> None:
    dataset = copy_of_demo("dataset")
    _declared(dataset)
    one, other = _judge(dataset, "AB", ("accept", ""), ("reject", "lipid contamination"))
    _judge(dataset, "CD", ("accept", ""), ("unsure", "odd line"))
    before = {path: path.read_bytes() for path in (dataset / RESULTS / "review").iterdir()}
    ended = pharmrs("run", dataset, "--workers", 1)
    assert ended.code == 0, ended.err
    assert {path: path.read_bytes() for path in (dataset / RESULTS / "review").iterdir()} == before
    output = dataset / RESULTS
    (row,) = table(output / "exclusions.tsv")
    assert (row["scan"], row["metabolite"], row["rule"], row["limit"]) == (other, "*", "rejected by raters", "n/a")
    assert row["decided_by"] == "rater AB: reject (lipid contamination); rater CD: unsure (odd line)"
    kept = {row["scan"]: row["excluded"] for row in table(output / "quality.tsv")}
    assert kept == {one: "no", other: "yes"}
    assert [(row["scan"], row["rater"], row["decision"]) for row in table(output / "visual_inspection.tsv")] == [
        (one, "AB", "accept"),
        (one, "CD", "accept"),
        (other, "AB", "reject"),
        (other, "CD", "unsure"),
    ]
    (pair,) = table(output / "rater_agreement.tsv")
    # observed 1/2; expected .5 * .5 (accept) + 0: kappa = (.5 - .25) / (1 - .25) with accept .5 x .5 of either rater
    assert (pair["scans"], pair["accept_accept"], pair["reject_unsure"]) == ("2", "1", "1")
    assert float(pair["kappa"]) == pytest.approx(1 / 3)
    page, methods = report_text(output), (output / "methods.md").read_text()
    assert '<section id="visual-inspection"' in page and "lipid contamination" in page
    assert "the scan was rejected on visual inspection" in methods and "10.1177/001316446002000104" in methods
    provenance = json.loads((output / "provenance.json").read_text())
    assert set(provenance["review_sha256"]) == {f"review/rater-{name}_decisions.tsv" for name in ("AB", "CD")}
    repeated = pharmrs("rerun", output / "provenance.json", "--workers", 1)
    assert repeated.code == 0, repeated.out + repeated.err
    assert repeated.out == ""


def test_decisions_that_cannot_count_are_told(copy_of_demo: Callable[[str], Path]) -> None:
    dataset = copy_of_demo("dataset")
    _declared(dataset)
    one, other = _judge(dataset, "AB", ("reject", "x"), ("accept", ""))
    with DecisionLog(dataset / RESULTS / "review", "AB") as log:
        log.add(_decision("AB", "reject", "sub-99_gone", "x"))
        log.add(_decision("AB", "reject", one, "x", "another recording"))
    ended = pharmrs("run", dataset, "--workers", 1)
    assert ended.code == 0, ended.err
    assert "sub-99_gone: decisions should be about scans of the dataset" in ended.err
    assert f"{one}, rater AB: must be about the recording that is there now" in ended.err
    assert (
        f"must be judged by 2 raters, as declared (found: not yet: {one}, {other})".replace("must", "should")
        in ended.err
    )
    assert table(dataset / RESULTS / "exclusions.tsv") == []


def test_decisions_without_a_rule_change_nothing_but_are_told(copy_of_demo: Callable[[str], Path]) -> None:
    dataset = copy_of_demo("dataset")
    study = yaml.safe_load((dataset / "study.yaml").read_text())
    (dataset / "study.yaml").write_text(yaml.safe_dump(study | {"quality": {}}))
    _judge(dataset, "AB", ("reject", "x"), ("reject", "x"))
    ended = pharmrs("run", dataset, "--workers", 1)
    assert ended.code == 0, ended.err
    assert "quality.visual_inspection: must say what decisions of raters mean" in ended.err
    assert table(dataset / RESULTS / "exclusions.tsv") == []
    assert not (dataset / RESULTS / "visual_inspection.tsv").exists()


def test_a_spoiled_log_stops_the_run_before_anything_is_made(copy_of_demo: Callable[[str], Path]) -> None:
    dataset = copy_of_demo("dataset")
    _declared(dataset)
    _judge(dataset, "AB", ("reject", "x"))
    log = dataset / RESULTS / "review" / "rater-AB_decisions.tsv"
    log.write_text(log.read_text().replace("reject", "rejekt"))
    ended = pharmrs("run", dataset, "--workers", 1)
    assert ended.code == 2 and "must be one of accept, reject, unsure" in ended.err
    assert [path.name for path in (dataset / RESULTS).iterdir()] == ["review"]
    checked = pharmrs("validate", dataset)
    assert checked.code == 2 and "must be one of accept, reject, unsure" in checked.err


@pytest.mark.parametrize("missing", ["raters", "exclude_when", "unsure_counts_as"])
def test_every_part_of_the_rule_must_be_declared(missing: str, copy_of_demo: Callable[[str], Path]) -> None:
    dataset = copy_of_demo("dataset")
    _declared(dataset)
    study = yaml.safe_load((dataset / "study.yaml").read_text())
    del study["quality"]["visual_inspection"][missing]
    (dataset / "study.yaml").write_text(yaml.safe_dump(study))
    ended = pharmrs("validate", dataset)
    assert ended.code == 2 and f"quality.visual_inspection.{missing}: this key is required" in ended.err
