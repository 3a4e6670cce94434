"""Several outcomes, declared families with gates, exposures; p against R 4.2.2's p.adjust and hand arithmetic."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pharmrs.trial.chain.families import rejected
from pharmrs.trial.chain.reference_chain import reference_chain
from pharmrs.trial.models.analyse import analyse, plan_hash
from pharmrs.trial.read.observations import read_observations
from pharmrs.trial.records.analysis import AnalysisPlan, Covariate, Family, Outcome
from pharmrs.trial.records.declared_analysis import AnalysisSection
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.observations import Observation, ObservationTable
from pharmrs.trial.report.printed import printed_tables
from pharmrs.trial.report.results_text import results_paragraphs
from pharmrs.trial.tests.p_adjustment import bonferroni, fixed_sequence, hochberg, holm
from tests.trial.random_trials import random_rows, table_of

PLAN = AnalysisPlan(time_adjustment="none", biomarker_transform="log", biomarker_change="difference",
                    metabolite_change="log_ratio", metabolite="Glu", biomarker="BDNF")  # fmt: skip
P = [0.01, 0.02, 0.03, 0.04, 0.005]


def test_adjusted_p_are_those_of_r() -> None:
    """p.adjust(c(.01, .02, .03, .04, .005), m), m = "hochberg", "holm", "bonferroni"."""
    assert hochberg(P) == pytest.approx([0.04, 0.04, 0.04, 0.04, 0.025])
    assert holm(P) == pytest.approx([0.04, 0.06, 0.06, 0.06, 0.025])
    assert bonferroni(P) == pytest.approx([0.05, 0.10, 0.15, 0.20, 0.025])
    assert fixed_sequence(P) == pytest.approx([0.01, 0.02, 0.03, 0.04, 0.04])


def with_column(name: str, effect: float, seed: int, people: int = 20) -> list[Observation]:
    """A trial with a further outcome that the drug raises by `effect` at follow-up."""
    random = np.random.default_rng(seed)
    found = []
    for row in random_rows(seed, subjects=people, missing=0.0):
        later = row.time_point == "after"
        value = 20 + random.normal() + effect * (later and row.treatment == "drug")
        found.append(replace(row, covariates={**row.covariates, name: float(value)}))
    return found


def test_a_further_outcome_is_analysed_as_the_metabolite_is() -> None:
    """The metabolite's own values as a further outcome: the same effect to the last digit."""
    rows = [replace(row, covariates={"copy": row.metabolite}) for row in random_rows(3, missing=0.1)]
    chain = reference_chain(table_of(rows), replace(PLAN, outcomes=(Outcome(name="copy", change="log_ratio"),)))
    glu, _, copy = chain.effects
    assert [one.p for one in copy.tested] == [one.p for one in glu.tested]
    assert [one.ci_low for one in copy.tested] == [one.ci_low for one in glu.tested]
    assert copy.title == "Treatment effect on copy"


def test_an_outcome_without_a_baseline_is_compared_at_follow_up() -> None:
    """Parallel: the difference of two means, t with a common variance, by hand."""
    rows = [
        replace(row, covariates={"score": float(i)} if row.time_point == "after" else {})
        for i, row in enumerate(random_rows(4, missing=0.0, kind="parallel"))
    ]
    plan = replace(PLAN, outcomes=(Outcome(name="score", change="follow_up"),))
    (effect,) = reference_chain(table_of(rows, "parallel"), plan).effects[2].tested
    score = {name: [row.number("score") for row in rows if row.treatment == name and row.time_point == "after"]
             for name in ("placebo", "drug")}  # fmt: skip
    assert effect.estimate == pytest.approx(np.mean(score["drug"]) - np.mean(score["placebo"]))
    pooled = sum(np.var(one) * len(one) for one in score.values()) / (len(rows) / 2 - 2)
    assert effect.se == pytest.approx(np.sqrt(pooled * sum(1 / len(one) for one in score.values())))


def test_a_missing_baseline_is_not_filled_from_follow_up(tmp_path: Path) -> None:
    """A score known after treatment alone has no change; a level in plasma under the drug is not one under placebo."""
    lines = ["subject\tsequence\tperiod\ttreatment\ttime_point\tmetabolite\tscore\tplasma"]
    for row in random_rows(3, missing=0.0):
        late = row.time_point == "after"
        score = "n/a" if row.subject == "sub-00" and not late else 7 if row.subject == "sub-00" else row.biomarker
        plasma = 3 if late and row.treatment == "drug" else "n/a"
        lines.append(f"{row.subject}\t{row.sequence}\t{row.period}\t{row.treatment}\t{row.time_point}\t"
                     f"{row.metabolite}\t{score}\t{plasma}")  # fmt: skip
    path = tmp_path / "observations.tsv"
    path.write_text("\n".join(lines) + "\n")
    plan = AnalysisPlan(metabolite="Glu", biomarker="", outcomes=(Outcome(name="score", change="difference"),),
                        exposures=(Covariate(name="plasma"),))  # fmt: skip
    design = Design(kind="crossover", treatments=("placebo", "drug"), baseline="before", follow_up="after")
    table = read_observations(path, design, plan)
    assert [row.number("score") for row in table.rows if row.subject == "sub-00"] == pytest.approx(
        [float("nan"), 7, float("nan"), 7], nan_ok=True
    )
    assert not any(np.isfinite(row.number("plasma")) for row in table.rows if row.treatment == "placebo")


def test_families_adjust_in_the_order_of_their_gates() -> None:
    """Primary alone, then two secondaries by Holm: adjusted p by hand from the raw p."""
    outcomes = (Outcome(name="scale", change="difference"),)
    families = (Family(members=("scale",)), Family(members=("Glu", "coupling"), method="holm"))
    chain = reference_chain(table_of(with_column("scale", 3.0, 5)), replace(PLAN, outcomes=outcomes, families=families))
    first, glu, coupling = chain.families
    assert first.p < 1e-4 and first.p_alternative == first.p and rejected(first)
    assert (glu.p_alternative, coupling.p_alternative) == pytest.approx(
        tuple(np.maximum(holm([glu.p, coupling.p]), first.p))
    )
    assert glu.p_alternative_method == "holm, after family 1"
    assert chain.model is not None and coupling.p == chain.model.hypothesis[0].p


def test_a_gate_that_stays_shut_keeps_everything_behind_it() -> None:
    families = (Family(members=("Glu",)), Family(members=("scale",)))
    plan = replace(PLAN, outcomes=(Outcome(name="scale", change="difference"),), families=families)
    result = analyse(table_of(with_column("scale", 5.0, 6)), plan)
    glu, scale = result.chain.families
    assert glu.p > 0.05 and scale.p < 1e-4
    assert scale.p_alternative == glu.p and not rejected(scale)
    table = next(one for one in printed_tables(result) if one.title == "The declared hypotheses")
    assert [row[7] for row in table.rows] == ["not rejected", "not rejected"]
    assert any("Declared family 2" in text and "not rejected" in text for text in results_paragraphs(result))


def test_a_hypothesis_that_cannot_be_tested_keeps_its_place() -> None:
    plan = replace(
        PLAN, outcomes=(Outcome(name="scale", change="difference"),), families=(Family(members=("scale", "Glu")),)
    )
    rows = [replace(row, covariates={"scale": float("nan")}) for row in random_rows(3, missing=0.0)]
    scale, glu = reference_chain(table_of(rows), plan).families
    assert scale.reason and not rejected(scale)
    assert glu.p_alternative == pytest.approx(min(1.0, 2 * glu.p))


def test_families_err_in_five_percent() -> None:
    """Holm over four outcomes without any effect: any rejection in 5 % of 300 trials, binomial limits of 99.9 %."""
    outcomes = tuple(Outcome(name=f"o{k}", change="follow_up") for k in range(4))
    plan = AnalysisPlan(metabolite="", biomarker="", outcomes=outcomes,
                        families=(Family(members=tuple(one.name for one in outcomes)),))  # fmt: skip
    random, wrong = np.random.default_rng(3), 0
    for _ in range(300):
        rows = [
            Observation(subject=f"{k:02d}", treatment=("placebo", "drug")[k % 2], time_point="after",
                        covariates={one.name: float(random.normal()) for one in outcomes})
            for k in range(14)
        ]  # fmt: skip
        table = ObservationTable.of(rows, kind="parallel", treatments=("placebo", "drug"), baseline="before",
                                    follow_up="after")  # fmt: skip
        wrong += any(map(rejected, reference_chain(table, plan).families))
    assert 4 <= wrong <= 28


def test_an_exposure_is_judged_within_treatments() -> None:
    """Zero under placebo: the slope is that of the drug arm, by hand; the dose of an arm tells nothing."""
    random = np.random.default_rng(8)
    rows = []
    for row in random_rows(8, subjects=24, missing=0.0, kind="parallel"):
        level = float(random.lognormal(3, 0.5)) if row.treatment == "drug" else 0.0
        rows.append(replace(row, covariates={"plasma": level, "dose": 40.0 * (row.treatment == "drug")}))
    exposures = (Covariate(name="plasma", at="follow_up"), Covariate(name="dose"))
    result = analyse(table_of(rows, "parallel"), replace(PLAN, models=("exposure",), exposures=exposures))
    (found,) = result.models
    slope = next(one for one in found.estimates if one.term == "Glu on plasma")
    changes = result.chain.changes
    assert changes is not None
    drug = changes.where(changes.of_treatment("drug"))
    fitted = np.polyfit(np.array(drug.covariates["plasma"], dtype=float), drug.change_metabolite, 1)
    assert slope.estimate == pytest.approx(fitted[0])
    assert any("dose" in note and "not estimable" in note for note in found.notes)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"families": (Family(members=("GABA",)),)}, "families may name"),
        ({"families": (Family(members=("Glu",)), Family(members=("Glu",)))}, "once in the families"),
        ({"outcomes": (Outcome(name="Glu", change="difference"),)}, "different names"),
        ({"metabolite": "", "biomarker": ""}, "what the trial is about"),
    ],
)
def test_names_that_do_not_fit_are_refused(changed: dict[str, object], told: str) -> None:
    given: dict[str, object] = {
        "metabolite": "Glu", "biomarker": "BDNF", "time_adjustment": "none", "biomarker_transform": "log",
        "biomarker_change": "difference", "metabolite_change": "log_ratio",
    } | changed  # fmt: skip
    with pytest.raises(ValueError, match=told):
        AnalysisSection(**given)  # type: ignore[arg-type]


def test_plans_of_before_keep_their_hash() -> None:
    """Written by the version before outcomes, exposures and families could be declared."""
    table = table_of(random_rows(1))
    assert plan_hash(table, PLAN) != plan_hash(table, replace(PLAN, families=(Family(members=("Glu",)),)))
    assert plan_hash(table, PLAN) == "fa216f65f64f65cc67f6e48ec15feed2c08eb8217991c99c1eb5d96a9c67b9ff"
