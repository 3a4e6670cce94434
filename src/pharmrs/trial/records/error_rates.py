"""How often each test errs where there is nothing to find, in % of simulated trials (`benchmarks/error_rates.py`).

docs/models.md prints these numbers, and a test keeps the two alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

DUE = 5.0
LOWEST, HIGHEST = 4.0, 6.0  # a test that rejects less or more often says so
_MANY = 10_000  # trials; where fewer were simulated, a figure must lie outside by more than its noise
FEW_PEOPLE = 24  # below it the figure of 12 people is nearer than that of 35


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """Rejected with 35 people (`null`), with 12 (`few`), with a scatter of 0.25 and 0.60 under the two treatments
    (`variances`), with a metabolite change of 0.06 and 0.16 (`metabolite`); `trials` of each.
    """

    null: float
    few: float
    variances: float
    metabolite: float
    trials: int = 10_000

    @property
    def noise(self) -> float:
        """Monte Carlo standard error of each."""
        return 100 * math.sqrt(0.05 * 0.95 / self.trials)


RATES: dict[str, ErrorRates] = {
    "main": ErrorRates(5.0, 5.1, 5.6, 7.3),
    "hc3": ErrorRates(4.3, 3.3, 4.5, 7.0),
    "cr2": ErrorRates(4.6, 3.9, 4.9, 6.8),
    "period": ErrorRates(4.8, 3.9, 4.9, 7.0),
    "within": ErrorRates(4.3, 3.1, 4.2, 5.0),
    "mixed": ErrorRates(4.6, 4.6, 5.2, 6.9),
    "crossover": ErrorRates(4.8, 4.3, 5.1, 7.0),
    "symmetry": ErrorRates(5.2, 6.3, 5.6, 7.5),
    "log_ratio": ErrorRates(4.6, 3.9, 4.8, 6.9),
    "slopes": ErrorRates(4.2, 3.3, 4.2, 4.3),
    "within_correlation": ErrorRates(4.6, 5.0, 4.8, 4.2),
    "errors_in_variables": ErrorRates(5.3, 5.6, 5.5, 5.2, 1500),
    "by_treatment": ErrorRates(5.5, 5.2, 5.2, 7.9, 1500),
    "permutation": ErrorRates(5.5, 4.8, 5.8, 6.8, 400),
    "bootstrap": ErrorRates(5.3, 3.7, 6.2, 9.6, 500),
    "carry_over": ErrorRates(4.0, 2.7, 2.0, 3.3, 300),
    "levels": ErrorRates(4.5, 4.6, 6.6, 4.4, 500),
    "ranks": ErrorRates(3.8, 5.2, 5.6, 3.8, 500),
    "exposure": ErrorRates(5.0, 5.2, 3.6, 5.0, 500),
    "equivalence": ErrorRates(5.4, 5.4, 3.2, 5.4, 500),
    "contrasts": ErrorRates(3.8, 5.7, 3.0, 4.0, 300),
    "dose_response": ErrorRates(5.5, 4.7, 8.3, 5.7, 300),
    "mmrm": ErrorRates(5.0, 6.0, 6.2, 5.4, 500),
}


def level_note(name: str, people: int, *, unequal: bool) -> str:
    """What the reader of the test called `name` must know of its level in such a trial; empty where it holds it.

    `unequal`: the biomarker change scatters more under one treatment.
    """
    rates = RATES.get(name)
    if rates is None:
        return ""
    if people < FEW_PEOPLE:
        rate, where = rates.few, "of 12 people"
    elif unequal:
        rate, where = rates.variances, "whose scatter differs between treatments"
    else:
        rate, where = rates.null, "of 35 people"
    chance = 0.0 if rates.trials >= _MANY else rates.noise
    if LOWEST - chance <= rate <= HIGHEST + chance:
        return ""
    side = "it is conservative" if rate < LOWEST else "it finds too much"
    return (
        f"in simulated trials {where} its test rejected {rate:.1f} % instead of {DUE:g} where there was nothing: {side}"
    )
