"""Small random trials for tests of invariance and of hard data."""

from __future__ import annotations

import numpy as np

from pharmrs.trial.records.observations import Observation, ObservationTable
from pharmrs.trial.records.truth import TrialTruth

TREATMENTS = ("placebo", "drug")
# a crossover with a difference of slopes of 2.5
TRUTH = TrialTruth(
    kind="crossover", treatments=TREATMENTS, slopes=(-1.0, 1.5), metabolite_changes=(0.0, 0.05),
    biomarker_changes=(0.0, -0.1), metabolite_median=10.0, metabolite_person_sd=0.08, metabolite_visit_sd=0.05,
    metabolite_change_sd=0.12, metabolite_error_sd=0.04, biomarker_median=400.0, biomarker_person_sd=0.5,
    biomarker_visit_sd=0.3, biomarker_change_sd=0.4, biomarker_error_sd=0.08, shared_change_sd=0.1,
)  # fmt: skip
POINTS = ("before", "after")
NAN = float("nan")


def random_rows(seed: int, subjects: int = 14, missing: float = 0.1, kind: str = "crossover") -> list[Observation]:
    """Rows of a trial without an effect; every value is missing with probability `missing`."""
    random = np.random.default_rng(seed)

    def draw(value: float) -> float:
        return NAN if random.uniform() < missing else value

    rows = []
    for number in range(subjects):
        order = TREATMENTS if random.uniform() < 0.5 else TREATMENTS[::-1]
        taken = order if kind == "crossover" else order[:1]
        covariates = {"age": float(np.round(random.uniform(18, 40), 1)), "gene": str(random.choice(["AA", "AB", "BB"]))}
        for period, treatment in enumerate(taken, start=1):
            for point in POINTS:
                rows.append(
                    Observation(
                        subject=f"sub-{number:02d}",
                        treatment=treatment,
                        time_point=point,
                        sequence="/".join(order),
                        period=period,
                        clock_time_h=float(random.uniform(8, 18)),
                        metabolite=draw(float(random.normal(10, 1))),
                        biomarker=draw(float(random.lognormal(6, 0.5))),
                        covariates=covariates,
                    )
                )
    return rows


def table_of(rows: list[Observation], kind: str = "crossover") -> ObservationTable:
    return ObservationTable.of(rows, kind=kind, treatments=TREATMENTS, baseline="before", follow_up="after")
