"""Sample flow: the table, and its section of the report."""

from __future__ import annotations

from collections.abc import Sequence

from pharmrs.core.report.dictionaries import Column
from pharmrs.core.report.section import Section, render_section
from pharmrs.core.report.tables import Table
from pharmrs.core.report.view_tables import CellView, TableView, count_cell
from pharmrs.study.sample_flow_records import ALL, FlowRow

FLOW = {
    "material": Column("Analyte or genetic marker."),
    "kind": Column("What it is.", levels={"biomarker": "measured on plates", "genotype": "called from gels"}),
    "time_point": Column("Time point of the session; `all`: over all of them."),
    "planned": Column("Sessions (biomarkers) or participants (genotypes) of the study.", "1"),
    "drawn": Column("Samples drawn: a sampling time is noted, or the sample was on a plate or gel.", "1"),
    "measured": Column("Samples with a value inside the range of the assay, or with a genotype.", "1"),
    "below_limit": Column("Samples below the lower limit: kept as censored values.", "1"),
    "above_limit": Column("Samples above the upper limit: kept as censored values.", "1"),
    "rejected": Column("Samples measured on a rejected plate, or rejected by a rule of the assay's acceptance.", "1"),
    "lost": Column("Samples without a result: not on a plate, no usable well, or genotype indeterminate.", "1"),
    "not_drawn": Column("Planned, but no sample.", "1"),
}
_HEADS = ("Planned", "Drawn", "Measured", "Below limit", "Above limit", "Rejected", "Lost", "Not drawn")


def flow_table(rows: Sequence[FlowRow]) -> Table:
    """The table `sample_flow` of all materials; that of the analysis counts per treatment, in `statistics/`."""
    return Table(
        name="sample_flow", columns=FLOW, rows=tuple({name: getattr(row, name) for name in FLOW} for row in rows)
    )


def sample_flow_section(rows: Sequence[FlowRow]) -> Section:
    """The section of the report."""
    counted = tuple(
        (
            CellView(row.material),
            CellView("all time points" if row.time_point == ALL and row.kind == "biomarker" else row.time_point),
            *(count_cell(getattr(row, head.lower().replace(" ", "_"))) for head in _HEADS),
        )
        for row in rows
    )
    view = TableView(
        caption="Samples by material. Drawn = measured + below limit + above limit + rejected + lost.",
        columns=("Material", "Time point", *_HEADS),
        rows=counted,
    )
    return render_section("samples", "Samples", "section_sample_flow.html.j2", page="assay", flow=view)
