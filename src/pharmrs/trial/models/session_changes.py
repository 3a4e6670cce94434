"""Changes during a session across people: the mean under each treatment, people being a sample (random effects)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from pharmrs.core.records.columns import column
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.regression.mixed_model import fit_mixed

METHOD = (
    "Changes during the session were compared across people in a linear mixed model with a mean for each treatment, "
    "the period where there are several, and a random intercept of the participant (REML, Kenward-Roger); where each "
    "participant has one session, by t tests (Welch's between treatments). Sessions excluded by a rule do not count."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcrossPeople:
    """One change across people, under a treatment or between two."""

    outcome: str = column("Metabolite and course; as outcome of the analysis plan it has this name.")
    treatment: str = column("Treatment, or the two that are compared; `all` where there is no design.")
    change_percent: float = column("Mean change, or the difference of two.", "%", head="Change", default=math.nan)
    ci_low: float = column("Lower end of the 95 % interval.", "%", head="95 % from", default=math.nan)
    ci_high: float = column("Upper end of the 95 % interval.", "%", head="to", default=math.nan)
    df: float = column("Degrees of freedom.", default=math.nan)
    p: float = column("Two-sided p that it is 0.", digits=2, default=math.nan)
    sessions: int = column("Sessions behind it.", default=0)
    people: int = column("Participants behind it.", default=0)
    reason: str = column("Why there is no value.", default="")


@dataclass(frozen=True, slots=True)
class SessionChange:
    """The change of one session, %, and who it is of; `period` of the trial."""

    subject: str
    treatment: str
    period: int
    change: float


def across_people(outcome: str, rows: Sequence[SessionChange], treatments: Sequence[str]) -> list[AcrossPeople]:
    """Mean under each of `treatments`, then the difference of each from the first."""
    known = [row for row in rows if math.isfinite(row.change)]
    repeated = len({row.subject for row in known}) < len(known)
    terms = [(name, "") for name in treatments] + [(name, treatments[0]) for name in treatments[1:]]
    mixed = None
    if repeated:
        try:
            mixed = _Mixed.of(known, treatments)
        except NotEstimable as why:
            return [AcrossPeople(outcome=outcome, treatment=_said(*term), reason=str(why)) for term in terms]
    found = []
    for term in terms:
        own = [row for row in known if row.treatment in term]
        about: dict[str, Any] = {
            "outcome": outcome,
            "treatment": _said(*term),
            "sessions": len(own),
            "people": len({row.subject for row in own}),
        }
        value = mixed.of_term(*term) if mixed is not None else _by_t(own, *term)
        estimate, se, df = value
        if not (se > 0.0 and df > 0.0):
            reason = "too few sessions, or changes that do not vary"
            found.append(AcrossPeople(reason=reason, **about))
            continue
        reach = float(stats.t.ppf(0.975, df)) * se
        found.append(
            AcrossPeople(
                change_percent=estimate, ci_low=estimate - reach,
                ci_high=estimate + reach, df=df, p=float(2.0 * stats.t.sf(abs(estimate / se), df)), **about,
            )
        )  # fmt: skip
    return found


def _said(name: str, reference: str) -> str:
    return f"{name} - {reference}" if reference else name


def _by_t(rows: Sequence[SessionChange], name: str, reference: str) -> tuple[float, float, float]:
    """Estimate, standard error and degrees of freedom; Welch's of a difference."""
    groups = [np.array([row.change for row in rows if row.treatment == one]) for one in (name, reference) if one]
    if any(group.size < 2 for group in groups):
        return math.nan, math.nan, math.nan
    variances = [float(group.var(ddof=1)) / group.size for group in groups]
    total = sum(variances)
    estimate = float(groups[0].mean()) - (float(groups[1].mean()) if reference else 0.0)
    parts = sum(one**2 / (group.size - 1) for one, group in zip(variances, groups, strict=True))
    return estimate, math.sqrt(total), total**2 / parts if parts > 0.0 else math.nan


@dataclass(frozen=True, slots=True)
class _Mixed:
    """Means by treatment of the mixed model and, with another treatment as reference, the differences from it."""

    terms: dict[tuple[str, str], tuple[float, float, float]]

    @classmethod
    def of(cls, rows: Sequence[SessionChange], treatments: Sequence[str]) -> _Mixed:
        changes = np.array([row.change for row in rows])
        people = {"participant": [row.subject for row in rows]}
        indicators = np.array([[float(row.treatment == name) for name in treatments] for row in rows])
        if missing := [name for name, used in zip(treatments, indicators.sum(axis=0), strict=True) if not used]:
            raise NotEstimable(f"no session under {', '.join(missing)}")
        periods = sorted({row.period for row in rows})[1:]
        beside = np.array([[float(row.period == one) for one in periods] for row in rows]).reshape(len(rows), -1)
        beside = beside - beside.mean(axis=0)
        names = [*treatments, *(f"period {one}" for one in periods)]
        means = fit_mixed(changes, np.column_stack([indicators, beside]), names, people).kenward_roger
        found = {
            (name, ""): (float(means.estimate[k]), float(means.se[k]), float(means.df[k]))
            for k, name in enumerate(treatments)
        }
        if len(treatments) > 1:
            indicators[:, 0] = 1.0
            gaps = fit_mixed(changes, np.column_stack([indicators, beside]), names, people).kenward_roger
            for k, name in enumerate(treatments[1:], start=1):
                found[name, treatments[0]] = (float(gaps.estimate[k]), float(gaps.se[k]), float(gaps.df[k]))
        return cls(found)

    def of_term(self, name: str, reference: str) -> tuple[float, float, float]:
        return self.terms[name, reference]
