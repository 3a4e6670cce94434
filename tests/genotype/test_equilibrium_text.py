"""What methods and report say of the equilibrium: with two alleles, with one, with no sample at all."""

from __future__ import annotations

from pharmrs.core.report.references import Citations
from pharmrs.genotype.records.marker import CallRules, Genotyping, Lane
from pharmrs.genotype.report.methods import equilibrium_text, genotype_paragraphs
from pharmrs.genotype.report.section import genotype_section
from pharmrs.genotype.science.calling import call_genotypes
from tests.genotype.gels import MET, MIXED, VAL, assay, control, sample


def called(*bands: tuple[float, ...], controlled: bool = True) -> Genotyping:
    lanes: list[Lane] = [control("Val/Val", VAL)] if controlled else []
    lanes += [sample(f"{number:02d}", one) for number, one in enumerate(bands, 1)]
    return call_genotypes(assay(), CallRules(), lanes, [f"{number:02d}" for number in range(1, len(bands) + 1)])


def test_one_allele_has_counts_and_no_test() -> None:
    result = called(VAL, VAL, VAL)
    told = equilibrium_text(result)
    assert told == (
        "Genotypes: 3 Val/Val, 0 Val/Met, 0 Met/Met; 0 samples could not be called. Only one allele was seen, so "
        "Hardy-Weinberg equilibrium cannot be tested."
    )
    page = str(genotype_section([result], {}).body)
    # Wilson for 0 of 6 alleles: z^2 / (6 + z^2) = 0.390 with z = 1.96
    assert "Frequency of the second allele 0.000 (95 % interval 0.000 to 0.390)" in page
    assert "Only one allele was seen" in page and "nan" not in page.lower()
    assert "nan" not in " ".join(genotype_paragraphs([result], Citations())).lower()


def test_two_alleles_have_the_tests() -> None:
    told = equilibrium_text(called(VAL, VAL, MIXED, MET))
    assert told.startswith("Genotypes: 2 Val/Val, 1 Val/Met, 1 Met/Met; 0 samples could not be called. Hardy-Weinberg")
    # allele frequencies 5/8 and 3/8: expected 1.5625, 1.875, 0.5625, chi-squared 0.8711
    assert "chi-squared 0.871" in told and "Only one allele" not in told


def test_no_sample_called() -> None:
    result = called(VAL, MIXED, controlled=False)
    assert equilibrium_text(result) == "No sample could be called (2 samples could not be called)."
    assert "No sample could be called." in str(genotype_section([result], {}).body)
