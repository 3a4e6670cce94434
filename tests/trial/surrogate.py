"""The surrogate table and the parity data, mapped to the observation table. Not part of the product."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from benchmarks import surrogate
from benchmarks.shared_data import VENDORED

from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.records.observations import Observation, ObservationTable

NAN = float("nan")
PAPER_PLAN = surrogate.PLAN


def read_rows(name: str) -> list[dict[str, str]]:
    return surrogate.csv_rows(VENDORED / name)


def acceptance() -> dict[str, Any]:
    """Results of R 4.2.2 on the parity data."""
    content: dict[str, Any] = json.loads((VENDORED / "stat-parity" / "acceptance.json").read_text())
    return content


def surrogate_table() -> ObservationTable:
    """The surrogate of the reference study."""
    return surrogate.surrogate_table()


def parity_table() -> ObservationTable:
    """long.csv: P and K, base and h24, no censoring (the full biomarker)."""
    return ObservationTable.of(
        [
            Observation(
                subject=row["subject"],
                treatment=row["treatment"],
                time_point=row["time"],
                sequence=row["sequence"],
                period=int(row["period"]),
                clock_time_h=float(row["clock"]),
                metabolite=float(row["glu"]),
                biomarker=float(row["bdnf"]),
                covariates={"age": float(row["age"]), "bmi": float(row["bmi"]), "genotype": row["genotype"]},
            )
            for row in read_rows("stat-parity/long.csv")
        ],
        kind="crossover",
        treatments=("P", "K"),
        baseline="base",
        follow_up="h24",
    )


def parity_changes() -> ChangeTable:
    """wide.csv as it is: R worked on its rounded changes."""
    rows = read_rows("stat-parity/wide.csv")

    def columns(*names: str) -> np.ndarray:
        return np.array([[float(row[name]) for name in names] for row in rows])

    nothing = np.full((len(rows), 2), NAN)
    return ChangeTable(
        treatments=("P", "K"),
        subject=tuple(row["subject"] for row in rows),
        treatment=tuple(row["treatment"] for row in rows),
        sequence=tuple(row["sequence"] for row in rows),
        period=columns("period")[:, 0],
        clock_time_h=nothing,
        metabolite=columns("g0", "g1"),
        metabolite_sd=nothing,
        biomarker=columns("b0", "b1"),
        biomarker_sd=nothing,
        biomarker_censored=np.zeros((len(rows), 2), dtype=np.int8),
        biomarker_limit=nothing,
        biomarker_level=columns("b0", "b1"),
        change_metabolite=columns("dG")[:, 0],
        change_metabolite_sd=nothing[:, 0],
        change_biomarker=columns("dB")[:, 0],
        covariates={
            "age": tuple(float(row["age"]) for row in rows),
            "bmi": tuple(float(row["bmi"]) for row in rows),
            "genotype": tuple(row["genotype"] for row in rows),
        },
    )
