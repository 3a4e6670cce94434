"""`genotype:` of `study.yaml`, and the data file of a marker. Every key is documented here and in the schema."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from pharmrs.core.records.declaration import Declaration, Fraction, Positive
from pharmrs.genotype.records.marker import Allele, CallRules, Marker, PublishedPrimer

_Dna = Annotated[str, StringConstraints(pattern=r"^[ACGTN]+$")]
_Primer = Annotated[str, StringConstraints(pattern=r"^[ACGTRYSWKMBDHVN]{10,60}$")]
_Base = Literal["A", "C", "G", "T"]
_Label = Annotated[str, StringConstraints(pattern=r"^[^\s/]+$")]


class Primers(Declaration):
    """Both 5' to 3'; the forward one reads as the reference does. IUPAC codes may be used."""

    forward: _Primer = Field(description="as ordered, 5' to 3'")
    reverse: _Primer = Field(description="as ordered, 5' to 3', the other strand")
    max_mismatches: int = Field(0, ge=0, le=5, description="above 0 only for primers that make a site on purpose")


class PublishedPrimerDeclaration(Declaration):
    """A primer as printed somewhere, which the report compares with the reference."""

    direction: Literal["forward", "reverse"]
    sequence: _Primer | None = Field(None, description="as printed; left out where only the missing base is known")
    lacks: _Base | None = Field(None, description="base that is missing in print, where the sequence is not given")
    source: str = Field(min_length=1, description="where it is printed, with DOI")

    @model_validator(mode="after")
    def _one_of_them(self) -> PublishedPrimerDeclaration:
        if (self.sequence is None) == (self.lacks is None):
            raise ValueError("give either sequence or lacks")
        return self


class MarkerDeclaration(Declaration):
    """The data file of a marker (YAML)."""

    name: str = Field(pattern=r"^[\w.\-]+$", description="name of the marker, e.g. rs6265")
    description: str = Field("", description="gene and change, in words")
    accession: str = Field(min_length=1, description="accession of the reference with its version")
    first_base: int = Field(1, ge=1, description="number of the first base of `reference` in the accession")
    reference: _Dna = Field(description="sequence that holds the amplicon, 5' to 3'; blanks and line ends are ignored")
    position: int = Field(ge=1, description="place of the variant, counted from 1 in `reference`")
    alleles: dict[_Base, _Label] = Field(
        min_length=2, max_length=2, description="base -> name; the order is that of the genotype names"
    )
    primers: Primers
    enzyme: str = Field(min_length=1, description="restriction enzyme as REBASE writes it, e.g. Eco72I")
    expected_bands: dict[_Base, tuple[Annotated[int, Field(gt=0)], ...]] = Field(
        description="base -> fragment sizes (bp) of its complete digestion; checked against the digestion in silico"
    )
    published_primers: tuple[PublishedPrimerDeclaration, ...] = ()
    source: str = Field(min_length=1, description="where the assay comes from, with DOI")

    @model_validator(mode="before")
    @classmethod
    def _join_lines(cls, content: object) -> object:
        if isinstance(content, dict) and isinstance(content.get("reference"), str):
            return {**content, "reference": "".join(content["reference"].split()).upper()}
        return content

    @model_validator(mode="after")
    def _variant_is_there(self) -> MarkerDeclaration:
        if self.position > len(self.reference):
            raise ValueError(f"position {self.position} is beyond the reference of {len(self.reference)} bases")
        found = self.reference[self.position - 1]
        if found not in self.alleles:
            wanted = " or ".join(self.alleles)
            raise ValueError(f"the reference has {found} at position {self.position}, not one of the alleles {wanted}")
        if set(self.expected_bands) != set(self.alleles):
            raise ValueError(f"expected_bands must be given for both alleles: {', '.join(self.alleles)}")
        if len(set(self.alleles.values())) < 2:
            raise ValueError("the two alleles must have different names")
        return self

    def marker(self, file: str) -> Marker:
        """The record that the science takes; `file`: where it was declared, for messages."""
        first, second = (Allele(base=base, label=label) for base, label in self.alleles.items())
        bands: dict[str, tuple[int, ...]] = dict(self.expected_bands.items())
        return Marker(
            name=self.name, description=self.description, accession=self.accession, first_base=self.first_base,
            reference=self.reference, position=self.position, alleles=(first, second), forward=self.primers.forward,
            reverse=self.primers.reverse, enzyme=self.enzyme, expected_bands=bands,
            max_primer_mismatches=self.primers.max_mismatches,
            published_primers=tuple(
                PublishedPrimer(
                    direction=one.direction, sequence=one.sequence or "", lacks=one.lacks or "", source=one.source
                )
                for one in self.published_primers
            ),
            source=self.source, file=file,
        )  # fmt: skip


class GenotypeSection(Declaration):
    """Genotyping by restriction fragments: which markers, and the rules that turn bands into genotypes."""

    markers: tuple[str, ...] = Field(("rs6265",), min_length=1, description="names of built-in or declared markers")
    marker_files: tuple[str, ...] = Field((), description="data files of further markers, relative to study.yaml")
    size_tolerance_percent: Positive = Field(5.0, le=20, description="a band may be off by this share of its size")
    size_tolerance_bp: Positive = Field(8.0, description="but at least by this (bp)")
    smallest_band_bp: Positive = Field(50.0, description="smaller bands are not read, and not expected (bp)")
    agreeing_lanes: int = Field(1, ge=1, description="lanes of a sample that must agree before it counts")
    heterozygote_uncut_share: tuple[Fraction, Fraction] = Field(
        (0.3, 0.85), description="where intensities are given: share of the uncut band that a heterozygote may have"
    )

    @model_validator(mode="after")
    def _share_is_ordered(self) -> GenotypeSection:
        low, high = self.heterozygote_uncut_share
        if low >= high:
            raise ValueError("heterozygote_uncut_share: the first value must be below the second")
        return self

    def rules(self) -> CallRules:
        low, high = self.heterozygote_uncut_share
        return CallRules(
            size_tolerance_percent=self.size_tolerance_percent, size_tolerance_bp=self.size_tolerance_bp,
            smallest_band_bp=self.smallest_band_bp, agreeing_lanes=self.agreeing_lanes,
            heterozygote_uncut_low=low, heterozygote_uncut_high=high,
        )  # fmt: skip
