"""Westgard's rules over the plates of a study (Westgard et al. 1981, doi:10.1093/clinchem/27.3.493).

Each control's distance from the other plates is a normal deviate (`inter_plate.py`). 1-3s: one control beyond 3; 2-2s:
two controls of a plate, or one control on two plates in succession, beyond 2 on the same side; R-4s: one control of a
plate beyond +2 and another beyond -2; 4-1s: four in succession beyond 1 on the same side; 10-x: ten in succession on
one side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pharmrs.assay.records.acceptance import AcceptanceCheck, WestgardRule
from pharmrs.assay.records.results import InterPlate

_Charts = dict[str, dict[str, float]]  # control -> plate -> deviate, in the order of measurement


def judge_westgard(inter_plate: Sequence[InterPlate], plate: str, rules: Sequence[WestgardRule]) -> AcceptanceCheck:
    """The control charts of one plate."""
    charts: _Charts = {
        one.name: {point.plate: point.deviation for point in one.points if np.isfinite(point.deviation)}
        for one in inter_plate
        if one.quantity == "concentration"
    }
    here = {name: chart for name, chart in charts.items() if plate in chart}
    asked = f"controls in line with the other plates (Westgard {', '.join(rules)})"
    if not here or not rules:
        why = "no rule declared" if not rules else "no control on four plates or more"
        return AcceptanceCheck(rule="westgard", asked=asked, found=why, verdict="not judged")
    broken = [rule for rule in rules if _BROKEN[rule](here, plate)]
    found = ", ".join(f"{name} {chart[plate]:+.1f} SD" for name, chart in here.items())
    if broken:
        found = f"{', '.join(broken)} broken ({found})"
    return AcceptanceCheck(
        rule="westgard", asked=asked, found=found, verdict="failed" if broken else "met", rejects=True
    )


def _beyond(charts: _Charts, plate: str, limit: float) -> list[float]:
    return [chart[plate] for chart in charts.values() if abs(chart[plate]) > limit]


def _in_succession(charts: _Charts, plate: str, count: int, limit: float) -> bool:
    """Whether a control lies beyond `limit` on one side on this plate and the `count` - 1 before it."""
    for chart in charts.values():
        names = list(chart)
        last = [chart[name] for name in names[: names.index(plate) + 1][-count:]]
        if len(last) == count and (min(last) > limit or max(last) < -limit):
            return True
    return False


def _two(charts: _Charts, plate: str) -> bool:
    far = _beyond(charts, plate, 2.0)
    return sum(value > 0 for value in far) > 1 or sum(value < 0 for value in far) > 1 or _in_succession(
        charts, plate, 2, 2.0
    )  # fmt: skip


def _range(charts: _Charts, plate: str) -> bool:
    far = _beyond(charts, plate, 2.0)
    return any(value > 0 for value in far) and any(value < 0 for value in far)


_BROKEN: dict[WestgardRule, Callable[[_Charts, str], bool]] = {
    "1-3s": lambda charts, plate: bool(_beyond(charts, plate, 3.0)),
    "2-2s": _two,
    "R-4s": _range,
    "4-1s": lambda charts, plate: _in_succession(charts, plate, 4, 1.0),
    "10-x": lambda charts, plate: _in_succession(charts, plate, 10, 0.0),
}
