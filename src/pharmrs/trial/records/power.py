"""Power of a planned trial, as simulated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPoint:
    """One model at one number of participants.

    `power`: share of simulated trials in which what the model tests was significant, out of all of them: a trial that
    could not be analysed has not shown anything. `mc_error`: its Monte Carlo standard error; `ci_low`, `ci_high`:
    Wilson interval (95 %). `pairs`: mean number of complete pairs. `exaggeration`: mean |estimate| of the significant
    trials over the mean estimate of all; NaN without any. `reason`: why no trial could be analysed.
    """

    model: str
    subjects: int
    simulations: int
    significant: int
    not_estimable: int
    power: float
    mc_error: float
    ci_low: float
    ci_high: float
    pairs: float
    exaggeration: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredSize:
    """Participants at which a model reaches the target; NaN with `reason` where the simulated sizes do not tell."""

    model: str
    target: float
    subjects: float
    ci_low: float
    ci_high: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerStudy:
    """All points and sizes of one planned trial."""

    title: str
    alpha: float
    points: tuple[PowerPoint, ...]
    sizes: tuple[RequiredSize, ...]
