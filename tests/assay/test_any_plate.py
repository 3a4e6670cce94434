"""Whatever is on a plate: it is analysed or refused with reasons, and what is said of a sample fits together."""

from __future__ import annotations

import numpy as np
import pytest

from pharmrs.assay.records.plate import LayoutWell, Missing, Plate, PlateRead, Role, well_name
from pharmrs.assay.records.results import Estimate
from pharmrs.assay.records.settings import AssaySettings, DeclaredLimit
from pharmrs.assay.science.analyse import analyse_plate
from pharmrs.assay.science.combine import combine
from pharmrs.core.errors import InputError

WORDS: tuple[Missing, ...] = ("over", "under", "masked", "empty")


def any_plate(rng: np.random.Generator) -> tuple[Plate, list[LayoutWell]]:
    """Rising or falling, any unit and gain, clean to hopeless noise, gross errors, gaps, one to three replicates."""
    top, replicates = 10 ** rng.uniform(-3, 5), int(rng.integers(1, 4))
    nominal = [*(top * rng.uniform(1.5, 5) ** -np.arange(rng.integers(3, 9))), *([0.0] * rng.integers(0, 2))]
    ends = rng.permutation([rng.uniform(-0.1, 0.3), rng.uniform(0.3, 4.0)])
    midpoint, slope, gain = top * 10 ** rng.uniform(-2, 1.5), rng.uniform(0.3, 4.0), 10 ** rng.uniform(0, 5)
    rows: list[tuple[Role, str, float, float]] = [("standard", "", x, 1.0) for x in nominal for _ in range(replicates)]
    for index in range(rng.integers(0, 12)):
        x, dilution = top * 10 ** rng.uniform(-4, 1.5), float(rng.choice([1, 8, 128]))
        for factor in (1.0, 2.0, 4.0)[: rng.integers(1, 4)]:
            rows += [("sample", f"s{index}", x / factor, dilution * factor)] * replicates
    rows = [*rows, ("blank", "", 0.0, 1.0)][:96]
    noise, floor = 10 ** rng.uniform(-5, -0.5), 10 ** rng.uniform(-6, -1.5)
    values, missing, layout = np.full((8, 12), np.nan), {}, []
    for place, (role, sample, x, dilution) in enumerate(rows):
        y = ends[1] + (ends[0] - ends[1]) / (1 + (x / midpoint) ** slope)
        y *= (1 + noise * rng.standard_normal()) * (rng.uniform(0, 5) if rng.random() < 0.02 else 1.0)
        values[divmod(place, 12)] = gain * (y + floor * rng.standard_normal())
        well = well_name(*divmod(place, 12))
        if rng.random() < 0.03:
            missing[well] = WORDS[rng.integers(4)]
        stated = x if role == "standard" else float("nan")
        layout.append(
            LayoutWell(plate="P", well=well, role=role, sample=sample, nominal=stated, dilution=dilution, line=place)
        )
    read = PlateRead(label="OD", mode="", wavelength_nm=None, values=values, missing=missing)
    return Plate(source="x", names=("P",), instrument="any", reads=(read,)), layout


def consistent(one: Estimate) -> None:
    assert (one.censored == "none") == np.isnan(one.limit)
    assert (one.flag == "below_lloq") == (one.censored == "left")
    assert (one.flag == "above_uloq") == (one.censored == "right")
    if one.flag in ("ok", "discordant", "high_cv"):
        assert one.sd > 0 and one.ci_low <= one.value <= one.ci_high
        assert one.value == pytest.approx(one.in_well * one.dilution)
    if one.flag == "lost":
        assert np.isnan(one.value) and one.reason


def test_any_plate_is_analysed_or_refused_with_reasons() -> None:
    rng = np.random.default_rng(20)
    analysed = refused = 0
    for number in range(80):
        plate, layout = any_plate(rng)
        lowest = min(well.nominal for well in layout if well.nominal > 0)
        limit = DeclaredLimit(value=lowest, refers_to="in_sample" if number % 2 else "in_well") if number % 3 else None
        settings = AssaySettings(bootstrap_draws=20, lower_limit=limit, exclude_outliers=number % 4 == 0)
        try:
            result, _ = analyse_plate("P", plate, layout, "layout", settings)
        except InputError as error:
            assert all(problem.remedy and problem.rule for problem in error.problems)
            refused += 1
            continue
        analysed += 1
        for one in result.estimates:
            consistent(one)
        for whole in combine([result], settings):
            assert (whole.censored == "none") == np.isnan(whole.limit)
    assert analysed > 20 and refused > 5
