"""Genotyping as a command and as a stage of the run; a marker by data alone; the sample flow over all materials."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pharmrs.simulate.gels import GelSettings
from pharmrs.simulate.study_text import BASIS_FILE
from pharmrs.simulate.trial import draw_trial
from pharmrs.simulate.trial_records import TrialSettings
from pharmrs.simulate.trial_tables import GENOTYPING, write_trial_tables
from pharmrs.study.sample_flow import sample_fates
from pharmrs.study.sample_flow_records import count_samples
from tests.study.e2e import RESULTS, pharmrs, report_text, table
from tests.study.small_trial import DESIGN

HEADER = "lane\trole\tsample\tgenotype\tbands_bp\n"
CONTROL = "1\tcontrol\tNA1\tVal/Val\t280;396\n"
# a made-up marker with a second EcoRI site in both alleles: every lane shows whether it was digested
LEFT, MIDDLE, RIGHT = "ACGTTGCATGCCAGTC" + "ACGA" * 40, "TTGC" * 30, "CAGT" * 20 + "GATTGACCTAGGCTAACG"
OWN = {
    "name": "made-up",
    "accession": "none",
    "reference": f"{LEFT}GAATTC{MIDDLE}GAATTT{RIGHT}",
    "position": len(LEFT) + 6 + len(MIDDLE) + 6,
    "alleles": {"T": "long", "C": "short"},
    "primers": {"forward": LEFT[:16], "reverse": "CGTTAGCCTAGGTCAATC"},
    "enzyme": "EcoRI",
    "expected_bands": {"T": [177, 229], "C": [177, 126, 103]},
    "source": "made for this test",
}


def _bands(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


def test_command_gives_the_counts_and_tests_of_the_reference_study(tmp_path: Path) -> None:
    patterns = ["277;399"] * 24 + ["277;399;676"] * 9 + ["676"] * 2
    lanes = [f"{i}\tsample\tsub-{i:02d}\tn/a\t{bands}\n" for i, bands in enumerate(patterns, start=2)]
    ended = pharmrs(
        "genotype", _bands(tmp_path / "gel.tsv", CONTROL, *lanes), "--marker", "rs6265", "--out", tmp_path / "o"
    )
    assert ended.code == 0, ended.err
    assert "amplicon 676 bp; G (Val) 277 + 399 bp; A (Met) 676 bp" in ended.out
    (tests,) = table(tmp_path / "o" / "hardy_weinberg.tsv")
    assert tests["counts"] == "24;9;2"
    assert [round(float(tests[name]), 4) for name in ("chi2", "p_chi2", "p_exact", "p_mid")] == [
        0.7854,
        0.3755,
        0.3132,
        0.1894,
    ]
    assert "24 Val/Val, 9 Val/Met, 2 Met/Met" in ended.out
    assert "it lacks one A; GCATCCCGGTGAAAGAAAGCCCTAAC fits" in ended.err
    assert {row["exact_hits"] for row in table(tmp_path / "o" / "genotype_primers.tsv")[2:]} == {"0"}
    for name in ("genotypes", "genotype_lanes", "genotype_primers", "hardy_weinberg"):
        described = json.loads((tmp_path / "o" / f"{name}.json").read_text())
        assert list(described) == (tmp_path / "o" / f"{name}.tsv").read_text().splitlines()[0].split("\t")
    assert sorted(path.name for path in (tmp_path / "o" / "figures" / "gels").iterdir()) == [
        "rs6265_gel-gel.png",
        "rs6265_gel-gel.svg",
    ]
    places = [line for line in ended.out.splitlines() if line.startswith(str(tmp_path))]
    assert len(places) > 8 and all(Path(line).is_file() for line in places)


def test_command_ends_with_3_when_a_sample_cannot_be_called(tmp_path: Path) -> None:
    bands = _bands(tmp_path / "gel.tsv", CONTROL, "2\tsample\tsub-01\tn/a\tn/a\n")
    ended = pharmrs("genotype", bands, "--out", tmp_path / "o")
    assert ended.code == 3
    assert "no genotype could be called" in ended.err and "no band" in ended.err
    assert table(tmp_path / "o" / "genotypes.tsv")[0]["flag"] == "indeterminate"


def test_command_with_bad_input_writes_nothing(tmp_path: Path) -> None:
    bands = _bands(tmp_path / "gel.tsv", "1\tguest\tsub-01\tn/a\t277\n")
    ended = pharmrs("genotype", bands, "--marker", "rs1", "--out", tmp_path / "o")
    assert ended.code == 2 and "must be a built-in marker" in ended.err
    ended = pharmrs("genotype", bands, "--out", tmp_path / "o")
    assert ended.code == 2 and "must be one of sample, control" in ended.err
    assert not (tmp_path / "o").exists()


def test_a_second_marker_by_data_alone(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(OWN, sort_keys=False))
    bands = _bands(
        tmp_path / "gel.tsv",
        "1\tsample\tsub-01\tn/a\t175;230\n",
        "2\tsample\tsub-02\tn/a\t175;230;125;104\n",
        "3\tsample\tsub-03\tn/a\t176;127;102\n",
        "4\tsample\tsub-04\tn/a\t176;127;102;300\n",  # 177 + 126: the constitutive site was not cut everywhere
    )
    ended = pharmrs("genotype", bands, "-m", "made-up", "--markers", tmp_path / "own.yaml", "--out", tmp_path / "o")
    assert ended.code == 3, ended.err
    found = {row["subject"]: row for row in table(tmp_path / "o" / "genotypes.tsv")}
    assert [found[name]["genotype"] for name in ("01", "02", "03", "04")] == [
        "long/long",
        "long/short",
        "short/short",
        "n/a",
    ]
    assert "partial digestion: 303 bp" in found["04"]["reason"]


def test_gels_of_a_simulated_trial_give_its_genotypes(tmp_path: Path) -> None:
    trial = draw_trial(TrialSettings(design=DESIGN, participants=40, seed=3))
    write_trial_tables(tmp_path / "trial", trial, None, GelSettings())
    ended = pharmrs("genotype", tmp_path / "trial" / GENOTYPING, "--out", tmp_path / "o")
    assert ended.code == 0, ended.err
    called = {row["subject"]: row["genotype"] for row in table(tmp_path / "o" / "genotypes.tsv")}
    assert called == {person.label: person.genotype for person in trial.participants}
    assert len(set(called.values())) == 3
    assert any(int(row["lanes"]) > 1 for row in table(tmp_path / "o" / "genotypes.tsv"))


def _genotyped(dataset: Path, *lanes: str, **declared: object) -> Path:
    study = yaml.safe_load((dataset / "study.yaml").read_text())
    (dataset / "study.yaml").write_text(yaml.safe_dump({**study, "genotype": {"markers": ["rs6265"], **declared}}))
    _bands(dataset / "sourcedata" / "genotyping" / "gel-1.tsv", *lanes)
    return dataset


def test_run_calls_the_participants_and_reports_them(copy_of_demo: Callable[[str], Path]) -> None:
    dataset = copy_of_demo("dataset")
    assert (dataset / BASIS_FILE).is_file()
    with (dataset / "participants.tsv").open("a") as stream:
        stream.write("sub-77\tn/a\tn/a\tn/a\n")
    (label,) = [path.name for path in dataset.glob("sub-*")]
    _genotyped(dataset, CONTROL, f"2\tsample\t{label}\tn/a\t277;399;676\n", "3\tsample\tsub-99\tn/a\t676\n")
    checked = pharmrs("validate", dataset)
    assert checked.code == 0 and "should be a participant of the study (found: sub-99)" in checked.err
    ended = pharmrs("run", dataset, "--workers", 1)
    assert ended.code == 0, ended.err
    output = dataset / RESULTS
    assert [(row["subject"], row["genotype"], row["flag"]) for row in table(output / "genotypes.tsv")] == [
        (label.removeprefix("sub-"), "Val/Met", "ok"),
        ("77", "n/a", "not_measured"),
        ("99", "Met/Met", "ok"),
    ]
    page = report_text(output)
    assert '<section id="genotypes"' in page and "Predicted bands of each genotype" in page
    assert '<section id="samples"' in page
    methods = (output / "methods.md").read_text()
    assert "## Genotyping" in methods and "1 Val/Met, 1 Met/Met" in methods and "10.1086/429864" in methods
    inputs = json.loads((output / "provenance.json").read_text())["inputs_sha256"]
    assert "sourcedata/genotyping/gel-1.tsv" in inputs
    (flow,) = (row for row in table(output / "sample_flow.tsv") if row["kind"] == "genotype")
    assert (flow["planned"], flow["drawn"], flow["measured"], flow["not_drawn"]) == ("3", "2", "2", "1")
    assert str(dataset) not in page + methods


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"marker": "rs6265"}, "did you mean 'markers'"),
        ({"markers": ["rs1"]}, "must be a built-in marker or declared in a marker file"),
        ({"marker_files": ["none.yaml"]}, "none.yaml"),
        ({"size_tolerance_percent": 20, "smallest_band_bp": 500}, "must tell the bands of the genotypes apart"),
        ({"heterozygote_uncut_share": [0.9, 0.1]}, "the first value must be below the second"),
    ],
)
def test_validate_names_what_is_wrong(
    declared: dict[str, object], said: str, copy_of_demo: Callable[[str], Path]
) -> None:
    ended = pharmrs("validate", _genotyped(copy_of_demo("dataset"), CONTROL, **declared))
    assert ended.code == 2
    assert said in ended.err


def test_bands_without_a_declaration_and_the_other_way_round(copy_of_demo: Callable[[str], Path]) -> None:
    dataset = copy_of_demo("dataset")
    _bands(dataset / "sourcedata" / "genotyping" / "gel-1.tsv", CONTROL)
    ended = pharmrs("validate", dataset)
    assert ended.code == 2 and "genotype: must be declared" in ended.err
    (_genotyped(dataset, CONTROL) / "sourcedata" / "genotyping" / "gel-1.tsv").unlink()
    ended = pharmrs("validate", dataset)
    assert ended.code == 2 and "must hold band tables" in ended.err


def test_sample_flow_counts_every_fate_once(tmp_path: Path) -> None:
    (tmp_path / "participants.tsv").write_text("participant_id\nsub-01\nsub-02\nsub-03\n")
    for label, times in (("01", "09:00 10:00"), ("02", "09:10 n/a"), ("03", "09:20 10:20")):
        (tmp_path / f"sub-{label}").mkdir()
        lines = [
            f"ses-{i}\t{point}\t{time}"
            for i, point, time in zip((1, 2), ("before", "after"), times.split(), strict=True)
        ]
        text = "session_id\ttime_point\tsampling_time\n" + "\n".join(lines) + "\n"
        (tmp_path / f"sub-{label}" / f"sub-{label}_sessions.tsv").write_text(text)
    rows = [
        "01\t1\tBDNF\t300\tnone",
        "01\t2\tBDNF\tn/a\tleft",
        "02\t1\tBDNF\tn/a\tnone",  # all wells lost
        "02\t1\tBDNF\t250\tnone",  # but measured again on another plate
        "03\t1\tBDNF\tn/a\tright",
    ]  # and the second sample of 03 was drawn, but is on no plate
    (tmp_path / "biomarkers.tsv").write_text("subject\tsession\tanalyte\tvalue\tcensored\n" + "\n".join(rows) + "\n")
    (tmp_path / "genotypes.tsv").write_text(
        "subject\tmarker\tflag\n01\trs6265\tok\n02\trs6265\tindeterminate\n03\trs6265\tnot_measured\n"
    )
    found = count_samples(sample_fates(tmp_path, tmp_path))
    names = ("planned", "drawn", "measured", "below_limit", "above_limit", "rejected", "lost", "not_drawn")
    assert [(row.material, row.time_point, *(getattr(row, name) for name in names)) for row in found] == [
        ("BDNF", "all", 6, 5, 2, 1, 1, 0, 1, 1),
        ("BDNF", "before", 3, 3, 2, 0, 1, 0, 0, 0),
        ("BDNF", "after", 3, 2, 0, 1, 0, 0, 1, 1),
        ("rs6265", "all", 3, 2, 1, 0, 0, 0, 1, 1),
    ]
    assert all(row.drawn == row.measured + row.below_limit + row.above_limit + row.rejected + row.lost for row in found)
