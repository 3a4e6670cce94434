"""In-silico PCR and restriction digestion of the two alleles of a marker (Biopython's enzyme tables, REBASE)."""

from __future__ import annotations

from typing import Any

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.genotype.records.marker import Allele, Digest, Marker, MarkerAssay, PrimerReport
from pharmrs.genotype.science.primers import Hit, primer_hits, primer_report, published_reports, reverse_complement


def simulate_assay(marker: Marker) -> MarkerAssay:
    """Amplicon and fragments of each allele. Raises InputError with everything that keeps the marker from working.

    Lengths without an enzyme are what the marker states.
    """
    problems: list[InputProblem] = []
    if not marker.enzyme:
        return MarkerAssay(marker=marker, site="", primers=(), digests=_lengths(marker))
    primers = [
        primer_report("forward", "forward", marker.forward, marker.reference, marker.source),
        primer_report("reverse", "reverse", marker.reverse, marker.reference, marker.source),
    ]
    digests = [_digest(marker, allele, primers, problems) for allele in marker.alleles]
    if problems:
        raise InputError(dict.fromkeys(problems))
    known = tuple(digest for digest in digests if digest is not None)
    for digest in known:
        stated = marker.expected_bands.get(digest.allele.base)
        if stated is not None and sorted(stated) != sorted(digest.fragments_bp):
            problems.append(_stated_differ(marker, digest, stated))
    if len({tuple(sorted(digest.fragments_bp)) for digest in known}) < len(known):
        problems.append(_not_told_apart(marker, known[0]))
    if problems:
        raise InputError(problems)
    printed = [report for item in marker.published_primers for report in published_reports(marker, item)]
    return MarkerAssay(
        marker=marker, site=str(_enzyme(marker.enzyme).site), primers=(*primers, *printed), digests=known
    )


def _lengths(marker: Marker) -> tuple[Digest, ...]:
    stated = [(allele, marker.expected_bands[allele.base]) for allele in marker.alleles]
    return tuple(
        Digest(allele=allele, amplicon_bp=max(sizes), fragments_bp=sizes, products_bp=sizes) for allele, sizes in stated
    )


def allele_sequence(marker: Marker, allele: Allele) -> str:
    """The reference with this allele at its variants."""
    bases = list(marker.reference)
    for position, base in zip(marker.positions, allele.base, strict=True):
        bases[position - 1] = base
    return "".join(bases)


def amplicons(template: str, forward: str, reverse: str, max_mismatches: int) -> list[str]:
    """Every product of the primer pair on `template`; its ends are the primers' own bases, as in a real PCR."""
    starts = [hit for hit in primer_hits(forward, template, max_mismatches) if _primes(hit, "+")]
    ends = [hit for hit in primer_hits(reverse, template, max_mismatches) if _primes(hit, "-")]
    products = []
    for start in starts:
        for end in ends:
            inner_from, inner_to = start.start + len(forward), end.start
            if inner_to >= inner_from:
                products.append(forward + template[inner_from:inner_to] + reverse_complement(reverse))
    return products


def _primes(hit: Hit, strand: str) -> bool:
    return hit.strand == strand and hit.last_base_fits


def _digest(marker: Marker, allele: Allele, primers: list[PrimerReport], problems: list[InputProblem]) -> Digest | None:
    products = amplicons(allele_sequence(marker, allele), marker.forward, marker.reverse, marker.max_primer_mismatches)
    enzyme = _enzyme(marker.enzyme)
    if enzyme is None:
        problems.append(_unknown_enzyme(marker))
    if len(products) != 1:
        problems.append(_products(marker, len(products), primers))
    if enzyme is None or len(products) != 1:
        return None
    from Bio.Seq import Seq

    product = marker.tails[0] + products[0] + reverse_complement(marker.tails[1])
    fragments = tuple(len(piece) for piece in enzyme.catalyse(Seq(product), linear=True))
    pieces = {
        sum(fragments[start:end]) for start in range(len(fragments)) for end in range(start + 1, len(fragments) + 1)
    }
    return Digest(allele=allele, amplicon_bp=len(product), fragments_bp=fragments, products_bp=tuple(sorted(pieces)))


def _enzyme(name: str) -> Any:  # Biopython makes its enzymes at run time, so they have no static type
    from Bio import Restriction

    return getattr(Restriction, name) if name in _enzyme_names() else None


def _enzyme_names() -> list[str]:
    from Bio import Restriction

    return sorted(str(one) for one in getattr(Restriction, "AllEnzymes"))  # noqa: B009  made at run time


def _problem(marker: Marker, field: str, rule: str, value: str, remedy: str) -> InputProblem:
    return InputProblem(file=marker.file, field=field, rule=rule, value=value, remedy=remedy)


def _unknown_enzyme(marker: Marker) -> InputProblem:
    import difflib

    near = difflib.get_close_matches(marker.enzyme, _enzyme_names(), n=3, cutoff=0.6)
    remedy = f"did you mean {' or '.join(near)}?" if near else "use the name as REBASE writes it, e.g. Eco72I"
    return _problem(marker, "enzyme", "must be a restriction enzyme known to Biopython (REBASE)", marker.enzyme, remedy)


def _products(marker: Marker, count: int, primers: list[PrimerReport]) -> InputProblem:
    sentences = []
    for report in primers:
        text = f"{report.primer} {report.exact_hits} exact hits, best place {report.best_mismatches} mismatches"
        if report.corrected:
            text += f"; it {report.fault}, {report.corrected} fits"
        sentences.append(text)
    return _problem(
        marker, "primers", "must give exactly one amplicon on the reference", f"{count} ({'; '.join(sentences)})",
        "correct the primers or the reference; both are written 5' to 3', the forward one as the reference reads",
    )  # fmt: skip


def _stated_differ(marker: Marker, digest: Digest, stated: tuple[int, ...]) -> InputProblem:
    found = " + ".join(str(size) for size in digest.fragments_bp)
    return _problem(
        marker, f"expected_bands.{digest.allele.base}", f"must be what the digestion gives: {found}",
        " + ".join(str(size) for size in stated), "correct the expected bands, the reference or the enzyme",
    )  # fmt: skip


def _not_told_apart(marker: Marker, digest: Digest) -> InputProblem:
    found = " + ".join(str(size) for size in digest.fragments_bp)
    rule = "must cut the alleles into different fragments"
    remedy = "choose an enzyme whose site the variant makes or destroys"
    return _problem(marker, "enzyme", rule, f"{marker.enzyme}: both {found}", remedy)
