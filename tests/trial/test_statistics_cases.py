"""Numbers that were wrong without a word: each kind with siblings, the right value by R 4.2.2 or by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pharmrs.core.errors import InputError
from pharmrs.core.report.tables import write_table
from pharmrs.trial.chain.associations import change_correlations
from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.chain.reference_chain import reference_chain
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.read.observations import read_observations
from pharmrs.trial.records.analysis import AnalysisPlan, Covariate, ModelOutcome
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.observations import Observation, ObservationTable
from pharmrs.trial.regression.mixed_model import fit_mixed
from pharmrs.trial.report.printed import printed_tables
from pharmrs.trial.report.results_text import results_paragraphs
from pharmrs.trial.report.tables import observations_table
from tests.trial.random_trials import NAN, random_rows, table_of

DATA = Path(__file__).parents[1] / "data" / "trial"
LOG = AnalysisPlan(time_adjustment="none", biomarker_transform="log", biomarker_change="difference",
                   metabolite_change="log_ratio")  # fmt: skip
DESIGN = Design(kind="crossover", treatments=("placebo", "drug"), baseline="before", follow_up="after")


def models(table: ObservationTable, *names: str, plan: AnalysisPlan = LOG) -> dict[str, ModelOutcome]:
    return {one.name: one for one in analyse(table, dataclasses.replace(plan, models=names)).models}


# absent rows and rows of n/a ------------------------------------------------------------------------------------------


def empty(row: Observation, period: int | None) -> Observation:
    return dataclasses.replace(
        row, metabolite=NAN, biomarker=NAN, biomarker_censored="none", clock_time_h=NAN, period=period
    )


@pytest.mark.parametrize("treatment", ["placebo", "drug"])
@pytest.mark.parametrize("written", ["absent", "without period"])
def test_a_visit_that_was_missed_is_the_same_however_it_is_written(treatment: str, written: str) -> None:
    """All numbers of all models: rows absent, or rows of n/a with or without their period; also one time point."""
    rows = random_rows(3, subjects=16, missing=0.05)
    lost = [row for row in rows if row.subject in ("sub-03", "sub-05") and row.treatment == treatment]
    lost += [row for row in rows if row.subject == "sub-07" and row.time_point == "after" and row.treatment == "drug"]
    rest = [row for row in rows if row not in lost]
    explicit = table_of([*rest, *(empty(row, row.period) for row in lost)])
    other = table_of(rest if written == "absent" else [*rest, *(empty(row, None) for row in lost)])
    names = ("joint", "period", "crossover", "permutation", "levels", "cr2")
    assert repr(models(explicit, *names)) == repr(models(other, *names))
    assert repr(reference_chain(explicit, LOG)) == repr(reference_chain(other, LOG))


def test_the_period_of_a_missed_visit_follows_from_the_sequence_or_from_what_is_left() -> None:
    """Three treatments: one missing follows from what is left, two only from others of the same sequence."""
    orders = {"a": "PQR", "b": "QRP", "c": "PQR", "d": "RPQ"}
    rows = [
        Observation(subject=name, treatment=arm, time_point=point, sequence=order, period=place, metabolite=1.0)
        for name, order in orders.items()
        for place, arm in enumerate(order, start=1)
        for point in ("before", "after")
        if (name, arm) not in {("b", "R"), ("c", "Q"), ("c", "R"), ("d", "P"), ("d", "Q")}
    ]
    table = ObservationTable.of(rows, kind="crossover", treatments="PQR", baseline="before", follow_up="after")
    found = {(row.subject, row.treatment): row.period for row in table.rows}
    assert found["b", "R"] == 2  # what is left
    assert (found["c", "Q"], found["c", "R"]) == (2, 3)  # as a, of the same sequence
    assert found["d", "P"] is None and found["d", "Q"] is None  # nobody tells


# the declared level -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.2, 0.05, 0.01])
def test_lognormal_intervals_have_the_declared_level(alpha: float) -> None:
    """Uncensored, Cox's method by hand: exp(m + s2/2 -+ z sqrt(s2/n + s4/(2(n + 1)))), s2 by maximum likelihood."""
    table = table_of(random_rows(5, subjects=20, missing=0.0))
    plan = dataclasses.replace(LOG, alpha=alpha)
    (test,) = [
        one for one in models(table, "summaries", plan=plan)["summaries"].tests
        if (one.family, one.group, one.quantity) == ("lognormal", "drug: after", "mean")
    ]  # fmt: skip
    logs = np.log([row.biomarker for row in table.rows if (row.treatment, row.time_point) == ("drug", "after")])
    n, m, s2 = len(logs), logs.mean(), logs.var()
    reach = stats.norm.ppf(1 - alpha / 2) * np.sqrt(s2 / n + s2**2 / (2 * (n + 1)))
    assert (test.ci_low, test.ci_high) == pytest.approx(
        (np.exp(m + s2 / 2 - reach), np.exp(m + s2 / 2 + reach)), rel=1e-8
    )


@pytest.mark.parametrize("name", ["cr2", "mixed", "joint", "bootstrap", "ranks", "levels", "tobit", "summaries"])
def test_every_interval_widens_with_the_declared_level(name: str) -> None:
    table = table_of(random_rows(6, subjects=18, missing=0.0))
    widths = []
    for alpha in (0.3, 0.05):
        found = models(table, name, plan=dataclasses.replace(LOG, alpha=alpha))[name]
        intervals = [one.ci_high - one.ci_low for one in (*found.estimates, *found.tests)]
        widths.append(np.array([width for width in intervals if np.isfinite(width)]))
    assert len(widths[0]) > 0
    assert (widths[0] < widths[1]).all()


# the corrected level ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arms", "people", "shared"),
    [
        (2, 22, 0.0),
        (4, 13, 0.0),
        pytest.param(2, 22, 0.7, marks=pytest.mark.long),
        pytest.param(3, 20, 0.9, marks=pytest.mark.long),
    ],
)
def test_the_rank_correlations_together_keep_the_level(arms: int, people: int, shared: float) -> None:
    """Family-wise error of 1,000 trials without any correlation: 4 to 6 %, less where arms share the person's change.

    `shared`: correlation of a person's changes between treatments, in both quantities.
    """
    generator = np.random.default_rng(11)
    names = tuple("PQRS"[:arms])
    subject = tuple(f"{k:02d}" for k in range(people)) * arms
    table, _ = change_table(table_of(random_rows(1, subjects=people, missing=0.0)), LOG)
    base = {"treatments": names, "subject": subject, "treatment": tuple(np.repeat(names, people))}
    rows = len(subject)
    fields = {
        one.name: np.full((rows, *getattr(table, one.name).shape[1:]), 1, dtype=getattr(table, one.name).dtype)
        for one in dataclasses.fields(table) if isinstance(getattr(table, one.name), np.ndarray)
    }  # fmt: skip
    wrong, theirs, trials = 0, 0, 1000
    for _ in range(trials):
        x, y = (
            np.sqrt(shared) * np.tile(generator.normal(size=people), arms)
            + np.sqrt(1 - shared) * generator.normal(size=rows)
            for _ in range(2)
        )
        changes = dataclasses.replace(
            table, **base, sequence=("",) * rows, **(fields | {"change_metabolite": x, "change_biomarker": y}),
            covariates={},
        )  # fmt: skip
        tests = [one for one in change_correlations(changes, LOG) if one.family == "spearman"]
        wrong += any(one.p < one.alpha for one in tests)
        theirs += any(one.p < one.alpha_reference for one in tests)
    margin = 2.6 * np.sqrt(0.05 * 0.95 / trials)
    assert wrong / trials < 0.05 + margin
    assert wrong / trials > (0.05 if shared < 0.8 else 0.035) - margin
    assert theirs > wrong


# periods and sequences --------------------------------------------------------------------------------------------


def refused(folder: Path, rows: list[Observation], design: Design = DESIGN, plan: AnalysisPlan = LOG) -> list[str]:
    table = dataclasses.replace(table_of([]), rows=tuple(rows))
    path, _ = write_table(folder, observations_table(table))
    with pytest.raises(InputError) as caught:
        read_observations(path, design, plan)
    return [f"{one.field}: {one.rule}: {one.value}" for one in caught.value.problems]


def with_period(rows: list[Observation], subject: str, treatment: str, period: int) -> list[Observation]:
    return [
        dataclasses.replace(row, period=period) if (row.subject, row.treatment) == (subject, treatment) else row
        for row in rows
    ]


def ordered_rows(seed: int = 1) -> list[Observation]:
    """Rows whose sequence label says who got what when."""
    return random_rows(seed, missing=0.0)


def test_two_treatments_in_one_period(tmp_path: Path) -> None:
    rows = ordered_rows()
    other = next(row for row in rows if row.subject == "sub-04" and row.period == 2)
    (found,) = refused(tmp_path, with_period(rows, "sub-04", other.treatment, 1))
    assert found.startswith("subject sub-04: period 1: one treatment in each period")
    assert "placebo" in found and "drug" in found


def test_a_sequence_that_contradicts_the_periods(tmp_path: Path) -> None:
    rows = [
        dataclasses.replace(row, period=3 - (row.period or 0)) if row.subject in ("sub-02", "sub-09") else row
        for row in ordered_rows()
    ]
    found = refused(tmp_path, rows)
    assert {text.split(":")[0] for text in found} == {"subject sub-02", "subject sub-09"}
    assert all("same order of treatments" in text and " but " in text for text in found)


@pytest.mark.parametrize("period", [22, 3, 12])
def test_a_period_that_cannot_be(tmp_path: Path, period: int) -> None:
    rows = ordered_rows()
    last = next(row for row in rows if row.subject == "sub-06" and row.period == 2)
    (found,) = refused(tmp_path, with_period(rows, "sub-06", last.treatment, period))
    assert found == f"subject sub-06: period of {last.treatment}: must be 1 to 2: 2 treatments, each once: {period}"


def resp4() -> ObservationTable:
    """Four treatments in four periods; biomarker of a published respiratory crossover, metabolite random."""
    design = Design(kind="crossover", treatments=("A", "B", "C", "D"), baseline="pre", follow_up="post")
    return read_observations(DATA / "resp4.tsv", design, LOG)


def test_more_than_two_periods_have_a_mean_each() -> None:
    """lmer(dB ~ dG * t + factor(period) + (1 | subject)), Kenward-Roger, on resp4.tsv (lmerTest 3.1-3, pbkrtest 0.5.2):

    dG:tB -0.9257520 1.846844 34.68598; dG:tC -0.4944802 1.842707 36.23914; dG:tD 0.9173617 1.761644 33.00213
    """
    found = models(resp4(), "crossover", "period", "carry_over", "permutation", "levels", "joint", "multiverse",
                   plan=dataclasses.replace(LOG, multiverse=dataclasses.replace(LOG.multiverse, permutations=20,
                                            quality=("declared",), model=("ols", "period"))))  # fmt: skip
    tested = [one for one in found["crossover"].estimates if one.hypothesis]
    assert [one.estimate for one in tested] == pytest.approx([-0.9257520, -0.4944802, 0.9173617], abs=2e-7)
    assert [one.se for one in tested] == pytest.approx([1.846844, 1.842707, 1.761644], abs=2e-6)
    assert [one.df for one in tested] == pytest.approx([34.68598, 36.23914, 33.00213], abs=2e-4)
    for name in ("crossover", "period", "carry_over", "levels"):
        terms = [one.term for one in found[name].estimates]
        assert [term for term in terms if term.startswith("period")] == ["period 2", "period 3", "period 4"], name
    carried = [one.term for one in found["carry_over"].estimates if one.term.startswith("carry-over")]
    assert carried == ["carry-over of B", "carry-over of C", "carry-over of D"]
    assert all(np.isfinite(one.p) for one in found["permutation"].estimates)
    assert not found["multiverse"].reason


def test_carry_over_by_hand() -> None:
    """The same columns, written down row by row, in our own mixed model."""
    table = resp4()
    changes, _ = change_table(table, LOG)
    used = changes.where(changes.complete)
    before = {(s, p): t for s, p, t in zip(changes.subject, changes.period, changes.treatment, strict=True)}
    columns = [np.ones(len(used)), used.change_metabolite]
    given = np.array(used.treatment)
    columns += [given == arm for arm in "BCD"]
    columns += [used.period == k for k in (2, 3, 4)]
    left = np.array([before.get((s, p - 1), "none") for s, p in zip(used.subject, used.period, strict=True)])
    columns += [left == arm for arm in "BCD"]
    columns += [(given == arm) * used.change_metabolite for arm in "BCD"]
    design = np.column_stack(columns).astype(float)
    fit = fit_mixed(used.change_biomarker, design, tuple(f"x{k}" for k in range(14)), {"s": list(used.subject)})
    ours = [one for one in models(table, "carry_over")["carry_over"].estimates if one.hypothesis]
    assert [one.estimate for one in ours] == pytest.approx(fit.kenward_roger.estimate[-3:].tolist(), rel=1e-6)
    assert "difference between sequences" in models(table_of(random_rows(2)), "carry_over")["carry_over"].reason


# covariates -------------------------------------------------------------------------------------------------------


def with_plasma(rows: list[Observation]) -> list[Observation]:
    value = {"before": 1.0, "after": 5.0}
    return [
        dataclasses.replace(
            row, covariates={"age": row.covariates["age"], "plasma": value[row.time_point] * (k % 7 + 1.0)}
        )
        for k, row in enumerate(rows)
    ]


def written(folder: Path, rows: list[Observation]) -> Path:
    return write_table(folder, observations_table(dataclasses.replace(table_of([]), rows=tuple(rows))))[0]


def test_an_undeclared_column_that_varies_is_ignored_with_a_note(tmp_path: Path) -> None:
    path = written(tmp_path, with_plasma(random_rows(9, missing=0.0)))
    table = read_observations(path, DESIGN, LOG)
    assert table.covariate_names == ("age",)
    chain = reference_chain(table, LOG)
    assert any("plasma" in note and "ignored" in note for note in chain.notes)
    plain = reference_chain(table_of(random_rows(9, missing=0.0)), LOG)
    assert chain.model is not None and plain.model is not None
    assert chain.model.hypothesis == plain.model.hypothesis


@pytest.mark.parametrize(("at", "value"), [("", 5.0), ("follow_up", 5.0), ("baseline", 1.0)])
def test_a_declared_one_belongs_to_the_session(tmp_path: Path, at: str, value: float) -> None:
    """Against least squares with the session's own value by numpy."""
    rows = with_plasma(random_rows(9, missing=0.0))
    plan = dataclasses.replace(LOG, covariates=(Covariate(name="plasma", at=at),))
    table = read_observations(written(tmp_path, rows), DESIGN, plan)
    chain = reference_chain(table, plan)
    assert chain.changes is not None and chain.covariate_models[0].model is not None
    own = {row.key[:3]: row.covariates["plasma"] for row in rows}
    point = "before" if at == "baseline" else "after"
    used = chain.changes.where(chain.changes.complete)
    plasma = np.array([own[s, t, point] for s, t in zip(used.subject, used.treatment, strict=True)], dtype=float)
    assert np.all(plasma % value == 0)
    drug = (np.array(used.treatment) == "drug").astype(float)
    design = np.column_stack([np.ones(len(used)), used.change_metabolite, drug, plasma, drug * used.change_metabolite])
    expected = np.linalg.lstsq(design, used.change_biomarker, rcond=None)[0]
    assert chain.covariate_models[0].model.coefficients == pytest.approx(expected, rel=1e-9)
    assert any("differs between sessions" in note for note in chain.notes) is (at == "")


def test_a_slip_in_one_person_is_an_error(tmp_path: Path) -> None:
    rows = random_rows(9, missing=0.0)
    rows[5] = dataclasses.replace(rows[5], covariates={**rows[5].covariates, "age": 92.0})
    plan = dataclasses.replace(LOG, covariates=(Covariate(name="age"),))
    (found,) = refused(tmp_path, rows, plan=plan)
    assert found.startswith("age: must be the same in every row of a participant: sub-01 differ")
    path = written(tmp_path, with_plasma(random_rows(9, missing=0.0)))
    strict = dataclasses.replace(LOG, covariates=(Covariate(name="plasma", at="participant"),))
    with pytest.raises(InputError, match="plasma"):
        read_observations(path, DESIGN, strict)


# degrees of freedom at a variance of zero -------------------------------------------------------------------------


def test_kenward_roger_keeps_a_component_at_zero() -> None:
    """lmer(y ~ x * t + (1 | s)), Kenward-Roger, singular fit (pbkrtest 0.5.2): SE and df of all coefficients.

    R: set.seed(3); n <- 12; s <- factor(rep(1:n, each = 2)); t <- rep(0:1, n); u <- rnorm(n); x <- round(rnorm(2*n), 3)
       y <- round(c(rbind(u, -u)) + .4*x + rnorm(2*n, 0, .5), 3)
    """
    x = [-0.716, 0.253, 0.152, -0.308, -0.953, -0.648, 1.224, 0.2, -0.578, -0.942, -0.204, -1.666, -0.484, -0.741,
         1.161, 1.012, -0.072, -1.137, 0.901, 0.852, 0.728, 0.737, -0.352, 0.706]  # fmt: skip
    y = [-0.598, 1.082, -0.721, 0.566, 0.271, -0.673, 0.187, 0.835, 0.139, -1.705, -0.133, -0.131, -0.336, -0.831,
         1.944, -1.117, -1.114, -0.105, 0.922, -1.153, -0.971, 1.721, -0.813, 1.021]  # fmt: skip
    treated = np.tile([0.0, 1.0], 12)
    design = np.column_stack([np.ones(24), x, treated, treated * x])
    fit = fit_mixed(np.array(y), design, tuple("abcd"), {"s": [f"p{k:02d}" for k in range(12) for _ in range(2)]})
    assert fit.singular
    found = fit.kenward_roger
    assert found.estimate == pytest.approx([-0.136284278004, 0.511042547766, 0.145025916759, -0.157356658903], rel=1e-9)
    assert found.se == pytest.approx([0.279585700663, 0.409777177653, 0.397464256507, 0.538630031544], rel=1e-6)
    assert found.df == pytest.approx([20.0, 20.0, 9.92375604065, 14.78531668339], rel=1e-6)


# words ------------------------------------------------------------------------------------------------------------


def exact_rows(noise: float) -> list[Observation]:
    generator = np.random.default_rng(2)
    return [
        dataclasses.replace(row, biomarker=float(np.exp(3 * np.log(row.metabolite) + noise * generator.normal())))
        for row in random_rows(4, missing=0.0)
    ]


def test_a_fit_that_is_all_but_exact_says_so() -> None:
    near = analyse(table_of(exact_rows(1e-6)), dataclasses.replace(LOG, models=("cr2", "mixed", "hc3", "period")))
    assert near.chain.model is not None
    assert any("all but exactly" in note for note in near.chain.model.notes)
    for model in near.models:
        assert any("all but exactly" in note for note in model.notes), model.name
    assert any("All but exactly" in table.note or "all but exactly" in table.note for table in printed_tables(near))
    usual = analyse(table_of(exact_rows(0.05)), LOG)
    assert usual.chain.model is not None and not usual.chain.model.notes


def result(seed: int = 7, effect: float = 0.0) -> AnalysisResult:
    rows = [
        dataclasses.replace(
            row, biomarker=row.biomarker * row.metabolite ** (effect if row.treatment == "drug" else 0.0)
        )
        for row in random_rows(seed, subjects=30, missing=0.0)
    ]
    return analyse(table_of(rows), LOG)


def test_nothing_differs_where_the_interval_covers_no_difference() -> None:
    none, planted = result(), result(effect=20.0)
    for found, covers in ((none, True), (planted, False)):
        assert found.chain.model is not None
        item = found.chain.model.hypothesis[0]
        assert (item.ci_low <= 0 <= item.ci_high) is covers
        text = " ".join(results_paragraphs(found))
        assert "differed" not in text
        assert ("no evidence that the coupling" in text) is covers
        assert ("was more" in text) is not covers


def test_main_effects_beside_an_interaction_say_where() -> None:
    found = result()
    assert found.chain.model is not None
    told = {item.term: (item.treatment, item.condition) for item in found.chain.model.estimates}
    assert told["drug"] == ("drug", "at change in Glu = 0")
    assert told["change in Glu"] == ("placebo", "under placebo")
    assert told["change in Glu × drug"] == ("drug", "")
    main = printed_tables(found)[0]
    assert [row[0] for row in main.rows][2] == "drug (at change in Glu = 0)"


def test_dependent_rows_are_said_with_clustered_errors_beside() -> None:
    found = result()
    (clustered,) = found.chain.clustered
    (cr2,) = [one for one in analyse(found.table, dataclasses.replace(LOG, models=("cr2",))).models[0].estimates
              if one.hypothesis]  # fmt: skip
    assert (clustered.estimate, clustered.se, clustered.df, clustered.p) == (cr2.estimate, cr2.se, cr2.df, cr2.p)
    assert "60 rows come from 30 participants" in " ".join(results_paragraphs(found))
    parallel = analyse(table_of(random_rows(1, 30, kind="parallel"), kind="parallel"), LOG)
    assert parallel.chain.clustered == ()


def test_rules_are_read_with_or_without_blanks(tmp_path: Path) -> None:
    rows = random_rows(3, missing=0.0)
    rows[0] = dataclasses.replace(rows[0], exclusions=("width", "snr"))
    path = written(tmp_path, rows)
    text = path.read_text()
    assert "width; snr" in text
    for variant in ("width; snr", "width;snr", "width ;snr", "width ; snr;", "width;snr;width"):
        path.write_text(text.replace("width; snr", variant))
        table = read_observations(path, DESIGN, LOG)
        assert [row.exclusions for row in table.rows if row.exclusions] == [("width", "snr")], variant
