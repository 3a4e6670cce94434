"""The parity data of tests/data as arrays, and the models that R 4.2.2 was given on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from tests.trial.surrogate import acceptance, read_rows

CHANGE_TERMS = ("intercept", "dG", "trt", "dG:trt")


def in_r() -> dict[str, Any]:
    found: dict[str, Any] = acceptance()["stat_parity"]
    return found


def table(name: str) -> dict[str, list[str]]:
    rows = read_rows(f"stat-parity/{name}")
    return {column: [row[column] for row in rows] for column in rows[0]}


def numbers(column: list[str]) -> FloatArray:
    return np.array([float(value) for value in column])


def change_model() -> tuple[FloatArray, FloatArray, list[str]]:
    """`dB ~ dG * trt` of wide.csv: outcome, design, participant of each row."""
    wide = table("wide.csv")
    metabolite, treated = numbers(wide["dG"]), numbers(wide["trt"])
    design = np.column_stack([np.ones(len(treated)), metabolite, treated, metabolite * treated])
    return numbers(wide["dB"]), design, wide["subject"]


def by_treatment() -> dict[str, dict[str, FloatArray]]:
    """Numeric columns of wide.csv under ketamine (K) and placebo (P)."""
    wide = table("wide.csv")
    rows = {name: np.array(wide["treatment"]) == name for name in ("K", "P")}
    return {name: {key: numbers(wide[key])[rows[name]] for key in ("dB", "dG", "b0", "b1")} for name in rows}


LEVEL_TERMS = ("intercept", "K", "h24", "period 2", "KP", "K:h24")


def level_model() -> tuple[FloatArray, FloatArray, dict[str, list[str]]]:
    """`log(bdnf) ~ treatment * time + period + sequence` of long.csv, and all its columns."""
    long = table("long.csv")
    treated = (np.array(long["treatment"]) == "K").astype(float)
    later = (np.array(long["time"]) == "h24").astype(float)
    second = (np.array(long["period"]) == "2").astype(float)
    sequence = (np.array(long["sequence"]) == "KP").astype(float)
    design = np.column_stack([np.ones(len(later)), treated, later, second, sequence, treated * later])
    return np.log(numbers(long["bdnf"])), design, long
