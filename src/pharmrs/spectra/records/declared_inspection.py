"""`quality.visual_inspection` of `study.yaml`: what the decisions of raters mean, declared before they look."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pharmrs.core.records.declaration import Declaration


class VisualInspection(Declaration):
    """Spectra are judged with `pharmrs review`; this rule turns the verdicts into exclusions."""

    raters: int = Field(ge=1, le=10, description="raters that must have judged every scan")
    exclude_when: Literal["any", "all"] = Field(description="any: one rejecting rater suffices; all: every rater must")
    unsure_counts_as: Literal["accept", "reject"] = Field(description="what the verdict 'unsure' means")
    repeats: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="share of the scans that is shown to each rater a second time, to see how well raters agree with "
        "themselves; the first verdict counts",
    )
