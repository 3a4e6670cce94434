"""`python -m benchmarks.error_rates MODEL... --trials N`: how often each test errs where the slopes are equal.

Crossovers of the size of the reference study (or of 12 people) in four situations, in two worlds: what comes and
goes of a value is spread over baseline and follow-up, or lies at follow-up alone. A test of 5 % should reject 5 %.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.workers.threads import limit_threads
from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.chain.main_model import main_model
from pharmrs.trial.joint.model import fit_joint
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.models.registry import MODELS, ModelInput
from pharmrs.trial.power.trial_model import draw_trial
from pharmrs.trial.records.analysis import AnalysisPlan, EffectEstimate
from pharmrs.trial.records.truth import TrialTruth

PLAN = AnalysisPlan(
    time_adjustment="linear", biomarker_transform="log", biomarker_change="difference", metabolite_change="log_ratio"
)
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
WORLDS = {"spread": 0.5, "follow-up": 0.0}


@dataclass(slots=True)
class Count:
    trials: int = 0
    rejected: int = 0
    covered: int = 0
    refused: int = 0
    error: float = 0.0


def tested(name: str, given: ModelInput) -> EffectEstimate | None:
    """The interaction, or None where the trial does not give one."""
    try:
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


def count(name: str, truth: TrialTruth, people: int, seeds: range) -> Count:
    """The trials of `seeds` by one model."""
    found = Count()
    planted = truth.slopes[1] - truth.slopes[0]
    for seed in seeds:
        table = draw_trial(truth, people, np.random.default_rng([2026, people, seed]))
        changes, _ = change_table(table, PLAN)
        one = tested(name, ModelInput(table=table, changes=changes, plan=PLAN))
        found.trials += 1
        if one is None or not math.isfinite(one.estimate):
            found.refused += 1
            continue
        inside = one.ci_low <= planted <= one.ci_high
        found.covered += inside
        found.rejected += one.p < PLAN.alpha if math.isfinite(one.p) else not one.ci_low <= 0 <= one.ci_high
        found.error += one.estimate - planted
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.error_rates", description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--situations", nargs="*", default=list(SITUATIONS))
    parser.add_argument("--worlds", nargs="*", default=list(WORLDS))
    parser.add_argument("--slopes", nargs=2, type=float, help="planted slopes instead of equal ones")
    asked = parser.parse_args()
    limit_threads()
    warnings.simplefilter("ignore")
    for name in asked.models:
        for world in asked.worlds:
            for situation in asked.situations:
                truth, people = SITUATIONS[situation]
                truth = replace(truth, at_baseline=WORLDS[world])
                if asked.slopes:
                    truth = replace(truth, slopes=tuple(asked.slopes))
                begun = time.process_time()
                found = count(name, truth, people, range(asked.first, asked.first + asked.trials))
                used = found.trials - found.refused
                rate, noise = found.rejected / max(used, 1), math.sqrt(0.05 * 0.95 / max(used, 1))
                print(
                    f"| {name} | {world} | {situation} | {100 * rate:.1f} | {100 * noise:.1f} | "
                    f"{100 * found.covered / used:.1f} | {found.error / used:+.3f} | {found.refused} | {used} | "
                    f"{time.process_time() - begun:.0f} s |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
