"""A marker, the bands seen on a gel, and what they say. Sizes in base pairs, positions 1-based."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

from pharmrs.core.records.declaration import Fraction, Positive, declaration, key

FLAGS = ("ok", "indeterminate", "not_measured")
ROLES = ("sample", "control", "uncut", "blank", "ladder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Allele:
    """One of the alleles: the base (bases of a haplotype) on the reference strand and the name it goes by (`Val`)."""

    base: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPrimer:
    """A primer as somebody printed it, to be checked against the reference.

    `sequence`: as printed; empty where only the fault is known: then `lacks` names the base that is missing somewhere
    in it.
    """

    direction: str
    sequence: str
    lacks: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A marker as declared in its data file: told by restriction fragments or, with no `enzyme`, by lengths.

    `reference`: sequence on the strand of the forward primer, whose first base is number `first_base` of `accession`;
    `positions`: of the variants, counted in `reference`, which tables call `variants`; `tails`: what primers carry
    before their bases of the reference; `expected_bands`: allele -> fragment sizes that the declaration states;
    `max_primer_mismatches`: 0 but for primers that make a site on purpose; tolerance and smallest band: of this
    marker's gels, None: by the rule.
    """

    name: str
    description: str
    accession: str
    first_base: int
    reference: str
    positions: tuple[int, ...]
    variants: tuple[str, ...]
    alleles: tuple[Allele, ...]
    forward: str
    reverse: str
    tails: tuple[str, str]
    enzyme: str
    expected_bands: dict[str, tuple[int, ...]]
    size_tolerance_bp: float | None
    size_tolerance_percent: float | None
    smallest_band_bp: float | None
    max_primer_mismatches: int
    published_primers: tuple[PublishedPrimer, ...]
    source: str
    file: str

    @property
    def genotypes(self) -> tuple[str, ...]:
        """Every pair of alleles in their order, e.g. `Val/Val`, `Val/Met`, `Met/Met`."""
        pairs = itertools.combinations_with_replacement([allele.label for allele in self.alleles], 2)
        return tuple("/".join(pair) for pair in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimerReport:
    """How one primer meets the reference.

    `exact_hits`: places it fits on either strand; `best_mismatches`: mismatches at its best place, which begins at
    base `best_position` of the reference; `last_base_fits`: whether its 3' end pairs there; `corrected`: the sequence
    that fits exactly when one base is put in or taken out, with `fault` saying which; empty when there is none.
    """

    primer: str
    direction: str
    sequence: str
    source: str
    exact_hits: int
    best_mismatches: int
    best_position: int
    last_base_fits: bool
    corrected: str
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What one allele gives: `amplicon_bp`, `fragments_bp` of the complete digestion in the order along the amplicon,
    `products_bp`: every piece that a partial digestion can leave, the whole amplicon included."""

    allele: Allele
    amplicon_bp: int
    fragments_bp: tuple[int, ...]
    products_bp: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerAssay:
    """A marker with what its primers and enzyme give in silico, one digest per allele in the marker's order."""

    marker: Marker
    site: str
    primers: tuple[PrimerReport, ...]
    digests: tuple[Digest, ...]

    @property
    def genotypes(self) -> tuple[str, ...]:
        """Those of its marker."""
        return self.marker.genotypes


@declaration
class CallRules:
    """Declared before the calling: the rules that turn bands into genotypes."""

    size_tolerance_percent: Positive = key("a band may be off by this share of its size", default=5.0, le=20)
    size_tolerance_bp: Positive = key("but at least by this (bp)", default=8.0)
    smallest_band_bp: Positive = key("smaller bands are not read, and not expected (bp)", default=50.0)
    agreeing_lanes: int = key("lanes of a sample that must agree before it counts", default=1, ge=1)
    heterozygote_uncut_share: tuple[Fraction, Fraction] = key(
        "where intensities are given: share of the uncut band that a heterozygote may have", default=(0.3, 0.85)
    )

    def __post_init__(self) -> None:
        low, high = self.heterozygote_uncut_share
        if low >= high:
            raise ValueError("heterozygote_uncut_share: the first value must be below the second")

    def of(self, marker: Marker) -> CallRules:
        """The rules for the gels of this marker, which may resolve other sizes."""
        return replace(
            self,
            size_tolerance_bp=marker.size_tolerance_bp or self.size_tolerance_bp,
            size_tolerance_percent=marker.size_tolerance_percent or self.size_tolerance_percent,
            smallest_band_bp=marker.smallest_band_bp or self.smallest_band_bp,
        )

    def tolerance_bp(self, size_bp: float) -> float:
        """How far a band of this size may be off: gels resolve relative, not absolute, differences."""
        return max(self.size_tolerance_bp, self.size_tolerance_percent / 100.0 * size_bp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One lane of a gel. `bands_bp`: sizes as read; `intensities`: relative, beside the bands, or empty;
    `genotype`: of a control, as known; `sample`: `sub-01` or the name of the control; `source`: file and line."""

    gel: str
    lane: str
    role: str
    sample: str
    bands_bp: tuple[float, ...]
    intensities: tuple[float, ...] = ()
    genotype: str = ""
    source: str = ""

    @property
    def place(self) -> str:
        return f"{gel_text(self.gel)} lane {self.lane}"


def gel_text(gel: str) -> str:
    """`gel 1`, but `gel-01` where the name says so itself."""
    return gel if gel.lower().startswith("gel") else f"gel {gel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneCall:
    """What one lane says; `genotype` is empty unless the flag is `ok`. `looks_like`: the pattern alone."""

    lane: Lane
    genotype: str
    looks_like: str
    flag: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GenotypeCall:
    """What all lanes of one subject say together."""

    subject: str
    marker: str
    genotype: str
    flag: str
    reason: str
    lanes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HardyWeinberg:
    """Counts of the genotypes (in the order of the marker's) and the tests of equilibrium.

    `chi2` without continuity correction on `freedom` degrees; NaN, as its p, when only one allele was seen.
    `frequencies`: of all alleles; `frequency`: of the second one, with its Wilson interval of 95 %. With more than two
    alleles `p_exact` is that of permuted alleles and there is no mid-p.
    """

    counts: tuple[int, ...]
    expected: tuple[float, ...]
    freedom: int
    frequencies: tuple[float, ...]
    frequency: float
    frequency_low: float
    frequency_high: float
    inbreeding: float
    chi2: float
    p_chi2: float
    p_exact: float
    p_mid: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Genotyping:
    """Everything about one marker of a study; `assay` is None where the genotypes came finished."""

    marker: str
    description: str
    genotypes: tuple[str, ...]
    assay: MarkerAssay | None
    rules: CallRules
    lane_calls: tuple[LaneCall, ...]
    calls: tuple[GenotypeCall, ...]
    equilibrium: HardyWeinberg | None
    warnings: tuple[str, ...]
