"""`python -m benchmarks.error_rates [TEST...] --trials N`: how often each test errs where there is nothing to find.

Crossovers of the size of the reference study (or of 12 people) in four situations. Tests of the interaction meet equal
slopes; tests of effects and correlations (names with a colon) meet trials without any. Every trial is drawn once, for
all tests. A test of 5 % should reject 5 %. Without names: every test that may be declared and costs little. Trials of
three periods or of two groups are situations of their own (`--situations "three periods" ...`), with `THREE` and
`GROUPS` as the tests that only they have.
"""

from __future__ import annotations

import argparse
import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np

from pharmrs.core.workers.threads import limit_threads
from pharmrs.trial.chain.associations import change_correlations, oldham_tests
from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.chain.comparisons import level_comparisons
from pharmrs.trial.chain.effects import treatment_effects
from pharmrs.trial.chain.main_model import main_model
from pharmrs.trial.chain.term_tests import covariate_test, type_two_tests
from pharmrs.trial.joint.model import fit_joint
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.models.registry import MODELS, ModelInput
from pharmrs.trial.power.trial_model import draw_trial
from pharmrs.trial.records.analysis import (
    AnalysisPlan,
    Contrast,
    Covariate,
    EffectEstimate,
    Margin,
    StatisticalTest,
)
from pharmrs.trial.records.observations import ObservationTable
from pharmrs.trial.records.truth import TrialTruth

AGE, PLASMA = Covariate(name="age"), Covariate(name="plasma", at="follow_up")
CONTRASTS = {
    2: (Contrast(name="drug", weights=(-1.0, 1.0)),),
    3: (Contrast(name="both doses against placebo", weights=(-1.0, 0.5, 0.5)),),
}
PLAN = AnalysisPlan(
    time_adjustment="linear", biomarker_transform="log", biomarker_change="difference", metabolite_change="log_ratio",
    covariates=(AGE,), exposures=(PLASMA,),
    equivalence=(Margin(quantity="biomarker", low=-5.0, high=1e-9),),  # true effect 0: at the margin
)  # fmt: skip
NULL = TrialTruth(
    kind="crossover", treatments=("placebo", "drug"), slopes=(0.5, 0.5), metabolite_changes=(0.0, 0.05),
    biomarker_changes=(0.0, 0.15), metabolite_change_sd=0.11, lower_limit=195.0, missing_metabolite=0.04,
    missing_biomarker=0.03, period_change=0.03, metabolite_median=10.0, metabolite_person_sd=0.08,
    metabolite_visit_sd=0.05, metabolite_error_sd=0.04, biomarker_median=400.0, biomarker_person_sd=0.5,
    biomarker_visit_sd=0.3, biomarker_change_sd=0.4, biomarker_error_sd=0.08, shared_change_sd=0.1,
)  # fmt: skip
SITUATIONS: dict[str, tuple[TrialTruth, int]] = {
    "null": (NULL, 35),
    "variances": (replace(NULL, biomarker_change_sds=(0.25, 0.60)), 35),
    "metabolite": (replace(NULL, slopes=(1.5, 1.5), metabolite_change_sds=(0.06, 0.16)), 35),
    "12 people": (NULL, 12),
}
FOUR = tuple(SITUATIONS)
_THREE = replace(
    NULL, treatments=("placebo", "low", "drug"), slopes=(0.5,) * 3, metabolite_changes=(0.0, 0.03, 0.05),
    biomarker_changes=(0.0, 0.1, 0.15),
)  # fmt: skip
_GROUPS = replace(NULL, kind="parallel")
SITUATIONS |= {  # what `carry_over` and trends over doses ask for, and what groups of their own ask for
    "three periods": (_THREE, 36),
    "three periods, variances": (replace(_THREE, biomarker_change_sds=(0.25, 0.4, 0.60)), 36),
    "three periods, metabolite": (replace(_THREE, slopes=(1.5,) * 3, metabolite_change_sds=(0.06, 0.1, 0.16)), 36),
    "three periods, 12 people": (_THREE, 12),
    "groups": (_GROUPS, 70),
    "groups, variances": (replace(_GROUPS, biomarker_change_sds=(0.25, 0.60)), 70),
    "groups, metabolite": (replace(_GROUPS, slopes=(1.5, 1.5), metabolite_change_sds=(0.06, 0.16)), 70),
    "groups, 12 people": (_GROUPS, 24),
}
WORLDS = {"spread": 0.5, "follow-up": 0.0}
INTERACTION = ("main", "hc3", "cr2", "period", "within", "mixed", "crossover", "symmetry", "log_ratio",
               "errors_in_variables")  # fmt: skip
NOTHING = ("effect: Glu", "effect: biomarker", "spearman: placebo", "spearman: drug", "oldham: all treatments",
           "slope: placebo", "slope: drug", "rmcorr: levels", "levels: biomarker", "within_treatment: drug",
           "change_between_treatments: change in biomarker", "wilcoxon: drug", "kendall: drug", "pearson: drug",
           "levene: all treatments", "covariate: age", "term: change in Glu", "term: treatment", "exposure: biomarker",
           "equivalence: drug", "mmrm: Glu", "mmrm: biomarker")  # fmt: skip
THREE = ("carry_over", "effect: biomarker", "contrasts: biomarker", "dose_response: biomarker", "levels: biomarker",
         "spearman: drug", "mmrm: biomarker", "slope: drug")  # fmt: skip
GROUPS = ("main", "hc3", "by_treatment", "errors_in_variables", "effect: Glu", "effect: biomarker",
          "mann_whitney: placebo - drug", "change_between_treatments: change in biomarker", "mmrm: biomarker",
          "levels: biomarker")  # fmt: skip


Found = Sequence[EffectEstimate | StatisticalTest]
Memory = dict[Callable[[ModelInput], Found], Found]


@dataclass(slots=True)
class Count:
    trials: int = 0
    rejected: int = 0
    covered: int = 0
    refused: int = 0
    error: float = 0.0

    def add(self, one: EffectEstimate | StatisticalTest | None, planted: float, alpha: float) -> None:
        """Count one trial. Where a test has a p, by p; else by its interval."""
        self.trials += 1
        if one is None or not (math.isfinite(one.p) or math.isfinite(one.ci_low)):
            self.refused += 1
            return
        self.covered += one.ci_low <= planted <= one.ci_high
        self.rejected += one.p < alpha if math.isfinite(one.p) else not one.ci_low <= 0 <= one.ci_high
        self.error += one.estimate - planted

    def include(self, other: Count) -> None:
        """Add what other trials gave."""
        self.trials, self.rejected = self.trials + other.trials, self.rejected + other.rejected
        self.covered, self.refused = self.covered + other.covered, self.refused + other.refused
        self.error += other.error


def tested(name: str, given: ModelInput, memory: Memory) -> EffectEstimate | StatisticalTest | None:
    """The tested quantity, or None where the trial does not give one. `memory`: what this trial has given already."""
    try:
        if ":" in name:
            return _of_nothing(name, given, memory)
        if name == "joint":  # the treatment effects are not what is counted here
            fit = fit_joint(given.changes, adjust_clock=True, level=1 - given.plan.alpha, effects=False)
            (found,) = fit.interactions
            return EffectEstimate(
                model=name, term=found.term, estimate=found.estimate, ci_low=found.ci_low, ci_high=found.ci_high,
                p=found.p,
            )  # fmt: skip
        if name == "main":
            return main_model(given.changes, given.plan).hypothesis[0]
        return next(one for one in MODELS[name].run(given).estimates if one.hypothesis)
    except NotEstimable:
        return None


def _effects(given: ModelInput) -> Found:
    found = treatment_effects(given.table.kind, given.changes, given.plan)
    return [one for effect in found for one in effect.estimates if one.hypothesis]


def _comparisons(given: ModelInput) -> Found:
    return level_comparisons(given.table, given.changes, given.plan)


def _estimates(name: str) -> Callable[[ModelInput], Found]:
    return lambda given: [one for one in MODELS[name].run(given).estimates if one.hypothesis]


def _ranks(given: ModelInput) -> Found:
    return MODELS["ranks"].run(given).tests


def _covariate(given: ModelInput) -> Found:
    return (replace(covariate_test(main_model(given.changes, given.plan, AGE), AGE.name), family="covariate"),)


def _terms(given: ModelInput) -> Found:
    tests = type_two_tests(main_model(given.changes, given.plan), f"change in {given.plan.metabolite}")
    return [replace(one, family="term") for one in tests]


FAMILIES: dict[str, Callable[[ModelInput], Found]] = {
    "contrasts": _estimates("contrasts"),
    "dose_response": _estimates("dose_response"),
    "exposure": _estimates("exposure"),
    "equivalence": lambda given: MODELS["equivalence"].run(given).tests,
    "mmrm": _estimates("mmrm"),
    "covariate": _covariate,
    "term": _terms,
    "kendall": _ranks,
    "pearson": _ranks,
    "levene": _ranks,
    "mann_whitney": _ranks,
    "effect": _effects,
    "slope": lambda given: MODELS["slopes"].run(given).estimates,
    "levels": lambda given: MODELS["levels"].run(given).estimates[:1],
    "spearman": lambda given: change_correlations(given.changes, given.plan),
    "oldham": lambda given: oldham_tests(given.changes, given.plan),
    "rmcorr": lambda given: MODELS["within_correlation"].run(given).tests,
    "within_treatment": _comparisons,
    "change_between_treatments": _comparisons,
    "wilcoxon": _ranks,
}


def _of_nothing(name: str, given: ModelInput, memory: Memory) -> EffectEstimate | StatisticalTest | None:
    """A test of an effect or a correlation by what it is called: its family, and the arm or quantity it is about."""
    family, _, which = name.partition(": ")
    run = FAMILIES[family]
    if run not in memory:
        memory[run] = run(given)
    for one in memory[run]:
        if isinstance(one, EffectEstimate):
            about = (one.model,) if family == "effect" else (one.treatment, *(one.term.split(mark)[0] for mark in ": "))
            if family == "levels" or (name if family == "effect" else which) in about:
                return one
        elif family == "rmcorr" or (one.family == family and which in (one.group.split(":")[0], one.quantity)):
            return one
    return None


def without_effects(truth: TrialTruth) -> TrialTruth:
    """The same trial with no slope, no effect and no trend over periods."""
    nothing = (0.0,) * len(truth.treatments)
    return replace(truth, slopes=nothing, metabolite_changes=nothing, biomarker_changes=nothing, period_change=0.0)


def trials(truth: TrialTruth, people: int, seeds: range) -> Iterator[ModelInput]:
    """The trials of `seeds`, each ready for every test."""
    for seed in seeds:
        table = draw_trial(truth, people, np.random.default_rng([2026, people, seed]))
        table = _with_columns(table, np.random.default_rng([2027, people, seed]))
        plan = replace(PLAN, contrasts=CONTRASTS.get(len(table.treatments), ()))
        changes, _ = change_table(table, plan)
        yield ModelInput(table=table, changes=changes, plan=plan)


def _with_columns(table: ObservationTable, generator: np.random.Generator) -> ObservationTable:
    """The trial with doses, a later time point about the follow-up, and an age and a level in plasma that go with
    nothing.
    """
    ages = {name: float(generator.normal(30, 5)) for name in table.subjects}
    visits = dict.fromkeys((row.subject, row.treatment) for row in table.rows)
    levels = {visit: float(generator.lognormal(4, 0.5)) for visit in visits}
    late = [
        replace(
            row, time_point="late", biomarker=row.biomarker * math.exp(0.2 * generator.standard_normal()),
            metabolite=row.metabolite * math.exp(0.06 * generator.standard_normal()),
        )
        for row in table.rows if row.time_point == table.follow_up
    ]  # fmt: skip
    rows = [
        replace(row, covariates={AGE.name: ages[row.subject], PLASMA.name: levels[row.subject, row.treatment]})
        for row in (*table.rows, *late)
    ]
    return replace(table, rows=tuple(rows), doses=tuple(10.0 * k * k for k in range(len(table.treatments))))


def count(names: Sequence[str], truth: TrialTruth, people: int, seeds: range) -> dict[str, Count]:
    """The trials of `seeds` by every test."""
    found = {name: Count() for name in names}
    planted = truth.slopes[1] - truth.slopes[0]
    for given in trials(truth, people, seeds):
        memory: Memory = {}
        for name, counted in found.items():
            counted.add(tested(name, given, memory), planted, PLAN.alpha)
    return found


def stored(path: Path | None) -> dict[tuple[str, ...], Count]:
    """Portions that a file holds, by world, situation, planted slopes, first trial, size and test."""
    if path is None or not path.exists():
        return {}
    found = {}
    for line in path.read_text().splitlines():
        *where, trials, rejected, covered, refused, error = line.split("\t")
        found[tuple(where)] = Count(int(trials), int(rejected), int(covered), int(refused), float(error))
    return found


def portions(asked: argparse.Namespace) -> Iterator[tuple[tuple[str, ...], Count]]:
    """Every test of every portion of trials that was asked for: taken from the file where it is there, else counted."""
    done = stored(asked.store)
    for start in range(asked.first, asked.first + asked.trials, asked.portion):
        size = min(asked.portion, asked.first + asked.trials - start)
        for world, situation in itertools.product(asked.worlds, asked.situations):
            truth, people = SITUATIONS[situation]
            truth = replace(truth, at_baseline=WORLDS[world])
            if asked.slopes:
                truth = replace(truth, slopes=tuple(asked.slopes))
            where = (world, situation, " ".join(map(str, truth.slopes)), str(start), str(size))
            open_ones = [name for name in asked.tests if (*where, name) not in done]
            seeds = range(start, start + size)
            found = count([name for name in open_ones if ":" not in name], truth, people, seeds)
            found |= count([name for name in open_ones if ":" in name], without_effects(truth), people, seeds)
            if asked.store is not None:
                with asked.store.open("a") as file:
                    file.writelines(
                        "\t".join(map(str, (*where, name, *astuple(one)))) + "\n" for name, one in found.items()
                    )
            yield from (((*where, name), found.get(name) or done[(*where, name)]) for name in asked.tests)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.error_rates", description=__doc__)
    parser.add_argument("tests", nargs="*", default=[*INTERACTION, *NOTHING])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--portion", type=int, default=500, help="trials that are counted, and stored, at a time")
    parser.add_argument("--store", type=Path, help="file of what was counted: a run that was stopped goes on from it")
    parser.add_argument("--situations", nargs="*", default=list(FOUR))
    parser.add_argument("--worlds", nargs="*", default=["spread"])
    parser.add_argument("--slopes", nargs="*", type=float, help="planted slopes instead of equal ones")
    asked = parser.parse_args()
    limit_threads()
    warnings.simplefilter("ignore")
    together: dict[tuple[str, ...], Count] = {}
    for (world, situation, slopes, _start, _size, name), one in portions(asked):
        together.setdefault((name, world, situation, slopes), Count()).include(one)
    for (name, world, situation, _slopes), one in together.items():
        print(_line(name, world, situation, one), flush=True)


def _line(name: str, world: str, situation: str, found: Count) -> str:
    used = max(found.trials - found.refused, 1)
    noise = math.sqrt(0.05 * 0.95 / used)
    return (
        f"| {name} | {world} | {situation} | {100 * found.rejected / used:.1f} | {100 * noise:.1f} | "
        f"{100 * found.covered / used:.1f} | {found.error / used:+.3f} | {found.refused} | {found.trials} |"
    )


if __name__ == "__main__":
    main()
