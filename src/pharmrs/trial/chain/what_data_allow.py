"""What a reader must know before believing an interval: who is too few, what was not measured well enough to tell."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from pharmrs.core.records.arrays import BoolArray, FloatArray
from pharmrs.trial.records.analysis import AnalysisPlan, EffectEstimate
from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.records.error_rates import DUE, RATES

FEWEST_CHECKED = 12  # participants; the levels of the tests were measured with no fewer (docs/models.md)
_LEAST_GAP = 0.1  # between reliabilities of two arms; what is less biases an interaction less than it is uncertain
_NOISE = 2.0  # standard errors of the gap
_LEAST_RELIABLE = 0.1
_FEWEST_PAIRS = 3
_LEAST_RATIO = 1.3  # of residual SDs of two arms; with less, tests of equal variances keep their level


def reliabilities(changes: ChangeTable) -> Mapping[str, float]:
    """Share of the variance of the metabolite change that is not its measurement error, by treatment, over the complete
    pairs; NaN where an SD is not known or fewer than three pairs are.
    """
    found = {}
    for name, rows in _arms(changes):
        spread = float(np.var(rows.change_metabolite, ddof=1)) if len(rows) >= _FEWEST_PAIRS else 0.0
        noise = float(np.mean(rows.change_metabolite_sd**2)) if len(rows) else math.nan
        found[name] = 1 - noise / spread if spread > 0 else math.nan
    return found


def unequal_reliability(changes: ChangeTable) -> str:
    """That the change is measured much more reliably under one treatment than under another; empty where it is not."""
    share = reliabilities(changes)
    pairs = {name: len(rows) for name, rows in _arms(changes)}
    for one, other in itertools.combinations(share, 2):
        gap = abs(share[one] - share[other])
        noise = math.hypot(*((1 - share[name]) * math.sqrt(2 / max(pairs[name] - 1, 1)) for name in (one, other)))
        if gap > max(_LEAST_GAP, _NOISE * noise):
            return (
                f"{share[one]:.2f} of the variance of the metabolite change is signal under {one} and "
                f"{share[other]:.2f} under {other}"
            )
    return ""


def unequal_scatter(changes: ChangeTable) -> str:
    """That the biomarker change scatters much more about its line under one treatment than under another; empty where
    it does not. The line is each arm's own, so that different slopes are no scatter; and it must not be one pair alone
    that scatters: without the one that is farthest off, the arm must still do.
    """
    arms = {
        name: (rows, *_residuals(rows))
        for name, rows in _arms(changes)
        if len(rows) > _FEWEST_PAIRS + 1 and np.ptp(rows.change_metabolite) > 0
    }
    for (one, (calm, low, _)), (other, (wide, high, rest)) in itertools.permutations(arms.items(), 2):
        noise = math.sqrt(1 / (2 * (len(calm) - 2)) + 1 / (2 * (len(wide) - 2)))  # of the logarithm, normal residuals
        enough = math.exp(max(math.log(_LEAST_RATIO), _NOISE * noise))
        if not 0 < low < high / enough:
            continue
        if low < _residuals(wide.where(np.arange(len(wide)) != int(np.argmax(np.abs(rest)))))[0]:
            times = f"{high / low:.2g} times as much"
            return f"the biomarker change scatters {times} about its line under {other} as under {one}"
    return ""


def _residuals(rows: ChangeTable) -> tuple[float, FloatArray]:
    """SD of the biomarker change about its own line over the metabolite change, and the residuals."""
    slope, level = np.polyfit(rows.change_metabolite, rows.change_biomarker, 1)
    rest = rows.change_biomarker - level - slope * rows.change_metabolite
    return math.sqrt(float(rest @ rest) / (len(rows) - 2)), rest


def warnings_of_pairs(changes: ChangeTable, plan: AnalysisPlan) -> Iterator[str]:
    """What the pairs of a coupling do not allow to tell, whatever the model."""
    used = changes.where(changes.complete)
    yield from few_people(used.subject)
    if scatter := unequal_scatter(changes):
        yield (
            f"{scatter}: the main model takes both scatters to be the same, and then finds a difference that is not "
            f"there in {RATES['main'].variances:.1f} % of trials instead of {DUE:g} (by_treatment, cr2, hc3 and "
            "errors_in_variables do without that)"
        )
    if unequal := unequal_reliability(changes):
        yield (
            f"{unequal}: the main model takes the change for exact, so that equal slopes look unequal "
            f"in {RATES['main'].metabolite:.1f} % of such trials instead of {DUE:g} (errors_in_variables allows for it)"
        )
    for name, rows in _arms(changes):
        for quantity, values in ((plan.metabolite, rows.change_metabolite), (plan.biomarker, rows.change_biomarker)):
            if len(rows) > 1 and np.ptp(values) == 0:
                yield (
                    f"the change in {quantity} is the same in all {len(rows)} pairs under {name}: look for values that "
                    "were filled in; p and intervals take its scatter for that of the other treatment"
                )


def few_people(subjects: Iterable[str]) -> Iterator[str]:
    """That there are fewer participants than any test was checked with."""
    number = len(set(subjects))
    if 0 < number < FEWEST_CHECKED:
        yield (
            f"{number} participants are analysed, and the tests were checked with {FEWEST_CHECKED} and more: p and "
            "intervals rest on a normal scatter that so few cannot show"
        )


def says_nothing(
    estimates: Iterable[EffectEstimate], changes: ChangeTable, *, corrected: bool = False
) -> tuple[str, ...]:
    """The tested differences of slopes whose interval holds everything that the spread of the changes allows.

    A slope lies between -s and s, s the SD of the biomarker change over that of the metabolite change (a correlation of
    -1 to 1); `corrected`: over the SD without its measurement error.
    """
    steepest = {name: _steepest(rows) for name, rows in _arms(changes)}
    if corrected:
        share = {name: value if math.isfinite(value) else 1.0 for name, value in reliabilities(changes).items()}
        steepest = {name: value / math.sqrt(max(share[name], _LEAST_RELIABLE)) for name, value in steepest.items()}
    found = []
    for one in estimates:
        if not one.hypothesis or one.treatment not in steepest:
            continue
        most = steepest[changes.treatments[0]] + steepest[one.treatment]
        closed = math.isfinite(one.ci_low) and math.isfinite(one.ci_high)
        if closed and one.ci_low <= -most and one.ci_high >= most:
            found.append(
                f"the interval of {one.term} ({one.ci_low:.3g} to {one.ci_high:.3g}) holds every difference that the "
                f"spread of the changes allows ({-most:.3g} to {most:.3g}): these data say nothing about it"
            )
    return tuple(found)


def effect_says_nothing(estimates: Iterable[EffectEstimate], change: FloatArray, known: BoolArray) -> tuple[str, ...]:
    """The tested effects whose interval is wider than the changes of everybody."""
    values = change[known]
    widest = float(np.ptp(values)) if values.size else math.nan
    return tuple(
        f"the interval of {one.term} ({one.ci_low:.3g} to {one.ci_high:.3g}) reaches further to either side than the "
        f"changes of all participants lie apart ({widest:.3g}): these data say nothing about it"
        for one in estimates
        if one.hypothesis and one.ci_low <= -widest and one.ci_high >= widest
    )


def _arms(changes: ChangeTable) -> Iterator[tuple[str, ChangeTable]]:
    """Complete pairs of each treatment."""
    for name in changes.treatments:
        yield name, changes.where(changes.complete & changes.of_treatment(name))


def _steepest(rows: ChangeTable) -> float:
    if len(rows) < _FEWEST_PAIRS or np.ptp(rows.change_metabolite) == 0:
        return math.inf
    return float(np.std(rows.change_biomarker, ddof=1) / np.std(rows.change_metabolite, ddof=1))
