"""`python -m benchmarks.holds --trials N`: what "holds", "weaker" and "does not hold" of a report are worth.

Planted trials are analysed as a report would. The declared answer is right or wrong by what was planted: equal slopes
(the interval should cover zero), or slopes that differ (it should lie on the side of the truth). In some worlds the
declared analysis itself is misled: a pair is far out, or a value was entered tenfold. For each entry of the strip, and
for the worst of all: how often each verdict came, for effects that were found and for none found, right and wrong.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.error_rates import NULL, PLAN
from pharmrs.core.report.answer import ASKED, FAILS, HOLDS, STRONGER, WEAKER
from pharmrs.core.workers.threads import limit_threads
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.power.trial_model import draw_trial
from pharmrs.trial.records.observations import ObservationTable
from pharmrs.trial.records.truth import TrialTruth
from pharmrs.trial.report.hangs_on import checks

MODELS = ("cr2", "within", "mixed", "period", "hc3", "huber", "errors_in_variables", "log_ratio")
LARGE = replace(NULL, slopes=(0.5, 3.0))
ALL = "the worst of all"
Found = Counter[tuple[str, bool, bool, str]]
Spoil = Callable[[ObservationTable, np.random.Generator], ObservationTable]


def right(estimate: float, low: float, high: float, planted: float) -> bool:
    """An interval over zero is right where nothing was planted, else one on the side of what was planted."""
    if low <= 0 <= high:
        return planted == 0
    return bool(np.sign(estimate) == np.sign(planted))


def unspoiled(table: ObservationTable, _: np.random.Generator) -> ObservationTable:
    return table


def tenfold(table: ObservationTable, draw: np.random.Generator) -> ObservationTable:
    """One biomarker value was entered tenfold."""
    return _changed(table, draw, biomarker=10.0)


def far_pair(table: ObservationTable, draw: np.random.Generator) -> ObservationTable:
    """One visit under the last treatment is far out in both: a spoiled spectrum and a value entered fivefold."""
    return _changed(table, draw, biomarker=5.0, metabolite=1.6, treatment=table.treatments[-1])


def _changed(
    table: ObservationTable,
    draw: np.random.Generator,
    *,
    biomarker: float,
    metabolite: float = 1.0,
    treatment: str = "",
) -> ObservationTable:
    """The table with the values of one follow-up multiplied."""
    rows = list(table.rows)
    possible = [
        place
        for place, row in enumerate(rows)
        if row.time_point == table.follow_up and np.isfinite(row.biomarker) and np.isfinite(row.metabolite)
        and treatment in ("", row.treatment)
    ]  # fmt: skip
    one = draw.choice(possible)
    rows[one] = replace(
        rows[one], biomarker=biomarker * rows[one].biomarker, metabolite=metabolite * rows[one].metabolite
    )
    return replace(table, rows=tuple(rows))


def count(truth: TrialTruth, people: int, trials: int, spoil: Spoil = unspoiled, seed: int = 0) -> Found:
    """(entry of the strip, was an effect found, is the declared answer right, verdict): how many trials."""
    plan = replace(PLAN, exploratory=MODELS)
    found: Found = Counter()
    for number in range(trials):
        draw = np.random.default_rng((seed, number))
        result = analyse(spoil(draw_trial(truth, people, draw), draw), plan)
        if result.chain.model is None:
            continue
        main = result.chain.model.hypothesis[0]
        good = right(main.estimate, main.ci_low, main.ci_high, truth.slopes[1] - truth.slopes[0])
        effect = not main.ci_low <= 0 <= main.ci_high
        strip = [one for one in checks(result) if one.verdict in ASKED]
        for one in strip:
            found[one.name, effect, good, one.verdict] += 1
        verdicts = {one.verdict for one in strip}
        found[ALL, effect, good, next(one for one in ASKED if one in verdicts)] += 1
    return found


def table(found: Found) -> list[str]:
    """A row for each entry, answer and whether it is right."""
    lines = [
        "| entry | declared answer | trials | holds | weaker, stronger | does not hold |",
        "|---|---|---|---|---|---|",
    ]
    for entry, effect, good in dict.fromkeys(key[:3] for key in sorted(found, key=lambda one: (one[0] == ALL, one))):
        number = {verdict: found[entry, effect, good, verdict] for verdict in ASKED}
        total = sum(number.values())
        shares = (number[HOLDS], number[WEAKER] + number[STRONGER], number[FAILS])
        told = f"{'effect' if effect else 'none'}, {'right' if good else 'wrong'}"
        lines.append(f"| {entry} | {told} | {total} | {' | '.join(f'{100 * one / total:.0f} %' for one in shares)} |")
    return lines


WORLDS: dict[str, tuple[TrialTruth, Spoil]] = {
    "no difference": (NULL, unspoiled),
    "no difference, unequal scatter": (replace(NULL, biomarker_change_sds=(0.25, 0.60)), unspoiled),
    "no difference, metabolite scatters unequally": (
        replace(NULL, slopes=(1.5, 1.5), metabolite_change_sds=(0.06, 0.16)), unspoiled,
    ),
    "no difference, one pair far out": (NULL, far_pair),
    "small difference": (replace(NULL, slopes=(0.5, 1.5)), unspoiled),
    "large difference": (LARGE, unspoiled),
    "large difference, one value tenfold": (LARGE, tenfold),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--people", type=int, default=35)
    parser.add_argument("--only", default="", help="part of the name of a world")
    given = parser.parse_args()
    limit_threads()
    warnings.simplefilter("ignore")
    for name, (truth, spoil) in WORLDS.items():
        if given.only and given.only not in name:
            continue
        print(f"\n{name}, {given.people} people, {given.trials} trials\n")
        print("\n".join(table(count(truth, given.people, given.trials, spoil))), flush=True)


if __name__ == "__main__":
    main()
