"""The multiverse of an analysis: every combination of defensible choices, declared before it is run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray, IntArray, read_only

QUALITY = ("declared", "none", "each_rule", "sd_15", "sd_10")
TIME = ("none", "linear")
OUTCOMES = ("shifted_log relative", "log difference", "none relative", "none difference")
METABOLITE = ("relative", "difference", "log_ratio")
CENSORING = ("left_out", "limit", "limit/sqrt2", "limit/2")
MODELS = ("ols", "cluster", "period", "covariates", "within", "mixed", "huber", "ranks")


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiversePlan:
    """Levels of each choice. `scales`: concentration scales beside the declared one; empty: all that the data hold.

    `quality`: exclusions as declared, none, without each rule in turn, or as declared and the relative SD of the
    metabolite at most 15 or 10 %.
    `outcome`: transform and change of the biomarker. `censoring`: pairs with values beyond the limit left out, or the
    values replaced (which is a choice people make, not one that can be recommended). `covariates` in `model` stands for
    one model per declared covariate.
    """

    quality: tuple[str, ...] = QUALITY
    scales: tuple[str, ...] = ()
    metabolite: tuple[str, ...] = ("relative", "log_ratio")
    time: tuple[str, ...] = TIME
    outcome: tuple[str, ...] = OUTCOMES
    censoring: tuple[str, ...] = CENSORING
    model: tuple[str, ...] = MODELS
    permutations: int = 500


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
