"""The design of the trial as `study.yaml` declares it: who can get what, and when is measured."""

from __future__ import annotations

from typing import Literal

from pharmrs.core.records.declaration import declaration, key


@declaration
class Design:
    """Design of an intervention study with a measurement before and one after each treatment.

    The labels are those of `phenotype/allocation.tsv` (treatments) and of `sub-*_sessions.tsv` (time points). Which
    participant got what in which period is told by the allocation table alone, which only the statistics read.
    """

    kind: Literal["crossover", "parallel", "single_arm"] = key(
        "crossover: every participant gets every treatment; parallel: one each; single_arm: there is one treatment"
    )
    treatments: tuple[str, ...] = key("labels of the treatments; the first is the reference (placebo)", min_length=1)
    baseline: str = key("label of the time point before treatment", default="baseline", min_length=1)
    follow_up: str = key("label of the time point after treatment", default="follow_up", min_length=1)

    def __post_init__(self) -> None:
        if len(set(self.treatments)) < len(self.treatments) or not all(self.treatments):
            raise ValueError("treatments must be different labels, none of them empty")
        if (self.kind == "single_arm") is not (len(self.treatments) == 1):
            several = (
                "design.treatments must hold several labels in a crossover or parallel design, one in a single_arm"
            )
            raise ValueError(several)
        if self.baseline == self.follow_up:
            raise ValueError("baseline and follow_up must be different labels")
