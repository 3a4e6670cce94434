"""The section of the report on genotypes: counts, gels, primers, calls."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pharmrs.core.report.embedded import EmbeddedFigure
from pharmrs.core.report.figure_style import figure_png_bytes, figure_svg_bytes
from pharmrs.core.report.numbers import MISSING, p_phrase
from pharmrs.core.report.section import Section, render_section
from pharmrs.core.report.view_tables import CellView, TableView, count_cell, number_cell
from pharmrs.genotype.records.marker import Genotyping, HardyWeinberg, MarkerAssay, PrimerReport, gel_text
from pharmrs.genotype.report.figure import gel_figure
from pharmrs.genotype.report.methods import digest_text
from pharmrs.genotype.report.tables import accession_position, flag_counts

ANCHOR = "genotypes"
Pictures = Mapping[tuple[str, str], EmbeddedFigure]  # by marker and gel
_TONES = {"ok": "good", "indeterminate": "bad", "not_measured": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerView:
    """One marker as the page shows it."""

    name: str
    description: str
    digests: str
    warnings: tuple[str, ...]
    counts: TableView
    tests: str
    gels: tuple[EmbeddedFigure, ...]
    primers: TableView | None
    calls: TableView


def gel_names(result: Genotyping) -> list[str]:
    """The gels of a marker, in order."""
    return list(dict.fromkeys(call.lane.gel for call in result.lane_calls))


@dataclass(frozen=True, slots=True, kw_only=True)
class GelPicture:
    """The picture of one gel with its words, for the page; and for files, by their ending."""

    embedded: EmbeddedFigure
    files: dict[str, bytes]


def gel_picture(result: Genotyping, gel: str) -> GelPicture:
    """The picture of one gel."""
    lanes = [call for call in result.lane_calls if call.lane.gel == gel and call.lane.role == "sample"]
    called = sum(call.flag == "ok" for call in lanes)
    alt = (
        f"Bands of {gel_text(gel)} of {result.marker}: predicted bands of each genotype beside those read "
        f"in each lane; {called} of {len(lanes)} sample lanes called. The same numbers are in genotype_lanes.tsv."
    )
    figure = gel_figure(result, gel)
    files = {".png": figure_png_bytes(figure), ".svg": figure_svg_bytes(figure)}
    return GelPicture(
        embedded=EmbeddedFigure(content=figure_png_bytes(figure, small=True), alt=alt),
        files=files,
    )


def genotype_section(results: Sequence[Genotyping], pictures: Pictures) -> Section:
    """All markers of the study."""
    markers = [_marker(result, pictures) for result in results]
    return render_section(ANCHOR, "Genotypes", "section_genotype.html.j2", markers=markers)


def _marker(result: Genotyping, pictures: Pictures) -> MarkerView:
    assay = result.assay
    return MarkerView(
        name=result.marker, description=result.description,
        digests="; ".join(digest_text(digest) for digest in assay.digests) if assay else "",
        warnings=result.warnings, counts=_counts(result), tests=_tests(result.equilibrium),
        gels=tuple(shown for gel in gel_names(result) if (shown := pictures.get((result.marker, gel)))),
        primers=_primers(assay) if assay and assay.primers else None, calls=_calls(result),
    )  # fmt: skip


def _counts(result: Genotyping) -> TableView:
    found, counted = result.equilibrium, flag_counts(result)
    counts = found.counts if found else (0,) * len(result.genotypes)
    expected = found.expected if found else (None,) * len(result.genotypes)
    rows = [
        (CellView(name), count_cell(count), number_cell(wanted))
        for name, count, wanted in zip(result.genotypes, counts, expected, strict=True)
    ]
    rows += [
        (CellView("indeterminate"), count_cell(counted["indeterminate"]), CellView(MISSING)),
        (CellView("not measured"), count_cell(counted["not_measured"]), CellView(MISSING)),
    ]
    caption = f"{result.marker}: participants by genotype, observed and under Hardy-Weinberg equilibrium"
    return TableView(caption=caption, columns=("Genotype", "Observed", "Expected"), rows=tuple(rows))


def _tests(found: HardyWeinberg | None) -> str:
    if found is None:
        return "No sample could be called."
    if len(found.frequencies) > 2:
        listed = ", ".join(f"{share:.3f}" for share in found.frequencies)
        tests = f"chi-squared {found.chi2:.3f} on {found.freedom}, {p_phrase(found.p_chi2)}, "
        tests += f"permutation {p_phrase(found.p_exact)}."
        return f"Frequencies of the alleles {listed}. Hardy-Weinberg equilibrium: {tests}"
    low, high = f"{found.frequency_low:.3f}", f"{found.frequency_high:.3f}"
    tail = f"exact {p_phrase(found.p_exact)}, mid-{p_phrase(found.p_mid)}."
    start = f"Frequency of the second allele {found.frequency:.3f} (95 % interval {low} to {high})."
    if math.isnan(found.chi2):
        return f"{start} Only one allele was seen, so equilibrium cannot be tested."
    return f"{start} Hardy-Weinberg equilibrium: chi-squared {found.chi2:.3f}, {p_phrase(found.p_chi2)}, {tail}"


def _primers(assay: MarkerAssay) -> TableView:
    rows = tuple(
        (
            CellView(report.primer),
            CellView(report.sequence),
            CellView(str(report.exact_hits), order=str(report.exact_hits), tone="" if report.exact_hits else "bad"),
            count_cell(report.best_mismatches),
            count_cell(accession_position(assay, report)),
            CellView(_fault(report)),
        )
        for report in assay.primers
    )
    columns = ("Primer", "Sequence (5' to 3')", "Exact hits", "Fewest mismatches", "There from base", "Fault")
    caption = f"Primers on {assay.marker.accession}"
    if any(item.lacks for item in assay.marker.published_primers):
        caption += (
            "; of a printed primer only the missing base is known, so it is tried in every place it can be missing"
        )
    return TableView(caption=caption, columns=columns, rows=rows)


def _fault(report: PrimerReport) -> str:
    if report.exact_hits:
        return "none"
    return f"{report.fault}: {report.corrected}" if report.corrected else "not explained by a single base"


def _calls(result: Genotyping) -> TableView:
    rows = tuple(
        (
            CellView(f"sub-{call.subject}"),
            CellView(call.genotype or "none"),
            CellView(call.flag.replace("_", " "), tone=_TONES[call.flag]),
            count_cell(call.lanes),
            CellView(call.reason),
        )
        for call in result.calls
    )
    columns = ("Participant", "Genotype", "Flag", "Lanes", "Reason or remark")
    return TableView(caption=f"{result.marker}: calls", columns=columns, rows=rows, sortable=True)
