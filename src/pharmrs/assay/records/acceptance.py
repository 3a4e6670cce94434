"""What a plate must show before its values count: the rules, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Interval

from pharmrs.core.records.declaration import Fraction, Positive, declaration, key

Action = Literal["reject", "report"]
Verdict = Literal["met", "failed", "noted", "not judged"]
RuleName = Literal[
    "dose_response", "curve", "levels", "calibrators", "controls", "westgard", "blank", "lack_of_fit", "asymmetry",
    "hook", "edge", "drift", "place", "floor", "replicates", "range", "copy", "parallelism",
    "spike_recovery", "reanalysis",
]  # fmt: skip
WestgardRule = Literal["1-3s", "2-2s", "R-4s", "4-1s", "10-x"]


_Percent = Annotated[float, Interval(gt=0, le=100)]


@declaration
class AcceptanceRules:
    """What a plate must show before its values count; defaults from ICH M10, which biomarkers only borrow."""

    action: Action = key("reject: what fails leaves the statistics; report: it is only said", default="reject")
    min_levels: int = key("concentrations of standards that a curve needs, zero included", default=6, ge=4)
    calibrator_percent: _Percent | None = key("standards read back within this; null: no rule", default=20.0)
    calibrator_end_percent: _Percent = key("the same for the lowest and the highest standard", default=25.0)
    calibrator_share: Fraction = key("share of the standards that must be within; anchors left out", default=0.75)
    control_percent: _Percent | None = key("control wells read back within this; null: no rule", default=20.0)
    control_end_percent: _Percent = key("the same for controls at a limit of quantification", default=25.0)
    control_share: Fraction = key("share of all control wells that must be within", default=2 / 3)
    control_level_share: Fraction = key("share of the wells of each control that must be within", default=0.5)
    westgard: tuple[WestgardRule, ...] = key(
        "rules for the control charts that reject a plate; 4-1s and 10-x may be added", default=("1-3s", "2-2s", "R-4s")
    )
    replicate_cv_percent: Positive | None = key(
        "replicates that disagree beyond noise and by more than this CV do not count; null: no rule", default=30.0
    )
    standard_cv_percent: Positive = key("CV of the replicates of a standard, noted beyond", default=20.0)
    lack_of_fit_p: Fraction = key("p of lack of fit below which it is noted", default=0.001)
    parallelism_cv_percent: Positive | None = key(
        "CV between dilutions of a sample above which its values do not count; null: no rule", default=30.0
    )
    spike_recovery_percent: tuple[Positive, Positive] = key("recovery of spikes, noted beyond", default=(80.0, 120.0))
    reanalysis_percent: Positive | None = key("samples on two plates agree within this; noted beyond", default=30.0)
    reanalysis_share: Fraction = key("share of such samples that must agree", default=2 / 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceCheck:
    """One rule applied to one plate (or to the study): what was asked for, what was found.

    `noted`: to be known, no reason to reject; `rejects`: whether a failure takes the plate out.
    """

    rule: RuleName
    asked: str
    found: str
    verdict: Verdict
    rejects: bool = False

    @property
    def fatal(self) -> bool:
        return self.rejects and self.verdict == "failed"

    def __str__(self) -> str:
        return f"{self.asked}: {self.found}"
