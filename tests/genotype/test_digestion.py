"""In-silico PCR and digestion: the built-in marker to the base, and markers made for the purpose."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharmrs.core.errors import InputError
from pharmrs.genotype.records.marker import Marker, PublishedPrimer
from pharmrs.genotype.science.digestion import allele_sequence, amplicons, simulate_assay
from pharmrs.genotype.science.primers import primer_hits, primer_report, published_reports, reverse_complement
from tests.genotype.gels import assay, rs6265

DATA = Path(__file__).parents[1] / "data"
dna = st.text("ACGT", min_size=30, max_size=120)


def test_built_in_marker_gives_the_known_fragments() -> None:
    found = assay()
    val, met = found.digests
    assert (val.amplicon_bp, val.fragments_bp, val.products_bp) == (676, (277, 399), (277, 399, 676))
    assert (met.amplicon_bp, met.fragments_bp, met.products_bp) == (676, (676,), (676,))
    assert found.site == "CACGTG"
    forward, reverse = found.primers[:2]
    assert (forward.exact_hits, forward.best_position) == (1, 1)
    assert (reverse.exact_hits, reverse.best_position) == (1, 676 - 26 + 1)


def test_built_in_marker_is_the_reference_sequence() -> None:
    wanted = json.loads((DATA / "stat-parity" / "acceptance.json").read_text())["pcr_rflp"]
    marker = rs6265()
    assert (marker.accession, marker.first_base - 1) == (wanted["template"], wanted["start0"])
    assert marker.forward == wanted["corrected_forward"]
    assert [list(one.fragments_bp) for one in assay().digests] == [wanted["fragments_G"], wanted["fragments_A"]]
    for allele in marker.alleles:
        lines = (DATA / "paper" / f"bdnf_rs6265_amplicon_{allele.base}.fasta").read_text().splitlines()
        assert allele_sequence(marker, allele) == "".join(lines[1:])


def test_printed_primer_has_no_hit_wherever_its_a_is_missing() -> None:
    printed = assay().primers[2:]
    # GCATCCCGGTGAAAGAAAGCCCTAAC has four runs of A, so four different sequences with one A less
    assert len({report.sequence for report in printed}) == 4
    assert [report.exact_hits for report in printed] == [0, 0, 0, 0]
    assert {report.corrected for report in printed} == {rs6265().forward}
    assert {report.fault for report in printed} == {"lacks one A"}
    assert {len(report.sequence) for report in printed} == {len(rs6265().forward) - 1}


def test_a_printed_sequence_is_compared_as_it_stands() -> None:
    longer = PublishedPrimer(direction="reverse", sequence="GCCCCTGCAGCCTTCTTTTTGTGTAAC", lacks="", source="x")
    (report,) = published_reports(rs6265(), longer)
    assert (report.exact_hits, report.fault, report.corrected) == (0, "has one T too many", rs6265().reverse)


def test_a_mismatch_is_counted_and_its_place_told() -> None:
    report = primer_report("f", "forward", "GCATCCCGGTGAAAGAAAGCCCTAAG", rs6265().reference, "x")
    assert (report.exact_hits, report.best_mismatches, report.best_position, report.last_base_fits) == (0, 1, 1, False)
    assert (report.corrected, report.fault) == ("", "")  # an exchanged base is not a lost one


@given(dna, st.data())
def test_hits_are_those_of_plain_search(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 12))
    primer = text[start : start + 12]
    for strand, wanted in (("+", primer), ("-", reverse_complement(primer))):
        plain = [place for place in range(len(text) - 11) if text[place : place + 12] == wanted]
        assert [hit.start for hit in primer_hits(primer, text, 0) if hit.strand == strand] == plain


@given(dna)
def test_primers_of_the_other_strand_give_the_same_product(text: str) -> None:
    forward, reverse = text[:12], reverse_complement(text)[:12]
    there = amplicons(text, forward, reverse, 0)
    back = amplicons(reverse_complement(text), reverse, forward, 0)
    assert sorted(there) == sorted(map(reverse_complement, back))
    assert text in there


def test_ambiguity_codes_match_their_bases() -> None:
    assert [hit.start for hit in primer_hits("ARYA", "TTAGCATTAACA", 0) if hit.strand == "+"] == [2, 8]
    assert reverse_complement("ARYN") == "NRYT"


def _changed(**more: object) -> Marker:
    return replace(rs6265(), file="marker.yaml", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({"enzyme": "Eco72"}, "enzyme", "did you mean Eco72I"),
        ({"enzyme": "EcoRI"}, "enzyme", "must cut the alleles into different fragments"),
        ({"forward": "GCATCCCGGTGAAGAAAGCCCTAAC"}, "primers", "it lacks one A, GCATCCCGGTGAAAGAAAGCCCTAAC fits"),
        ({"expected_bands": {"G": (275, 401), "A": (676,)}}, "expected_bands.G", "277 + 399"),
    ],
)
def test_markers_that_cannot_work_are_named(more: dict[str, object], field: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        simulate_assay(_changed(expected_bands={}) if not more else _changed(**more))
    told = [problem for problem in caught.value.problems if problem.field == field]
    assert len(told) == 1
    assert told[0].file == "marker.yaml" and said in str(told[0])


def test_two_places_for_a_primer_are_an_error() -> None:
    twice = rs6265().reference + rs6265().reference
    with pytest.raises(InputError, match="exactly one amplicon"):
        simulate_assay(_changed(reference=twice))


def test_a_primer_may_make_the_site_itself() -> None:
    # GAATT|T at the variant T/C becomes EcoRI's GAATTC with C; the primer's last bases are the template's but for one
    # mismatch (GACTT in the template, GAATT in the primer): the amplicon carries the primer's bases
    left, right = "ACGTTGCATGCCAGTCAGGACTT", "TAGGCATCCGATTGACCTAGGCTAACG"
    marker = _changed(
        reference=left + "T" + right, positions=(len(left) + 1,), forward=left[:-3] + "ATT", max_primer_mismatches=1,
        reverse=reverse_complement(right[-12:]), enzyme="EcoRI", published_primers=(),
        alleles=(replace(rs6265().alleles[0], base="T"), replace(rs6265().alleles[1], base="C")),
        expected_bands={},
    )  # fmt: skip
    uncut, cut = simulate_assay(marker).digests
    whole = len(left) + 1 + len(right)
    assert uncut.fragments_bp == (whole,)
    assert cut.fragments_bp == (whole - len(right) - 5, len(right) + 5)  # G|AATTC
    with pytest.raises(InputError, match="exactly one amplicon"):
        simulate_assay(replace(marker, max_primer_mismatches=0))
