"""What treatments did: every design against R 4.2.2 (lmerTest 3.1-3, pbkrtest 0.5.2, clubSandwich 0.5.8, psych 2.2.9).

resp4.tsv: biomarker of a published crossover in severe respiratory failure (four treatments, four periods), the
metabolite random. anorexia.tsv: MASS::anorexia, weights before and after (Hand et al. 1993), three groups.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pharmrs.core.errors import InputError
from pharmrs.study.analysis_file import analyse_file
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.read.observations import read_observations
from pharmrs.trial.records.analysis import AnalysisPlan, Margin, ModelOutcome
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.report.printed import printed_tables
from tests.trial.random_trials import random_rows, table_of

DATA = Path(__file__).parents[1] / "data" / "trial"
LOG = AnalysisPlan(time_adjustment="none", biomarker_transform="log", biomarker_change="difference",
                   metabolite_change="log_ratio")  # fmt: skip
RESP4 = Design(kind="crossover", treatments=("A", "B", "C", "D"), baseline="pre", follow_up="post")
ALONE = AnalysisPlan(metabolite="weight", biomarker="", metabolite_change="difference")
ANOREXIA = Design(kind="parallel", treatments=("Cont", "CBT", "FT"), baseline="before", follow_up="after")


def result(name: str, design: Design, plan: AnalysisPlan) -> AnalysisResult:
    return analyse(read_observations(DATA / name, design, plan), plan)


@pytest.fixture(scope="module")
def resp4() -> AnalysisResult:
    plan = dataclasses.replace(
        LOG,
        models=("slopes", "within_correlation", "repeatability", "equivalence"),
        equivalence=(Margin(quantity="biomarker", low=-0.5, high=0.5),),
    )
    return result("resp4.tsv", RESP4, plan)


def model(found: AnalysisResult, name: str) -> ModelOutcome:
    return next(one for one in found.models if one.name == name)


def test_a_crossover_given_the_baselines_of_its_periods(resp4: AnalysisResult) -> None:
    """lmer(y ~ treatment + factor(period) + within + mean + (1 | subject)), y = log follow-up, Kenward-Roger"""
    (effect,) = [one for one in resp4.chain.effects if one.name == "effect: biomarker"]
    tested = [one for one in effect.estimates if one.hypothesis]
    assert [one.treatment for one in tested] == ["B", "C", "D"]
    assert [one.estimate for one in tested] == pytest.approx([0.05116233724, -0.01496842196, 0.08043994721], abs=2e-8)
    assert [one.se for one in tested] == pytest.approx([0.07526785072, 0.08197797911, 0.07573398086], rel=1e-6)
    assert [one.df for one in tested] == pytest.approx([29.40012082, 30.15874426, 29.47670969], rel=1e-5)
    assert [one.p for one in tested] == pytest.approx([0.5019884771, 0.8563410139, 0.2967979450], rel=1e-5)
    assert {one.n for one in tested} == {49}


def test_the_slope_under_each_treatment(resp4: AnalysisResult) -> None:
    """coef_test(lm(dB ~ 0 + t + t:dG), "CR2", subject): estimate, SE, df, p"""
    found = model(resp4, "slopes").estimates
    assert [one.treatment for one in found] == ["A", "B", "C", "D"]
    theirs = [
        (-0.279002560, 1.805177188, 5.94094516, 0.882287497),
        (-1.484944252, 1.325207111, 3.38220139, 0.335686008),
        (-0.926662893, 0.649368206, 3.55631652, 0.235149603),
        (0.531279200, 0.854841403, 2.63230051, 0.583894250),
    ]
    for ours, r in zip(found, theirs, strict=True):
        assert (ours.estimate, ours.se, ours.df, ours.p) == pytest.approx(r, rel=1e-6)


def test_correlation_within_participants(resp4: AnalysisResult) -> None:
    """lm(y ~ subject + x): r = sign sqrt(SS / (SS + rest)), df 84, interval by Fisher's z"""
    (test,) = model(resp4, "within_correlation").tests
    assert (test.estimate, test.df, test.p) == pytest.approx((0.01316146179, 84, 0.9042664658), rel=1e-7)
    assert (test.ci_low, test.ci_high) == pytest.approx((-0.1992695407, 0.2244109934), rel=1e-7)


def test_repeatability(resp4: AnalysisResult) -> None:
    """psych::ICC of baseline and follow-up under A; the detectable change by its definition"""
    tests = {one.estimate_name: one for one in model(resp4, "repeatability").tests if one.quantity[0] == "b"}
    three, two = tests["ICC(3,1)"], tests["ICC(2,1)"]
    assert (three.estimate, three.ci_low, three.ci_high, three.p) == pytest.approx(
        (0.553528934, 0.0299394658, 0.838755539, 0.0200128348), rel=1e-7
    )
    assert two.estimate == pytest.approx(0.451399281, rel=1e-7)
    facts = model(resp4, "repeatability").facts
    rows = read_observations(DATA / "resp4.tsv", RESP4, LOG).rows
    pairs = np.log([[row.biomarker for row in rows if (row.subject, row.treatment) == (name, "A")] for name in
                    sorted({row.subject for row in rows})])  # fmt: skip
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    within = float(np.var(pairs[:, 1] - pairs[:, 0], ddof=1) / 2)
    assert facts["minimal_detectable_change: biomarker"] == pytest.approx(1.959963985 * np.sqrt(2 * within), rel=1e-9)


def test_equivalence(resp4: AnalysisResult) -> None:
    """max(pt((b + .5) / se, df, lower = FALSE), pt((b - .5) / se, df)) of B against A"""
    tests = model(resp4, "equivalence").tests
    assert [one.group for one in tests] == ["B", "C", "D"]
    assert tests[0].p == pytest.approx(8.354132419e-07, rel=1e-4)
    assert tests[0].ci_high - tests[0].ci_low == pytest.approx(
        2 * stats.t.ppf(0.95, tests[0].df) * 0.07526785, rel=1e-6
    )
    (without,) = analyse(table_of(random_rows(1)), dataclasses.replace(LOG, models=("equivalence",))).models
    assert "no margins" in without.reason


def test_a_parallel_trial_of_one_quantity() -> None:
    """lm(Postwt ~ relevel(Treat, "Cont") + Prewt, MASS::anorexia)"""
    found = result("anorexia.tsv", ANOREXIA, ALONE)
    assert not found.couples and found.chain.model is None and not found.chain.reason
    (effect,) = found.chain.effects
    tested = [one for one in effect.estimates if one.hypothesis]
    assert [(one.treatment, round(one.estimate, 6)) for one in tested] == [("CBT", 4.097066), ("FT", 8.660128)]
    assert [one.p for one in tested] == pytest.approx([0.0339993147203, 0.0001890237980], rel=1e-6)


def test_a_trial_of_one_arm() -> None:
    """The paired t test of scipy, in a design with one treatment; nothing is compared."""
    rows = [row for row in random_rows(4, 20, missing=0.0) if row.treatment == "drug"]
    table = dataclasses.replace(table_of(rows, kind="parallel"), kind="single_arm", treatments=("drug",))
    found = analyse(table, dataclasses.replace(ALONE, metabolite="Glu"))
    (item,) = found.chain.effects[0].estimates
    sides = [[row.metabolite for row in table.rows if row.time_point == point] for point in ("after", "before")]
    expected = stats.ttest_rel(*sides)
    assert (item.statistic, item.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert (item.ci_low, item.ci_high) == pytest.approx(tuple(expected.confidence_interval()))
    assert all(one.family == "within_treatment" for one in found.chain.paired)


@pytest.mark.parametrize("quantity", ["metabolite", "biomarker"])
@pytest.mark.parametrize("kind", ["crossover", "parallel"])
def test_one_quantity_alone_from_file_to_report(tmp_path: Path, quantity: str, kind: str) -> None:
    """The whole command: no column of the other quantity, exit without complaint, one effect, words as it allows."""
    rows = random_rows(3, 24, missing=0.05, kind=kind)
    lines = ["subject\ttreatment\ttime_point\tsequence\tperiod\t" + quantity]
    for row in rows:
        value = getattr(row, quantity)
        cells = (row.subject, row.treatment, row.time_point, row.sequence, str(row.period), str(value))
        lines.append("\t".join("n/a" if cell == "nan" else cell for cell in cells))
    (tmp_path / "obs.tsv").write_text("\n".join(lines) + "\n")
    choice = "metabolite_change: difference" if quantity == "metabolite" else (
        "time_adjustment: none\n  biomarker_transform: log\n  biomarker_change: difference"
    )  # fmt: skip
    (tmp_path / "study.yaml").write_text(
        f"title: Alone\ndesign: {{kind: {kind}, treatments: [placebo, drug], baseline: before, follow_up: after}}\n"
        f"analysis:\n  {quantity}: Glu\n  {choice}\n"
    )
    found = analyse_file(tmp_path / "obs.tsv", tmp_path / "study.yaml", tmp_path / "out")
    assert not found.missing
    assert len(found.result.chain.effects) == 1
    text = (tmp_path / "out" / "statistics" / "results.md").read_text()
    assert "Treatment effect on Glu, drug against placebo" in text
    assert "could not be estimated" not in text and "n/a" not in text
    assert "interaction" not in (tmp_path / "out" / "methods.md").read_text()


def test_what_is_declared_must_be_complete(tmp_path: Path) -> None:
    (tmp_path / "obs.tsv").write_text("subject\ttreatment\ttime_point\tmetabolite\nA\tplacebo\tbefore\t1\n")
    for body, rule in (
        ("alpha: 0.05", "metabolite, biomarker, both or outcomes must be named"),
        ("metabolite: Glu", "metabolite_change must be declared"),
        ("biomarker: BDNF\n  biomarker_change: difference", "time_adjustment, biomarker_transform must be declared"),
    ):
        (tmp_path / "study.yaml").write_text(
            "title: t\ndesign: {kind: parallel, treatments: [placebo, drug], baseline: before, follow_up: after}\n"
            f"analysis:\n  {body}\n"
        )
        with pytest.raises(InputError, match=rule):
            analyse_file(tmp_path / "obs.tsv", tmp_path / "study.yaml", tmp_path / "out")


ORTHODONT = Design(kind="parallel", treatments=("Male", "Female"), baseline="y08", follow_up="y10")
DISTANCE = AnalysisPlan(metabolite="distance", biomarker="", metabolite_change="difference", models=("mmrm",))


def test_more_than_two_times_with_complete_data() -> None:
    """Every time point has the same regressors, so the model is ordinary least squares at each, Kenward-Roger's df too:
    summary(lm(distance ~ sex + baseline)) at 10, 12, 14 years, nlme::Orthodont (Potthoff & Roy 1964), df 24
    """
    (found,) = result("orthodont.tsv", ORTHODONT, DISTANCE).models
    tested = [one for one in found.estimates if one.hypothesis]
    theirs = [
        (-0.7357940238, 0.7163587870, 24.0, 0.3146004196),
        (-1.40527950311, 0.81275885569, 24.0, 0.09664952546),
        (-2.530468356555, 0.812424675698, 24.0, 0.004717893029),
    ]
    for ours, r in zip(tested, theirs, strict=True):
        assert (ours.estimate, ours.se, ours.df, ours.p) == pytest.approx(r, rel=1e-5)


def test_more_than_two_times_with_values_missing(tmp_path: Path) -> None:
    """gls(y ~ 0 + t + t:b + t:g, corSymm, varIdent, REML): estimates and criterion; KR's errors are a little larger."""
    lost = {("M03", "y12"), ("F02", "y14"), ("M07", "y14"), ("M11", "y14"), ("F05", "y10")}
    lines = (DATA / "orthodont.tsv").read_text().splitlines()
    kept = [line for line in lines if tuple(np.array(line.split("\t"))[[0, 2]]) not in lost]
    (tmp_path / "o.tsv").write_text("\n".join(kept) + "\n")
    (found,) = analyse(read_observations(tmp_path / "o.tsv", ORTHODONT, DISTANCE), DISTANCE).models
    tested = [one for one in found.estimates if one.hypothesis]
    assert [one.estimate for one in tested] == pytest.approx([-0.8307661996, -1.5329343995, -2.6883178700], rel=1e-4)
    assert found.facts["reml_deviance: distance"] == pytest.approx(285.309137961, abs=1e-5)
    plain = np.array([0.7361508401, 0.8147228554, 0.8282090179])
    ratio = np.array([one.se for one in tested]) / plain
    assert np.all((ratio > 0.999) & (ratio < 1.1))
    assert all(20 < one.df < 25 for one in tested)
    assert [one.n for one in tested] == [76] * 3


def test_table_one_by_sequence_and_who_is_left_in_each_period() -> None:
    """Counts, means and SDs by hand from the rows; the quantity at the baseline of the first period."""
    rows = random_rows(8, 20, missing=0.1)
    found = analyse(table_of(rows), LOG)
    cells = {(one.quantity, one.level, one.group): one for one in found.chain.baseline}
    orders = {row.subject: row.sequence for row in rows}
    for group in ("", "placebo/drug", "drug/placebo"):
        people = [name for name, order in orders.items() if group in ("", order)]
        assert cells["participants", "", group].count == len(people)
        ages = [next(row.covariates["age"] for row in rows if row.subject == name) for name in people]
        assert (cells["age", "", group].mean, cells["age", "", group].sd) == pytest.approx(
            (np.mean(ages), np.std(ages, ddof=1))
        )
        own = [row for row in rows if row.subject in people and (row.period, row.time_point) == (1, "before")]
        first = [row.metabolite for row in own if np.isfinite(row.metabolite)]
        assert (cells["Glu", "", group].n, cells["Glu", "", group].mean) == pytest.approx((len(first), np.mean(first)))
        genes = [next(row.covariates["gene"] for row in rows if row.subject == name) for name in people]
        assert cells["gene", "AB", group].count == genes.count("AB") if "AB" in genes else True
    assert found.chain.changes is not None
    for one in found.chain.periods:
        people = [name for name, order in orders.items() if order == one.sequence]
        assert one.planned == len(people)
        assert one.treatment == one.sequence.split("/")[one.period - 1]
    assert sum(one.analysed for one in found.chain.periods) == int(found.chain.changes.complete.sum())
    table = next(one for one in printed_tables(found) if one.title == "Participants before treatment")
    assert table.columns == ("Quantity", "all", "drug/placebo", "placebo/drug")
    assert "not tested" in table.note
