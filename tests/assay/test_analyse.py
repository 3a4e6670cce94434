"""One plate from wells to flags: ranges, limits, dilutions, outliers, and everything that may be wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from pharmrs.assay.records.plate import LayoutWell, Plate, PlateRead
from pharmrs.assay.records.results import Estimate, PlateResult
from pharmrs.assay.records.settings import AssaySettings, DeclaredLimit
from pharmrs.assay.science.analyse import analyse_plate
from pharmrs.core.errors import InputError, InputProblem
from tests.assay.plates import STANDARDS, Content, Truth, make_plate, noisy, standards

TRUTH = Truth()
SETTINGS = AssaySettings(bootstrap_draws=0)


def density(*x: float) -> tuple[float, ...]:
    return tuple(float(value) for value in TRUTH.density(np.array(x)))


def plate_of(*extra: Content, cv: float = 0.02, seed: int = 1) -> tuple[Plate, tuple[LayoutWell, ...]]:
    return make_plate([*standards(TRUTH, np.random.default_rng(seed), cv), *extra])


def analysed(*extra: Content, settings: AssaySettings = SETTINGS) -> PlateResult:
    return analyse_plate("P1", *plate_of(*extra), "layout.tsv", settings)[0]


def sample(name: str, *x: float, dilution: float = 1.0) -> Content:
    return Content(role="sample", sample=name, readings=density(*x), dilution=dilution)


def by_name(result: PlateResult) -> dict[str, Estimate]:
    return {one.sample: one for one in result.estimates}


def problems_of(plate: Plate, layout: tuple[LayoutWell, ...], settings: AssaySettings = SETTINGS) -> list[InputProblem]:
    with pytest.raises(InputError) as caught:
        analyse_plate("P1", plate, layout, "layout.tsv", settings)
    return list(caught.value.problems)


def test_dilution_is_undone() -> None:
    found = by_name(analysed(sample("plasma", 100.0, 101.0, dilution=8), sample("serum", 100.0, 101.0, dilution=128)))
    assert found["plasma"].in_well == pytest.approx(100.5, rel=0.05)
    assert found["plasma"].value == pytest.approx(8 * found["plasma"].in_well)
    assert found["serum"].value / found["plasma"].value == pytest.approx(16.0)
    assert found["serum"].sd / found["plasma"].sd == pytest.approx(16.0)


@pytest.mark.parametrize(
    ("refers_to", "flags", "limits"),
    [
        # in the well: 20 and 40 stand for themselves, whatever the dilution; the limit grows with the dilution
        ("in_well", ["below_lloq", "ok", "below_lloq"], [30.0 * 8, np.nan, 30.0 * 128]),
        # in the sample: 20 x 8 = 160 and 20 x 128 = 2560 are far above a limit of 30
        ("in_sample", ["ok", "ok", "ok"], [np.nan, np.nan, np.nan]),
    ],
)
def test_declared_limit(refers_to: str, flags: list[str], limits: list[float]) -> None:
    limit = DeclaredLimit(value=30.0, refers_to=refers_to)  # type: ignore[arg-type]
    settings = replace(SETTINGS, lower_limit=limit)
    result = analysed(
        sample("a", 20.0, 20.5, dilution=8),
        sample("b", 40.0, 41.0, dilution=8),
        sample("c", 20.0, 20.5, dilution=128),
        settings=settings,
    )
    assert [one.flag for one in result.estimates] == flags
    np.testing.assert_array_equal([one.limit for one in result.estimates], limits)
    assert [one.censored for one in result.estimates] == ["left" if flag == "below_lloq" else "none" for flag in flags]
    assert all(np.isfinite(one.value) for one in result.estimates)  # an extrapolation is given, and marked


def test_a_limit_in_the_sample_is_not_multiplied() -> None:
    settings = replace(SETTINGS, lower_limit=DeclaredLimit(value=200.0, refers_to="in_sample"))
    (one,) = analysed(sample("a", 20.0, 20.5, dilution=8), settings=settings).estimates
    assert (one.flag, one.limit) == ("below_lloq", 200.0)


def test_out_of_range_is_censored_not_dropped() -> None:
    below = Content(role="sample", sample="below", readings=(0.02, 0.03), dilution=4)
    above = Content(role="sample", sample="above", readings=(3.9, 3.8), dilution=4)
    high = sample("high", 4000.0, 4100.0, dilution=4)
    result = analysed(below, above, high)
    found, limits = by_name(result), result.limits
    assert (found["below"].flag, found["below"].censored) == ("below_lloq", "left")
    assert found["below"].limit == pytest.approx(4 * limits.lower)
    for name in ("above", "high"):
        assert (found[name].flag, found[name].censored) == ("above_uloq", "right")
        assert found[name].limit == pytest.approx(4 * 1500.0)
    assert np.isnan(found["above"].value) and found["high"].value > 4 * 1500.0


@pytest.mark.parametrize(("rising", "flag"), [(True, "above_uloq"), (False, "below_lloq")])
def test_over_is_known_by_the_direction_of_the_curve(rising: bool, flag: str) -> None:
    truth = TRUTH if rising else Truth(zero=3.2, infinite=0.06)
    contents = [
        *standards(truth, np.random.default_rng(1), 0.01),
        Content(role="sample", sample="s", readings=(3.5, 3.3)),
    ]
    plate, layout = make_plate(contents)
    well = layout[-1].well
    read = replace(plate.reads[0], missing={well: "over"})
    result, _ = analyse_plate("P1", replace(plate, reads=(read,)), layout, "layout.tsv", SETTINGS)
    (one,) = result.estimates
    assert (one.flag, one.replicates) == (flag, 1)
    assert f"{well} over" in one.reason and np.isnan(one.value)


def test_a_sample_that_is_not_in_the_export_is_lost() -> None:
    """One or two wells were not read: lost. Many, or a standard: the layout of another plate."""
    plate, layout = plate_of(*(sample(f"s{index}", 100.0, 101.0) for index in range(20)))
    values = plate.reads[0].values.copy()
    last = [entry.well for entry in layout[-2:]]
    values[4, 6:8] = np.nan
    assert last == ["E7", "E8"]
    result, problems = analyse_plate(
        "P1", replace(plate, reads=(replace(plate.reads[0], values=values),)), layout, "layout.tsv", SETTINGS
    )
    assert result.estimates[-1].flag == "lost"
    assert [(one.severity, one.value) for one in problems if "another plate" in one.rule] == [("warning", "E7, E8")]


def test_lost_and_beyond_are_named() -> None:
    plate, layout = plate_of(sample("gone", 50.0, 50.0), sample("far", 50.0, 50.0))
    gone, far = [entry.well for entry in layout[-4:-2]], [entry.well for entry in layout[-2:]]
    read = replace(plate.reads[0], missing=dict.fromkeys(gone, "masked") | dict.fromkeys(far, "over"))
    result, problems = analyse_plate("P1", replace(plate, reads=(read,)), layout, "layout.tsv", SETTINGS)
    assert [one.flag for one in result.estimates] == ["lost", "above_uloq"]
    said = {problem.field: problem.rule for problem in problems}
    assert said["plate P1, sample far 1:1"] == "all replicates are out of the range of the reader"
    assert said["plate P1, sample gone 1:1"] == "no replicate has a reading"


def test_blanks_are_data_never_subtracted() -> None:
    contents = [one for one in standards(TRUTH, np.random.default_rng(1), 0.02) if one.nominal > 0]
    plate, layout = make_plate([*contents, Content(role="blank", readings=(0.058, 0.063))])
    counted, _ = analyse_plate("P1", plate, layout, "layout.tsv", SETTINGS)
    assert counted.curve.parameters["zero"] == pytest.approx(0.0605, abs=0.003)
    assert counted.levels[0].nominal == 0.0 and counted.levels[0].wells == 2
    apart, _ = analyse_plate("P1", plate, layout, "l", replace(SETTINGS, blanks_are_zero_standards=False))
    assert len(apart.curve.y) == 14 and len(counted.curve.y) == 16


def test_wavelength_correction() -> None:
    plate, layout = plate_of(sample("s", 100.0, 101.0))
    background = np.random.default_rng(2).uniform(0.03, 0.3, (8, 12))
    signal = plate.reads[0]
    reads = (
        replace(signal, values=signal.values + background),
        PlateRead(label="Label2", mode="Absorbance", wavelength_nm=540.0, values=background),
    )
    settings = replace(SETTINGS, wavelength_nm=450.0, reference_wavelength_nm=540.0)
    corrected, _ = analyse_plate("P1", replace(plate, reads=reads), layout, "l", settings)
    plain, _ = analyse_plate("P1", plate, layout, "l", SETTINGS)
    assert corrected.estimates[0].value == pytest.approx(plain.estimates[0].value, rel=1e-9)
    (problem,) = problems_of(replace(plate, reads=reads), layout)
    assert problem.rule == "the export holds several reads: say which one is the signal"
    (problem,) = problems_of(replace(plate, reads=reads), layout, replace(settings, reference_wavelength_nm=620.0))
    assert "620 nm is needed, 0 found" in problem.rule


def test_outliers_are_marked_and_left_out_only_when_declared() -> None:
    readings = (*density(100.0, 100.5, 99.5), density(180.0)[0])
    content = Content(role="sample", sample="s", readings=readings)
    kept = analysed(content)
    left = analysed(content, settings=replace(SETTINGS, exclude_outliers=True))
    for result, used in ((kept, True), (left, False)):
        (outlier,) = [well for well in result.wells if well.outlier]
        assert outlier.response == readings[-1] and outlier.used is used and outlier.deviation > 4
        assert outlier.well in result.estimates[0].reason
    assert kept.estimates[0].flag == "discordant" and kept.estimates[0].in_well > 110
    assert left.estimates[0].flag == "ok" and left.estimates[0].in_well == pytest.approx(100.0, rel=0.05)


def test_two_that_disagree_are_both_marked_and_widen_the_interval() -> None:
    calm, upset = analysed(sample("s", 100.0, 101.0)), analysed(sample("s", 60.0, 150.0))
    assert sum(well.outlier for well in upset.wells) == 2 and all(well.used for well in upset.wells)
    assert upset.estimates[0].flag == "discordant"
    assert upset.estimates[0].sd > 5 * calm.estimates[0].sd


def test_an_outlier_among_the_standards() -> None:
    plate, layout = plate_of(sample("s", 100.0, 101.0))
    values = plate.reads[0].values.copy()
    values[0, 4] *= 1.6
    spoilt = replace(plate, reads=(replace(plate.reads[0], values=values),))
    kept, _ = analyse_plate("P1", spoilt, layout, "l", SETTINGS)
    left, _ = analyse_plate("P1", spoilt, layout, "l", replace(SETTINGS, exclude_outliers=True))
    assert [well.well for well in kept.wells if well.outlier] == ["A5"] and len(kept.curve.y) == 16
    assert [well.well for well in left.wells if not well.used] == ["A5"] and len(left.curve.y) == 15
    assert left.curve.residual_variance < kept.curve.residual_variance / 10


def test_a_clean_plate_has_no_outliers() -> None:
    """At a limit of 4 SD one well in 16,000 is marked by chance; here 3 x 96 wells of pure noise."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        contents = standards(TRUTH, rng, 0.05)
        drawn = noisy(TRUTH.density(np.full((40, 2), 80.0)), rng, 0.05)
        contents += [
            Content(role="sample", sample=f"s{index}", readings=tuple(pair)) for index, pair in enumerate(drawn)
        ]
        result, _ = analyse_plate("P1", *make_plate(contents), "l", SETTINGS)
        assert not any(well.outlier for well in result.wells)


def test_high_cv_is_flagged_where_a_rule_is_declared() -> None:
    content = Content(role="sample", sample="s", readings=(0.50, 0.53))
    assert analysed(content).estimates[0].flag == "ok"
    flagged = analysed(content, settings=replace(SETTINGS, max_cv_percent=3.0)).estimates[0]
    assert flagged.flag == "high_cv"
    assert flagged.cv_percent == pytest.approx(100 * 0.03 / np.sqrt(2) / 0.515)


def test_linearity_and_parallelism() -> None:
    series = [sample("good", 800.0 / step, 800.0 / step, dilution=8 * step) for step in (1, 2, 4, 8)]
    bent = [sample("bent", 800.0 / step**0.7, 800.0 / step**0.7, dilution=8 * step) for step in (1, 2, 4, 8)]
    good, bad = analysed(*series, *bent).series
    assert good.n == 4 and good.cv_percent < 6
    assert good.slope == pytest.approx(1.0, abs=0.05) and good.slope_low < good.slope < good.slope_high
    assert bad.slope == pytest.approx(0.7, abs=0.05) and bad.cv_percent > 20


def test_limits_are_derived_from_recovery() -> None:
    plate, layout = plate_of()
    values = plate.reads[0].values.copy()
    values[1, :2] *= 1.35  # both wells of standard 23.4: its recovery leaves the band
    spoilt = replace(plate, reads=(replace(plate.reads[0], values=values),))
    result, _ = analyse_plate("P1", spoilt, layout, "l", SETTINGS)
    by_nominal = {level.nominal: level for level in result.levels}
    assert not by_nominal[23.4375].accepted and by_nominal[46.875].accepted
    assert result.limits.lower == 46.875 and result.limits.upper == 1500.0
    assert 0 < result.limits.detection < 23.4


def test_everything_wrong_is_told_at_once() -> None:
    plate, layout = plate_of(sample("s", 100.0, 101.0))
    other = [replace(entry, well="H12") if entry.well == "A1" else entry for entry in layout]
    other = [replace(entry, analyte="IL-6") if entry.well == "A2" else entry for entry in other]
    rules = [problem.rule for problem in problems_of(plate, tuple(other))]
    assert any("is it the layout of another plate?" in rule for rule in rules)
    assert "one plate measures one analyte" in rules


def no_standard(entry: LayoutWell) -> LayoutWell:
    return replace(entry, role="sample", sample="x") if entry.role == "standard" else entry


def one_level(entry: LayoutWell) -> LayoutWell:
    return replace(entry, nominal=1500.0) if entry.nominal < 1500 else entry


def two_swapped(entry: LayoutWell) -> LayoutWell:
    return replace(entry, nominal={750.0: 46.875, 46.875: 750.0}.get(entry.nominal, entry.nominal))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (no_standard, "standards are missing"),
        (one_level, "at least 5 concentrations"),
        (two_swapped, "responses of the standards must rise or fall throughout"),
    ],
)
def test_wrong_standards_are_named(change: Callable[[LayoutWell], LayoutWell], rule: str) -> None:
    plate, layout = plate_of(sample("s", 100.0, 101.0))
    found = problems_of(plate, tuple(change(entry) for entry in layout))
    assert any(rule in problem.rule for problem in found)
    assert all(problem.file == "layout.tsv" and problem.remedy for problem in found)


@pytest.mark.parametrize(("wells", "inside"), [(("A1", "A2"), False), (("A7", "A8"), True)])
def test_a_standard_without_a_reading(wells: tuple[str, str], inside: bool) -> None:
    """The top standard reads OVER: the curve does without it, and what lies above the next one is censored there.
    Between others that were read OVER makes no sense: wells are swapped."""
    plate, layout = plate_of(sample("s", 100.0, 101.0))
    lost = replace(plate, reads=(replace(plate.reads[0], missing=dict.fromkeys(wells, "over")),))
    if inside:
        assert any("only the outermost standards" in one.rule for one in problems_of(lost, layout))
        return
    result, problems = analyse_plate("P1", lost, layout, "layout.tsv", SETTINGS)
    assert "fitted without 1500" in problems[0].rule and problems[0].value == "A1 over, A2 over"
    assert result.limits.upper <= 750.0 and 1500.0 not in result.curve.x


def test_readings_below_zero_are_no_plate() -> None:
    """Signal and reference were exchanged: the mirrored curve would be fitted just as well."""
    plate, layout = plate_of(sample("s", 100.0, 101.0))
    turned = replace(plate, reads=(replace(plate.reads[0], values=-plate.reads[0].values),))
    assert any("must lie above zero" in one.rule for one in problems_of(turned, layout))


def test_noise_in_the_order_of_the_lowest_standards_is_no_error() -> None:
    for seed in range(20):
        result, problems = analyse_plate("P1", *plate_of(cv=0.08, seed=seed), "l", SETTINGS)
        assert len(result.levels) == len(STANDARDS) and not problems
