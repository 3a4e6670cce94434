"""Values of another program in report and methods: their source, their scaling, and ours beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.records.columns import column
from pharmrs.core.report.embedded import EmbeddedFigure
from pharmrs.core.report.figure_style import figure_svg_bytes
from pharmrs.core.report.numbers import count_text
from pharmrs.core.report.references import Citations
from pharmrs.core.report.section import Section, render_section, section_of_tables
from pharmrs.core.report.tables import Table, table_of_rows
from pharmrs.core.report.view_tables import TableView, view_of
from pharmrs.spectra.quantify.agreement import ProgramAgreement, agreement
from pharmrs.spectra.records.declared import SpectraPlan
from pharmrs.spectra.records.scaling import SCALES
from pharmrs.spectra.records.scan import ForeignValues, ValuesOutcome
from pharmrs.spectra.report.pictures.figure_agreement import agreement_figure
from pharmrs.spectra.report.summary import concentration_of, main_metabolites, metabolite_order

PAGE, TITLE = "programs", "Other programs"
Pairs = Sequence[tuple[ValuesOutcome, ValuesOutcome]]  # ours and theirs of one scan


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One scan with values of another program."""

    scan: str = column("Scan, BIDS name without suffix.")
    program: str = column("Program that made the values.")
    file: str = column("File they were read from.")
    values: int = column("Metabolites and sums in it.", "1")
    signal_to_noise: float = column("As that program gives it.", "1")
    line_width_hz: float = column("As that program gives it.", "Hz")


@dataclass(frozen=True, slots=True, kw_only=True)
class BothRow:
    """One metabolite of one scan on one scale by both programs."""

    scan: str = column("Scan, BIDS name without suffix.")
    metabolite: str = column("Metabolite or sum.")
    scale: str = column("Scale, see the dictionary of metabolites.tsv.")
    ours: float = column("Value of this program.")
    ours_sd: float = column("Its standard deviation.")
    theirs: float = column("Value of the other program, brought to the same scale.")
    theirs_sd: float = column("Its standard deviation, from the bound the program gives.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementRow:
    """How the programs agree on one metabolite over the scans that both have."""

    metabolite: str = column("Metabolite or sum.")
    scans: int = column("Scans with a value of both.", "1")
    difference: float = column("Mean of theirs minus ours, of the mean of both.", "%")
    lower: float = column("Limits of agreement: mean difference - 1.96 SD.", "%", head="Limits from")
    upper: float = column("Limits of agreement: mean difference + 1.96 SD.", "%", head="to")
    correlation: float = column("Pearson's correlation over the scans.", "1")


def both_table(pairs: Pairs) -> Table:
    """Every value that both programs have of the same scan."""
    return table_of_rows("both_programs", BothRow, _both(pairs))


def _both(pairs: Pairs) -> Iterator[BothRow]:
    for one, other in pairs:
        theirs = {(item.metabolite, item.scale): item for item in other.result.concentrations} if other.result else {}
        for item in one.result.concentrations if one.result else ():
            found = theirs.get((item.metabolite, item.scale))
            if found is not None and math.isfinite(item.value) and math.isfinite(found.value):
                yield BothRow(
                    scan=one.files.name, metabolite=item.metabolite, scale=item.scale, ours=item.value,
                    ours_sd=item.sd, theirs=found.value, theirs_sd=found.sd,
                )  # fmt: skip


def foreign_sections(theirs: Sequence[ValuesOutcome], pairs: Pairs, scale: str, prefer: str) -> tuple[Section, ...]:
    """Where the values are from; with `pairs` how they agree with ours. `scale`: the primary one."""
    foreign = [one.result for one in theirs if isinstance(one.result, ForeignValues)]
    rows = [
        SourceRow(
            scan=one.files.name, program=one.source.tool, file=Path(one.source.file).name, values=len(one.amplitudes),
            signal_to_noise=one.quality.signal_to_noise, line_width_hz=one.quality.line_width_hz,
        )
        for one in foreign
    ]  # fmt: skip
    view = view_of("Scans with values of another program, and the file of each.", SourceRow, rows, sortable=True)
    words = [f"{tool}: {note} ({count_text(count, 'scan')})." for (tool, note), count in _notes(foreign).items()]
    sources = section_of_tables("programs", "Values of another program", words, (view,), page=PAGE)
    return (sources, *([_agreement_section(pairs, scale, prefer)] if pairs else []))


def _notes(foreign: Sequence[ForeignValues]) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for one in foreign:
        for note in one.source.notes:
            counts[one.source.tool, note] = counts.get((one.source.tool, note), 0) + 1
    return counts


def agreements(pairs: Pairs, scale: str) -> list[ProgramAgreement]:
    """Each metabolite that three or more scans have by both programs."""
    ours = [one.result for one, other in pairs if one.result is not None and other.result is not None]
    theirs = [other.result for one, other in pairs if one.result is not None and other.result is not None]
    found = []
    for name in metabolite_order(ours):
        values = [[concentration_of(one, name, scale) for one in side] for side in (ours, theirs)]
        both = [(a.value, b.value) for a, b in zip(*values, strict=True) if a is not None and b is not None]
        item = agreement(name, scale, [a for a, _ in both], [b for _, b in both])
        if item is not None and not (name == "tCr" and scale == "ratio_tcr"):
            found.append(item)
    return found


def _agreement_section(pairs: Pairs, scale: str, prefer: str) -> Section:
    found = agreements(pairs, scale)
    rows = [
        AgreementRow(
            metabolite=one.metabolite, scans=one.count, difference=one.difference_percent, lower=one.lower_percent,
            upper=one.upper_percent, correlation=one.correlation,
        )
        for one in found
    ]  # fmt: skip
    definition = SCALES[scale].definition_with_unit if scale in SCALES else scale
    counts = (
        "theirs, and ours are shown for comparison" if prefer == "theirs" else "ours, and theirs are for comparison"
    )
    words = (
        f"{count_text(len(pairs), 'scan')} with values of both programs. The values that count are {counts} "
        f"(results.prefer). Scale: {definition}. Every scale is in both_programs.tsv.",
        "Bland and Altman's limits of agreement: 95 % of differences between the programs are expected within them."
        if found
        else "Fewer than three scans have a value of both on this scale: no agreement can be given.",
    )
    tables: tuple[TableView, ...] = (view_of("Agreement of the two programs.", AgreementRow, rows, sortable=True),)
    ours = [one.result for one, _ in pairs if one.result is not None]
    known = [one.metabolite for one in found]
    chosen = [name for name in main_metabolites(ours, scale) if name in known][:6]
    picture = None
    if chosen:
        values = {name: [_pair(one, other, name, scale) for one, other in pairs] for name in chosen}
        alt = f"Difference against mean of both programs for {', '.join(chosen)}, with the limits of agreement."
        picture = EmbeddedFigure(content=figure_svg_bytes(agreement_figure(values, definition)), alt=alt)
    return render_section(
        "agreement", "Both programs on the same scans", "section_agreement.html.j2", page=PAGE, page_title=TITLE,
        paragraphs=words, tables=tables, picture_of=picture,
    )  # fmt: skip


def _pair(one: ValuesOutcome, other: ValuesOutcome, metabolite: str, scale: str) -> tuple[float, float]:
    ours = concentration_of(one.result, metabolite, scale) if one.result is not None else None
    theirs = concentration_of(other.result, metabolite, scale) if other.result is not None else None
    return (ours.value if ours else math.nan, theirs.value if theirs else math.nan)


def foreign_paragraphs(plan: SpectraPlan, theirs: Sequence[ValuesOutcome], pairs: Pairs, cite: Citations) -> list[str]:
    """Which program, how its values were scaled and what was done with them."""
    foreign = [one.result for one in theirs if isinstance(one.result, ForeignValues)]
    if not foreign:
        return ["No value of another program could be read."]
    tools = list(dict.fromkeys(one.source.tool for one in foreign))
    cited = {"LCModel": "lcmodel"}
    named = ", ".join(tool + (f" {cite.cite(cited[tool])}" if tool in cited else "") for tool in tools)
    paragraphs = [
        f"Spectra of {count_text(len(foreign), 'scan')} were fitted with {named}; concentrations, Cramér-Rao bounds, "
        "signal-to-noise ratio and line width are those it gives. "
        + " ".join(
            f"{note[:1].upper()}{note[1:]} ({count_text(n, 'scan')})." for (_, note), n in _notes(foreign).items()
        ),
        "Water-scaled values were brought back to the signal of one proton over that of water and put on the scales "
        "named here as our own would be; values that the program gives corrected for tissue were taken as they are. "
        "Standard deviations follow from its Cramér-Rao bounds; those of ratios neglect the covariance.",
    ]
    figures = (("max_line_width_hz", "line_width_hz"), ("min_signal_to_noise", "signal_to_noise"))
    for rule, figure in figures:
        silent = sum(math.isnan(getattr(one.quality, figure)) for one in foreign)
        if getattr(plan.quality, rule) is not None and silent:
            paragraphs.append(f"The rule `{rule}` was not applied to {count_text(silent, 'scan')}: no file gives it.")
    if pairs and plan.results is not None:
        whose = "those of the other program" if plan.results.prefer == "theirs" else "our own"
        paragraphs.append(
            f"{count_text(len(pairs), 'scan')} were fitted by both programs; the values that count are {whose}."
        )
    return paragraphs
