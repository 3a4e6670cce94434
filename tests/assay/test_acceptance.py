"""Acceptance: a bad plate never passes as good, a good one is not thrown away, and what is rejected is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pharmrs.assay.records.acceptance import AcceptanceCheck, AcceptanceRules, RuleName
from pharmrs.assay.records.plate import LayoutWell, Plate, PlateRead, Role, well_name
from pharmrs.assay.records.results import AssayStudy, PlateResult
from pharmrs.assay.records.settings import AssaySettings, DeclaredLimit
from pharmrs.assay.report.acceptance_view import acceptance_view, verdict_view
from pharmrs.assay.report.tables import write_assay_tables
from pharmrs.assay.science.analyse import PlateRefused, analyse_plate
from pharmrs.assay.stage.plates import put_together
from pharmrs.core.errors import InputError

from .plates import Content, Floats, Truth, make_plate, noisy, standards

TRUTH = Truth()
SETTINGS = AssaySettings(bootstrap_draws=0, unit="pg/mL")


def content(role: Role, name: str, x: float, rng: np.random.Generator | None = None, **more: float) -> Content:
    density = TRUTH.density(np.array([x, x])) * more.pop("gain", 1.0)
    readings = density if rng is None else noisy(density, rng, 0.02)
    return Content(role=role, sample=name, readings=tuple(map(float, readings)), **more)


def analysed(*contents: Content, name: str = "P", seed: int = 1, settings: AssaySettings = SETTINGS) -> PlateResult:
    plate, layout = make_plate([*standards(TRUTH, np.random.default_rng(seed), 0.02), *contents], name)
    return analyse_plate(name, plate, layout, "layout.tsv", settings)[0]


def found(plate: PlateResult, rule: RuleName) -> AcceptanceCheck:
    (check,) = [one for one in plate.checks if one.rule == rule]
    return check


def flags(study: AssayStudy) -> dict[str, str]:
    return {one.sample: one.flag for one in study.concentrations}


def random_plate(rng: np.random.Generator, *, alive: bool) -> tuple[Plate, list[LayoutWell]]:
    """Six to eight levels in duplicate and six samples; four or five parameters, CV 3-8 % (dead: 2-10 %)."""
    top, fold = 10 ** rng.uniform(0, 4), rng.uniform(2.0, 3.0)
    levels = [*(top * fold ** -np.arange(rng.integers(5, 8))), 0.0]
    zero, infinite, midpoint = rng.uniform(0.04, 0.12), rng.uniform(2, 4), top * rng.uniform(0.15, 0.8)
    slope, asymmetry = rng.uniform(0.8, 1.6), rng.choice([1.0, rng.uniform(0.5, 2.0)])
    samples = np.exp(rng.uniform(np.log(levels[-2]), np.log(top), 6))
    x = np.repeat([*levels, *samples], 2)
    y: Floats = infinite + (zero - infinite) / (1 + (x / midpoint) ** slope) ** asymmetry if alive else 0 * x + zero
    y = y * (1 + rng.uniform(*((0.03, 0.08) if alive else (0.02, 0.10))) * rng.standard_normal(len(x)))
    values = np.full((8, 12), np.nan)
    values.ravel()[: len(x)] = y
    layout = [
        LayoutWell(
            plate="P", well=well_name(*divmod(place, 12)), role="standard" if place < 2 * len(levels) else "sample",
            sample="" if place < 2 * len(levels) else f"s{place // 2}",
            nominal=float(x[place]) if place < 2 * len(levels) else float("nan"), dilution=1.0,
        )
        for place in range(len(x))
    ]  # fmt: skip
    read = PlateRead(label="OD", mode="", wavelength_nm=None, values=values)
    return Plate(source="x", names=("P",), instrument="any", reads=(read,)), layout


def test_no_dead_plate_gives_a_value() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        with pytest.raises(PlateRefused) as caught:
            analyse_plate("P", *random_plate(rng, alive=False), "layout", SETTINGS)
        study = put_together([], [caught.value.plate], SETTINGS)
        assert set(flags(study).values()) == {"rejected"} and len(study.concentrations) == 6
        assert all(np.isnan(one.value) and "must follow" in one.reason for one in study.concentrations)


@pytest.mark.parametrize(
    ("plates", "seed"), [(12, 2), pytest.param(500, 3, marks=pytest.mark.long)], ids=["some", "500"]
)
def test_good_plates_are_kept(plates: int, seed: int) -> None:
    rng, out = np.random.default_rng(seed), 0
    for _ in range(plates):
        try:
            result, _ = analyse_plate("P", *random_plate(rng, alive=True), "layout", SETTINGS)
        except InputError:
            out += 1
        else:
            out += bool(result.rejected)
    assert out <= 0.01 * plates


def four_plates(gain: float, settings: AssaySettings = SETTINGS) -> AssayStudy:
    """Three right plates, and one whose controls and samples read `gain` of what they should."""
    results = []
    for number in range(4):
        rng = np.random.default_rng(10 + number)
        amount = gain if number == 2 else 1.0
        controls = [content("control", f"QC{x:g}", x * amount, rng, nominal=x) for x in (50.0, 150.0, 400.0)]
        samples = [content("sample", f"sub-{number}{k}_ses-1", (60.0 + 40 * k) * amount, rng) for k in range(4)]
        results.append(analysed(*controls, *samples, name=f"P{number}", seed=number, settings=settings))
    return put_together(results, [], settings)


def test_controls_that_read_half_take_their_plate_out(tmp_path: Path) -> None:
    study = four_plates(0.5)
    assert [bool(plate.rejected) for plate in study.plates] == [False, False, True, False]
    assert found(study.plates[2], "controls").verdict == "failed"
    assert found(study.plates[2], "westgard").verdict == "failed"
    assert [name for name, flag in flags(study).items() if flag == "rejected"] == [f"sub-2{k}_ses-1" for k in range(4)]
    for one in study.concentrations:
        assert np.isnan(one.value) == (one.flag == "rejected") and bool(one.reason) == (one.flag == "rejected")
    lost = {one.sample: one.value for one in study.rejected}  # for the result without the rule
    assert set(lost) == {f"sub-2{k}_ses-1" for k in range(4)} and lost["sub-20_ses-1"] == pytest.approx(30.0, rel=0.1)
    view = verdict_view(study)
    assert view.bad and "1 of 4 plates rejected" in view.text and "4 samples" in view.text
    assert len(view.reasons) == 1 and view.reasons[0].startswith("P2: ")
    assert [row[1].text for row in acceptance_view(study).rows] == ["accepted", "accepted", "rejected", "accepted"]
    names = {path.name for path in write_assay_tables(tmp_path, study)}
    assert {"assay_rejected.tsv", "assay_acceptance.tsv"} <= names


def test_a_study_may_declare_otherwise() -> None:
    report = replace(SETTINGS, acceptance=AcceptanceRules(action="report"))
    study = four_plates(0.5, report)
    assert not any(plate.rejected for plate in study.plates) and set(flags(study).values()) == {"ok"}
    assert found(study.plates[2], "controls").verdict == "failed"  # it is still said
    lenient = replace(SETTINGS, acceptance=AcceptanceRules(control_percent=60.0, westgard=()))
    assert not any(plate.rejected for plate in four_plates(0.5, lenient).plates)


@pytest.mark.parametrize(
    ("recoveries", "accepted"),
    [
        ((1.0, 1.0, 1.0, 1.0, 1.0, 1.0), True),
        ((1.0, 1.3, 1.0, 1.3, 1.0, 1.0), True),  # 4 of 6, one of each level
        ((1.3, 1.3, 1.0, 1.0, 1.0, 1.0), False),  # 4 of 6, but none of the first level
        ((1.0, 1.3, 1.0, 1.3, 1.0, 1.3), False),  # half of each level, half of all
        ((1.22, 1.22, 1.0, 1.0, 1.0, 1.0), True),  # 25 % are allowed at the limit of quantification
    ],
)
def test_two_thirds_of_all_and_half_of_each(recoveries: tuple[float, ...], accepted: bool) -> None:
    """By hand: controls at the lowest standard, in the middle, and high, two wells each."""
    levels = (23.4375, 150.0, 700.0)
    controls = [
        Content(
            role="control", sample=f"QC{place}", nominal=level,
            readings=tuple(float(TRUTH.density(np.array([level * share]))[0]) for share in pair),
        )
        for place, level in enumerate(levels)
        for pair in [recoveries[2 * place : 2 * place + 2]]
    ]  # fmt: skip
    plate, layout = make_plate([*standards(TRUTH, np.random.default_rng(1), 1e-4), *controls])
    result, _ = analyse_plate("P", plate, layout, "layout", SETTINGS)
    assert (found(result, "controls").verdict == "met") is accepted


def test_without_controls_accuracy_is_not_judged() -> None:
    study = put_together([analysed(content("sample", "s", 100.0))], [], SETTINGS)
    assert found(study.plates[0], "controls").verdict == "not judged" and not study.plates[0].rejected
    assert "not judged" in verdict_view(study).text


def test_standards_that_do_not_read_back_reject_the_plate() -> None:
    """Every second dilution step was skipped: two neighbouring standards hold nearly the same."""
    held = {
        1500.0: 1500.0,
        750.0: 1400.0,
        375.0: 375.0,
        187.5: 350.0,
        93.75: 93.75,
        46.875: 87.0,
        23.4375: 23.4,
        0.0: 0.0,
    }
    crooked = [
        Content(role="standard", nominal=nominal, readings=tuple(TRUTH.density(np.array([x * 1.005, x * 0.995]))))
        for nominal, x in held.items()
    ]
    plate, layout = make_plate([*crooked, content("sample", "s", 100.0)])
    result, _ = analyse_plate("P", plate, layout, "layout", SETTINGS)
    assert found(result, "calibrators").verdict == "failed" and result.rejected
    assert found(result, "lack_of_fit").verdict == "noted"


def test_too_few_levels_reject_the_plate() -> None:
    kept = [one for one in standards(TRUTH, np.random.default_rng(1), 0.02) if one.nominal not in (750.0, 46.875, 0.0)]
    plate, layout = make_plate([*kept, content("sample", "s", 100.0)])
    assert "concentrations" in analyse_plate("P", plate, layout, "layout", SETTINGS)[0].rejected


@pytest.mark.parametrize("zero", [True, False])
@pytest.mark.parametrize("ratio", [0.4, 1.0])
def test_a_reagent_blank_is_not_concentration_zero(zero: bool, ratio: float) -> None:
    """The blank reads `ratio` of the zero response; results stay within 5 % of the truth either way."""
    truth = Truth(zero=0.11)
    given = standards(truth, np.random.default_rng(3), 0.01)
    blank = Content(role="blank", readings=(0.1105 * ratio, 0.1095 * ratio))
    samples = [
        Content(role="sample", sample=f"{x}", readings=tuple(map(float, truth.density(np.array([x * 1.01, x / 1.01])))))
        for x in (30.0, 60.0, 300.0)
    ]
    plate, layout = make_plate([*(given if zero else given[:-1]), blank, *samples])
    result, _ = analyse_plate("P", plate, layout, "layout", SETTINGS)
    assert found(result, "blank").verdict == ("met" if ratio == 1.0 else "noted")
    for one in result.estimates:
        assert one.value == pytest.approx(float(one.sample), rel=0.05)


@pytest.mark.parametrize("refers_to", ["in_well", "in_sample"])
def test_limits_in_another_unit_are_an_error(refers_to: str) -> None:
    """Standards in ng/mL (up to 1.5), a limit meant in pg/mL: no well can lie between."""
    small = [replace(one, nominal=one.nominal / 1000) for one in standards(TRUTH, np.random.default_rng(1), 0.02)]
    plate, layout = make_plate([*small, content("sample", "s", 100.0, dilution=8)])
    limit = DeclaredLimit(value=187.5 if refers_to == "in_sample" else 23.4, refers_to=refers_to)  # type: ignore[arg-type]
    with pytest.raises(InputError) as caught:
        analyse_plate("P", plate, layout, "layout", replace(SETTINGS, lower_limit=limit))
    (problem,) = [one for one in caught.value.problems if one.severity == "error"]
    assert "lower limit" in problem.value and "upper limit" in problem.value and "pg/mL" in problem.value


def test_replicates_and_dilutions_that_disagree_do_not_count() -> None:
    apart = Content(role="sample", sample="apart", readings=(0.5, 0.9))
    crooked = [content("sample", "crooked", x, dilution=d) for x, d in ((300.0, 1.0), (300.0, 2.0), (300.0, 4.0))]
    even = [content("sample", "even", 400.0 / d, dilution=d) for d in (1.0, 2.0, 4.0)]
    settings = replace(SETTINGS, max_cv_percent=20.0, outlier_limit=30.0)
    study = put_together([analysed(apart, *crooked, *even, settings=settings)], [], settings)
    assert flags(study) == {"apart": "rejected", "crooked": "rejected", "even": "ok"}
    assert not study.plates[0].rejected
    reasons = {one.sample: one.reason for one in study.concentrations}
    assert "CV" in reasons["apart"] and "dilutions differ" in reasons["crooked"]


def test_a_hook_is_seen_and_the_stronger_dilution_counts() -> None:
    """1:10 reads less than 1:100: both antibodies are saturated."""
    study = put_together(
        [analysed(content("sample", "hook", 60.0, dilution=10), content("sample", "hook", 300.0, dilution=100))],
        [], SETTINGS,
    )  # fmt: skip
    assert found(study.plates[0], "hook").verdict == "noted"
    (one,) = study.concentrations
    assert one.dilution == "100" and one.value == pytest.approx(30000, rel=0.05)


def test_spikes_are_read_beside_their_sample() -> None:
    """100 added to 50 and 148 found: 98 %; 60 found of 100 added: 60 %."""
    plate = analysed(
        content("sample", "a", 50.0), content("spike", "a", 148.0, nominal=100.0),
        content("sample", "b", 50.0), content("spike", "b", 110.0, nominal=100.0),
    )  # fmt: skip
    recovery = {one.sample: one.recovery_percent for one in plate.estimates if one.role == "spike"}
    assert recovery["a"] == pytest.approx(98.0, abs=4.0) and recovery["b"] == pytest.approx(60.0, abs=4.0)
    assert found(plate, "spike_recovery").verdict == "noted"
    assert {one.sample for one in put_together([plate], [], SETTINGS).concentrations} == {"a", "b"}


def test_edge_and_drift_are_told_from_chance() -> None:
    """Replicates in different places of the plate; the edge reads 15 % less, or nothing happens."""
    rng = np.random.default_rng(6)
    for effect, verdict in ((0.85, "noted"), (1.0, "met")):
        plate, layout = make_plate(
            [*standards(TRUTH, rng, 0.02), *(content("sample", f"s{k}", 40.0 + 20 * k, rng) for k in range(30))]
        )
        values = plate.reads[0].values.copy()
        order = rng.permutation(len(layout))  # replicates lie anywhere
        mixed = np.full((8, 12), np.nan)
        wells = []
        for place, entry in zip(order, layout, strict=True):
            position = divmod(int(place), 12)
            edge = position[0] in (0, 7) or position[1] in (0, 11)
            old = divmod(entry.line - 2, 12)
            mixed[position] = values[old] * (effect if edge else 1.0)
            wells.append(replace(entry, well=well_name(*position)))
        read = replace(plate.reads[0], values=mixed)
        result, _ = analyse_plate("P", replace(plate, reads=(read,)), wells, "layout", SETTINGS)
        assert found(result, "edge").verdict == verdict


@pytest.mark.parametrize("growth", [0.4, 0.0])
def test_a_drift_is_told_over_the_whole_plate(growth: float) -> None:
    """Duplicates side by side differ by a tenth of what the first and the last column do; what the layout cannot tell
    is named."""
    rng = np.random.default_rng(2)
    plate, layout = make_plate(
        [*standards(TRUTH, rng, 0.02), *(content("sample", f"s{k}", 40.0 + 20 * k, rng) for k in range(40))]
    )
    read = replace(plate.reads[0], values=plate.reads[0].values * (1 + growth * np.arange(12) / 11))
    check = found(analyse_plate("P", replace(plate, reads=(read,)), layout, "layout", SETTINGS)[0], "drift")
    assert check.verdict == ("noted" if growth else "met")
    assert "first to the last row nothing can be said" in check.found
    # of the mean reading; 48 pairs of CV 2 % know it to 0.02 sqrt(2 / 48) x 11 columns = 4.5 %
    assert int(check.found.split(" %")[0]) == pytest.approx(100 * growth / (1 + growth / 2), abs=9)


def test_samples_measured_again() -> None:
    first = [content("sample", f"s{k}", 100.0 + 10 * k) for k in range(6)]
    second = [content("sample", f"s{k}", (100.0 + 10 * k) * (2.0 if k < 3 else 1.05)) for k in range(6)]
    study = put_together([analysed(*first, name="P"), analysed(*second, name="Q", seed=2)], [], SETTINGS)
    (check,) = study.checks
    assert check.rule == "reanalysis" and check.verdict == "noted" and check.found.startswith("3 of 6")
