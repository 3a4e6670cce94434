"""Which models may be part of a plan: a test that cannot hold its level is shown beside it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import numpy as np

from pharmrs.trial.models.extension import ExtensionModel
from pharmrs.trial.records.changes import ChangeTable

_LEAST_GAP = 0.1  # between reliabilities of two arms; what is less biases an interaction less than it is uncertain
_NOISE = 2.0  # standard errors of the gap


def reliabilities(changes: ChangeTable) -> Mapping[str, float]:
    """Share of the variance of the metabolite change that is not its measurement error, by treatment, over the complete
    pairs; NaN where an SD is not known or fewer than three pairs are.
    """
    found = {}
    for name in changes.treatments:
        rows = changes.where(changes.complete & changes.of_treatment(name))
        spread = float(np.var(rows.change_metabolite, ddof=1)) if len(rows) > 2 else 0.0
        noise = float(np.mean(rows.change_metabolite_sd**2)) if len(rows) else math.nan
        found[name] = 1 - noise / spread if spread > 0 else math.nan
    return found


def why_not_declared(model: ExtensionModel, changes: ChangeTable) -> str:
    """Why this model is shown beside the plan although the plan names it; empty where it is part of it."""
    if model.misses:
        return f"its test does not hold its level {model.misses}"
    if not model.takes_as_exact:
        return ""
    share = reliabilities(changes)
    pairs = {name: int(np.sum(changes.complete & changes.of_treatment(name))) for name in share}
    for one, other in itertools.combinations(share, 2):
        gap = abs(share[one] - share[other])
        noise = math.hypot(*((1 - share[name]) * math.sqrt(2 / max(pairs[name] - 1, 1)) for name in (one, other)))
        if gap > max(_LEAST_GAP, _NOISE * noise):
            return (
                f"{share[one]:.2f} of the variance of the metabolite change is signal under {one} and "
                f"{share[other]:.2f} under {other}, and it takes the change for exact: equal slopes look "
                "unequal (errors_in_variables allows for it)"
            )
    return ""
