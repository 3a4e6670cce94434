"""The design of the trial as `study.yaml` declares it: who can get what, and when is measured."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from pharmrs.core.records.declaration import Declaration


class Design(Declaration):
    """Design of an intervention study with a measurement before and one after each treatment.

    The labels are those of `phenotype/allocation.tsv` (treatments) and of `sub-*_sessions.tsv` (time points). Which
    participant got what in which period is told by the allocation table alone, which only the statistics read.
    """

    kind: Literal["crossover", "parallel"] = Field(
        description="crossover: every participant gets every treatment; parallel: one each"
    )
    treatments: tuple[str, ...] = Field(
        min_length=2, description="labels of the treatments; the first is the reference (placebo)"
    )
    baseline: str = Field("baseline", min_length=1, description="label of the time point before treatment")
    follow_up: str = Field("follow_up", min_length=1, description="label of the time point after treatment")

    @model_validator(mode="after")
    def _labels_differ(self) -> Design:
        if len(set(self.treatments)) < len(self.treatments) or not all(self.treatments):
            raise ValueError("treatments must be different labels, none of them empty")
        if self.baseline == self.follow_up:
            raise ValueError("baseline and follow_up must be different labels")
        return self
