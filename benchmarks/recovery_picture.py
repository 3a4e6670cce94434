"""The picture of the recovery study: the interaction by stage and by model, beside what was planted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks import recovery_fast as fast
from benchmarks import recovery_full as full
from pharmrs.core.report.figure_style import figure_style, new_figure, save_figure


def picture(path: Path, summaries: Sequence[fast.Summary], trials: Sequence[full.FullTrial], planted: float) -> None:
    """Mean and SD over trials of every stage and model; each trial from raw signals as a point."""
    shown = [one for one in summaries if one.estimator != fast.REFERENCE]
    names = [one.stage if one.estimator == fast.MAIN else one.estimator for one in shown]
    names = [*names, "from raw signals"] if trials else names
    with figure_style():
        figure = new_figure(height_cm=0.75 * len(names) + 2.5)
        axes = figure.subplots()
        axes.axvline(planted, color="0.4", linewidth=0.8, linestyle="--", label="planted")
        for place, one in enumerate(shown):
            colour = "C0" if one.estimator == fast.MAIN else "C1"
            axes.errorbar(one.mean, place, xerr=one.sd, fmt="o", color=colour, markersize=4, capsize=2, linewidth=1)
            axes.annotate(
                f"{100 * one.coverage:.0f} %", (1.0, place), xycoords=("axes fraction", "data"), xytext=(4, 0),
                textcoords="offset points", va="center", fontsize=7,
            )  # fmt: skip
        for trial in trials:
            found = next(one for one in trial.interactions if one.stage == "all stages" and one.estimator == fast.MAIN)
            axes.plot(found.estimate, len(shown), "o", color="C2", markersize=4, markerfacecolor="none")
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlabel("interaction: mean ± SD over trials; right: coverage of the 95 % interval")
        axes.legend(loc="upper left", frameon=False)
        save_figure(figure, path)
