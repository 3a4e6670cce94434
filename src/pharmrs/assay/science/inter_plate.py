"""Agreement between the plates of a study: controls by concentration, standards by response."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from pharmrs.assay.records.results import InterPlate, InterPlatePoint, PlateResult
from pharmrs.assay.science.limits import cv_percent
from pharmrs.assay.science.outliers import normal_deviate
from pharmrs.core.records.arrays import FloatArray

_FEWEST_PLATES = 4  # three others at least to judge one by
_WARNING, _OUT = 2.0, 3.0  # the 1-2s and 1-3s rules of Westgard et al. 1981, Clin Chem 27:493
_Points = list[tuple[str, float, float]]  # plate, value, CV of the replicates


def compare_plates(plates: Sequence[PlateResult]) -> tuple[InterPlate, ...]:
    """Controls and standard levels that occur on two plates or more."""
    controls: dict[tuple[str, str], _Points] = {}
    standards: dict[tuple[str, str], _Points] = {}
    for plate in plates:
        for one in plate.estimates:
            if one.role == "control" and one.censored == "none" and np.isfinite(one.value):
                name = f"{one.sample} (1:{one.dilution:g})" if one.dilution != 1 else one.sample
                point = (plate.name, one.value, one.concentration_cv_percent)
                controls.setdefault((name, one.analyte), []).append(point)
        for level in plate.levels:
            name = f"standard {level.nominal:g}"
            standards.setdefault((name, plate.analyte), []).append((plate.name, level.response, level.cv_percent))
    return (
        *(_compared(*key, "concentration", points) for key, points in controls.items() if len(points) > 1),
        *(_compared(*key, "response", points) for key, points in standards.items() if len(points) > 1),
    )


def _compared(name: str, analyte: str, quantity: Literal["concentration", "response"], points: _Points) -> InterPlate:
    values = np.array([value for _, value, _ in points])
    within = np.array([cv for _, _, cv in points])
    deviations = _deviations(values)
    return InterPlate(
        name=name,
        analyte=analyte,
        quantity=quantity,
        mean=float(values.mean()),
        sd=float(values.std(ddof=1)),
        cv_percent=cv_percent(values),
        within_cv_percent=float(np.sqrt(np.nanmean(within**2))) if np.any(np.isfinite(within)) else float("nan"),
        points=tuple(
            InterPlatePoint(plate=plate, value=value, deviation=float(deviation), verdict=_verdict(float(deviation)))
            for (plate, value, _), deviation in zip(points, deviations, strict=True)
        ),
    )


def without_rejected(compared: Sequence[InterPlate], rejected: Collection[str]) -> tuple[InterPlate, ...]:
    """Mean, SD and CV of the plates that count; the charts keep every plate."""
    found = []
    for one in compared:
        kept = np.array([point.value for point in one.points if point.plate not in rejected])
        if len(kept) < 2 or len(kept) == len(one.points):
            found.append(one)
            continue
        found.append(replace(one, mean=float(kept.mean()), sd=float(kept.std(ddof=1)), cv_percent=cv_percent(kept)))
    return tuple(found)


def _deviations(values: FloatArray) -> FloatArray:
    """Distance of each log value from the mean of the others, as a normal deviate."""
    count = len(values)
    if count < _FEWEST_PLATES or np.any(values <= 0):
        return np.full(count, np.nan)
    logs = np.log(values)
    deviations = np.zeros(count)
    for index in range(count):
        others = np.delete(logs, index)
        sd = float(others.std(ddof=1)) * np.sqrt(1 + 1 / len(others))
        deviations[index] = (logs[index] - others.mean()) / sd if sd > 0 else 0.0
    return normal_deviate(deviations, count - 2)


def _verdict(deviation: float) -> str:
    if np.isnan(deviation):
        return "n/a"
    return "out" if abs(deviation) > _OUT else "warning" if abs(deviation) > _WARNING else "ok"
