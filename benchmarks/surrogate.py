"""The surrogate of the reference study as an observation table. It is not study data (see its README)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from benchmarks.shared_data import VENDORED
from pharmrs.core.records.arrays import BoolArray
from pharmrs.trial.records.analysis import AnalysisPlan, Covariate
from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.records.observations import Observation, ObservationTable

SURROGATE = VENDORED / "paper" / "paper_surrogate.csv"
PLASMA_LIMIT_PG_ML = 187.2  # limit of 23.4 in the well, diluted 1:8, as the README of the surrogate reads the paper
GENOTYPES = {"VV": "Val/Val", "VM": "Val/Met", "MM": "Met/Met"}
PLAN = AnalysisPlan(
    metabolite="Glu",
    scale="gm_wm_normalised",
    biomarker="BDNF",
    covariates=(Covariate(name="age"), Covariate(name="bmi"), Covariate(name="genotype", reference="Val/Val")),
)
_NAN = float("nan")


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def surrogate_observation(row: dict[str, str]) -> Observation:
    """One row of paper_surrogate.csv."""
    below = row["bdnf_status"] == "below_LOQ"
    return Observation(
        subject=row["subject"],
        treatment=row["treatment"],
        time_point=row["time"],
        sequence=row["sequence"],
        period=int(row["period"]),
        clock_time_h=float(row["clock_h"]),
        metabolite=float(row["glu_norm"] or _NAN),
        biomarker=float(row["bdnf_pg_ml"] or _NAN),
        biomarker_censored="left" if below else "none",
        biomarker_limit=PLASMA_LIMIT_PG_ML if below else _NAN,
        covariates={"age": float(row["age"]), "bmi": float(row["bmi"]), "genotype": GENOTYPES[row["genotype"]]},
    )


def surrogate_table() -> ObservationTable:
    return ObservationTable.of(
        [surrogate_observation(row) for row in csv_rows(SURROGATE)],
        kind="crossover",
        treatments=("placebo", "ketamine"),
        baseline="baseline",
        follow_up="h24",
        metabolite_unit="mmol/L",
        biomarker_unit="pg/mL",
    )


def oldham_rows(changes: ChangeTable) -> BoolArray:
    """The pairs the surrogate marks for Oldham's test: n = 50 is implied by the printed p, 51 pairs exist."""
    marked = {(row["subject"], row["treatment"]) for row in csv_rows(SURROGATE) if row["in_oldham50"] == "1"}
    return np.array([key in marked for key in zip(changes.subject, changes.treatment, strict=True)])
