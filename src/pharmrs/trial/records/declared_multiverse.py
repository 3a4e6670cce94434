"""The multiverse as `study.yaml` declares it: which choices an analyst could defend, stated before the analysis."""

from __future__ import annotations

from dataclasses import fields
from typing import Literal, get_args

from pharmrs.core.records.declaration import declaration, key
from pharmrs.trial.records.multiverse import MultiversePlan

Quality = Literal["declared", "none", "each_rule", "sd_15", "sd_10"]
MetaboliteChange = Literal["relative", "difference", "log_ratio"]
Time = Literal["none", "linear"]
Outcome = Literal["shifted_log relative", "log difference", "none relative", "none difference"]
Censoring = Literal["left_out", "limit", "limit/sqrt2", "limit/2"]
Model = Literal["ols", "cluster", "period", "covariates", "within", "mixed", "huber", "ranks"]


@declaration
class Multiverse:
    """Levels of each choice; the model `multiverse` analyses all their combinations."""

    quality: tuple[Quality, ...] = key(
        "declared rules, no rules, without each rule in turn, or the "
        "declared ones and a relative SD of the metabolite of at most 15 or 10 %",
        default=get_args(Quality),
        min_length=1,
    )
    scales: tuple[str, ...] = key("concentration scales beside the declared one; empty: all there are", default=())
    metabolite: tuple[MetaboliteChange, ...] = key(default=("relative", "log_ratio"), min_length=1)
    time: tuple[Time, ...] = key("adjustment for the time of day", default=get_args(Time), min_length=1)
    outcome: tuple[Outcome, ...] = key("transform and change of the biomarker", default=get_args(Outcome), min_length=1)
    censoring: tuple[Censoring, ...] = key(
        "pairs with values below the limit left out, or values replaced", default=get_args(Censoring), min_length=1
    )
    model: tuple[Model, ...] = key(
        "covariates: one model per declared covariate", default=get_args(Model), min_length=1
    )
    permutations: int = key("of the allocation, for the joint test", default=500, ge=20, le=100_000)

    def __post_init__(self) -> None:
        for name in (one.name for one in fields(self)):
            levels = getattr(self, name)
            if isinstance(levels, tuple) and len(set(levels)) < len(levels):
                raise ValueError(f"{name} must name each level once")

    def plan(self) -> MultiversePlan:
        """As the statistics use it."""
        return MultiversePlan(**{one.name: getattr(self, one.name) for one in fields(self)})
