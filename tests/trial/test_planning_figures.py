"""Specification curve and power curve: what is drawn, and the same bytes every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pharmrs.core.report.figure_style import figure_png_bytes
from pharmrs.trial.records.multiverse import SpecificationCurve
from pharmrs.trial.records.power import PowerPoint, PowerStudy, RequiredSize
from pharmrs.trial.report.figure_power import power_figure
from pharmrs.trial.report.figure_specification_curve import specification_curve_figure
from pharmrs.trial.report.power_tables import power_lines, power_tables
from pharmrs.trial.report.tables import specifications_table


def curve() -> SpecificationCurve:
    """Six specifications on two axes that differ and one that does not; the last could not be estimated."""
    effect = np.array([-0.2, 0.1, 0.3, 0.4, 0.6, np.nan])
    return SpecificationCurve(
        axes=("quality", "time", "model"), levels=(("declared",), ("none", "linear"), ("ols", "mixed", "huber")),
        choices=np.array([[0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 1], [0, 0, 2], [0, 1, 2]]), effect=effect,
        se=np.full(6, 0.2), p=np.array([0.4, 0.6, 0.2, 0.04, 0.01, np.nan]), n=np.array([20, 20, 20, 20, 20, 3]),
        null_low=np.array([-0.5, -0.4, -0.3, -0.2, -0.1]), null_high=np.array([0.1, 0.2, 0.3, 0.4, 0.5]),
    )  # fmt: skip


def test_specification_curve_shows_effects_band_and_choices() -> None:
    figure = specification_curve_figure(curve(), 0.05)
    upper, lower = figure.axes
    entries = [text.get_text() for text in upper.get_legend().get_texts()]
    assert entries == ["95 % of the curves under permutation", "p ≥ 0.05 (3)", "p < 0.05 (2)"]
    assert [label.get_text() for label in lower.get_yticklabels()] == [
        "time: none", "linear", "model: ols", "mixed", "huber",
    ]  # fmt: skip
    assert "n = 5" in lower.get_xlabel()
    assert figure_png_bytes(figure) == figure_png_bytes(specification_curve_figure(curve(), 0.05))


def test_specifications_table_names_every_choice() -> None:
    table = specifications_table("multiverse", curve())
    assert tuple(table.columns) == ("quality", "time", "model", "effect", "se", "p", "n")
    first = {name: table.rows[3][name] for name in ("time", "model", "effect", "p", "n")}
    assert first == {"time": "linear", "model": "mixed", "effect": 0.4, "p": 0.04, "n": 20}


def study() -> PowerStudy:
    points = tuple(
        PowerPoint(
            model=model, subjects=subjects, simulations=100, significant=hits, not_estimable=0, power=hits / 100,
            mc_error=0.04, ci_low=hits / 100 - 0.08, ci_high=hits / 100 + 0.08, pairs=1.8 * subjects, exaggeration=1.2,
        )
        for model, subjects, hits in (("main", 20, 40), ("main", 40, 70), ("cr2", 20, 35), ("cr2", 40, 66))
    )  # fmt: skip
    nan = float("nan")
    sizes = (
        RequiredSize(model="main", target=0.6, subjects=31.4, ci_low=28.0, ci_high=36.2),
        RequiredSize(model="cr2", target=0.6, subjects=nan, ci_low=nan, ci_high=nan, reason="one size only"),
    )
    return PowerStudy(title="Plan", alpha=0.05, points=points, sizes=sizes)


def test_power_in_words_tables_and_figure() -> None:
    lines = power_lines(study())
    assert "main, 20 participants: power 0.400 ± 0.040 (40/100), 36.0 complete pairs" in lines
    assert lines[:2] == [
        "main: 32 participants give power 0.6 (28 to 37, Monte Carlo error)",
        "cr2: no number of participants for power 0.6: one size only",
    ]  # fmt: skip
    assert [len(table.rows) for table in power_tables(study())] == [4, 2]
    (axes,) = power_figure(study()).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["main", "cr2"]
    assert [text.get_text().strip() for text in axes.texts] == ["32"]
    assert axes.get_ylim() == (0.0, 1.0)


def test_power_of_a_test_that_misses_its_level_is_said_not_to_be_for_a_plan() -> None:
    found = study()
    tobit = replace(found, points=(replace(found.points[0], model="tobit"),))
    assert any("tobit: not for a plan" in line for line in power_lines(tobit))
    assert not any("not for a plan" in line for line in power_lines(found))
