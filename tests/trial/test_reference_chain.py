"""The reference chain on the surrogate of the reference study, and against R on the parity data."""

from __future__ import annotations

import numpy as np
import pytest

from pharmrs.trial.chain.associations import correlation_adjusted_bonferroni, correlation_adjusted_sidak, oldham_tests
from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.chain.levels import biomarker_levels
from pharmrs.trial.chain.main_model import main_model
from pharmrs.trial.chain.reference_chain import reference_chain
from pharmrs.trial.chain.term_tests import covariate_test, type_two_tests
from pharmrs.trial.records.analysis import AnalysisPlan, Covariate, StatisticalTest
from pharmrs.trial.records.analysis_result import ReferenceChain
from pharmrs.trial.records.observations import Observation, ObservationTable
from pharmrs.trial.tests.paired import paired_t_test
from tests.trial.surrogate import PAPER_PLAN, acceptance, parity_changes, parity_table, read_rows, surrogate_table

CLOSED_FORM = 1e-8  # relative; the same arithmetic in double precision


@pytest.fixture(scope="module")
def chain() -> ReferenceChain:
    return reference_chain(surrogate_table(), PAPER_PLAN)


def found(tests: tuple[StatisticalTest, ...], **wanted: str) -> StatisticalTest:
    (one,) = [test for test in tests if all(getattr(test, name) == value for name, value in wanted.items())]
    return one


def test_main_model_of_the_paper(chain: ReferenceChain) -> None:
    """Printed: F(3,42) = 2.832, p = .0497; W = .95946, p = .1092; interaction beta 1.005."""
    model = chain.model
    assert model is not None
    assert (round(model.f, 3), model.df, round(model.f_p, 4)) == (2.832, (3.0, 42.0), 0.0497)
    assert (round(model.shapiro.statistic, 5), round(model.shapiro.p, 4)) == (0.95946, 0.1092)
    (interaction,) = model.hypothesis
    assert (interaction.term, round(interaction.estimate, 3)) == ("change in Glu × ketamine", 1.005)
    assert (model.n, model.subjects) == (46, 30)


def test_correlations_of_the_paper(chain: ReferenceChain) -> None:
    ketamine = found(chain.correlations, family="spearman", group="ketamine")
    assert (round(ketamine.estimate, 2), round(ketamine.p, 3), ketamine.n) == (0.34, 0.088, 26)
    assert round(ketamine.alpha_reference, 4) == 0.0335  # theirs; judged at the plain level
    assert ketamine.alpha == 0.025
    placebo = found(chain.correlations, family="spearman", group="placebo")
    assert (round(placebo.estimate, 2), round(placebo.p, 4), placebo.n) == (-0.29, 0.2138, 20)
    assert placebo.alpha_reference == 0.025


@pytest.mark.parametrize(
    ("group", "t", "df", "p", "digits"),
    [
        ("ketamine: baseline - h24", 2.39, 25, 0.0249, 4),
        ("placebo: baseline - h24", 1.12, 19, 0.278, 3),
        ("baseline: placebo - ketamine", -1.01, 27, 0.321, 3),
        ("h24: placebo - ketamine", 0.47, 20, 0.644, 3),
    ],
)
def test_paired_t_of_the_paper(chain: ReferenceChain, group: str, t: float, df: int, p: float, digits: int) -> None:
    test = found(chain.paired, group=group, quantity="BDNF", sample="biomarker and metabolite known")
    assert (round(test.statistic, 2), test.df, round(test.p, digits), test.n) == (t, df, p, df + 1)


def test_oldham_of_the_paper() -> None:
    """n = 50 is implied by the printed p; the surrogate marks the pair that is left out."""
    rows = {
        (row["subject"], row["treatment"])
        for row in read_rows("paper/paper_surrogate.csv")
        if row["in_oldham50"] == "1"
    }
    table = surrogate_table()
    changes, _ = change_table(table, PAPER_PLAN)
    chosen = np.array([key in rows for key in zip(changes.subject, changes.treatment, strict=True)])
    test = found(oldham_tests(changes.where(chosen), PAPER_PLAN), group="all treatments")
    assert (round(test.estimate, 3), round(test.p, 3), test.n) == (0.186, 0.195, 50)


def test_levels_of_r() -> None:
    """b <- resid(lm(bdnf ~ clock)); a <- log(b + abs(min(b)) + 1): five rows, mean, sd, min, max; R 4.2.2."""
    levels = biomarker_levels(parity_table(), AnalysisPlan())
    level_of = {key[:3]: level for key, level in zip(levels.keys, levels.levels, strict=True)}
    ours = [float(level_of[row["subject"], row["treatment"], row["time"]]) for row in read_rows("stat-parity/long.csv")]
    summary = [*ours[:5], float(np.mean(ours)), float(np.std(ours, ddof=1)), min(ours), max(ours)]
    assert summary == pytest.approx(acceptance()["stat_parity"]["adj"], rel=CLOSED_FORM, abs=1e-12)


def test_main_model_of_r() -> None:
    """lm(dB ~ dG * trt), shapiro.test(resid(.)), car::Anova(type = 2); R 4.2.2. R lists dG, trt, dG:trt as we do."""
    parity = acceptance()["stat_parity"]
    expected = parity["lm"]
    changes = parity_changes()
    model = main_model(changes, AnalysisPlan())
    columns = {
        "coef": [row.estimate for row in model.estimates],
        "se": [row.se for row in model.estimates],
        "t": [row.statistic for row in model.estimates],
        "p": [row.p for row in model.estimates],
        "ci": [*(row.ci_low for row in model.estimates), *(row.ci_high for row in model.estimates)],
        "F": model.f,
        "Fp": model.f_p,
        "r2": model.r2,
        "ar2": model.adjusted_r2,
        "sigma": model.sigma,
        "aic": model.aic,
        "bic": model.bic,
        "logLik": model.log_likelihood,
    }
    for name, ours in columns.items():
        assert ours == pytest.approx(expected[name], rel=CLOSED_FORM), name
    assert (model.shapiro.statistic, model.shapiro.p) == pytest.approx(parity["shapiro"], rel=1e-6)  # series of AS R94
    type_two = type_two_tests(model, "dG")
    assert [test.statistic for test in type_two] == pytest.approx(parity["anova2"], rel=CLOSED_FORM)
    assert [(test.group, test.df, test.df2) for test in type_two] == [
        ("dG", 1.0, 38.0), ("treatment", 1.0, 38.0), ("dG × treatment", 1.0, 38.0)
    ]  # fmt: skip


def test_covariates_of_r() -> None:
    """lm(dB ~ dG * trt + age) and + genotype with VV as reference: coefficients in our order of terms."""
    parity = acceptance()["stat_parity"]
    changes = parity_changes()
    plan = AnalysisPlan()
    age = main_model(changes, plan, Covariate(name="age"))
    assert [row.estimate for row in age.estimates] == pytest.approx(parity["age"]["coef"], rel=CLOSED_FORM)
    assert [row.p for row in age.estimates] == pytest.approx(parity["age"]["p"], rel=CLOSED_FORM)
    genotype = main_model(changes, plan, Covariate(name="genotype", reference="VV"))
    by_term = {row.term: row for row in genotype.estimates}
    two = covariate_test(genotype, "genotype")
    without = main_model(changes, plan)  # nobody's genotype is missing: nested on the same rows
    rss = [float(np.sum(one.residuals**2)) for one in (without, genotype)]
    assert two.statistic == pytest.approx((rss[0] - rss[1]) / 2 / (rss[1] / two.df2), rel=CLOSED_FORM)
    assert (two.df, two.df2) == (2.0, genotype.df[1])
    assert covariate_test(age, "age").p == pytest.approx(next(row.p for row in age.estimates if row.term == "age"))
    terms = ("(intercept)", "change in Glu", "K", "genotype VM", "genotype MM", "change in Glu × K")
    assert [by_term[term].estimate for term in terms] == pytest.approx(parity["geno"]["coef"], rel=CLOSED_FORM)
    assert [by_term[term].p for term in terms] == pytest.approx(parity["geno"]["p"], rel=CLOSED_FORM)


@pytest.mark.parametrize("treatment", ["K", "P"])
def test_paired_t_of_r(treatment: str) -> None:
    """t.test(b1, b0, paired = TRUE)."""
    changes = parity_changes().where(parity_changes().of_treatment(treatment))
    before, after = (dict(zip(changes.subject, changes.biomarker[:, column], strict=True)) for column in (0, 1))
    ours = paired_t_test(after, before, 0.05, StatisticalTest(family="", group="", quantity=""))
    expected = acceptance()["stat_parity"][f"pt_{treatment}"]
    assert [ours.statistic, ours.df, ours.p, ours.ci_low, ours.ci_high] == pytest.approx(expected, rel=CLOSED_FORM)


def test_multiplicity_of_sisa() -> None:
    expected = acceptance()["sisa"]
    tests = range(7, 0, -1)
    bonferroni = [correlation_adjusted_bonferroni(0.05, k, 0.0) for k in tests]
    assert bonferroni == pytest.approx(expected["table_k7..1_bonf"], abs=5e-9)  # printed with eight decimals
    assert [correlation_adjusted_sidak(0.05, k, 0.0) for k in tests] == pytest.approx(
        expected["table_k7..1_sidak"], abs=5e-9
    )
    assert correlation_adjusted_bonferroni(0.05, 2, 0.4222) == pytest.approx(expected["k=2,r=.4222"], abs=5e-5)
    assert correlation_adjusted_bonferroni(0.05, 5, 1.0) == 0.05
    with pytest.raises(ValueError, match="r <= 1"):
        correlation_adjusted_bonferroni(0.05, 2, -0.1)


def test_the_smallest_sample_has_a_level_of_exactly_zero() -> None:
    """log(e + |min e| + 1) of the smallest is log 1; rounding must not make it 1e-14, whose relative change is 1e14.

    |min e| is brought between 127 and 128, where adding 1 to it loses a bit (it passes a power of two).
    """
    plan = AnalysisPlan(metabolite="Glu", biomarker="BDNF")
    for seed in range(30):
        rng = np.random.default_rng(seed)
        drawn, hours = rng.lognormal(5.8, 0.5, 48), rng.uniform(8, 18, 48)

        def table(values: np.ndarray, clock_h: np.ndarray = hours) -> ObservationTable:
            keys = [(f"S{n}", k, t) for n in range(12) for k in ("a", "b") for t in ("before", "after")]
            rows = [
                Observation(
                    subject=subject,
                    treatment=treatment,
                    time_point=time_point,
                    clock_time_h=float(clock_h[place]),
                    metabolite=10.0 + place,
                    biomarker=float(values[place]),
                )
                for place, (subject, treatment, time_point) in enumerate(keys)
            ]
            return ObservationTable.of(
                rows, kind="crossover", treatments=("a", "b"), baseline="before", follow_up="after"
            )

        smallest = biomarker_levels(table(drawn), plan).shift - 1.0
        scaled = table(drawn * rng.uniform(127.05, 127.95) / smallest)
        levels = biomarker_levels(scaled, plan)
        assert 127 < levels.shift - 1 < 128
        assert np.nanmin(levels.levels) == 0.0
        changes, _ = change_table(scaled, plan)
        assert np.nanmax(np.abs(changes.change_biomarker)) < 1e6
