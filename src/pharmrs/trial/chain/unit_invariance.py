"""What the result owes to the unit of the assay: it should not matter, but for log(e + |min e| + 1) it does."""

from __future__ import annotations

from dataclasses import replace

from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.chain.main_model import main_model
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.analysis_result import UnitChange
from pharmrs.trial.records.observations import Observation, ObservationTable

UNIT_FACTORS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)


def unit_changes(table: ObservationTable, plan: AnalysisPlan) -> tuple[UnitChange, ...]:
    """The interaction of the main model after every biomarker value and limit is multiplied by each factor."""
    found: list[UnitChange] = []
    for factor in UNIT_FACTORS:
        try:
            changes, _ = change_table(table.mapped(lambda row, by=factor: _scaled(row, by)), plan)  # type: ignore[misc]
            model = main_model(changes, plan)
        except NotEstimable as why:
            found.append(UnitChange(factor=factor, term="", estimate=float("nan"), p=float("nan"), reason=str(why)))
            continue
        found += [
            UnitChange(factor=factor, term=item.term, estimate=item.estimate, p=item.p) for item in model.hypothesis
        ]
    return tuple(found)


def _scaled(row: Observation, factor: float) -> Observation:
    return replace(
        row,
        biomarker=row.biomarker * factor,
        biomarker_sd=row.biomarker_sd * factor,
        biomarker_limit=row.biomarker_limit * factor,
    )
