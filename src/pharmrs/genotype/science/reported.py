"""Finished genotypes in the names of a marker: bases to alleles, two variants to a haplotype, either strand."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from pharmrs.genotype.records.marker import Allele, CallRules, GenotypeCall, Genotyping, Marker
from pharmrs.genotype.science.calling import equilibrium_of
from pharmrs.genotype.science.primers import reverse_complement

Reported = Mapping[str, tuple[str, ...]]  # variant -> its two alleles as reported; empty: no call


def call_reported(
    marker: Marker, reported: Mapping[str, Reported], rules: CallRules, subjects: Iterable[str] = ()
) -> Genotyping:
    """Genotypes of every sample of one marker; participants without any become `not_measured`."""
    other_strand = _other_strand(marker, reported)
    calls = []
    for subject in sorted({*(sample.removeprefix("sub-") for sample in reported), *subjects}):
        found = reported.get(subject) or reported.get(f"sub-{subject}")
        genotype, flag, reason = "", "not_measured", "in no table"
        if found is not None:
            genotype, reason = genotype_of(marker, found, other_strand=other_strand)
            flag = "ok" if genotype else "indeterminate"
        calls.append(
            GenotypeCall(subject=subject, marker=marker.name, genotype=genotype, flag=flag, reason=reason, lanes=0)
        )
    sentence = (
        "the alleles are reported on the other strand than that of the marker and were turned" if other_strand else ""
    )
    return Genotyping(
        marker=marker.name, description=marker.description, genotypes=marker.genotypes, assay=None, rules=rules,
        lane_calls=(), calls=tuple(calls), equilibrium=equilibrium_of(calls, marker.genotypes),
        warnings=(sentence,) if sentence else (),
    )  # fmt: skip


def genotype_of(marker: Marker, reported: Reported, *, other_strand: bool = False) -> tuple[str, str]:
    """The genotype by the marker's names, or empty and the reason."""
    whole = reported.get(marker.name, ())
    if named := _by_names(marker, whole):
        return named, ""
    pairs = [reported.get(variant, whole if len(marker.variants) == 1 else ()) for variant in marker.variants]
    if not all(len(pair) == 2 for pair in pairs):
        lacking = [name for name, pair in zip(marker.variants, pairs, strict=True) if not pair]
        return "", f"no call of {', '.join(lacking)}" if lacking else f"no genotype: {'/'.join(whole)}"
    if other_strand:
        pairs = [tuple(reverse_complement(base.upper()) for base in pair) for pair in pairs]
    seen = [sorted(base.upper() for base in pair) for pair in pairs]
    fitting = [
        f"{first.label}/{second.label}"
        for first, second in itertools.combinations_with_replacement(marker.alleles, 2)
        if all(sorted(both) == pair for both, pair in zip(zip(first.base, second.base, strict=True), seen, strict=True))
    ]
    if len(fitting) == 1:
        return fitting[0], ""
    sentence = ", ".join(f"{name} {'/'.join(pair)}" for name, pair in zip(marker.variants, seen, strict=True))
    return "", f"{sentence} is {'no genotype' if not fitting else 'more than one genotype'} of {marker.name}"


def _by_names(marker: Marker, pair: Sequence[str]) -> str:
    """A pair that is written in the names of the alleles: Met/Val, E3/E4, ε3/ε4, 3/4 where these are e3 and e4."""
    places = {_plain(allele.label): place for place, allele in enumerate(marker.alleles)}
    found = [places.get(_plain(one)) for one in pair]
    if len(found) != 2 or None in found:
        return ""
    first, second = sorted(place for place in found if place is not None)
    return f"{marker.alleles[first].label}/{marker.alleles[second].label}"


def _plain(label: str) -> str:
    return label.strip().lower().replace("ε", "e").replace("*", "")


def _other_strand(marker: Marker, reported: Mapping[str, Reported]) -> bool:
    """Whether the bases of all samples are those of the other strand: only bases that tell are asked."""
    if any(len(allele.base) != len(marker.variants) for allele in marker.alleles):
        return False
    for place, variant in enumerate(marker.variants):
        mine = {allele.base[place] for allele in marker.alleles}
        turned = {reverse_complement(base) for base in mine}
        seen = {
            base.upper()
            for sample in reported.values()
            for base in sample.get(variant, sample.get(marker.name, ()) if len(marker.variants) == 1 else ())
        }
        if mine != turned and seen and seen <= turned and not seen <= mine:
            return True
    return False


def marker_of(name: str, reported: Mapping[str, Reported]) -> Marker:
    """A marker that nobody declared: its alleles are those that were reported, in alphabetical order."""
    seen = sorted({one for sample in reported.values() for one in sample.get(name, ())})
    return Marker(
        name=name, description="", accession="", first_base=1, reference="", positions=(), variants=(name,),
        alleles=tuple(Allele(base=one, label=one) for one in seen), forward="", reverse="", tails=("", ""), enzyme="",
        expected_bands={}, size_tolerance_bp=None, size_tolerance_percent=None, smallest_band_bp=None,
        max_primer_mismatches=0, published_primers=(), source="", file="",
    )  # fmt: skip
