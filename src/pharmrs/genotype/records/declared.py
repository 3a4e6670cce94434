"""`genotype:` of `study.yaml`, and the data file of a marker. Every key is documented here and in the schema."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Gt
from pydantic import BeforeValidator, StringConstraints

from pharmrs.core.records.declaration import Positive, declaration, key
from pharmrs.genotype.records.marker import Allele, CallRules, Marker, PublishedPrimer


def _joined(text: object) -> object:
    """A sequence without its blanks and line ends."""
    return "".join(text.split()).upper() if isinstance(text, str) else text


_Dna = Annotated[str, StringConstraints(pattern=r"^[ACGTN]+$"), BeforeValidator(_joined)]
_Primer = Annotated[str, StringConstraints(pattern=r"^[ACGTRYSWKMBDHVN]{10,60}$")]
_Base = Literal["A", "C", "G", "T"]
_Allele = Annotated[str, StringConstraints(pattern=r"^[\w-]+$")]
_Label = Annotated[str, StringConstraints(pattern=r"^[^\s/]+$")]


@declaration
class Primers:
    """Both 5' to 3'; the forward one reads as the reference does. IUPAC codes may be used."""

    forward: _Primer = key("as ordered, 5' to 3', without its tail")
    reverse: _Primer = key("as ordered, 5' to 3', the other strand, without its tail")
    forward_tail: str = key("bases at its 5' end that are not the reference's", default="", pattern=r"^[ACGT]*$")
    reverse_tail: str = key("the same of the reverse primer", default="", pattern=r"^[ACGT]*$")
    max_mismatches: int = key("above 0 only for primers that make a site on purpose", default=0, ge=0, le=5)


@declaration
class PublishedPrimerDeclaration:
    """A primer as printed somewhere, which the report compares with the reference."""

    direction: Literal["forward", "reverse"]
    sequence: _Primer | None = key("as printed; left out where only the missing base is known", default=None)
    lacks: _Base | None = key("base that is missing in print, where the sequence is not given", default=None)
    source: str = key("where it is printed, with DOI", min_length=1)

    def __post_init__(self) -> None:
        if (self.sequence is None) == (self.lacks is None):
            raise ValueError("give either sequence or lacks")


@declaration
class MarkerDeclaration:
    """The data file of a marker (YAML): alleles that an enzyme tells apart, or (without one) by their length."""

    name: str = key("name of the marker, e.g. rs6265", pattern=r"^[\w.\-]+$")
    description: str = key("gene and change, in words", default="")
    accession: str = key("accession of the reference with its version", default="")
    first_base: int = key("number of the first base of `reference` in the accession", default=1, ge=1)
    reference: _Dna | None = key(
        "sequence that holds the amplicon, 5' to 3'; blanks and line ends are ignored", default=None
    )
    position: Annotated[int, Gt(0)] | tuple[Annotated[int, Gt(0)], ...] | None = key(
        "place of the variant, counted from 1 in `reference`; several of a haplotype", default=None
    )
    variants: tuple[str, ...] = key("names of the variants at these places, as tables call them", default=())
    alleles: dict[_Allele, _Label] = key(
        "base (bases of a haplotype, or any key of a length) -> name; the order is that of the genotype names",
        min_length=2,
        max_length=6,
    )
    primers: Primers | None = None
    enzyme: str | None = key("restriction enzyme as REBASE writes it, e.g. Eco72I; none: lengths", default=None)
    expected_bands: dict[_Allele, tuple[Annotated[int, Gt(0)], ...]] = key(
        "allele -> fragment sizes (bp) of its complete digestion; checked against the digestion in silico"
    )
    size_tolerance_bp: Positive | None = key("what the gel of this marker resolves, instead of the rule", default=None)
    size_tolerance_percent: Positive | None = key("the same, as a share of the size", default=None)
    smallest_band_bp: Positive | None = key("smallest band that is read, instead of the rule", default=None)
    published_primers: tuple[PublishedPrimerDeclaration, ...] = ()
    source: str = key("where the assay comes from, with DOI", min_length=1)

    @property
    def positions(self) -> tuple[int, ...]:
        """The places of the variants, none for lengths."""
        return (self.position,) if isinstance(self.position, int) else self.position or ()

    def __post_init__(self) -> None:
        if set(self.expected_bands) != set(self.alleles):
            raise ValueError(f"expected_bands must be given for all alleles: {', '.join(self.alleles)}")
        if len(set(self.alleles.values())) < len(self.alleles):
            raise ValueError("the alleles must have different names")
        if self.enzyme is None:
            if self.reference is not None or self.position is not None:
                raise ValueError("with reference and position, an enzyme must be named; lengths need none of them")
            return
        if self.reference is None or not self.positions or self.primers is None or not self.accession:
            raise ValueError("with an enzyme, reference, accession, position and primers must be given")
        if self.variants and len(self.variants) != len(self.positions):
            raise ValueError("variants must be as many as positions")
        if max(self.positions) > len(self.reference):
            raise ValueError(f"position {max(self.positions)} is beyond the reference of {len(self.reference)} bases")
        found = "".join(self.reference[place - 1] for place in self.positions)
        if found not in self.alleles:
            wanted, at = " or ".join(self.alleles), ", ".join(map(str, self.positions))
            raise ValueError(f"the reference has {found} at position {at}, not one of the alleles {wanted}")
        if any(len(one) != len(found) or set(one) - set("ACGT") for one in self.alleles):
            raise ValueError("alleles must be written by their bases, one for each position")

    def marker(self, file: str) -> Marker:
        """The record that the science takes; `file`: where it was declared, for messages."""
        primers = self.primers
        bands: dict[str, tuple[int, ...]] = dict(self.expected_bands.items())
        return Marker(
            name=self.name, description=self.description, accession=self.accession, first_base=self.first_base,
            reference=self.reference or "", positions=self.positions, variants=self.variants or (self.name,),
            alleles=tuple(Allele(base=base, label=label) for base, label in self.alleles.items()),
            forward=primers.forward if primers else "", reverse=primers.reverse if primers else "",
            tails=(primers.forward_tail, primers.reverse_tail) if primers else ("", ""),
            enzyme=self.enzyme or "", expected_bands=bands, size_tolerance_bp=self.size_tolerance_bp,
            size_tolerance_percent=self.size_tolerance_percent,
            smallest_band_bp=self.smallest_band_bp,
            max_primer_mismatches=primers.max_mismatches if primers else 0,
            published_primers=tuple(
                PublishedPrimer(
                    direction=one.direction, sequence=one.sequence or "", lacks=one.lacks or "", source=one.source
                )
                for one in self.published_primers
            ),
            source=self.source, file=file,
        )  # fmt: skip


@declaration
class GenotypeSection(CallRules):
    """Genotyping by restriction fragments: which markers, and the rules that turn bands into genotypes."""

    markers: tuple[str, ...] = key("names of built-in or declared markers", default=("rs6265",), min_length=1)
    marker_files: tuple[str, ...] = key("data files of further markers, relative to study.yaml", default=())
