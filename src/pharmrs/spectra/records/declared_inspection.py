"""`quality.visual_inspection` of `study.yaml`: what the decisions of raters mean, declared before they look."""

from __future__ import annotations

from typing import Literal

from pharmrs.core.records.declaration import declaration, key


@declaration
class VisualInspection:
    """Spectra are judged with `pharmrs review`; this rule turns the verdicts into exclusions."""

    raters: int = key("raters that must have judged every scan", ge=1, le=10)
    exclude_when: Literal["any", "all"] = key("any: one rejecting rater suffices; all: every rater must")
    unsure_counts_as: Literal["accept", "reject"] = key("what the verdict 'unsure' means")
    repeats: float = key(
        "share of the scans that is shown to each rater a second time, to see how well raters agree with "
        "themselves; the first verdict counts",
        default=0.0,
        ge=0,
        le=0.5,
    )
