"""`python -m benchmarks.holds --trials N`: what "holds" and "does not hold" of a report are worth, on planted trials.

Each trial is analysed as a report would, and its answer is right or wrong by what was planted: equal slopes (the
interval should cover zero), or slopes that differ (it should lie on the side of the truth). For each entry of the
strip: how often it holds, and how often the answer is right where it holds and where it does not.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from dataclasses import replace

import numpy as np

from benchmarks.error_rates import NULL, PLAN
from pharmrs.core.report.answer import FAILS, HOLDS
from pharmrs.core.workers.threads import limit_threads
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.power.trial_model import draw_trial
from pharmrs.trial.records.truth import TrialTruth
from pharmrs.trial.report.hangs_on import checks

MODELS = ("cr2", "within", "mixed", "period", "hc3", "huber", "errors_in_variables", "log_ratio")
TRUTHS: dict[str, TrialTruth] = {
    "no difference": NULL,
    "no difference, unequal scatter": replace(NULL, biomarker_change_sds=(0.25, 0.60)),
    "small difference": replace(NULL, slopes=(0.5, 1.5)),
    "large difference": replace(NULL, slopes=(0.5, 3.0)),
}
ALL = "every entry"


def right(estimate: float, low: float, high: float, planted: float) -> bool:
    """An interval over zero is right where nothing was planted, else one on the side of what was planted."""
    if low <= 0 <= high:
        return planted == 0
    return bool(np.sign(estimate) == np.sign(planted))


def count(truth: TrialTruth, people: int, trials: int, seed: int = 0) -> Counter[tuple[str, str, bool]]:
    """(entry of the strip, its verdict, is the declared answer right): how many trials."""
    plan = replace(PLAN, exploratory=MODELS)
    found: Counter[tuple[str, str, bool]] = Counter()
    for number in range(trials):
        result = analyse(draw_trial(truth, people, np.random.default_rng((seed, number))), plan)
        if result.chain.model is None:
            continue
        main = result.chain.model.hypothesis[0]
        good = right(main.estimate, main.ci_low, main.ci_high, truth.slopes[1] - truth.slopes[0])
        strip = checks(result)
        for one in strip:
            found[one.name, one.verdict, good] += 1
        verdicts = {one.verdict for one in strip}
        found[ALL, FAILS if FAILS in verdicts else HOLDS, good] += 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--people", type=int, default=35)
    given = parser.parse_args()
    limit_threads()
    warnings.simplefilter("ignore")
    for name, truth in TRUTHS.items():
        found = count(truth, given.people, given.trials)
        print(f"\n{name}, {given.people} people, {given.trials} trials")
        print(
            "| entry | holds | right where it holds | does not hold | right where it does not |\n|---|---|---|---|---|"
        )
        for entry in dict.fromkeys(key[0] for key in found):
            cells = []
            for verdict in (HOLDS, FAILS):
                yes, no = found[entry, verdict, True], found[entry, verdict, False]
                cells += [str(yes + no), f"{100 * yes / (yes + no):.0f} %" if yes + no else ""]
            print(f"| {entry} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
