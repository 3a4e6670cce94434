"""`genotype:` of `study.yaml`, and the data file of a marker. Every key is documented here and in the schema."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Gt
from pydantic import BeforeValidator, StringConstraints

from pharmrs.core.records.declaration import declaration, key
from pharmrs.genotype.records.marker import Allele, CallRules, Marker, PublishedPrimer


def _joined(text: object) -> object:
    """A sequence without its blanks and line ends."""
    return "".join(text.split()).upper() if isinstance(text, str) else text


_Dna = Annotated[str, StringConstraints(pattern=r"^[ACGTN]+$"), BeforeValidator(_joined)]
_Primer = Annotated[str, StringConstraints(pattern=r"^[ACGTRYSWKMBDHVN]{10,60}$")]
_Base = Literal["A", "C", "G", "T"]
_Label = Annotated[str, StringConstraints(pattern=r"^[^\s/]+$")]


@declaration
class Primers:
    """Both 5' to 3'; the forward one reads as the reference does. IUPAC codes may be used."""

    forward: _Primer = key("as ordered, 5' to 3'")
    reverse: _Primer = key("as ordered, 5' to 3', the other strand")
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
    """The data file of a marker (YAML)."""

    name: str = key("name of the marker, e.g. rs6265", pattern=r"^[\w.\-]+$")
    description: str = key("gene and change, in words", default="")
    accession: str = key("accession of the reference with its version", min_length=1)
    first_base: int = key("number of the first base of `reference` in the accession", default=1, ge=1)
    reference: _Dna = key("sequence that holds the amplicon, 5' to 3'; blanks and line ends are ignored")
    position: int = key("place of the variant, counted from 1 in `reference`", ge=1)
    alleles: dict[_Base, _Label] = key(
        "base -> name; the order is that of the genotype names", min_length=2, max_length=2
    )
    primers: Primers
    enzyme: str = key("restriction enzyme as REBASE writes it, e.g. Eco72I", min_length=1)
    expected_bands: dict[_Base, tuple[Annotated[int, Gt(0)], ...]] = key(
        "base -> fragment sizes (bp) of its complete digestion; checked against the digestion in silico"
    )
    published_primers: tuple[PublishedPrimerDeclaration, ...] = ()
    source: str = key("where the assay comes from, with DOI", min_length=1)

    def __post_init__(self) -> None:
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


@declaration
class GenotypeSection(CallRules):
    """Genotyping by restriction fragments: which markers, and the rules that turn bands into genotypes."""

    markers: tuple[str, ...] = key("names of built-in or declared markers", default=("rs6265",), min_length=1)
    marker_files: tuple[str, ...] = key("data files of further markers, relative to study.yaml", default=())
