"""Methods text: how the bands of a gel became genotypes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pharmrs.core.report.numbers import count_text, number_text
from pharmrs.core.report.references import Citations
from pharmrs.genotype.records.marker import Digest, Genotyping, MarkerAssay
from pharmrs.genotype.report.tables import flag_counts


def genotype_paragraphs(results: Sequence[Genotyping], cite: Citations) -> list[str]:
    """Assay, rules of calling and equilibrium of each marker."""
    return [
        text
        for result in results
        for text in (
            *((_assay(result, result.assay, cite), _calling(result)) if result.assay else (_finished(result),)),
            equilibrium_text(result, cite),
        )
    ]


def digest_text(digest: Digest) -> str:
    """What one allele leaves, in words."""
    pieces = " + ".join(str(size) for size in digest.fragments_bp)
    base, label = digest.allele.base, digest.allele.label
    return f"{base} ({label}) {pieces} bp" if base != label else f"{label} {pieces} bp"


def _finished(result: Genotyping) -> str:
    named = f"{result.marker} ({result.description})" if result.description else result.marker
    return f"Genotypes of {named} came finished from another laboratory or program and were taken as reported."


def _assay(result: Genotyping, assay: MarkerAssay, cite: Citations) -> str:
    marker, digests = assay.marker, assay.digests
    pieces = "; ".join(digest_text(digest) for digest in digests)
    lengths = " or ".join(str(size) for size in sorted({digest.amplicon_bp for digest in digests}))
    faults = "".join(f" {text[:1].upper()}{text[1:]}." for text in result.warnings)
    named = f"{marker.name} ({marker.description})" if marker.description else marker.name
    if not marker.enzyme:
        return f"{named} was genotyped by the length of its PCR product: {pieces} ({marker.source})."
    return (
        f"{named} was genotyped by PCR (forward {marker.forward}, reverse {marker.reverse}, 5' to 3') and "
        f"digestion with {marker.enzyme} (site {assay.site}). PCR and digestion in silico on {marker.accession} "
        f"(Biopython, {cite.name('biopython')}) give an amplicon of {lengths} bp and, after digestion, "
        f"{pieces}.{faults}"
    )


def _calling(result: Genotyping) -> str:
    rules = result.rules
    agree = f" At least {rules.agreeing_lanes} lanes of a sample had to agree." if rules.agreeing_lanes > 1 else ""
    gels = count_text(len({call.lane.gel for call in result.lane_calls}), "gel")
    return (
        f"Bands were read from {gels}, blind to treatment, and matched to the expected fragments within "
        f"{rules.size_tolerance_percent:g} % of their size, at least {rules.size_tolerance_bp:g} bp. A gel was called "
        "only with a control of known genotype that showed complete digestion; failed or partial digestion, unexpected "
        "or missing bands, bands in a blank and duplicates that disagree made a sample indeterminate." + agree
    )


def equilibrium_text(result: Genotyping, cite: Citations | None = None) -> str:
    """Counts and tests of one marker; `cite`: adds the methods' citations."""
    exact, mid = (f" {cite.cite('hardy_weinberg')}", f" {cite.cite('mid_p')}") if cite else ("", "")
    counted, found = flag_counts(result), result.equilibrium
    lost = f"{count_text(counted['indeterminate'], 'sample')} could not be called"
    if counted["not_measured"]:
        lost += f", {count_text(counted['not_measured'], 'participant')} had no sample"
    if found is None:
        return f"No sample could be called ({lost})."
    listed = ", ".join(f"{count} {name}" for count, name in zip(found.counts, result.genotypes, strict=True))
    if math.isnan(found.chi2):
        return f"Genotypes: {listed}; {lost}. Only one allele was seen, so Hardy-Weinberg equilibrium cannot be tested."
    if len(found.frequencies) > 2:
        return (
            f"Genotypes: {listed}; {lost}. Hardy-Weinberg equilibrium: chi-squared {number_text(found.chi2)} on "
            f"{found.freedom} degrees of freedom (p = {number_text(found.p_chi2)}), by permutation of the alleles "
            f"p = {number_text(found.p_exact)}{exact}."
        )
    return (
        f"Genotypes: {listed}; {lost}. Hardy-Weinberg equilibrium: chi-squared {number_text(found.chi2)} "
        f"(p = {number_text(found.p_chi2)}), exact p = {number_text(found.p_exact)}{exact}, "
        f"mid-p = {number_text(found.p_mid)}{mid}."
    )
