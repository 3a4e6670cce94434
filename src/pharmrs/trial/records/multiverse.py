"""The multiverse of an analysis: every combination of defensible choices, declared before it is run."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args

import numpy as np

from pharmrs.core.records.arrays import FloatArray, IntArray, read_only
from pharmrs.core.records.declaration import declaration, key

Quality = Literal["declared", "none", "each_rule", "sd_15", "sd_10"]
MetaboliteChange = Literal["relative", "difference", "log_ratio"]
Time = Literal["none", "linear"]
Outcome = Literal["shifted_log relative", "log difference", "none relative", "none difference"]
Censoring = Literal["left_out", "limit", "limit/sqrt2", "limit/2"]
Model = Literal["ols", "cluster", "period", "covariates", "within", "mixed", "huber", "ranks"]


@declaration
class MultiversePlan:
    """Levels of each choice; the model `multiverse` analyses all their combinations.

    `censoring` other than left_out is a choice people make, not one that can be recommended.
    """

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecificationCurve:
    """Results of all specifications. `levels`: axis -> its levels; `choices` (specifications, axes): which one.

    `effect`: interaction in SDs of the biomarker change per SD of the metabolite change; `p`: of each specification
    alone; `n`: rows. NaN where a specification could not be estimated. `null_low`, `null_high`: 95 % of the sorted
    curves under permutation of the allocation, from the smallest to the largest effect.
    """

    axes: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    choices: IntArray
    effect: FloatArray
    se: FloatArray
    p: FloatArray
    n: IntArray
    null_low: FloatArray
    null_high: FloatArray

    def __post_init__(self) -> None:
        for name in ("effect", "se", "p", "null_low", "null_high"):
            object.__setattr__(self, name, read_only(getattr(self, name), np.float64))
        for name in ("choices", "n"):
            object.__setattr__(self, name, read_only(getattr(self, name), np.intp))

    def __len__(self) -> int:
        return len(self.effect)

    def level(self, specification: int, axis: int) -> str:
        """The level that a specification takes on an axis."""
        return self.levels[axis][int(self.choices[specification, axis])]
