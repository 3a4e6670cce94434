"""What printed statistics imply for each other, as intervals that allow for rounding.

In the manner of statcheck (Nuijten et al. 2016, 10.3758/s13428-015-0664-2) and GRIM (Brown & Heathers 2017,
10.1177/1948550616673876).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scipy import stats

from pharmrs.trial.tests.spearman import as89_p, t_of_correlation

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """`quantity` follows from `needs`; `allowed` gives the interval (or intervals) it may lie in, None if undefined.

    `formula`: the arithmetic in words, filled with the printed texts.
    """

    name: str
    quantity: str
    needs: tuple[str, ...]
    allowed: Callable[[Mapping[str, Interval]], tuple[Interval, ...] | None]
    formula: str


def _corners(function: Callable[..., float], *intervals: Interval) -> Interval:
    values = [function(*corner) for corner in itertools.product(*intervals)]
    return min(values), max(values)


def _size(interval: Interval) -> Interval:
    """Interval of the absolute value."""
    low, high = abs(interval[0]), abs(interval[1])
    return (0.0 if interval[0] <= 0 <= interval[1] else min(low, high), max(low, high))


def _ratio(given: Mapping[str, Interval]) -> tuple[Interval, ...] | None:
    se = given["se"]
    if se[1] <= 0:
        return None
    low = max(se[0], se[1] * 1e-6)
    return (_corners(lambda estimate, error: estimate / error, given["estimate"], (low, se[1])),)


def _p_of_t(statistic: Interval, df: Interval) -> Interval | None:
    if df[1] <= 0:
        return None
    return _corners(lambda t, nu: float(2 * stats.t.sf(t, max(nu, 1e-9))), _size(statistic), df)


def _t_p(given: Mapping[str, Interval]) -> tuple[Interval, ...] | None:
    found = _p_of_t(given["t"], given["df"])
    return None if found is None else (found,)


def _ratio_p(given: Mapping[str, Interval]) -> tuple[Interval, ...] | None:
    ratio = _ratio(given)
    found = None if ratio is None else _p_of_t(ratio[0], given["df"])
    return None if found is None else (found,)


def _z_p(given: Mapping[str, Interval]) -> tuple[Interval, ...] | None:
    return (_corners(lambda z: float(2 * stats.norm.sf(z)), _size(given["z"])),)


def _f_p(given: Mapping[str, Interval]) -> tuple[Interval, ...] | None:
    if given["f"][1] < 0 or min(given["df1"][0], given["df2"][0]) <= 0:
        return None
    return (_corners(lambda f, a, b: float(stats.f.sf(max(f, 0.0), a, b)), given["f"], given["df1"], given["df2"]),)


def _chi2_p(given: Mapping[str, Interval]) -> tuple[Interval, ...] | None:
    if given["chi2"][1] < 0 or given["df"][0] <= 0:
        return None
    return (_corners(lambda x, df: float(stats.chi2.sf(max(x, 0.0), df)), given["chi2"], given["df"]),)


def _correlation_p(name: str, *, ranks: bool) -> Callable[[Mapping[str, Interval]], tuple[Interval, ...] | None]:
    def allowed(given: Mapping[str, Interval]) -> tuple[Interval, ...] | None:
        low, high = _size(given[name])
        n = round(sum(given["n"]) / 2)
        if low > 1 or n < 4:
            return None
        size = (low, min(high, 1.0))
        found = [_corners(lambda r: t_of_correlation(r, n)[1], size)]
        if ranks:
            # AS 89 is a step function of rho: the extremes over the interval lie near its ends
            found += [_corners(lambda r, sign: as89_p(sign * r, n), size, (-1.0, 1.0))]
        return tuple(found)

    return allowed


def _interval_limit(side: float) -> Callable[[Mapping[str, Interval]], tuple[Interval, ...] | None]:
    def allowed(given: Mapping[str, Interval]) -> tuple[Interval, ...] | None:
        level = sum(given["level"]) / 200
        if not 0 < level < 1 or given["se"][1] < 0 or given["df"][1] <= 0:
            return None
        quantile = [float(stats.t.ppf(0.5 + level / 2, max(nu, 1e-9))) for nu in given["df"]]
        reach = (max(given["se"][0], 0.0) * min(quantile), given["se"][1] * max(quantile))
        return (_corners(lambda estimate, far: estimate + side * far, given["estimate"], reach),)

    return allowed


def _center(given: Mapping[str, Interval]) -> tuple[Interval, ...] | None:
    low, high = given["ci_low"], given["ci_high"]
    return (((low[0] + high[0]) / 2, (low[1] + high[1]) / 2),)


def _f_of_r2(given: Mapping[str, Interval]) -> tuple[Interval, ...] | None:
    low, high = max(given["r2"][0], 0.0), min(given["r2"][1], 1 - 1e-12)
    if low > high or min(given["df1"][0], given["df2"][0]) <= 0:
        return None
    return (_corners(lambda r2, a, b: r2 / a / ((1 - r2) / b), (low, high), given["df1"], given["df2"]),)


def _square(given: Mapping[str, Interval]) -> tuple[Interval, ...] | None:
    if not given["df1"][0] <= 1 <= given["df1"][1]:
        return None
    size = _size(given["t"])
    return ((size[0] ** 2, size[1] ** 2),)


def _mean(given: Mapping[str, Interval]) -> tuple[Interval, ...] | None:
    """The possible means nearest to the printed one: whole sums over n x items."""
    low, high = given["mean"]
    count = round(sum(given["n"]) / 2) * round(sum(given["items"]) / 2)
    if count < 1:
        return None
    below, above = math.floor((low + high) / 2 * count), math.ceil((low + high) / 2 * count)
    return ((below / count, below / count), (above / count, above / count))


CHECKS = (
    Relation(name="estimate / se = t", quantity="t", needs=("estimate", "se"), allowed=_ratio,
          formula="{estimate} / {se}"),
    Relation(name="estimate / se = z", quantity="z", needs=("estimate", "se"), allowed=_ratio,
          formula="{estimate} / {se}"),
    Relation(name="t and df give p", quantity="p", needs=("t", "df"), allowed=_t_p, formula="2 P(T > |{t}|), df {df}"),
    Relation(name="estimate / se and df give p", quantity="p", needs=("estimate", "se", "df"), allowed=_ratio_p,
          formula="2 P(T > |{estimate} / {se}|), df {df}"),
    Relation(name="z gives p", quantity="p", needs=("z",), allowed=_z_p, formula="2 P(Z > |{z}|)"),
    Relation(name="F gives p", quantity="p", needs=("f", "df1", "df2"), allowed=_f_p,
          formula="P(F > {f}), df {df1}, {df2}"),
    Relation(name="chi2 gives p", quantity="p", needs=("chi2", "df"), allowed=_chi2_p,
          formula="P(chi2 > {chi2}), df {df}"),
    Relation(name="r and n give p", quantity="p", needs=("r", "n"), allowed=_correlation_p("r", ranks=False),
          formula="t of r = {r}, n = {n}"),
    Relation(name="rs and n give p", quantity="p", needs=("rs", "n"), allowed=_correlation_p("rs", ranks=True),
          formula="t or AS 89 of rs = {rs}, n = {n}"),
    Relation(name="estimate, se and df give the lower limit", quantity="ci_low",
          needs=("estimate", "se", "df", "level"), allowed=_interval_limit(-1.0),
          formula="{estimate} - t({level} %, df {df}) x {se}"),
    Relation(name="estimate, se and df give the upper limit", quantity="ci_high",
          needs=("estimate", "se", "df", "level"), allowed=_interval_limit(1.0),
          formula="{estimate} + t({level} %, df {df}) x {se}"),
    Relation(name="the estimate is the middle of its interval", quantity="estimate", needs=("ci_low", "ci_high"),
          allowed=_center, formula="({ci_low} + {ci_high}) / 2"),
    Relation(name="R2 and df give F", quantity="f", needs=("r2", "df1", "df2"), allowed=_f_of_r2,
          formula="({r2} / {df1}) / ((1 - {r2}) / {df2})"),
    Relation(name="F with one degree of freedom is t squared", quantity="f", needs=("t", "df1"), allowed=_square,
          formula="{t} squared"),
    Relation(name="a mean of whole numbers (GRIM)", quantity="mean", needs=("mean", "n", "items"), allowed=_mean,
          formula="whole sums over {n} x {items}"),
)  # fmt: skip
