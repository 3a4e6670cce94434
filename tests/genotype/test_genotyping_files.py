"""Band tables and marker files: read as written, every mistake named with file, place and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from pharmrs.core.errors import InputError
from pharmrs.genotype.read.band_table import read_bands
from pharmrs.genotype.read.markers import built_in_names, find_markers, read_marker
from pharmrs.genotype.records.marker import CallRules
from pharmrs.genotype.stage.calls import call_markers

HEADER = "lane\trole\tsample\tgenotype\tbands_bp\tintensities\n"
MARKER = """\
name: made-up
accession: none
reference: >-
  ACGTTGCATGCCAGTCAGGACTTGAATTT
  TAGGCATCCGATTGACCTAGGCTAACG
position: 29
alleles: {T: uncut, C: cut}
primers: {forward: ACGTTGCATGCCAGTC, reverse: CGTTAGCCTAGGTCAATC}
enzyme: EcoRI
expected_bands: {T: [56], C: [24, 32]}
source: made for this test
"""


def _told(place: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_bands(place)
    assert all(one.remedy and Path(one.file).name for one in caught.value.problems)
    return [f"{one.field}: {one.rule}" for one in caught.value.problems]


def test_lanes_are_read_as_written(tmp_path: Path) -> None:
    table = tmp_path / "gel-7.tsv"
    table.write_text(
        HEADER
        + "1\tcontrol\tNA1\tVal/Val\t280;396.5\tn/a\n2\tsample\tsub-01\tn/a\t275 + 401\t3;4\n3\tblank\t\t\tn/a\t\n"
    )
    rows = read_bands(table)
    assert [(row.lane.gel, row.lane.lane, row.lane.role, row.lane.sample, row.lane.genotype) for row in rows] == [
        ("gel-7", "1", "control", "NA1", "Val/Val"),
        ("gel-7", "2", "sample", "sub-01", ""),
        ("gel-7", "3", "blank", "blank", ""),
    ]
    assert [row.lane.bands_bp for row in rows] == [(280.0, 396.5), (275.0, 401.0), ()]
    assert rows[1].lane.intensities == (3.0, 4.0)
    assert {row.marker for row in rows} == {""}


def test_a_folder_is_all_its_tables(tmp_path: Path) -> None:
    (tmp_path / "b.tsv").write_text(HEADER + "1\tsample\tsub-02\t\t277;399\t\n")
    (tmp_path / "a.csv").write_text("gel,lane,role,sample,bands_bp,marker\nX,1,sample,sub-01,277;399,rs6265\n")
    (tmp_path / "notes.txt").write_text("not a table")
    (tmp_path / ".hidden.tsv").write_text("nor this")
    assert [(row.lane.gel, row.lane.sample, row.marker) for row in read_bands(tmp_path)] == [
        ("X", "sub-01", "rs6265"),
        ("b", "sub-02", ""),
    ]


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    assert _told(tmp_path) == ["folder: must hold band tables (.tsv, .csv or a workbook)"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("1\tguest\tsub-01\t\t277\t", "line 2: role: must be one of sample, control, uncut, blank, ladder"),
        ("\tsample\tsub-01\t\t277\t", "line 2: lane: must be given"),
        ("1\tsample\t\t\t277\t", "line 2: sample: must be given"),
        ("1\tsample\tsub-01\tVal/Val\t277\t", "line 2: genotype: must be empty for a sample"),
        ("1\tcontrol\tNA1\t\t277\t", "line 2: genotype: must be given for a control"),
        (
            "1\tsample\tsub-01\t\t277,399\t",
            "line 2: bands_bp: must be one number: with a decimal comma this is 277.399, with a comma between "
            "thousands 277399",
        ),
        ("1\tsample\tsub-01\t\t-5\t", "line 2: bands_bp: must hold numbers of at least 1"),
        ("1\tsample\tsub-01\t\tnan\t", "line 2: bands_bp: must hold numbers of at least 1"),
        ("1\tsample\tsub-01\t\t277;399\t5", "line 2: intensities: must be as many as the bands (2)"),
        ("1\tsample\tsub-01\t\t277", "line 2: must have 6 cells, as the header"),
    ],
)
def test_mistakes_of_a_lane_are_named(line: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "gel.tsv").write_text(HEADER + line + "\n")
    assert _told(tmp_path / "gel.tsv") == [told]


def test_all_mistakes_of_all_tables_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(
        HEADER + "1\tsample\t\t\tx\t\n1\tsample\tsub-01\t\t277\t\n1\tsample\tsub-02\t\t9\t\n"
    )
    (tmp_path / "b.tsv").write_text("lane\tbands_bp\tcolour\n1\t277\tblue\n")
    assert _told(tmp_path) == [
        "line 2: sample: must be given",
        "line 2: bands_bp: must hold numbers of at least 1",
        "line 4: must be the only one of its lane",
        "header: must have the column role",
        "header: must have the column sample",
        "header: only known columns are read",
    ]


def test_marker_of_ones_own_beside_the_built_in_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MARKER)
    mine, known = find_markers(["made-up", "rs6265"], [path], "--marker")
    assert (mine.name, len(mine.reference), mine.file) == ("made-up", 56, str(path))
    assert (known.accession, len(known.reference), known.file) == ("NM_170735.5", 676, "built-in marker rs6265")
    assert "rs6265" in built_in_names()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("position: 29", "position: 57", "position 57 is beyond the reference of 56 bases"),
        ("position: 29", "position: 25", "the reference has A at position 25, not one of the alleles T or C"),
        ("alleles: {T: uncut, C: cut}", "alleles: {T: same, C: same}", "must have different names"),
        ("alleles: {T: uncut, C: cut}", "alleles: {T: uncut}", "alleles"),
        ("expected_bands: {T: [56], C: [24, 32]}", "expected_bands: {T: [56]}", "must be given for all alleles"),
        ("ACGTTGCATGCCAGTCAGGACTTGAATTT", "ACGTTGCATGCCAGTC?", "reference"),
        ("forward: ACGTTGCATGCCAGTC", "forward: ACGT", "primers.forward"),
        ("source: made for this test", "sauce: made for this test", "did you mean 'source'"),
    ],
)
def test_mistakes_of_a_marker_are_named(old: str, new: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    assert old in MARKER
    path.write_text(MARKER.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_marker(path)
    assert said in str(caught.value) and str(path) in str(caught.value)


def test_names_that_are_nowhere_or_twice_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be a built-in marker or declared in a marker file"):
        find_markers(["rs1"], [], "--marker")
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(MARKER)
    with pytest.raises(InputError, match="must be unique"):
        find_markers(["made-up"], [tmp_path / "a.yaml", tmp_path / "b.yaml"], "--marker")
    with pytest.raises(InputError, match="must exist"):
        find_markers(["made-up"], [tmp_path / "c.yaml"], "--marker")


@pytest.mark.parametrize(
    ("written", "bands"),
    [
        ("277;399", (277.0, 399.0)), ("277, 399", (277.0, 399.0)), ("277 bp + 399 bp", (277.0, 399.0)),
        ("277/399", (277.0, 399.0)), ("676bp", (676.0,)), ("277 and 399", (277.0, 399.0)),
        ("277.5 399", (277.5, 399.0)),
        ("none", ()), ("n/a", ()), ("no band", ()),
    ],
)  # fmt: skip
def test_bands_as_laboratories_write_them(tmp_path: Path, written: str, bands: tuple[float, ...]) -> None:
    (tmp_path / "gel.tsv").write_text(f"lane\trole\tsample\tbands_bp\n1\tsample\t01\t{written}\n")
    (row,) = read_bands(tmp_path)
    assert row.lane.bands_bp == bands and row.lane.sample == "01"


def test_bands_in_a_workbook(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for cells in (
        ["Lane", "Role", "Sample", "Bands bp"],
        [1, "sample", 1234567, 676],
        [2, "sample", "P-2", "277; 399"],
    ):
        book.active.append(cells)
    book.save(tmp_path / "gel.xlsx")
    first, second = read_bands(tmp_path)
    assert (first.lane.sample, first.lane.bands_bp) == ("1234567", (676.0,))
    assert (second.lane.sample, second.lane.bands_bp) == ("P-2", (277.0, 399.0))


def test_bands_of_another_marker_are_one_error(tmp_path: Path) -> None:
    lanes = "".join(f"{lane}\tsample\tsub-{lane:02d}\t245;176\n" for lane in range(1, 9))
    (tmp_path / "gel.tsv").write_text("lane\trole\tsample\tbands_bp\n" + lanes)
    with pytest.raises(InputError) as caught:
        call_markers(tmp_path, CallRules(), find_markers(["rs6265"], [], "test"))
    (problem,) = caught.value.problems
    assert problem.field == "rs6265" and "8 of 8 lanes" in problem.value and "277" in problem.value
