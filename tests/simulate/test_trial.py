"""The truth of a simulated trial: what is planted is there, whatever the seed; what is impossible is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.simulate.effects import Effects, Losses, Population, reference_effects
from pharmrs.simulate.trial import draw_trial, pairs, sequences
from pharmrs.simulate.trial_records import Trial, TrialSettings
from pharmrs.trial.records.declared_design import Design

CROSSOVER = Design(kind="crossover", treatments=("placebo", "S-ketamine"))
PARALLEL = Design(kind="parallel", treatments=("placebo", "S-ketamine"))
LIMIT = 187.5


def trial(participants: int, design: Design = CROSSOVER, seed: int = 1, effects: Effects | None = None) -> Trial:
    return draw_trial(TrialSettings(design=design, participants=participants, seed=seed, effects=effects))


@pytest.fixture(scope="module")
def large() -> Trial:
    return trial(3000)


def changes(data: Trial, treatment: str) -> tuple[np.ndarray, np.ndarray]:
    """ln ratios of metabolite and biomarker, hour of day taken out as it was put in."""
    per_hour = data.settings.planted.population.biomarker_per_hour
    both = [
        (
            np.log(after.metabolite_mm / before.metabolite_mm),
            np.log(after.biomarker / before.biomarker) - per_hour * (after.clock_time_h - before.clock_time_h),
        )
        for before, after in pairs(data)
        if before.treatment == treatment
    ]
    x, y = np.array(both).T
    return x, y


def test_planted_coupling_is_in_the_data(large: Trial) -> None:
    """Least squares on 3000 pairs: slope SE = 0.25 / (sqrt(3000) x SD of x), so 0.038 and 0.026; 4 SE allowed."""
    for treatment, slope, change, sd, tolerance in (
        ("placebo", -0.330, 0.045, 0.12, 0.16),
        ("S-ketamine", 0.675, 0.08, 0.175, 0.11),
    ):
        x, y = changes(large, treatment)
        fitted, at_mean = np.polyfit(x - change, y, 1)
        assert fitted == pytest.approx(slope, abs=tolerance)
        assert x.mean() == pytest.approx(change, abs=4 * sd / np.sqrt(len(x)))
        assert x.std() == pytest.approx(sd, rel=0.06)
        assert np.std(y - np.polyval((fitted, at_mean), x - change)) == pytest.approx(0.178 * np.sqrt(2), rel=0.06)
    effects = large.settings.planted
    assert effects.interaction("S-ketamine", "placebo") == pytest.approx(1.005)


def test_ketamine_lets_the_biomarker_fall(large: Trial) -> None:
    for treatment, fall in (("placebo", -0.063), ("S-ketamine", -0.133)):
        assert changes(large, treatment)[1].mean() == pytest.approx(fall, abs=0.02)


def test_share_below_the_limit_is_that_of_the_reference_study(large: Trial) -> None:
    """31 of 210 samples; 12000 samples of 3000 people: SE about 0.006 with people as clusters."""
    below = np.mean([visit.biomarker < LIMIT for visit in large.visits])
    assert below == pytest.approx(31 / 210, abs=0.02)


def test_people_and_losses(large: Trial) -> None:
    counts = {
        name: sum(one.genotype == name for one in large.participants) for name in ("Val/Val", "Val/Met", "Met/Met")
    }
    assert [count / 3000 for count in counts.values()] == pytest.approx([24 / 35, 9 / 35, 2 / 35], abs=0.035)
    assert {one.sex for one in large.participants} == {"M"}
    ages = np.array([one.age_years for one in large.participants])
    assert ages.min() >= 18 and ages.mean() == pytest.approx(25.1, abs=0.8)
    assert np.mean([not visit.has_scan for visit in large.visits]) == pytest.approx(0.03, abs=0.007)
    assert np.mean([visit.bad_scan for visit in large.visits]) == pytest.approx(0.035, abs=0.007)
    for visit in large.visits:
        assert visit.gray_matter + visit.white_matter + visit.csf == pytest.approx(1.0)
        assert min(visit.gray_matter, visit.white_matter, visit.csf) > 0
        assert 8.25 <= visit.clock_time_h <= 19.6


@pytest.mark.parametrize("participants", [1, 2, 7, 35, 36])
def test_groups_are_balanced(participants: int) -> None:
    for design in (CROSSOVER, PARALLEL):
        data = trial(participants, design)
        counts = [sum(one.sequence == order for one in data.participants) for order in sequences(design)]
        assert sum(counts) == participants and max(counts) - min(counts) <= 2


def test_visits_of_a_crossover_and_of_parallel_groups() -> None:
    visits = trial(1).visits
    assert [(one.session, one.period, one.time_point) for one in visits] == [
        ("1", 1, "baseline"),
        ("2", 1, "follow_up"),
        ("3", 2, "baseline"),
        ("4", 2, "follow_up"),
    ]
    assert [one.day for one in visits] == [0, 1, 21, 22]
    assert {one.treatment for one in visits} == {"placebo", "S-ketamine"}
    assert len(trial(5, PARALLEL).visits) == 10


def test_three_treatments_make_a_latin_square() -> None:
    design = Design(kind="crossover", treatments=("a", "b", "c"))
    orders = sequences(design)
    assert all({order[period] for order in orders} == {"a", "b", "c"} for period in range(3))
    assert len(trial(3, design).visits) == 18


def test_a_larger_trial_begins_with_the_same_people() -> None:
    few, many = trial(4), trial(9)
    assert many.visits[: len(few.visits)] == few.visits
    assert trial(4, seed=2).visits != few.visits


def test_period_allele_and_carry_over_effects_are_planted() -> None:
    """Differences of means over 4000 people; SDs below 0.6, so SE below 0.02."""
    population = Population(period_effect=0.3, carry_over=0.5, biomarker_per_allele=0.2, biomarker_person_sd=0.0)
    base = reference_effects(CROSSOVER.treatments)
    active = replace(base.treatments["S-ketamine"], biomarker_change=-0.8)
    effects = replace(base, population=population, treatments={**base.treatments, "S-ketamine": active})
    data = trial(4000, effects=effects)

    def mean(**wanted: object) -> float:
        chosen = [
            np.log(one.biomarker)
            for one in data.visits
            if one.time_point == "baseline" and all(getattr(one, key) == value for key, value in wanted.items())
        ]
        return float(np.mean(chosen))

    assert mean(period=2, treatment="S-ketamine") - mean(period=1) == pytest.approx(0.3 + 0.5 * -0.063, abs=0.03)
    assert mean(period=2, treatment="placebo") - mean(period=1) == pytest.approx(0.3 + 0.5 * -0.8, abs=0.03)
    rise = {
        name: np.mean([np.log(b.biomarker / a.biomarker) for a, b in pairs(data) if a.participant.genotype == name])
        for name in ("Val/Val", "Met/Met")
    }
    assert rise["Met/Met"] - rise["Val/Val"] == pytest.approx(0.4, abs=0.12)  # about 230 carriers, SD 0.5


@pytest.mark.parametrize("participants", [0, -3, 10000])
def test_impossible_numbers_of_people(participants: int) -> None:
    with pytest.raises(InputError, match="participants: must be 1 to 9999"):
        trial(participants)


def test_everything_wrong_is_told_at_once() -> None:
    effects = replace(
        reference_effects(("placebo", "other")),
        population=Population(
            female_share=2.0,
            biomarker_visit_sd=-1.0,
            metabolite_mm=0.0,
            sampling_hours=(19.0, 8.0),
            genotypes={"A/A": 0.5},
        ),
        losses=Losses(lost_scans=-0.1),
    )
    spoilt = replace(effects.treatments["other"], slope=float("nan"), metabolite_sd=-1.0)
    effects = replace(effects, treatments={**effects.treatments, "other": spoilt})
    with pytest.raises(InputError) as raised:
        trial(-1, seed=-2, effects=effects)
    assert {problem.field for problem in raised.value.problems} == {
        "participants",
        "seed",
        "effects.treatments",
        "effects.other.metabolite_sd",
        "effects.other.slope",
        "losses.lost_scans",
        "population.female_share",
        "population.biomarker_visit_sd",
        "population.metabolite_mm",
        "population.sampling_hours",
        "population.genotypes",
    }
    assert all(problem.remedy for problem in raised.value.problems)
