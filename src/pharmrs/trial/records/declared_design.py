"""The design of the trial as `study.yaml` declares it: who can get what, and when is measured."""

from __future__ import annotations

from typing import Literal

from pharmrs.core.records.declaration import NotNegative, declaration, key


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
    sequences: tuple[tuple[str, ...], ...] = key(
        "orders of treatments in a crossover, where not everybody gets each once: incomplete (A B, B C, C A), "
        "replicate (A B B, B A A), Williams; empty: each treatment once",
        default=(),
    )
    doses: tuple[NotNegative, ...] = key(
        "dose of each treatment, in their order, for the model dose_response", default=()
    )

    def __post_init__(self) -> None:
        if len(set(self.treatments)) < len(self.treatments) or not all(self.treatments):
            raise ValueError("treatments must be different labels, none of them empty")
        if (self.kind == "single_arm") is not (len(self.treatments) == 1):
            several = (
                "design.treatments must hold several labels in a crossover or parallel design, one in a single_arm"
            )
            raise ValueError(several)
        if self.sequences and self.kind != "crossover":
            raise ValueError("sequences belong to a crossover")
        strange = {name for order in self.sequences for name in order} - {*self.treatments}
        if strange or any(len(order) < 2 for order in self.sequences):
            why = f", not {', '.join(sorted(strange))}" if strange else ", of two periods and more"
            raise ValueError(f"sequences are orders of {', '.join(self.treatments)}{why}")
        if len(set(self.sequences)) < len(self.sequences):
            raise ValueError("each sequence must be declared once")
        if self.sequences and {*self.treatments} - {name for order in self.sequences for name in order}:
            raise ValueError("every treatment must be in one of the sequences")
        if self.doses and len(self.doses) != len(self.treatments):
            raise ValueError(f"doses needs one value per treatment ({len(self.treatments)})")
        if self.baseline == self.follow_up:
            raise ValueError("baseline and follow_up must be different labels")

    @property
    def periods(self) -> int:
        """How many periods there are at the most."""
        if self.kind != "crossover":
            return 1
        return max((len(order) for order in self.sequences), default=len(self.treatments))

    @property
    def replicates(self) -> bool:
        """Whether somebody gets a treatment more than once."""
        return any(len(set(order)) < len(order) for order in self.sequences)
