"""Genotypes that came finished, haplotypes of two variants, lengths: called by a marker's names, or with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.genotype.read.finished import alleles_in
from pharmrs.genotype.read.markers import find_markers, read_marker
from pharmrs.genotype.records.marker import CallRules, Genotyping, Lane
from pharmrs.genotype.science.calling import call_genotypes
from pharmrs.genotype.science.digestion import simulate_assay
from pharmrs.genotype.science.hardy_weinberg import equilibrium
from pharmrs.genotype.stage.calls import call_markers

VCF = """##fileformat=VCFv4.2
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tsub-01\tsub-02\tsub-03\tsub-04
19\t44908684\trs429358\tT\tC\t50\tPASS\t.\tGT:DP\t0/0:9\t0|1:9\t1/1:9\t./.:0
19\t44908822\trs7412\tC\tT\t50\tPASS\t.\tGT\t0/0\t0/1\t0/0\t0/0
11\t27658369\trs6265\tC\tT\t50\tq10\t.\tGT\t0/0\t0/1\t1/1\t0/0
"""
PED = """F 01 0 0 1 -9 G G C C
F 02 0 0 1 -9 A G C T
F 03 0 0 1 -9 A A 0 0
"""
TAQMAN = """* Experiment = run 1

Well,Sample Name,SNP Assay Name,Task,Call
A1,sub-01,rs6265,UNKNOWN,Homozygous C/C
A2,sub-02,rs6265,UNKNOWN,Heterozygous C/T
A3,sub-03,rs6265,UNKNOWN,Undetermined
A4,NTC,rs6265,NTC,Homozygous C/C
"""


def called(place: Path, *names: str) -> Genotyping:
    return call_markers(place, CallRules(), find_markers(names, [], "test", place))[0][0]


def genotypes(result: Genotyping) -> dict[str, str]:
    return {call.subject: call.genotype for call in result.calls}


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_vcf_gives_haplotypes(tmp_path: Path) -> None:
    result = called(write(tmp_path / "all.vcf", VCF), "APOE")
    assert genotypes(result) == {"01": "e3/e3", "02": "e2/e4", "03": "e4/e4", "04": ""}
    assert result.calls[3].reason == "no call of rs429358" and result.calls[3].flag == "indeterminate"
    assert result.assay is None and result.equilibrium is not None
    # three people: alleles 2 e3, 1 e2, 3 e4
    np.testing.assert_allclose(result.equilibrium.frequencies, [1 / 6, 1 / 3, 1 / 2])


def test_a_record_that_its_filter_rejects_is_no_call(tmp_path: Path) -> None:
    assert set(genotypes(called(write(tmp_path / "all.vcf", VCF), "rs6265")).values()) == {""}


def test_plink_text_pair(tmp_path: Path) -> None:
    write(tmp_path / "study.map", "11 rs6265 0 27658369\n1 rs1801133 0 11796321\n")
    place = write(tmp_path / "study.ped", PED)
    assert genotypes(called(place, "rs6265")) == {"01": "Val/Val", "02": "Val/Met", "03": "Met/Met"}
    assert genotypes(called(place, "rs1801133")) == {"01": "C/C", "02": "C/T", "03": ""}
    (tmp_path / "study.map").unlink()
    with pytest.raises(InputError, match=r"needs its .map"):
        called(place, "rs6265")


@pytest.mark.parametrize("name", ["taqman.csv", "taqman.txt"])
def test_taqman_calls_on_the_other_strand(tmp_path: Path, name: str) -> None:
    """C/T is what the assay of the other strand says of G/A: turned, and told; the water gives no person."""
    place = write(tmp_path / name, TAQMAN if name.endswith("csv") else TAQMAN.replace(",", "\t"))
    results, problems = call_markers(place, CallRules(), find_markers(["rs6265"], [], "test", place))
    assert genotypes(results[0]) == {"01": "Val/Val", "02": "Val/Met", "03": ""}
    assert any("other strand" in one.value and one.severity == "warning" for one in problems)


def test_plain_tables_long_and_wide(tmp_path: Path) -> None:
    long = "sample\tmarker\tgenotype\nsub-01\trs6265\tMet/Val\nsub-02\trs6265\tGG\nsub-03\trs6265\tn/a\n"
    assert genotypes(called(write(tmp_path / "genotypes.tsv", long), "rs6265")) == {
        "01": "Val/Met", "02": "Val/Val", "03": "",
    }  # fmt: skip
    wide = "Sample ID;rs6265;APOE;COMT own\n1;A/G;E3/E4;x/y\n2;G/G;ε2/ε3;x/x\n"
    place = write(tmp_path / "my_genotypes.csv", wide)
    assert genotypes(called(place, "APOE")) == {"1": "e3/e4", "2": "e2/e3"}
    assert genotypes(called(place, "COMT own")) == {"1": "x/y", "2": "x/x"}  # nobody declared it: as it stands there


def test_what_is_not_there_is_asked_with_what_is(tmp_path: Path) -> None:
    place = write(tmp_path / "all.vcf", VCF)
    with pytest.raises(InputError, match="the files hold rs429358, rs7412, rs6265"):
        call_markers(place, CallRules(), find_markers(["rs4680"], [], "test", place))


def test_duplicates_that_disagree_are_an_error(tmp_path: Path) -> None:
    text = "sample,marker,genotype\n01,rs6265,G/G\n01,rs6265,A/G\n"
    place = write(tmp_path / "genotypes.csv", text)
    problems = call_markers(place, CallRules(), find_markers(["rs6265"], [], "test", place))[1]
    assert any("duplicates must agree" in one.rule for one in problems)


@pytest.mark.parametrize(
    ("text", "alleles"),
    [("A/G", ("A", "G")), ("A|G", ("A", "G")), ("AG", ("A", "G")), ("e3e4", ("e3", "e4")), ("ε3/ε4", ("ε3", "ε4")),
     ("Heterozygous A/G", ("A", "G")), ("Undetermined", ()), ("0 0", ()), ("./.", ()), ("NN", ()), ("S/L", ("S", "L"))],
)  # fmt: skip
def test_words_for_genotypes(text: str, alleles: tuple[str, ...]) -> None:
    assert alleles_in(text) == alleles


# Hixson and Vernier 1990, figure 1: fragments of 48 bp and more of every genotype
APOE_GELS: Mapping[str, tuple[float, ...]] = {
    "e2/e2": (91, 81), "e2/e3": (91, 81, 48), "e2/e4": (91, 81, 72, 48), "e3/e3": (91, 48), "e3/e4": (91, 72, 48),
    "e4/e4": (72, 48),
}  # fmt: skip


def lane(number: int, bands: tuple[float, ...]) -> Lane:
    return Lane(gel="1", lane=str(number), role="sample", sample=f"sub-{number}", bands_bp=bands)


def test_apoe_on_a_gel() -> None:
    (marker,) = find_markers(["APOE"], [], "test")
    assay = simulate_assay(marker)
    assert [digest.amplicon_bp for digest in assay.digests] == [244, 244, 244]
    lanes = [lane(number, (*bands, 38, 35)) for number, bands in enumerate(APOE_GELS.values())]
    result = call_genotypes(assay, CallRules(), lanes)
    assert [call.genotype for call in result.calls] == list(APOE_GELS)


def test_apoe_without_a_control_says_what_else_it_could_be() -> None:
    """81 is 48 and 33 uncut: e3/e3 with that site cut in part reads as e2/e3. A control on the gel clears it; pieces
    of other sites (109 = 91 + 18) betray a partial digestion either way."""
    (marker,) = find_markers(["APOE"], [], "test")
    assay = simulate_assay(marker)
    lanes = [lane(0, (91, 81, 48)), lane(1, (91, 48)), lane(2, (91, 109, 48))]
    first, second, third = call_genotypes(assay, CallRules(), lanes).calls
    assert first.genotype == "e2/e3" and "e3/e3 with one site cut in part" in first.reason
    assert (second.genotype, second.reason) == ("e3/e3", "") and "partial digestion" in third.reason
    control = Lane(gel="1", lane="9", role="control", sample="c", bands_bp=(91, 48), genotype="e3/e3")
    assert call_genotypes(assay, CallRules(), [*lanes, control]).calls[0].reason == ""


def test_lengths_of_5_httlpr() -> None:
    """Built in: two alleles 44 bp apart need the marker's own tolerance; there is no digestion to be controlled."""
    (marker,) = find_markers(["5-HTTLPR"], [], "test")
    bands = {"S/S": (484.0,), "L/L": (526.0,), "S/L": (480.0, 529.0), "": (505.0,)}
    lanes = [lane(number, sizes) for number, sizes in enumerate(bands.values())]
    result = call_genotypes(simulate_assay(marker), CallRules(), lanes)
    assert [call.genotype for call in result.calls] == list(bands)
    assert "unexpected band at 505 bp" in result.calls[-1].reason


@pytest.mark.parametrize(
    ("name", "bands"),
    [("rs4680", {"Val/Val": (114.0,), "Val/Met": (114.0, 96.0), "Met/Met": (96.0,)}),
     ("rs1801133", {"C/T": (198.0, 175.0), "T/T": (175.0,)})],
)  # fmt: skip
def test_built_in_markers_give_the_published_bands(name: str, bands: Mapping[str, tuple[float, ...]]) -> None:
    """Lachman et al. 1996, Frosst et al. 1995; the second needs its control: C/C looks like a failed digestion."""
    (marker,) = find_markers([name], [], "test")
    lanes = [lane(number, sizes) for number, sizes in enumerate(bands.values())]
    if name == "rs1801133":
        control = Lane(gel="1", lane="c", role="control", sample="k", bands_bp=(175.0,), genotype="T/T")
        lanes.append(control)
    assert [call.genotype for call in call_genotypes(simulate_assay(marker), CallRules(), lanes).calls] == list(bands)


def test_lengths_need_no_enzyme(tmp_path: Path) -> None:
    """5-HTTLPR: the long allele has 44 bp more (Heils et al. 1996: 484 and 528 bp)."""
    text = "name: 5-HTTLPR\nalleles: {S: S, L: L}\nexpected_bands: {S: [484], L: [528]}\nsize_tolerance_bp: 12\n"
    marker = read_marker(write(tmp_path / "m.yaml", text + "source: Heils et al. 1996, J Neurochem 66:2621\n"))
    rules = CallRules(size_tolerance_percent=2.0)
    result = call_genotypes(
        simulate_assay(marker), rules, [lane(1, (484,)), lane(2, (480, 530)), lane(3, (526,)), lane(4, (484, 600))]
    )
    assert [call.genotype for call in result.calls] == ["S/S", "S/L", "L/L", ""]
    assert result.genotypes == ("S/S", "S/L", "L/L") and result.assay is not None and not result.assay.primers


def test_equilibrium_of_three_alleles() -> None:
    """Hand count: 8 people, alleles 4, 6, 6; chi-squared from the expected counts; two alleles are the old test."""
    found = equilibrium([1, 1, 1, 1, 3, 1])
    share = np.array([4, 6, 6]) / 16
    expected = [8 * share[0] ** 2, 16 * share[0] * share[1], 16 * share[0] * share[2], 8 * share[1] ** 2,
                16 * share[1] * share[2], 8 * share[2] ** 2]  # fmt: skip
    np.testing.assert_allclose(found.expected, expected)
    assert found.chi2 == pytest.approx(sum((n - e) ** 2 / e for n, e in zip([1, 1, 1, 1, 3, 1], expected, strict=True)))
    assert found.freedom == 3 and 0.5 < found.p_exact <= 1.0
    assert equilibrium([24, 9, 2]).p_exact == pytest.approx(0.3132, abs=1e-4)
    assert equilibrium([10, 0, 0, 0, 0, 10]).p_exact < 0.001  # no heterozygote at all
