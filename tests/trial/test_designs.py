"""Replicate, incomplete and Williams crossovers, contrasts and doses: R 4.2.2 (lmerTest 3.1-3, emmeans 1.8.4) on the
same formula-made numbers. w: baseline and follow-up of each visit; within, own: the visit's baseline less the mean of
the participant, and that mean.

    m <- lmer(after ~ treatment + factor(period) + within + own + (1|subject), w)
    summary(m, ddf = "Kenward-Roger")                               # replicate
    sc <- function(f) {a <- f - mean(f); a / sum(a * f) * diff(range(f))}
    contrast(emmeans(m, "treatment", mode = "kenward-roger"),
             list(lin = sc(d), emax = sc(d / (d + 10)), both = c(-1, .5, .5)))
    contrast(emmeans(lm(after ~ treatment + baseline, w), "treatment"), list(lin = sc(d)))      # parallel
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pharmrs.core.errors import InputError
from pharmrs.trial.chain.reference_chain import reference_chain
from pharmrs.trial.models.analyse import analyse, plan_hash
from pharmrs.trial.power.trial_model import draw_trial
from pharmrs.trial.read.observations import read_observations
from pharmrs.trial.records.analysis import AnalysisPlan, Contrast, EffectEstimate, Outcome
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.observations import Observation, ObservationTable
from pharmrs.trial.regression.cluster_robust import robust_least_squares
from tests.trial.random_trials import TRUTH

GLU = AnalysisPlan(metabolite="Glu", biomarker="", metabolite_change="difference")
BOTH = AnalysisPlan(metabolite="Glu", biomarker="BDNF", time_adjustment="none", biomarker_transform="log",
                    biomarker_change="difference", metabolite_change="log_ratio")  # fmt: skip
REPLICATE = Design(kind="crossover", treatments=("A", "B"), baseline="before", follow_up="after",
                   sequences=(("A", "B", "B"), ("B", "A", "A")))  # fmt: skip


def value(i: int, p: int, t: int, arm: int) -> float:
    return 10 + ((7 * i + 3 * p * p + 5 * t * (i + 1) + arm * i) % 23) / 10 + arm * t * 0.6 + i * 0.11


def rows_of(orders: Sequence[str], people: int, names: str) -> list[Observation]:
    return [
        Observation(
            subject=f"s{i:02d}", sequence="-".join(orders[i % len(orders)]), period=p, treatment=arm, time_point=point,
            metabolite=value(i, p, t, names.index(arm)), biomarker=300 + 50 * value(i + 3, p, 1 - t, 0),
        )
        for i in range(people)
        for p, arm in enumerate(orders[i % len(orders)], start=1)
        for t, point in enumerate(("before", "after"))
    ]  # fmt: skip


def written(tmp_path: Path, rows: list[Observation]) -> Path:
    names = ("subject", "sequence", "period", "treatment", "time_point", "metabolite", "biomarker")
    lines = [
        "\t".join(names),
        *("\t".join(str(getattr(row, name)).replace("nan", "n/a") for name in names) for row in rows),
    ]
    path = tmp_path / "observations.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


def replicate(tmp_path: Path, rows: list[Observation] | None = None) -> ObservationTable:
    path = written(tmp_path, rows or rows_of(["ABB", "BAA"], 10, "AB"))
    return read_observations(path, REPLICATE, BOTH)


def told(tmp_path: Path, rows: list[Observation], design: Design = REPLICATE) -> str:
    with pytest.raises(InputError) as error:
        read_observations(written(tmp_path, rows), design, BOTH)
    return "\n".join(map(str, error.value.problems))


def numbers(one: EffectEstimate) -> list[float]:
    return [one.estimate, one.se, one.df]


def test_a_replicate_crossover_as_in_r(tmp_path: Path) -> None:
    table = replicate(tmp_path)
    assert len(table.rows) == 60
    (effect,) = reference_chain(table, GLU).effects[0].tested
    assert numbers(effect) == pytest.approx([0.74052806246263, 0.24729484779792, 19.68400572287342], rel=1e-6)


def test_both_visits_of_a_replicate_enter_the_coupling(tmp_path: Path) -> None:
    """CR2 by participant over 30 rows; rank correlations take a participant's mean, so that n is 10."""
    result = analyse(replicate(tmp_path), replace(BOTH, models=("cr2", "permutation", "joint", "ranks")))
    cr2, permutation, joint, _ = result.models
    changes = result.chain.changes
    assert changes is not None and len(changes) == 30
    x, y = changes.change_metabolite, changes.change_biomarker
    given = np.array([name == "B" for name in changes.treatment], dtype=float)
    design = np.column_stack([np.ones(30), x, given, x * given])
    found = robust_least_squares(y, design, list("abcd"), "CR2", changes.subject)
    assert cr2.tested[0].p == pytest.approx(float(found.p[3]))
    assert 0 < permutation.tested[0].p <= 1
    assert "more than once" in joint.reason
    assert {test.n for test in result.chain.correlations} == {10}
    paired = next(one for one in result.chain.paired if one.family == "change_between_treatments")
    means = {
        (name, arm): np.mean([y[k] for k in range(30) if (changes.subject[k], changes.treatment[k]) == (name, arm)])
        for name, arm in itertools.product(dict.fromkeys(changes.subject), "AB")
    }
    assert paired.n == 10
    assert paired.estimate == pytest.approx(
        np.mean([means[name, "A"] - means[name, "B"] for name in dict.fromkeys(changes.subject)])
    )
    assert any("takes" in note or "take his mean" in note for note in result.chain.notes)


def test_a_lost_visit_of_a_replicate_is_the_same_absent_or_empty(tmp_path: Path) -> None:
    rows = rows_of(["ABB", "BAA"], 10, "AB")
    lost = [row for row in rows if (row.subject, row.period) == ("s02", 3)]
    empty = [replace(row, metabolite=float("nan"), biomarker=float("nan")) for row in lost]
    absent = replicate(tmp_path, [row for row in rows if row not in lost])
    explicit = replicate(tmp_path, [empty[lost.index(row)] if row in lost else row for row in rows])
    assert repr(absent) == repr(explicit)


def test_orders_that_were_not_declared_are_errors(tmp_path: Path) -> None:
    assert "one of the declared sequences" in told(tmp_path, rows_of(["ABA", "BAA"], 4, "AB"))
    assert "must be 1 to 3" in told(tmp_path, rows_of(["ABBA", "BAA"], 4, "AB"))
    rows = [replace(row, period=None) for row in rows_of(["ABB"], 2, "AB") if row.period != 3]
    assert "replicate crossover" in told(tmp_path, rows)
    plain = replace(REPLICATE, sequences=())
    assert "design.sequences declares" in told(tmp_path, rows_of(["ABB"], 2, "AB"), plain)


def test_incomplete_crossovers_plan_what_was_to_be_given(tmp_path: Path) -> None:
    """Two of three treatments each: nobody is planned for the third."""
    orders = ("AB", "BC", "CA", "BA", "CB", "AC")
    design = replace(REPLICATE, treatments=("A", "B", "C"), sequences=tuple(tuple(order) for order in orders))
    table = read_observations(written(tmp_path, rows_of(orders, 12, "ABC")), design, BOTH)
    assert len(table.rows) == 48
    flow = {(one.stage, one.treatment): one.count for one in reference_chain(table, BOTH).flow}
    assert flow["participants", "A"] == 8 and flow["metabolite scans: planned", ""] == 48


def dosed(kind: str, rows: list[Observation], doses: tuple[float, ...]) -> ObservationTable:
    names = tuple("ABCD"[: len(doses)])
    return ObservationTable.of(
        rows, kind=kind, treatments=names, baseline="before", follow_up="after", doses=doses
    )  # fmt: skip


def test_doses_and_contrasts_of_a_crossover_as_in_r() -> None:
    rows = rows_of(["ABC", "BCA", "CAB", "ACB", "BAC", "CBA"], 12, "ABC")
    contrast = Contrast(name="both", weights=(-1.0, 0.5, 0.5))
    plan = replace(GLU, models=("dose_response", "contrasts"), ed50=10.0, contrasts=(contrast,))
    doses, declared = analyse(dosed("crossover", rows, (0.0, 10.0, 40.0)), plan).models
    linear, emax = doses.tested
    assert numbers(linear) == pytest.approx([0.617950904372, 0.282909351621, 19], rel=1e-6)
    assert numbers(emax) == pytest.approx([0.755380207391, 0.289910869075, 19], rel=1e-6)
    assert numbers(declared.tested[0]) == pytest.approx([0.654590832765, 0.251834241383, 19], rel=1e-6)
    assert [one.term for one in doses.tested] == ["Glu: linear trend", "Glu: Emax trend, ED50 10"]


def test_doses_of_a_parallel_trial_as_in_r() -> None:
    rows = rows_of(list("ABCD"), 24, "ABCD")
    (found,) = analyse(dosed("parallel", rows, (0.0, 5.0, 10.0, 20.0)), replace(GLU, models=("dose_response",))).models
    assert numbers(found.tested[0]) == pytest.approx([1.568510498874, 0.552965623851, 19], rel=1e-6)


def test_a_contrast_of_two_treatments_is_the_effect() -> None:
    table = dosed("parallel", rows_of(list("ABCD"), 24, "ABCD"), (0.0, 5.0, 10.0, 20.0))
    weights = (-1.0, 0.0, 1.0, 0.0)
    plan = replace(GLU, models=("contrasts",), contrasts=(Contrast(name="C - A", weights=weights),))
    result = analyse(table, plan)
    effect = next(one for one in result.chain.effects[0].tested if one.treatment == "C")
    assert numbers(result.models[0].tested[0]) == pytest.approx(numbers(effect))


def test_without_doses_or_shape_there_is_a_reason() -> None:
    rows = rows_of(list("ABCD"), 24, "ABCD")
    (none,) = analyse(dosed("parallel", rows, (0.0,) * 4), replace(GLU, models=("dose_response",))).models
    assert "no shape" in none.reason
    with pytest.raises(ValueError, match="sum to 0"):
        Contrast(name="wrong", weights=(1.0, 1.0))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sequences": (("A", "Z"),)}, "sequences are orders of A, B, not Z"),
        ({"sequences": (("A", "A"),)}, "every treatment must be in one"),
        ({"sequences": (("A", "B"), ("A", "B"))}, "declared once"),
        ({"kind": "parallel"}, "belong to a crossover"),
        ({"doses": (1.0,)}, "one value per treatment"),
    ],
)
def test_designs_that_cannot_be(changed: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(REPLICATE, **changed)  # type: ignore[arg-type]


def test_the_hash_knows_sequences_and_doses() -> None:
    plain = Design(kind="crossover", treatments=("A", "B"), baseline="before", follow_up="after")
    hashes = {plan_hash(one, GLU) for one in (plain, REPLICATE, replace(plain, doses=(0.0, 1.0)))}
    assert len(hashes) == 3


def test_childhood_asthma_as_in_r() -> None:
    """Senn 2002, 13 children, peak flow after formoterol and salbutamol, no baseline: lmer(PEF ~ treatment +
    factor(period) + (1|subject)), Kenward-Roger, 46.6071, t(11) = 4.32479; and the t test of half the differences
    between the sequences, which it is where nothing is missing.
    """
    pairs = [(310, 270), (310, 260), (370, 300), (410, 390), (250, 210), (380, 350), (330, 365), (370, 385), (310, 400),
             (380, 410), (290, 320), (260, 340), (90, 220)]  # fmt: skip
    rows = [
        Observation(subject=f"{child:02d}", treatment=("for", "sal")[(period == 1) is (child >= 7)], period=period,
                    time_point="after", covariates={"PEF": float(pair[period - 1])})
        for child, pair in enumerate(pairs)
        for period in (1, 2)
    ]  # fmt: skip
    table = ObservationTable.of(rows, kind="crossover", treatments=("sal", "for"), baseline="before", follow_up="after",
                                of_sessions=("PEF",))  # fmt: skip
    plan = AnalysisPlan(metabolite="", biomarker="", outcomes=(Outcome(name="PEF", change="follow_up"),))
    (effect,) = reference_chain(table, plan).effects[0].tested
    half = np.array([(first - second) / 2 for first, second in pairs])
    by_hand = stats.ttest_ind(half[:7], half[7:])
    assert [effect.statistic, effect.df, effect.p] == pytest.approx([by_hand.statistic, 11, by_hand.pvalue], rel=1e-6)
    assert [effect.estimate, effect.statistic] == pytest.approx([46.6071428571, 4.32479461838], rel=1e-4)


def test_power_draws_the_declared_sequences() -> None:
    truth = replace(TRUTH, treatments=("A", "B"), sequences=REPLICATE.sequences)
    table = draw_trial(truth, 8, np.random.default_rng(1))
    orders = {name: [row.treatment for row in table.rows if row.subject == name and row.time_point == "baseline"]
              for name in table.subjects}  # fmt: skip
    assert len(table.rows) == 48
    assert sorted(map(len, orders.values())) == [3] * 8
    assert {row.occasion for row in table.rows} == {1, 2, 3}
    assert {row.sequence for row in table.rows} == {"A-B-B", "B-A-A"}
