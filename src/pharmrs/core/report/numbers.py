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


def with_sd_text(value: float, sd: float, digits: int = 2) -> str:
    """`value ± sd`: the SD with `digits` significant digits, the value with the same number of decimals."""
    if math.isnan(value):
        return MISSING
    if not math.isfinite(sd) or sd <= 0:
        return number_text(value, 4)
    decimals = digits - 1 - math.floor(math.log10(sd))
    if not 0 <= decimals <= 6 or abs(value) >= 1e6:
        return f"{number_text(value, 4)} ± {number_text(sd, digits)}"
    return f"{value:.{decimals}f} ± {sd:.{decimals}f}".replace("-", "−")


def count_text(number: int, noun: str) -> str:
    """`1 scan`, `2 scans`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def p_text(p: float) -> str:
    """p with four decimals, `<0.0001` below; `n/a` when missing."""
    if math.isnan(p):
        return MISSING
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"


def p_phrase(p: float) -> str:
    """`p = 0.0383` or `p < 0.0001`."""
    text = p_text(p)
    return f"p {text[0]} {text[1:]}" if text.startswith("<") else f"p = {text}"
