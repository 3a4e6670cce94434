"""Words that a study or a command line chooses from; by themselves, because a command line is made of nothing else."""

from __future__ import annotations

from typing import Literal

ModelChoice = Literal["auto", "4pl", "5pl", "linear", "log-log", "spline", "point-to-point"]
Weights = Literal["1/y^2", "1/y", "none", "fitted", "1/curve^2"]
Blanks = Literal["zero_standard", "separate"]
RefersTo = Literal["in_well", "in_sample"]
