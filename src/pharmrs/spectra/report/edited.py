"""Edited scans in the report: how each difference was made, the second opinion, and what the methods say of it."""

from __future__ import annotations

from collections.abc import Sequence

from pharmrs.core.report.references import Citations
from pharmrs.core.report.section import MethodsPart, Section, section_of_tables
from pharmrs.core.report.tables import Table, table_of_rows
from pharmrs.core.report.view_tables import view_of
from pharmrs.spectra.records.edited import EditedFigures
from pharmrs.spectra.records.scan import ScanResult

_COEDITED = {
    "1to1GABAsoft": "as large as that of GABA at 3.0 ppm under a soft prior",
    "1to1GABA": "as large as that of GABA at 3.0 ppm",
    "3to2MM": "two thirds of the macromolecule at 0.9 ppm",
    "fixedGauss": "free in size, of fixed width",
    "freeGauss": "free in size and width",
}


def edited_rows(results: Sequence[ScanResult]) -> list[EditedFigures]:
    """The differences of all edited scans, by scan."""
    ordered = sorted(results, key=lambda result: result.files.name)
    return [row for result in ordered if result.edited is not None for row in result.edited.figures]


def edited_table(rows: Sequence[EditedFigures]) -> Table:
    return table_of_rows("edited", EditedFigures, rows)


def edited_section(rows: Sequence[EditedFigures]) -> Section:
    """How the differences were made, and GABA+ by this program's model beside a simple Gaussian."""
    words = (
        "OFF and the differences were fitted together. What the subtraction left of Cho tells how well ON and OFF were "
        "alike; what the editing pulse left of NAA, how well it worked. GABA+ is GABA with the macromolecules that are "
        "edited along; the Gaussian on a straight line is a second opinion that knows neither, and its standard "
        "deviation is that of the noise alone.",
    )
    view = view_of("Differences of edited scans.", EditedFigures, rows, sortable=True)
    return section_of_tables("edited", "Edited spectra", words, (view,))


def edited_methods(results: Sequence[ScanResult]) -> MethodsPart:
    """Sorting, alignment and fit of the conditions, in words."""
    edited = [result for result in results if result.edited is not None]
    models = sorted({result.fit.settings.coedited for result in edited})
    said = "; ".join(f"{name}: {_COEDITED[name]}" for name in models if name in _COEDITED)
    along = (
        f" The macromolecule that is edited along at 3.0 ppm was fitted as a line of its own ({said})." if said else ""
    )

    def write(_cite: Citations) -> Sequence[str]:
        return (
            "Which transients are ON and OFF was proven by their difference, compared with that of the simulated "
            "conditions. Transients were aligned within each condition, and the conditions to each other where editing "
            "changes nothing; transients were left out in pairs. OFF and the difference ON - OFF were fitted as one "
            "set with common concentrations, phase, frequency and line shape; NAA, which the editing pulse at 1.9 ppm "
            "crushes, had an amplitude of its own in the difference, and what an imperfect subtraction leaves of "
            f"unedited signals was part of the model.{along}",
        )

    return MethodsPart(title="Edited spectra", write=write)
