"""Trials that are too small, exact or contradictory to tell: said in words, and never the end of the other models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.trial.chain.reference_chain import reference_chain
from pharmrs.trial.chain.what_data_allow import FEWEST_CHECKED, says_nothing, unequal_scatter
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.models.registry import MODELS
from pharmrs.trial.power.trial_model import draw_trial
from pharmrs.trial.read.observations import read_observations
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.observations import Observation, ObservationTable
from pharmrs.trial.report.printed import printed_tables
from pharmrs.trial.report.results_text import model_paragraphs
from pharmrs.trial.report.statistics_text import covers_zero
from tests.trial.random_trials import POINTS, TRUTH, random_rows, table_of

LOG = AnalysisPlan(time_adjustment="none", biomarker_transform="log", biomarker_change="difference",
                   metabolite_change="log_ratio")  # fmt: skip
QUICK = tuple(name for name in MODELS if name not in ("multiverse", "median", "bootstrap", "joint_bayes"))
DESIGN = Design(kind="crossover", treatments=("placebo", "drug"), baseline="before", follow_up="after")


@pytest.mark.parametrize("people", [2, 3, 4, 5, 7])
@pytest.mark.parametrize("kind", ["crossover", "parallel"])
def test_few_people_end_no_model_in_a_fault_and_are_told(people: int, kind: str) -> None:
    table = table_of(random_rows(people, subjects=people, missing=0.0, kind=kind), kind)
    result = analyse(table, replace(LOG, models=QUICK))
    assert [one.reason for one in result.models if "fault" in one.reason] == []
    if result.chain.model is not None:
        assert any(f"{people} participants are analysed" in note for note in result.chain.notes)


def test_enough_people_are_not_called_few() -> None:
    table = draw_trial(TRUTH, FEWEST_CHECKED, np.random.default_rng(3))
    assert not any("are analysed" in note for note in reference_chain(table, LOG).notes)


def test_one_arm_has_no_spread_to_compare() -> None:
    rows = [row for row in random_rows(4, missing=0.0) if row.treatment == "drug"]
    table = ObservationTable.of(rows, kind="single_arm", treatments=["drug"], baseline=POINTS[0], follow_up=POINTS[1])
    (ranks,) = analyse(table, replace(LOG, models=("ranks",))).models
    assert not ranks.reason
    assert "levene" not in [one.family for one in ranks.tests]


def test_a_biomarker_computed_from_the_metabolite_has_no_correlation_to_test() -> None:
    rows = [replace(row, biomarker=40 * row.metabolite) for row in random_rows(5, missing=0.0)]
    (found,) = analyse(table_of(rows), replace(LOG, models=("within_correlation",))).models
    assert "proportional" in found.reason


def test_an_interval_that_holds_every_difference_is_said_to_tell_nothing() -> None:
    """A slope lies between -s and s, s = SD of the biomarker's change over that of the metabolite's, by hand."""
    table = table_of(random_rows(7, subjects=20, missing=0.0))
    chain = reference_chain(table, LOG)
    assert chain.model is not None and chain.changes is not None
    (one,) = chain.model.hypothesis
    most = 0.0
    for name in table.treatments:
        rows = chain.changes.where(chain.changes.of_treatment(name))
        most += float(np.std(rows.change_biomarker, ddof=1) / np.std(rows.change_metabolite, ddof=1))
    just_inside = replace(one, ci_low=-most * 1.001, ci_high=most * 1.001)
    assert says_nothing([just_inside], chain.changes) != ()
    assert says_nothing([replace(just_inside, ci_high=most * 0.999)], chain.changes) == ()
    assert says_nothing([replace(just_inside, hypothesis=False)], chain.changes) == ()


def test_unequal_scatter_is_the_ratio_of_residual_sds_by_hand() -> None:
    """Two arms of five pairs on x = -2..2: residuals (1, -2, 0, 2, -1) and ten times that are orthogonal to 1 and x."""
    x, rest = np.arange(-2.0, 3.0), np.array([1.0, -2.0, 0.0, 2.0, -1.0])
    rest -= np.polyval(np.polyfit(x, rest, 1), x)
    # twice the SE of the logarithm of the ratio, 2 sqrt(1 / (2 x 3) + 1 / (2 x 3)): ratios from exp(1.1547) = 3.173 on
    said_from = "times as much about its line under drug as under placebo"
    for factor, said in ((10.0, f"10 {said_from}"), (3.2, f"3.2 {said_from}"), (3.15, "")):
        rows = []
        for k in range(5):
            for arm, period, scale, slope in (("placebo", 1, 1.0, 2.0), ("drug", 2, factor, -3.0)):
                change = slope * x[k] + scale * rest[k]
                for point, sign in zip(POINTS, (0.0, 1.0), strict=True):
                    rows.append(
                        Observation(subject=f"{k}", period=period, treatment=arm, time_point=point,
                                    metabolite=float(np.exp(sign * x[k])), biomarker=float(np.exp(sign * change)))
                    )  # fmt: skip
        chain = reference_chain(table_of(rows), LOG)
        assert chain.changes is not None
        assert said in unequal_scatter(chain.changes) if said else unequal_scatter(chain.changes) == ""
        assert any("in 5.6 % of trials" in note for note in chain.notes) == bool(said)


def test_one_pair_far_off_is_no_unequal_scatter() -> None:
    """A single value at -1 has a warning of its own (the pair that weighs more than all others)."""
    chain = reference_chain(draw_trial(TRUTH, 20, np.random.default_rng(4)), LOG)
    assert chain.changes is not None
    calm = replace(
        chain.changes,
        change_biomarker=np.where(np.arange(len(chain.changes)) == 3, -9.0, chain.changes.change_biomarker),
    )
    assert unequal_scatter(calm) == ""


def test_equal_scatter_is_seldom_called_unequal() -> None:
    """Twice the SE of the log ratio: 5 % by chance where both scatters are equal, less for what 1.3 adds."""
    called = sum(
        bool(unequal_scatter(reference_chain(draw_trial(TRUTH, 40, np.random.default_rng([5, k])), LOG).changes))  # type: ignore[arg-type]
        for k in range(40)
    )
    assert called <= 7


def test_the_main_model_says_when_one_arm_is_measured_less_reliably() -> None:
    truth = replace(TRUTH, metabolite_change_sds=(0.05, 0.25), metabolite_error_sd=0.03)
    unequal = reference_chain(draw_trial(truth, 60, np.random.default_rng(1)), LOG)
    assert any("takes the change for exact" in note for note in unequal.notes)
    equal = reference_chain(draw_trial(TRUTH, 60, np.random.default_rng(1)), LOG)
    assert not any("takes the change for exact" in note for note in equal.notes)


def test_an_arm_without_scatter_is_told() -> None:
    rows = [replace(row, biomarker=400.0) if row.treatment == "placebo" else row for row in random_rows(8, missing=0.0)]
    chain = reference_chain(table_of(rows), LOG)
    assert any("the same in all 14 pairs under placebo" in note for note in chain.notes)


def test_both_slopes_are_shown_not_the_first_alone() -> None:
    result = analyse(table_of(random_rows(9, missing=0.0)), replace(LOG, models=("slopes",)))
    (text,) = model_paragraphs(result)
    assert "slope under placebo" in text and "slope under drug" in text
    table = next(one for one in printed_tables(result) if one.title == "The interaction in every model")
    assert sum(row[2].startswith("slope under") for row in table.rows) == 2


def test_the_level_of_every_printed_interval_is_the_declared_one() -> None:
    result = analyse(table_of(random_rows(9, missing=0.0)), replace(LOG, alpha=0.2, models=("ranks", "leave_one_out")))
    for table in printed_tables(result):
        assert not any("95" in column or column == "interval" for column in table.columns)
    tests = next(one for one in printed_tables(result) if one.title == "Tests of the other models")
    assert "80 % CI" in tests.columns
    assert all("(range)" in row[4] for row in tests.rows if "left out" in row[0])
    chain = result.chain
    assert chain.model is not None
    (one,) = chain.model.hypothesis
    bare = replace(one, ci_low=float("nan"), ci_high=float("nan"), p=0.1)
    assert covers_zero(bare, 0.05) and not covers_zero(bare, 0.2)


def test_small_joint_models_are_refused_not_printed() -> None:
    """8 people: 64 values for 35 parameters gave −288 to 133, or p = 1 where the search had not found the maximum."""
    table = draw_trial(TRUTH, 8, np.random.default_rng(2))
    (found,) = analyse(table, replace(LOG, models=("joint",))).models
    assert "values for" in found.reason


def written(tmp_path: Path, **changed: object) -> Path:
    """A crossover of six as a file; `changed`: columns of the first participant."""
    head = ["subject", "sequence", "period", "treatment", "time_point", "metabolite", "biomarker",
            "biomarker_censored", "biomarker_limit"]  # fmt: skip
    lines = ["\t".join(head)]
    for row in sorted(random_rows(3, subjects=6, missing=0.0), key=lambda row: row.subject):
        cells: dict[str, object] = {name: getattr(row, name) for name in head} | {"biomarker_limit": "n/a"}
        cells |= changed if row.subject == "sub-00" else {}
        lines.append("\t".join(str(cells[name]) for name in head))
    path = tmp_path / "observations.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


def problems(path: Path) -> str:
    with pytest.raises(InputError) as told:
        read_observations(path, DESIGN, LOG)
    return "\n".join(map(str, told.value.problems))


@pytest.mark.parametrize("sequence", ["drug/drug", "placebo - placebo", "drug, drug"])
def test_a_sequence_that_spells_other_treatments_than_the_periods_is_an_error(tmp_path: Path, sequence: str) -> None:
    assert "same order of treatments" in problems(written(tmp_path, sequence=sequence))


def test_a_value_on_the_wrong_side_of_its_limit_is_an_error(tmp_path: Path) -> None:
    told = problems(written(tmp_path, biomarker=410.0, biomarker_censored="left", biomarker_limit=300))
    assert "must not lie above its limit" in told and "410, limit 300" in told
    told = problems(written(tmp_path, biomarker=410.0, biomarker_censored="right", biomarker_limit=900))
    assert "must not lie below its limit" in told


def test_the_same_table_without_contradictions_is_read(tmp_path: Path) -> None:
    assert len(read_observations(written(tmp_path), DESIGN, LOG).subjects) == 6
    kept: Observation = read_observations(written(tmp_path, biomarker_limit=300), DESIGN, LOG).rows[0]
    assert kept.biomarker_limit == 300
