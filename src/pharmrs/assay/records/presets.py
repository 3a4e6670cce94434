"""Curves by the names of the programs that laboratories take them from: what each offers first.

A laboratory may have chosen otherwise in the program: its protocol says so, and counts. All of them fit the wells, not
the means, by least squares; none of these settings subtracts a blank (a constant moves the curve of equal weights up or
down and no concentration).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pharmrs.assay.records.choices import Blanks, ModelChoice, Weights

PresetName = Literal[
    "graphpad-prism", "graphpad-prism-weighted", "softmax-pro", "gen5", "myassays", "discovery-workbench", "r-drc",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Curve, weights and blanks of a program, and its settings in the program's own words."""

    model: ModelChoice
    weights: Weights
    blanks: Blanks
    words: str


PRESETS: Mapping[PresetName, Preset] = {
    "graphpad-prism": Preset(
        model="4pl", weights="none", blanks="separate",
        words="GraphPad Prism: sigmoidal, 4PL, X is concentration; least squares, no weighting",
    ),
    "graphpad-prism-weighted": Preset(
        model="4pl", weights="1/curve^2", blanks="separate",
        words="GraphPad Prism from version 5: the same, weighted by 1/Y^2, where Y is that of the curve",
    ),
    "softmax-pro": Preset(
        model="4pl", weights="none", blanks="separate", words="SoftMax Pro: 4-parameter, fixed weight 1"
    ),
    "gen5": Preset(model="4pl", weights="none", blanks="separate", words="Gen5: 4 parameter, no weighting"),
    "myassays": Preset(
        model="4pl", weights="none", blanks="separate", words="MyAssays: four parameter logistic, no weighting"
    ),
    "discovery-workbench": Preset(
        model="4pl", weights="1/y^2", blanks="separate", words="MSD Discovery Workbench: 4PL, weighting 1/Y^2"
    ),
    "r-drc": Preset(model="4pl", weights="none", blanks="separate", words="R package drc: drm(..., fct = LL.4())"),
}  # fmt: skip
