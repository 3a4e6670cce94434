"""The surrogate table and the parity data, mapped to the observation table. Not part of the product."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pharmrs.records.analysis import AnalysisPlan, Covariate
from pharmrs.records.changes import ChangeTable
from pharmrs.records.observations import Observation, ObservationTable

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
NAN = float("nan")
GENOTYPES = {"VV": "Val/Val", "VM": "Val/Met", "MM": "Met/Met"}
PAPER_PLAN = AnalysisPlan(
    metabolite="Glu",
    scale="gm_wm_normalised",
    biomarker="BDNF",
    covariates=(Covariate(name="age"), Covariate(name="bmi"), Covariate(name="genotype", reference="Val/Val")),
)


def read_rows(name: str) -> list[dict[str, str]]:
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{path} is not there: the shared data of the project is needed")
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def acceptance() -> dict[str, Any]:
    """Results of R 4.2.2 on the parity data."""
    path = SHARED / "stat-parity" / "acceptance.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there: the shared data of the project is needed")
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def surrogate_observation(row: dict[str, str]) -> Observation:
    """One row of paper_surrogate.csv; 187.2 is the plasma limit its README states."""
    below = row["bdnf_status"] == "below_LOQ"
    return Observation(
        subject=row["subject"],
        treatment=row["treatment"],
        time_point=row["time"],
        sequence=row["sequence"],
        period=int(row["period"]),
        clock_time_h=float(row["clock_h"]),
        metabolite=float(row["glu_norm"] or NAN),
        biomarker=float(row["bdnf_pg_ml"] or NAN),
        biomarker_censored="left" if below else "none",
        biomarker_limit=187.2 if below else NAN,
        covariates={"age": float(row["age"]), "bmi": float(row["bmi"]), "genotype": GENOTYPES[row["genotype"]]},
    )


def surrogate_table() -> ObservationTable:
    return paper_table([surrogate_observation(row) for row in read_rows("paper/paper_surrogate.csv")])


def paper_table(rows: list[Observation]) -> ObservationTable:
    return ObservationTable.of(
        rows,
        kind="crossover",
        treatments=("placebo", "ketamine"),
        baseline="baseline",
        follow_up="h24",
        metabolite_name="Glu",
        metabolite_unit="mmol/L",
        biomarker_name="BDNF",
        biomarker_unit="pg/mL",
    )


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
