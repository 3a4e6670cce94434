"""Where a primer meets a reference: exact and inexact places on both strands, and the base that was lost in print."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import BoolArray, IntArray
from pharmrs.genotype.records.marker import Marker, PrimerReport, PublishedPrimer

# IUPAC codes of nucleotides, 10.1093/nar/13.9.3021
IUPAC = {
    "A": "A", "C": "C", "G": "G", "T": "T", "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
}  # fmt: skip
_COMPLEMENT = str.maketrans("ACGTRYSWKMBDHVN", "TGCAYRSWMKVHDBN")


@dataclass(frozen=True, slots=True)
class Hit:
    """A place of a primer: 0-based `start`, strand (+ or -), mismatches, whether the 3' end fits."""

    start: int
    strand: str
    mismatches: int
    last_base_fits: bool


def reverse_complement(sequence: str) -> str:
    """The other strand of `sequence`, read from its own 5' end."""
    return sequence.translate(_COMPLEMENT)[::-1]


def primer_hits(primer: str, reference: str, max_mismatches: int) -> list[Hit]:
    """Every place on either strand with at most `max_mismatches` mismatches, along the reference."""
    found = []
    for strand, sequence in (("+", primer), ("-", reverse_complement(primer))):
        wrong = _mismatches(sequence, reference)
        counts = wrong.sum(axis=1)
        for start in np.flatnonzero(counts <= max_mismatches):
            end = wrong[start, -1] if strand == "+" else wrong[start, 0]
            found.append(Hit(int(start), strand, int(counts[start]), not bool(end)))
    return sorted(found, key=lambda hit: (hit.start, hit.strand))


def primer_report(name: str, direction: str, sequence: str, reference: str, source: str) -> PrimerReport:
    """How `sequence` meets `reference`; for one that does not, the single base that would mend it."""
    every = primer_hits(sequence, reference, len(sequence))
    best = min(every, key=lambda hit: (hit.mismatches, not hit.last_base_fits, hit.start), default=None)
    exact = sum(hit.mismatches == 0 for hit in every)
    corrected, fault = ("", "") if exact else _mend(sequence, reference)
    return PrimerReport(
        primer=name, direction=direction, sequence=sequence, source=source, exact_hits=exact,
        best_mismatches=best.mismatches if best else len(sequence), best_position=best.start + 1 if best else 0,
        last_base_fits=bool(best and best.last_base_fits), corrected=corrected, fault=fault,
    )  # fmt: skip


def published_reports(marker: Marker, published: PublishedPrimer) -> list[PrimerReport]:
    """Reports on a primer as printed. Where only the missing base is known, one for each place it can be missing."""
    name = f"{published.direction} as printed"
    correct = marker.forward if published.direction == "forward" else marker.reverse
    variants = [published.sequence] if published.sequence else _without(correct, published.lacks)
    counted = [f", variant {number} of {len(variants)}" for number in range(1, len(variants) + 1)]
    return [
        primer_report(name + which, published.direction, variant, marker.reference, published.source)
        for which, variant in zip(counted if len(variants) > 1 else [""], variants, strict=True)
    ]


def _without(primer: str, base: str) -> list[str]:
    """The different sequences that `primer` becomes when one `base` is left out."""
    shortened = [primer[:place] + primer[place + 1 :] for place, letter in enumerate(primer) if letter == base]
    return list(dict.fromkeys(shortened))


def _mend(sequence: str, reference: str) -> tuple[str, str]:
    """The sequence that fits exactly when one base is put in or taken out, and the fault in words."""
    inserted = [
        (sequence[:place] + base + sequence[place:], f"lacks one {base}")
        for place in range(1, len(sequence))
        for base in "ACGT"
    ]
    removed = [
        (sequence[:place] + sequence[place + 1 :], f"has one {sequence[place]} too many")
        for place in range(1, len(sequence) - 1)
    ]
    for candidate, fault in inserted + removed:
        if primer_hits(candidate, reference, 0):
            return candidate, fault
    return "", ""


def _mismatches(primer: str, reference: str) -> BoolArray:
    """Shape (places, primer length): which base of the primer does not pair at which place."""
    if len(primer) > len(reference):
        return np.zeros((0, max(len(primer), 1)), dtype=np.bool_)
    codes: IntArray = np.array(["ACGT".find(letter) for letter in reference], dtype=np.intp)  # N of the reference: -1
    allowed = np.array([[base in IUPAC[letter] for base in "ACGT"] + [False] for letter in primer], dtype=np.bool_)
    windows = np.lib.stride_tricks.sliding_window_view(codes, len(primer))
    wrong: BoolArray = ~allowed[np.arange(len(primer))[None, :], windows]
    return wrong
