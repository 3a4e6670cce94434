"""Whether another way to ask gives the declared answer: by where its estimate and its interval lie."""

from __future__ import annotations

import math

from pharmrs.core.report.answer import FAILS, HOLDS, STRONGER, UNKNOWN, WEAKER
from pharmrs.trial.records.analysis import EffectEstimate


def direction(one: EffectEstimate, alpha: float) -> int | None:
    """-1 or 1 where the interval is on one side of zero, 0 where it covers it; None: not known."""
    if math.isfinite(one.ci_low) and math.isfinite(one.ci_high):
        return 0 if one.ci_low <= 0 <= one.ci_high else int(math.copysign(1, one.estimate))
    if math.isfinite(one.p):
        return 0 if one.p >= alpha else int(math.copysign(1, one.estimate))
    return None


def verdict(one: EffectEstimate, main: EffectEstimate, alpha: float) -> str:
    """Holds: same side of zero, or both cover it. Else by the estimate: within the declared interval only the
    uncertainty changed (weaker, stronger), outside it the answer does not hold; nor where both cover zero and neither
    estimate lies within the other's interval.
    """
    found, declared = direction(one, alpha), direction(main, alpha)
    if found is None or declared is None:
        return UNKNOWN
    if found == declared:
        apart = not (_near(one, main) or _covers(one, main.estimate))
        return FAILS if found == 0 and apart and math.isfinite(one.ci_low) else HOLDS
    if found and declared:
        return FAILS
    if found:
        return STRONGER if _near(one, main) else FAILS
    further = abs(one.estimate) > abs(main.estimate) and one.estimate * main.estimate > 0
    return WEAKER if _near(one, main) or (further and _covers(one, main.estimate)) else FAILS


def _near(one: EffectEstimate, main: EffectEstimate) -> bool:
    """Whether the estimate is one that the declared interval allows."""
    return _covers(main, one.estimate)


def _covers(one: EffectEstimate, value: float) -> bool:
    return one.ci_low <= value <= one.ci_high
