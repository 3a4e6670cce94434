"""Tables of the genotyping, with their data dictionaries."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pharmrs.core.records.columns import Column
from pharmrs.core.report.tables import Row, Table
from pharmrs.genotype.records.marker import FLAGS, Genotyping, MarkerAssay, PrimerReport

_SUBJECT = Column("Participant label.")
_MARKER = Column("Marker, as in its data file.")
_GENOTYPE = Column("Genotype by the names of the alleles; n/a unless the flag is ok.")
GENOTYPES = {
    "subject": _SUBJECT,
    "marker": _MARKER,
    "genotype": _GENOTYPE,
    "flag": Column(
        "What became of the sample.",
        levels={
            "ok": "called",
            "indeterminate": "bands, controls or duplicates do not allow a call; see reason",
            "not_measured": "participant of the study that is on no gel and in no table",
        },
    ),
    "reason": Column("Why there is no call; for a call, what was left out of it."),
    "lanes": Column("Lanes the sample was run in.", "1"),
}
LANES = {
    "marker": _MARKER,
    "gel": Column("Gel: the column of the band table, or the name of its file."),
    "lane": Column("Lane of the gel."),
    "role": Column(
        "What was run in the lane.",
        levels={
            "sample": "sample of a participant",
            "control": "digested DNA of known genotype",
            "uncut": "amplicon without enzyme",
            "blank": "PCR without template",
        },
    ),
    "sample": Column("Label of the sample or control."),
    "bands_bp": Column("Band sizes as read, separated by semicolons.", "bp"),
    "known": Column("Genotype of a control, as known beforehand."),
    "looks_like": Column("Genotype that the bands alone make up."),
    "genotype": _GENOTYPE,
    "flag": Column("Whether the lane was called.", levels={"ok": "yes", "indeterminate": "no; see reason"}),
    "reason": Column("Why the lane was not called, or what was left out of the reading."),
}
PRIMERS = {
    "marker": _MARKER,
    "primer": Column("Which primer, and whether it is one that somebody printed."),
    "sequence": Column("Sequence, 5' to 3'."),
    "source": Column("Where the sequence comes from."),
    "exact_hits": Column("Places of the reference, on either strand, that it fits without mismatch.", "1"),
    "best_mismatches": Column("Mismatches at the place that it fits best.", "1"),
    "best_position": Column("Number of the first base of that place in the accession.", "1"),
    "last_base_fits": Column("Whether its 3' end pairs there.", levels={"yes": "yes", "no": "no"}),
    "fault": Column("Single base that is missing or too many, where that explains why it has no exact hit."),
    "corrected": Column("The sequence with that base mended; it fits exactly."),
}
EQUILIBRIUM = {
    "marker": _MARKER,
    "genotypes": Column("Genotypes in the order of the counts."),
    "counts": Column("Called samples of each genotype, separated by semicolons.", "1"),
    "expected": Column("Counts expected under Hardy-Weinberg equilibrium, separated by semicolons.", "1"),
    "called": Column("Samples called.", "1"),
    "indeterminate": Column("Samples that could not be called.", "1"),
    "not_measured": Column("Participants on no gel.", "1"),
    "frequencies": Column("Frequencies of all alleles among the called samples, separated by semicolons.", "1"),
    "frequency": Column("Frequency of the second allele among the called samples.", "1"),
    "frequency_low": Column("Lower end of its 95 % interval (Wilson).", "1"),
    "frequency_high": Column("Upper end of its 95 % interval (Wilson).", "1"),
    "inbreeding": Column("1 - observed / expected heterozygotes.", "1"),
    "chi2": Column("Chi-squared statistic of equilibrium, no continuity correction.", "1"),
    "freedom": Column("Its degrees of freedom.", "1"),
    "p_chi2": Column("p value of the chi-squared test.", "1"),
    "p_exact": Column(
        "Exact p value (doi:10.1086/429864); with more than two alleles by permutation (doi:10.2307/2532296).", "1"
    ),
    "p_mid": Column("Mid-p value (doi:10.1515/sagmb-2012-0039).", "1"),
}


def genotype_tables(results: Sequence[Genotyping]) -> tuple[Table, ...]:
    """Tables `genotypes`, `genotype_lanes`, `genotype_primers` and `hardy_weinberg`, all markers together."""
    return (
        Table(name="genotypes", columns=GENOTYPES, rows=tuple(row for one in results for row in _calls(one))),
        Table(name="genotype_lanes", columns=LANES, rows=tuple(row for one in results for row in _lanes(one))),
        Table(name="genotype_primers", columns=PRIMERS, rows=tuple(row for one in results for row in _primers(one))),
        Table(name="hardy_weinberg", columns=EQUILIBRIUM, rows=tuple(_equilibrium(one) for one in results)),
    )


def flag_counts(result: Genotyping) -> dict[str, int]:
    """Flag -> number of participants."""
    return {flag: sum(call.flag == flag for call in result.calls) for flag in FLAGS}


def accession_position(assay: MarkerAssay, report: PrimerReport) -> int:
    """Number in the accession of the first base of the best place of a primer."""
    return assay.marker.first_base + report.best_position - 1


def _calls(result: Genotyping) -> list[Row]:
    return [{name: getattr(call, name) for name in GENOTYPES} for call in result.calls]


def _lanes(result: Genotyping) -> list[Row]:
    return [
        {
            "marker": result.marker,
            **{name: getattr(call.lane, name) for name in ("gel", "lane", "role", "sample")},
            "bands_bp": ";".join(f"{size:g}" for size in call.lane.bands_bp),
            "known": call.lane.genotype,
            **{name: getattr(call, name) for name in ("looks_like", "genotype", "flag", "reason")},
        }
        for call in result.lane_calls
    ]


def _primers(result: Genotyping) -> list[Row]:
    rows: list[Row] = []
    assay = result.assay
    if assay is None:
        return rows
    for report in assay.primers:
        row: Row = {name: getattr(report, name) for name in PRIMERS if name != "marker"}
        row |= {"marker": result.marker, "best_position": accession_position(assay, report)}
        rows.append(row)
    return rows


def _equilibrium(result: Genotyping) -> Row:
    counted = flag_counts(result)
    row: Row = {
        "marker": result.marker,
        "genotypes": ";".join(result.genotypes),
        "called": counted["ok"],
        "indeterminate": counted["indeterminate"],
        "not_measured": counted["not_measured"],
    }
    found = result.equilibrium
    if found is None:
        return row
    row |= {name: getattr(found, name) for name in EQUILIBRIUM if hasattr(found, name)}
    row["counts"] = ";".join(map(str, found.counts))
    row["frequencies"] = ";".join(f"{value:.4g}" for value in found.frequencies)
    row["expected"] = ";".join(f"{value:.4g}" for value in found.expected if math.isfinite(value))
    return row
