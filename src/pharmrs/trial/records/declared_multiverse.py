"""The multiverse as `study.yaml` declares it: which choices an analyst could defend, stated before the analysis."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, model_validator

from pharmrs.core.records.declaration import Declaration
from pharmrs.trial.records.multiverse import MultiversePlan

Quality = Literal["declared", "none", "each_rule", "sd_15", "sd_10"]
MetaboliteChange = Literal["relative", "difference", "log_ratio"]
Time = Literal["none", "linear"]
Outcome = Literal["shifted_log relative", "log difference", "none relative", "none difference"]
Censoring = Literal["left_out", "limit", "limit/sqrt2", "limit/2"]
Model = Literal["ols", "cluster", "period", "covariates", "within", "mixed", "huber", "ranks"]


class Multiverse(Declaration):
    """Levels of each choice; the model `multiverse` analyses all their combinations."""

    quality: tuple[Quality, ...] = Field(
        get_args(Quality), min_length=1, description="declared rules, no rules, without each rule in turn, or the "
        "declared ones and a relative SD of the metabolite of at most 15 or 10 %"
    )  # fmt: skip
    scales: tuple[str, ...] = Field(
        (), description="concentration scales beside the declared one; empty: all there are"
    )
    metabolite: tuple[MetaboliteChange, ...] = Field(("relative", "log_ratio"), min_length=1)
    time: tuple[Time, ...] = Field(get_args(Time), min_length=1, description="adjustment for the time of day")
    outcome: tuple[Outcome, ...] = Field(
        get_args(Outcome), min_length=1, description="transform and change of the biomarker"
    )
    censoring: tuple[Censoring, ...] = Field(
        get_args(Censoring), min_length=1, description="pairs with values below the limit left out, or values replaced"
    )
    model: tuple[Model, ...] = Field(
        get_args(Model), min_length=1, description="covariates: one model per declared covariate"
    )
    permutations: int = Field(500, ge=20, le=100_000, description="of the allocation, for the joint test")

    @model_validator(mode="after")
    def _levels_are_named_once(self) -> Multiverse:
        for name in type(self).model_fields:
            levels = getattr(self, name)
            if isinstance(levels, tuple) and len(set(levels)) < len(levels):
                raise ValueError(f"{name} must name each level once")
        return self

    def plan(self) -> MultiversePlan:
        """As the statistics use it."""
        return MultiversePlan(**{name: getattr(self, name) for name in type(self).model_fields})
