"""Sample flow: the table, and its section of the report."""

from __future__ import annotations

from collections.abc import Sequence

from pharmrs.core.report.section import Section, section_of_tables
from pharmrs.core.report.tables import Table, table_of_rows
from pharmrs.core.report.view_tables import CellView, TableView, count_cell
from pharmrs.study.sample_flow_records import ALL, FlowRow

_HEADS = ("Planned", "Drawn", "Measured", "Below limit", "Above limit", "Rejected", "Lost", "Not drawn")


def flow_table(rows: Sequence[FlowRow]) -> Table:
    """The table `sample_flow` of all materials; that of the analysis counts per treatment, in `statistics/`."""
    return table_of_rows("sample_flow", FlowRow, rows)


def sample_flow_section(rows: Sequence[FlowRow]) -> Section:
    """The section of the report."""
    counted = tuple(
        (
            CellView(row.material),
            CellView("all time points" if row.time_point == ALL and row.kind != "genotype" else row.time_point),
            *(count_cell(getattr(row, head.lower().replace(" ", "_"))) for head in _HEADS),
        )
        for row in rows
    )
    view = TableView(
        caption="Scans and samples. Drawn (or recorded) = measured + below limit + above limit + rejected + lost.",
        columns=("Material", "Time point", *_HEADS),
        rows=counted,
    )
    words = (
        "Values beyond the range of an assay are kept as censored values with their limit; only lost samples are "
        "missing."
    )
    page = "assay" if any(row.kind != "scan" for row in rows) else "spectra"
    return section_of_tables("samples", "Samples", (words,), (view,), page=page)
