"""Figures: what they show, that they survive odd data, and that the same record gives the same bytes."""

from __future__ import annotations

import dataclasses
import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from pharmrs.core.report.figure_style import figure_png_bytes, figure_svg_bytes, figure_svg_text, save_figure
from pharmrs.core.report.svg_figure import svg_figure
from pharmrs.spectra.records import ScanResult
from pharmrs.spectra.report.pictures.figure_study import overview_figure, quality_figure
from pharmrs.spectra.report.pictures.plot_fit import fit_sheet_svg
from pharmrs.spectra.report.result_rows import result_table
from tests.study import report_factory


def test_the_page_of_a_fit_is_the_same_drawing_in_every_format() -> None:
    """Curves, texts and size of the PNG and PDF are those of the SVG, whose curves are tested against the fit."""
    fit = report_factory.fit()
    rows = report_factory.amplitudes(fit)
    svg = fit_sheet_svg(fit, "scan", rows, result_table(rows, ()), ["a remark"])
    figure = svg_figure(svg)
    root = ElementTree.fromstring(svg)
    texts = [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [one.get_text() for one in figure.axes[0].texts] == texts
    assert {"a remark", "NAA", "Metabolite", "/tCr"} <= set(texts) and "Lac" in texts  # held at zero: in the table
    runs = [int(np.isnan(np.asarray(line.get_xdata(), dtype=float)).sum()) for line in figure.axes[0].get_lines()]
    paths = [one.get("d", "") for one in root.iter("{http://www.w3.org/2000/svg}path")]
    assert runs == [len(re.findall("M", path)) for path in paths]
    first = next(one for one in paths if "l" in one)
    x, y = map(float, re.findall(r"-?\d+", first)[:2])
    dx, dy = map(float, re.findall(r"-?\d+", first)[2:4])
    line = figure.axes[0].get_lines()[paths.index(first)]
    drawn = np.column_stack([line.get_xdata(), line.get_ydata()])
    assert (drawn[1] - drawn[0]).tolist() == [dx, dy]
    shift = drawn[0] - [x, y]
    assert shift.min() >= 0 and shift.max() > 0  # moved to its panel
    assert (100 * figure.get_size_inches() * 0.96).round().tolist() == [1020.0, float(root.get("height", "0"))]


def test_a_fit_without_any_component_has_a_page() -> None:
    fit = report_factory.fit()
    empty = dataclasses.replace(
        fit, amplitudes=0 * fit.amplitudes, components=0 * fit.components, model=0 * fit.model, converged=False
    )
    figure = svg_figure(fit_sheet_svg(empty, "nothing found", (), result_table((), ())))
    assert "NOT CONVERGED" in {one.get_text() for one in figure.axes[0].texts}
    assert len(figure_png_bytes(figure)) > 1000


def test_a_name_with_dollars_and_underscores_is_not_a_formula() -> None:
    fit = report_factory.fit()
    name = r"sub-$01_x^{2}$ \frac <b>"
    figure = svg_figure(fit_sheet_svg(fit, name, (), result_table((), ())))
    assert name in {one.get_text() for one in figure.axes[0].texts}
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
    for suffix in ("png", "svg", "pdf"):
        save_figure(figure, tmp_path / "deep" / f"water.{suffix}")
    with pytest.raises(ValueError, match="svg or"):
        save_figure(figure, tmp_path / "water.jpg")

    def full_disk(*_: object) -> None:
        raise OSError("no space left on device")

    target = tmp_path / "deep" / "water.png"
    before = target.read_bytes()
    monkeypatch.setattr("pharmrs.core.files.atomic.os.fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        save_figure(figure, target)
    assert target.read_bytes() == before
    assert sorted(path.name for path in target.parent.iterdir()) == ["water.pdf", "water.png", "water.svg"]


def test_importing_the_report_loads_neither_matplotlib_nor_jinja() -> None:
    modules = ["spectra.report.pictures.figure_study", "study.report.site_of_study", "study.report.methods"]
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
