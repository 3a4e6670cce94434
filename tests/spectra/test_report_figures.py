"""Figures: what they show, that they survive odd data, and that the same record gives the same bytes."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from pharmrs.core.report.figure_style import figure_svg_bytes
from pharmrs.spectra.records import ScanResult
from pharmrs.spectra.report.pictures.figures import (
    figure_png_bytes,
    figure_svg_text,
    fit_figure,
    overview_figure,
    quality_figure,
    save_figure,
)
from tests.study import report_factory


def test_fit_figure_shows_components_above_zero_by_chemical_shift() -> None:
    fit = report_factory.fit()
    panel = fit_figure(fit, "scan", report_factory.amplitudes(fit)).axes[2]
    names = [label.get_text() for label in panel.get_yticklabels()]
    assert "Lac" not in names  # held at zero
    assert sorted(names) == sorted(name for name in fit.names if name != "Lac")
    order = np.argsort(fit.ppm)
    upright = (fit.components * np.conj(fit.phase)).real[:, order]
    shifts = [fit.ppm[order][np.argmax(upright[fit.names.index(name)])] for name in names]
    assert shifts == sorted(shifts, reverse=True)
    assert list(panel.get_yticks()) == sorted(panel.get_yticks(), reverse=True)  # first row on top


def test_fit_figure_draws_phased_real_data_with_high_ppm_left() -> None:
    fit = report_factory.fit()
    residual, main = fit_figure(fit, "scan").axes[:2]
    data, model, baseline = (np.asarray(line.get_ydata()) for line in main.get_lines())
    order = np.argsort(fit.ppm)
    upright = np.conj(fit.phase)[order]
    np.testing.assert_allclose(data, (fit.data[order] * upright).real)
    np.testing.assert_allclose(model, ((fit.model + fit.baseline)[order] * upright).real)
    np.testing.assert_allclose(baseline, (fit.baseline[order] * upright).real)
    np.testing.assert_allclose(residual.get_lines()[1].get_ydata(), (fit.residual[order] * upright).real)
    low, high = main.get_xlim()
    assert low > high


def test_fit_figure_without_any_component() -> None:
    fit = report_factory.fit()
    empty = dataclasses.replace(
        fit, amplitudes=0 * fit.amplitudes, components=0 * fit.components, model=0 * fit.model, converged=False
    )
    assert len(figure_png_bytes(fit_figure(empty, "nothing found"))) > 1000


def test_a_name_with_dollars_and_underscores_is_not_a_formula() -> None:
    figure = fit_figure(report_factory.fit(), r"sub-$01_x^{2}$ \frac <b>")
    assert figure_svg_bytes(figure).startswith(b"<?xml")


def test_excluded_values_are_hollow(results: list[ScanResult]) -> None:
    axes = overview_figure(results, "lcmodel_water", ["Glu"]).axes[0]
    dots = [line for line in axes.get_lines() if line.get_marker() == "o"]
    counts = {str(line.get_markerfacecolor()): len(np.asarray(line.get_xdata())) for line in dots}
    assert counts["white"] == 2  # the broad and the noisy scan
    assert sum(counts.values()) == len(results)


def test_quality_figure_keeps_limits_in_sight(results: list[ScanResult]) -> None:
    rules = report_factory.study(max_line_width_hz=60.0, min_signal_to_noise=200.0).quality
    axes = quality_figure(results, rules).axes[0]
    assert axes.get_xlim()[1] > 60
    assert axes.get_ylim()[1] > 200


def test_names_of_excluded_scans_do_not_lie_on_each_other(results: list[ScanResult]) -> None:
    """Twelve bad scans of nearly the same quality, as those of one careless day, among good ones."""
    bad = [
        report_factory.result(f"sub-{n:02d}_ses-1_acq-steam", n, line_width_hz=26.0 + 0.5 * n, noise=700.0)
        for n in range(10, 22)
    ]
    figure = quality_figure([*results, *bad], report_factory.study().quality)
    figure.savefig(io.BytesIO(), format="png")
    names = [text for text in figure.axes[0].texts if text.get_text().startswith("sub-")]
    boxes = [Text.get_window_extent(name) for name in names]  # of the name without the thread to its point
    assert len(boxes) >= 12
    overlaps = [(one, other) for n, one in enumerate(boxes) for other in boxes[:n] if one.overlaps(other)]
    assert not overlaps
    assert all(figure.bbox.containsx(box.x0) and figure.bbox.containsx(box.x1) for box in boxes)


def test_same_record_same_bytes(results: list[ScanResult]) -> None:
    rules = report_factory.study().quality
    assert figure_png_bytes(quality_figure(results, rules)) == figure_png_bytes(quality_figure(results, rules))
    assert figure_svg_bytes(quality_figure(results, rules)) == figure_svg_bytes(quality_figure(results, rules))
    assert figure_svg_text(quality_figure(results, rules)) == figure_svg_text(quality_figure(results, rules))


def test_two_inline_figures_share_no_identifier(results: list[ScanResult]) -> None:
    first = figure_svg_text(overview_figure(results, "lcmodel_water", ["Glu"]))
    second = figure_svg_text(quality_figure(results, report_factory.study().quality))
    identifiers = [{part.split('"')[0] for part in text.split(' id="')[1:]} for text in (first, second)]
    assert identifiers[0]
    assert not identifiers[0] & identifiers[1]
    assert "http" not in first + second


def test_save_figure_is_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, results: list[ScanResult]
) -> None:
    figure = quality_figure(results, report_factory.study().quality)
    for suffix in ("png", "svg"):
        save_figure(figure, tmp_path / "deep" / f"water.{suffix}")
    with pytest.raises(ValueError, match="png or"):
        save_figure(figure, tmp_path / "water.pdf")

    def full_disk(*_: object) -> None:
        raise OSError("no space left on device")

    target = tmp_path / "deep" / "water.png"
    before = target.read_bytes()
    monkeypatch.setattr("pharmrs.core.files.atomic.os.fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        save_figure(figure, target)
    assert target.read_bytes() == before
    assert sorted(path.name for path in target.parent.iterdir()) == ["water.png", "water.svg"]


def test_importing_the_report_loads_neither_matplotlib_nor_jinja() -> None:
    modules = ["spectra.report.pictures.figures", "study.report.page_of_study", "study.report.methods"]
    modules += ["core.report.tables", "spectra.report.pictures.scan_figures"]
    code = "import sys\n" + "\n".join(f"import pharmrs.{name}" for name in modules)
    code += "\nassert not {'matplotlib', 'jinja2', 'PIL'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_figure_is_drawn_once_for_file_and_page(
    tmp_path: Path, results: list[ScanResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = quality_figure(results, report_factory.study().quality)
    drawn: list[str] = []
    original = type(figure).savefig

    def noting(self: Figure, *given: Any, **options: Any) -> None:
        drawn.append(options["format"])
        original(self, *given, **options)

    monkeypatch.setattr(type(figure), "savefig", noting)
    save_figure(figure, tmp_path / "quality.png")
    save_figure(figure, tmp_path / "quality.svg")
    shown = figure_svg_text(figure)
    assert drawn == ["png", "svg"]
    assert shown == figure_svg_text(quality_figure(results, report_factory.study().quality))
    assert (tmp_path / "quality.svg").read_bytes() == figure_svg_bytes(figure)
