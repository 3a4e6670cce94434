"""Numbers as text for people: enough digits to read, a word where there is no number."""

from __future__ import annotations

import math

MISSING = "n/a"
NOT_DETECTED = ">999 %"


def number_text(value: float | None, digits: int = 3) -> str:
    """`value` with `digits` significant digits, never in powers of ten between 0.001 and 1e6; `n/a` when missing."""
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if exponent < -3 or exponent >= 6:
        return f"{value:.{digits - 1}e}".replace("-", "−")
    return f"{value:.{max(0, digits - 1 - exponent)}f}".replace("-", "−")


def percent_text(value: float | None) -> str:
    """A relative uncertainty in percent; LCModel's 999 stands for 'not detected'."""
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value) or value > 999:
        return NOT_DETECTED
    return f"{value:.1f} %" if value < 10 else f"{value:.0f} %"
