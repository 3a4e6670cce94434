"""The pictures of a scan as SVG: right where one looks, readable by any XML parser, small, the same every time."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pharmrs.core.report.embedded import EmbeddedFigure
from pharmrs.core.report.figure_style import GAP
from pharmrs.core.report.svg_path import TOLERANCE_PX, UNITS, curve_data, dots_data, thinned
from pharmrs.core.report.svg_plot import multiples, nice_step
from pharmrs.spectra.records import PreprocessingStep
from pharmrs.spectra.report.pictures.plot_fit import fit_svg
from pharmrs.spectra.report.pictures.plot_preprocessing import preprocessing_svg
from pharmrs.spectra.report.pictures.plot_water import water_svg
from pharmrs.spectra.report.pictures.scan_figures import render_scan_figures
from tests.study import report_factory

_SVG = "{http://www.w3.org/2000/svg}"
_ROUNDING_PX = 0.5 / UNITS


def vertices(data: str) -> list[np.ndarray]:
    """Vertices in pixels of each part of a path made of M, l and h."""
    found: list[np.ndarray] = []
    for start, rest in re.findall(r"M([-\d ]+)([^M]*)", data):
        points = [[int(number) for number in re.findall(r"-?\d+", start)]]
        if rest.startswith("l"):
            steps = np.array([int(number) for number in re.findall(r"-?\d+", rest)]).reshape(-1, 2)
            points = np.vstack([points, np.array(points) + np.cumsum(steps, axis=0)]).tolist()
        found.append(np.array(points) / UNITS)
    return found


def paths(svg: str, colour: str) -> list[str]:
    """Path data of this colour in the order of drawing."""
    return [str(one.get("d")) for one in ET.fromstring(svg).iter(f"{_SVG}path") if one.get("stroke") == colour]


def texts(svg: str) -> list[str]:
    return ["".join(one.itertext()) for one in ET.fromstring(svg).iter(f"{_SVG}text")]


@settings(max_examples=60, deadline=None)
@given(
    down=arrays.arrays(float, st.integers(2, 120), elements=st.floats(-300, 300, allow_nan=False, width=32)),
    tolerance=st.sampled_from([0.3, 1.0, 5.0]),
)
def test_a_thinned_curve_misses_no_point_by_more_than_the_tolerance(down: np.ndarray, tolerance: float) -> None:
    across = np.linspace(0, 500, len(down))
    kept = thinned(across, down, tolerance)
    assert kept[0] == 0 and kept[-1] == len(down) - 1 and list(kept) == sorted(set(kept.tolist()))
    missed = np.abs(np.interp(across, across[kept], down[kept]) - down)
    assert missed.max() <= tolerance * (1 + 1e-9) + 1e-9


def test_straight_lines_need_two_vertices_and_a_kink_three() -> None:
    across = np.arange(200.0)
    assert len(thinned(across, 3 * across, 0.3)) == 2
    assert list(thinned(across, np.abs(across - 80), 0.01)) == [0, 80, 199]


def test_a_gap_in_the_data_is_a_gap_in_the_curve() -> None:
    down = np.array([1.0, 2.0, np.nan, 4.0, np.inf, 6.0, 6.0])
    parts = vertices(curve_data(np.arange(7.0), down))
    assert [part.tolist() for part in parts] == [[[0, 1], [1, 2]], [[3, 4]], [[5, 6], [6, 6]]]
    assert curve_data(np.arange(2.0), np.full(2, np.nan)) == dots_data(np.zeros(0), np.zeros(0)) == ""


def test_dots_that_cover_each_other_are_drawn_once() -> None:
    data = dots_data(np.array([0.0, 0.2, 5.0]), np.array([1.0, 1.1, 2.0]))
    assert data == f"m0 {UNITS}h0m{5 * UNITS} {UNITS}h0"


@pytest.mark.parametrize(("span", "most", "step"), [(10, 5, 2), (11, 5, 5), (0.7, 3, 0.5), (1, 10, 0.1), (300, 3, 100)])
def test_ticks_are_at_round_numbers(span: float, most: int, step: float) -> None:
    assert nice_step(span, most) == pytest.approx(step)
    assert len(multiples(step, 0, span)) <= most + 1


def test_the_picture_of_a_fit_shows_the_real_parts_with_high_ppm_left() -> None:
    fit = report_factory.fit()
    svg = fit_svg(fit, "scan", report_factory.amplitudes(fit))
    order = np.argsort(-fit.ppm)
    upright = np.conj(fit.phase)[order]
    data, model, baseline = ((part[order] * upright).real for part in (fit.data, fit.model, fit.baseline))
    drawn = vertices(paths(svg, "#d1242f")[0])[0]  # model + baseline
    black = [vertices(one)[0] for one in paths(svg, "#000000")]  # residual, data
    shown = np.concatenate([data, model + baseline, baseline])
    low, high = shown.min() - 0.04 * np.ptp(shown), shown.max() + 0.04 * np.ptp(shown)
    height, width = 236.0, 600.0  # pixels of the panel
    across = (fit.ppm[order][0] - fit.ppm[order]) / np.ptp(fit.ppm) * width
    for line, values in ((drawn, model + baseline), (black[1], data)):
        expected = (high - values) / (high - low) * height
        steep = np.abs(np.gradient(expected, across))  # a vertex may lie half a unit aside
        np.testing.assert_array_less(
            np.abs(np.interp(across, line[:, 0], line[:, 1]) - expected),
            TOLERANCE_PX + _ROUNDING_PX * (1 + 2 * np.maximum.reduce([steep, np.roll(steep, 1), np.roll(steep, -1)]))
            + 1e-9,
        )  # fmt: skip
    assert "scan" in texts(svg)[0]


def test_components_above_zero_are_named_by_chemical_shift_with_their_crlb() -> None:
    fit = report_factory.fit()
    rows = report_factory.amplitudes(fit)
    said = texts(fit_svg(fit, "scan", rows))
    names = [name for name in said if name in fit.names]
    assert "Lac" not in names  # held at zero
    assert sorted(names) == sorted(name for name in fit.names if name != "Lac")
    order = np.argsort(-fit.ppm)
    upright = (fit.components * np.conj(fit.phase)).real[:, order]
    shifts = [fit.ppm[order][np.argmax(upright[fit.names.index(name)])] for name in names]
    assert shifts == sorted(shifts, reverse=True)
    (glutamate,) = (row for row in rows if row.metabolite == "Glu")
    assert f"{glutamate.crlb_percent:.1f} %" in said


def test_a_fit_without_components_or_convergence_is_drawn() -> None:
    fit = report_factory.fit(converged=False)
    empty = dataclasses.replace(
        fit, amplitudes=0 * fit.amplitudes, components=0 * fit.components, model=0 * fit.model, noise_sd=float("nan")
    )
    said = texts(fit_svg(empty, "nothing found", ()))
    assert any("NOT CONVERGED" in text for text in said)
    assert "CRLB" not in said


def test_what_was_left_out_of_the_fit_is_shaded_and_told() -> None:
    """In the panels of the residual and of the data, 600 pixels wide, 4.2 ppm at their left edge."""
    fit = report_factory.fit()
    high, low = float(fit.ppm.max()), float(fit.ppm.min())
    svg = fit_svg(dataclasses.replace(fit, gaps_ppm=((2.0, 2.5),)), "scan", ())
    stripes = re.findall(rf"<rect x='(\d+)' width='(\d+)' height='100%' fill='{GAP}'/>", svg)
    assert len(stripes) == 2
    for left, width in stripes:
        assert int(left) / UNITS == pytest.approx((high - 2.5) / (high - low) * 600.0, abs=0.5)
        assert int(width) / UNITS == pytest.approx(0.5 / (high - low) * 600.0, abs=0.5)
    share = 100.0 * np.mean((fit.ppm >= 2.0) & (fit.ppm <= 2.5))
    assert any(f"{share:.0f} % left out (shaded)" in said for said in texts(svg))
    assert GAP not in fit_svg(fit, "scan", ())


def test_a_step_has_a_panel_for_each_series() -> None:
    alignment = report_factory.steps()[1]
    said = texts(preprocessing_svg(alignment, report_factory.ACQUISITION))
    assert {alignment.name, *alignment.series, "before", "after"} <= set(said)
    ticks = [text for text in said if text in {"5", "4", "3", "2", "1", "0"}]
    assert ticks[:6] == ["0", "1", "2", "3", "4", "5"]


def test_a_step_says_when_it_magnifies() -> None:
    clean = report_factory.steps()[-1].after
    step = PreprocessingStep(name="sum", summary="", before=clean / 100, after=clean)
    svg = preprocessing_svg(step, report_factory.ACQUISITION)
    assert "before (× 100)" in texts(svg)
    before, after = (vertices(paths(svg, colour)[0])[0] for colour in ("#e5767d", "#1a1a1a"))
    grid = np.linspace(1, 680, 50)
    levels = [np.interp(grid, line[:, 0], line[:, 1]) for line in (before, after)]
    np.testing.assert_allclose(*levels, atol=2.5)  # magnified, one lies on the other but for what each leaves out


@pytest.mark.parametrize("lengths", [(4096, 2048), (64, 64)])
def test_odd_signals_are_drawn(lengths: tuple[int, int]) -> None:
    before, after = (np.zeros(length, dtype=complex) for length in lengths)
    many = {f"series {number}": (float("nan"), 1.0) for number in range(5)} | {"empty": (), "huge": (1e300, -1e300)}
    step = PreprocessingStep(name="odd", summary="", before=before, after=np.full_like(after, np.nan), series=many)
    assert set(many) <= set(texts(preprocessing_svg(step, report_factory.ACQUISITION)))


def test_odd_water_is_drawn() -> None:
    nothing, water = np.zeros(0), report_factory.water()
    for observed, fitted in ((nothing, nothing), (water.observed, np.full(256, np.nan)), (0 * water.observed, nothing)):
        odd = dataclasses.replace(water, observed=observed, fitted=fitted, sd=float("nan"))
        assert "Residual" in texts(water_svg(odd))


@pytest.mark.parametrize("name", ['<script>alert("1")</script>', "a & b's #1 100% ±\\n", "sub-$01_x^{2}$"])
def test_a_name_is_text_in_the_picture_and_in_the_page_that_carries_it(name: str) -> None:
    fit = report_factory.fit()
    svg = fit_svg(fit, name, ())
    assert texts(svg)[0] == name
    figure = EmbeddedFigure(content=svg.encode(), alt="")

    class Reader(HTMLParser):
        found: tuple[str, ...] = ()

        def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found = (*self.found, *(str(value) for _, value in attrs))

    reader = Reader()
    reader.feed(f'<img src="{figure.source}">')
    (uri,) = reader.found
    assert unquote_to_bytes(uri.removeprefix("data:image/svg+xml,")) == svg.encode()


def test_pictures_of_a_scan_are_small_and_the_same_every_time() -> None:
    result = report_factory.result()
    drawn = render_scan_figures(result)
    assert drawn == render_scan_figures(result)
    pictures = [drawn.fit, *drawn.steps, *([drawn.water] if drawn.water else [])]
    assert sum(len(one.content) for one in pictures) < 80_000  # matplotlib writes 300 kB for the fit alone
    assert all(one.suffix == ".svg" and one.size[0] == 720 for one in pictures)
