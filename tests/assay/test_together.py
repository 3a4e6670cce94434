"""Dilutions and plates put together, against hand arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.assay.records.plate import PlateLayout
from pharmrs.assay.records.results import PlateResult
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.science.analyse import analyse_plate
from pharmrs.assay.science.combine import combine
from pharmrs.assay.science.inter_plate import compare_plates
from pharmrs.assay.science.layout_match import match_plates
from pharmrs.assay.science.noise import replicate_noise, well_variance
from tests.assay.plates import Content, Truth, make_plate, standards

TRUTH = Truth()
SETTINGS = AssaySettings(bootstrap_draws=0, unit="pg/mL")


def result(name: str, *contents: Content, seed: int = 1, cv: float = 0.03) -> PlateResult:
    plate, layout = make_plate([*standards(TRUTH, np.random.default_rng(seed), cv), *contents], name)
    return analyse_plate(name, plate, layout, "layout.tsv", SETTINGS)[0]


def content(role: str, name: str, *x: float, dilution: float = 1.0) -> Content:
    readings = tuple(float(value) for value in TRUTH.density(np.array(x)))
    return Content(role=role, sample=name, readings=readings, dilution=dilution)  # type: ignore[arg-type]


def test_one_dilution_is_left_as_it_is() -> None:
    plate = result("P", content("sample", "s", 100.0, 101.0, dilution=8))
    (one,), (estimate,) = combine([plate], SETTINGS), plate.estimates
    for name in ("value", "sd", "ci_low", "ci_high", "replicates", "cv_percent", "flag"):
        assert getattr(one, name) == getattr(estimate, name)
    assert (one.dilution, one.unit, one.plate) == ("8", "pg/mL", "P")


def test_two_plates_by_inverse_variance() -> None:
    plates = [result("P", content("sample", "s", 100.0, 101.0)), result("Q", content("sample", "s", 104.0), seed=2)]
    first, second = (plate.estimates[0] for plate in plates)
    (one,) = combine(plates, SETTINGS)
    weights = np.array([(estimate.value / estimate.sd) ** 2 for estimate in (first, second)])
    value = float(np.exp(weights @ np.log([first.value, second.value]) / weights.sum()))
    assert one.value == pytest.approx(value)
    assert one.sd == pytest.approx(value / np.sqrt(weights.sum()))  # independent plates: 1 / sum of weights
    assert (one.plate, one.dilution, one.replicates) == ("P+Q", "1", 3)


def test_dilutions_of_one_plate_share_its_curve() -> None:
    """The error of the curve does not average out: the SD is above that of independent values."""
    series = [content("sample", "s", 400.0 / step, 400.0 / step, dilution=step) for step in (1.0, 2.0, 4.0)]
    plate = result("P", *series, cv=0.08)
    (one,) = combine([plate], SETTINGS)
    relative = np.array([estimate.sd / estimate.value for estimate in plate.estimates])
    independent = 1 / np.sqrt(np.sum(1 / relative**2))
    assert one.sd / one.value > 1.05 * independent
    assert one.sd / one.value < relative.max()


def test_dilutions_that_disagree_are_discordant_and_wide() -> None:
    calm = [content("sample", "s", 200.0, 200.0), content("sample", "s", 100.0, 100.0, dilution=2)]
    upset = [content("sample", "s", 200.0, 200.0), content("sample", "s", 180.0, 180.0, dilution=2)]
    (good,), (bad,) = (combine([result("P", *series)], SETTINGS) for series in (calm, upset))
    assert (good.flag, bad.flag) == ("ok", "discordant")
    assert bad.sd / bad.value > 4 * good.sd / good.value


@pytest.mark.parametrize(
    ("concentrations", "censored", "limit"),
    [
        ({8.0: 5.0, 16.0: 4.0}, "left", 8 * 23.4375),  # the smallest dilution tells most
        ({8.0: 4000.0, 16.0: 3900.0}, "right", 16 * 1500.0),
        ({8.0: 4000.0, 64.0: 900.0}, "none", float("nan")),  # one in range is enough
    ],
)
def test_censored_dilutions(concentrations: dict[float, float], censored: str, limit: float) -> None:
    series = [content("sample", "s", x, x, dilution=dilution) for dilution, x in concentrations.items()]
    (one,) = combine([result("P", *series)], SETTINGS)
    assert one.censored == censored
    assert one.limit == pytest.approx(limit, nan_ok=True)


def test_contradiction_is_no_value() -> None:
    """Below the limit when little diluted, above it when much diluted: nothing can be said."""
    series = [content("sample", "s", 5.0, 5.0, dilution=2), content("sample", "s", 4000.0, 4000.0, dilution=64)]
    (one,) = combine([result("P", *series)], SETTINGS)
    assert one.flag == "lost" and np.isnan(one.value)


def test_controls_over_plates_by_hand() -> None:
    plates = [
        result(f"P{index}", content("control", "QC", x, 1.02 * x), seed=index)
        for index, x in enumerate((95.0, 100.0, 105.0))
    ]
    by_name = {one.name: one for one in compare_plates(plates)}
    values = np.array([plate.estimates[0].value for plate in plates])
    control = by_name["QC"]
    assert control.mean == pytest.approx(values.mean())
    assert control.cv_percent == pytest.approx(100 * values.std(ddof=1) / values.mean())
    within = [plate.estimates[0].concentration_cv_percent for plate in plates]
    assert control.within_cv_percent == pytest.approx(np.sqrt(np.mean(np.square(within))))
    assert [point.verdict for point in control.points] == ["n/a"] * 3  # too few plates to judge one
    assert by_name["standard 1500"].quantity == "response"


def test_a_plate_out_of_control_is_seen() -> None:
    rng = np.random.default_rng(3)
    levels = [*(100.0 * np.exp(0.03 * rng.standard_normal(7))), 160.0]
    plates = [
        result(f"P{index}", content("control", "QC", x, x), seed=index, cv=0.01) for index, x in enumerate(levels)
    ]
    (control,) = [one for one in compare_plates(plates) if one.name == "QC"]
    assert control.points[-1].verdict == "out"
    assert sum(point.verdict == "out" for point in control.points) == 1


def test_noise_of_replicates_is_recovered() -> None:
    """SD 0.05 |y|^0.5 in 400 pairs: the power to about 0.1, the SD at response 1 to 4 %."""
    rng = np.random.default_rng(8)
    levels = np.exp(rng.uniform(np.log(0.05), np.log(3.0), 400))
    groups = [level + 0.05 * np.sqrt(level) * rng.standard_normal(2) for level in levels]
    noise = replicate_noise(groups, 1.0, 1.0, 5.0)
    assert noise.power == pytest.approx(0.5, abs=0.1)
    assert noise.freedom == 400
    assert float(np.sqrt(well_variance(noise, np.array([1.0]), 3.0)[0])) == pytest.approx(0.05, rel=0.12)


def test_without_replicates_the_curve_tells_the_noise() -> None:
    noise = replicate_noise([np.array([0.5]), np.array([1.0])], 1.0, 0.0025, 12.0)
    assert (noise.variance, noise.power, noise.freedom) == (0.0025, 1.0, 12.0)


def test_labels_of_the_export_are_compared() -> None:
    plate, layout = make_plate(standards(TRUTH, np.random.default_rng(1), 0.01))
    labels = {"A1": "STD1500", "A2": "STD 1500", "B3": "BLANK", "A5": "STD375", "A7": "STD31.25"}
    _, problems = analyse_plate("P1", replace(plate, labels=labels), layout, "l", SETTINGS)
    (problem,) = problems
    assert problem.severity == "warning" and problem.value == "A7 is STD31.25, not standard 187.5"


def test_plates_are_matched_by_name() -> None:
    first, first_layout = make_plate(standards(TRUTH, np.random.default_rng(1), 0.01), "Monday")
    second, second_layout = make_plate(standards(TRUTH, np.random.default_rng(2), 0.01), "Tuesday")
    layout = PlateLayout(source="layout.tsv", wells=first_layout + second_layout)
    matched, problems = match_plates([second, first], [layout])
    assert not problems and [(name, plate.names[0]) for name, plate, _, _ in matched] == [
        ("Monday", "Monday"), ("Tuesday", "Tuesday")
    ]  # fmt: skip
    alone = PlateLayout(source="layout.tsv", wells=first_layout)
    matched, problems = match_plates([second], [alone])  # one and one belong together whatever they are called
    assert len(matched) == 1 and not problems
    matched, problems = match_plates([replace(second, plate_id="Tuesday")], [alone])  # unless the reader knows better
    assert not matched and [problem.severity for problem in problems] == ["error", "warning"]
    matched, problems = match_plates([first, first], [alone])
    assert not matched and "one export" in problems[0].rule
