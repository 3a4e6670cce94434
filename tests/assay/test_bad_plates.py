"""Plates that went wrong as plates do: none of them passes as good, and what is wrong is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.assay.records.acceptance import AcceptanceCheck, RuleName
from pharmrs.assay.records.plate import LayoutWell, Plate, PlateRead, Role, well_name
from pharmrs.assay.records.results import PlateResult
from pharmrs.assay.records.settings import AssaySettings, DeclaredLimit
from pharmrs.assay.science.analyse import PlateRefused, analyse_plate
from pharmrs.assay.stage.plates import put_together
from pharmrs.core.errors import InputError

from .plates import Floats, Truth

TRUTH = Truth()
SETTINGS = AssaySettings(bootstrap_draws=0, unit="pg/mL")
NOMINAL = (0.0, 15.6, 31.25, 62.5, 125.0, 250.0, 500.0, 1000.0)
SAMPLES = (25.0, 50.0, 90.0, 160.0, 300.0, 450.0, 600.0, 800.0)


def columns(seed: int, standards: Floats, samples: Floats, cv: float = 0.02) -> Floats:
    """Standards in columns 1 and 2, samples in 3 and 4, one concentration a row."""
    values = np.full((8, 12), np.nan)
    values[:, :4] = np.stack([standards, standards, samples, samples], axis=1)
    return np.asarray(values * (1 + cv * np.random.default_rng(seed).standard_normal(values.shape)))


def good(seed: int = 1) -> Floats:
    return columns(seed, TRUTH.density(np.array(NOMINAL)), TRUTH.density(np.array(SAMPLES)))


def plate_of(values: Floats, name: str = "P") -> tuple[Plate, list[LayoutWell]]:
    layout = []
    for row in range(8):
        for column in range(4):
            role: Role = "standard" if column < 2 else "sample"
            layout.append(
                LayoutWell(
                    plate=name, well=well_name(row, column), role=role, sample=f"s{row}" if role == "sample" else "",
                    nominal=NOMINAL[row] if role == "standard" else float("nan"), dilution=1.0,
                )
            )  # fmt: skip
    read = PlateRead(label="OD", mode="", wavelength_nm=None, values=values)
    return Plate(source="x", names=(name,), instrument="any", reads=(read,)), layout


def analysed(values: Floats, name: str = "P", settings: AssaySettings = SETTINGS) -> PlateResult:
    plate, layout = plate_of(values, name)
    return put_together([analyse_plate(name, plate, layout, "layout", settings)[0]], [], settings).plates[0]


def check(plate: PlateResult, rule: RuleName) -> AcceptanceCheck:
    (found,) = [one for one in plate.checks if one.rule == rule]
    return found


def test_a_good_plate_has_nothing_to_say() -> None:
    plate = analysed(good())
    assert not [one for one in plate.checks if one.verdict in ("failed", "noted")]


@pytest.mark.parametrize("step", [0.05, 0.10, 0.15])
@pytest.mark.parametrize("seed", range(4))
def test_a_gradient_is_no_dose_response(step: float, seed: int) -> None:
    """No analyte is seen at all; readings rise by 5 to 15 % from row to row, as the standards do."""
    gradient = 0.05 * (1 + step * np.arange(8.0))
    try:
        plate = analysed(columns(seed, gradient, gradient, 0.03))
    except PlateRefused:
        return
    assert plate.rejected and check(plate, "place").verdict == "failed"


def test_samples_beside_standards_of_like_concentration_are_no_gradient() -> None:
    """A second dilution series, row by row as the standards: the response is real, and says so by its size."""
    alike = TRUTH.density(np.array(NOMINAL))
    assert not analysed(columns(3, alike, alike)).rejected


def test_a_column_that_was_not_filled_takes_its_samples_out_and_not_the_plate() -> None:
    values = good()
    values[:, 3] = 0.05
    plate = analysed(values)
    assert not plate.rejected and "samples that do not (8)" in check(plate, "replicates").found
    states = {one.flag for one in put_together([plate], [], SETTINGS).concentrations}
    assert states <= {"rejected", "below_lloq"}


def test_a_column_of_standards_that_was_not_filled_leaves_no_value() -> None:
    values = good()
    values[:, 1] = 0.05
    with pytest.raises(PlateRefused, match="must follow"):
        analysed(values)


def test_samples_that_were_not_filled_are_told() -> None:
    values = good()
    values[:, 2:4] = 0.04
    plate = analysed(values)
    assert "8 of 8 do" in check(plate, "floor").found and {one.censored for one in plate.estimates} == {"left"}


def test_a_copied_plate_is_out_on_both_sides() -> None:
    """The readings of plate P stand on plate Q, too: which of them was pasted cannot be told."""
    values, third = good(), good(9)
    parts = [analysed(values, "P"), analysed(values, "Q"), analysed(third, "R")]
    study = put_together([replace(one, checks=()) for one in parts], [], SETTINGS)
    assert [bool(plate.rejected) for plate in study.plates] == [True, True, False]
    assert "read as on plate Q" in study.plates[0].rejected


@pytest.mark.parametrize("reading", [0.0, 1.0, 3.5])
def test_a_plate_of_one_number_gives_no_curve(reading: float) -> None:
    with pytest.raises(PlateRefused, match="all standards read"):
        analysed(np.full((8, 12), reading))


def test_swapped_replicates_are_named() -> None:
    values = good()
    values[[5, 6], 1] = values[[6, 5], 1]
    plate = analysed(values)
    assert "standard 250" in check(plate, "replicates").found and check(plate, "range").verdict == "noted"


def test_a_weak_plate_is_told_and_its_range_is_what_its_noise_allows() -> None:
    """A hundredth of the signal on a large background, as at a wrong wavelength: CV of a concentration beyond 25 %."""
    weak = 0.04 + 0.01 * TRUTH.density(np.array(NOMINAL))
    plate = analysed(columns(2, weak, 0.04 + 0.01 * TRUTH.density(np.array(SAMPLES)), 0.03))
    assert "1.5-fold" in check(plate, "dose_response").found
    assert all(level.precision_percent <= 25 for level in plate.levels if level.accepted)
    assert plate.limits.lower > 15.6


@pytest.mark.parametrize(
    ("end", "value", "refused"),
    [("lower", 0.0156, True), ("lower", 10.0, False), ("upper", 1e6, True), ("upper", 1500.0, False)],
)
def test_limits_far_from_the_standards_are_in_another_unit(end: str, value: float, refused: bool) -> None:
    limit = DeclaredLimit(value=value, refers_to="in_well")
    settings = replace(SETTINGS, lower_limit=limit) if end == "lower" else replace(SETTINGS, upper_limit=limit)
    plate, layout = plate_of(good())
    if refused:
        with pytest.raises(InputError, match="in one unit, pg/mL"):
            analyse_plate("P", plate, layout, "layout", settings)
    else:
        (problem,) = analyse_plate("P", plate, layout, "layout", settings)[1]
        assert problem.severity == "warning" and "within the standards" in problem.rule


def test_a_rejected_plate_does_not_count_between_plates() -> None:
    """Standards of three plates; the third is a copy of the second, so that both are out: nothing is left to compare,
    and with four plates the CV is that of the two that count."""
    values = good()
    parts = [analysed(values, "P"), analysed(values, "Q"), analysed(good(9), "R"), analysed(good(10), "S")]
    study = put_together([replace(one, checks=()) for one in parts], [], SETTINGS)
    (top,) = [one for one in study.inter_plate if one.name == "standard 1000"]
    kept = [point.value for point in top.points if point.plate in ("R", "S")]
    assert len(top.points) == 4 and top.mean == pytest.approx(np.mean(kept))
    assert top.cv_percent == pytest.approx(100 * np.std(kept, ddof=1) / np.mean(kept))
