"""The page of one fit: one safe file that holds the record."""

from __future__ import annotations

import base64
import dataclasses
import html
import json
import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from numpy.typing import NDArray

from pharmrs.core.report.numbers import percent_text
from pharmrs.spectra.records.fit import LinearCombinationFit
from pharmrs.spectra.report.pictures.interactive_fit import fit_html
from pharmrs.spectra.report.pictures.plot_fit import fit_svg
from pharmrs.spectra.report.pictures.traces import fit_traces, packed
from pharmrs.spectra.report.result_rows import result_table
from pharmrs.spectra.review.page import review_traces
from tests.study import report_factory
from tests.study.html_page import Page

_HOSTILE = '</script><script>alert("1")</script><!--'
_LARGEST = 400_000  # bytes


@pytest.fixture(scope="module")
def fit() -> LinearCombinationFit:
    return report_factory.fit()


@pytest.fixture(scope="module")
def text(fit: LinearCombinationFit) -> str:
    return fit_html(fit, "sub-01_svs.nii.gz", report_factory.amplitudes(fit))


def _record(text: str) -> dict[str, object]:
    """The data of the page as a browser reads it: the text of the element, as strict JSON."""
    (found,) = re.findall(r'<script type="application/json" id="record">(.*?)</script>', text, flags=re.S)

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    content: dict[str, object] = json.loads(found, parse_constant=refuse)
    return content


def _unpack(trace: dict[str, object], points: int) -> NDArray[np.float64]:
    low, step = float(trace["low"]), float(trace["step"])  # type: ignore[arg-type]
    if not trace["codes"]:
        return np.full(points, low)
    raw = base64.b64decode(str(trace["codes"]))
    codes = [int.from_bytes(raw[i : i + 2], "little") for i in range(0, len(raw), 2)]
    return np.array([np.nan if code == 65535 else low + step * code for code in codes])


def test_one_well_formed_file_that_loads_nothing(text: str) -> None:
    page = Page(text)
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    sources = [attributes for _, attributes in page.tags if {"src", "href", "srcset", "action"} & attributes.keys()]
    assert [str(one["src"])[:19] for one in sources] == ["data:image/svg+xml,"]
    assert not re.search(
        r"https?://|@import|url\(|//cdn|\bfetch\(|XMLHttpRequest|\bimport\s*\(|innerHTML|\beval\(", text
    )
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'" in text


def test_same_record_same_bytes(text: str) -> None:
    again = report_factory.fit()
    assert fit_html(again, "sub-01_svs.nii.gz", report_factory.amplitudes(again)) == text


def test_record_on_the_page_is_the_record(fit: LinearCombinationFit, text: str) -> None:
    record = _record(text)
    points = len(fit.ppm)
    assert record["points"] == points
    axis = np.frombuffer(base64.b64decode(str(record["ppm"])), dtype="<f4")
    np.testing.assert_allclose(axis, np.sort(fit.ppm)[::-1], rtol=6e-8)  # half a unit of a 32-bit float
    order = np.argsort(-fit.ppm)
    traces = {
        "data": fit.data,
        "model": fit.model + fit.baseline,
        "baseline": fit.baseline,
        "residual": fit.data - fit.model - fit.baseline,
    }
    pairs = [(record[name], values) for name, values in traces.items()]
    components = record["components"]
    assert isinstance(components, list)
    assert [one["name"] for one in components] == list(fit.names)
    pairs += [(one["trace"], values) for one, values in zip(components, fit.components, strict=True)]
    for trace, values in pairs:
        assert isinstance(trace, dict)
        expected = (values * np.conj(fit.phase)).real[order]
        span = float(np.ptp(expected))
        assert np.max(np.abs(_unpack(trace, points) - expected)) <= 8e-6 * span  # the precision the module states
    assert record["sums"] == [
        {"name": name, "parts": [fit.names.index(part) for part in parts]}
        for name, parts in report_factory.SUMS.items()
    ]


def test_gaps_are_on_the_page_and_told(fit: LinearCombinationFit, text: str) -> None:
    assert _record(text)["gaps"] == []
    assert "Shaded: points left out" not in text
    page = fit_html(dataclasses.replace(fit, gaps_ppm=((2.1, 2.3),)), "scan", ())
    assert _record(page)["gaps"] == [[2.1, 2.3]]
    assert "Shaded: points left out of the fit" in page
    assert review_traces(dataclasses.replace(fit, gaps_ppm=((2.1, 2.3),)))["gaps"] == ((2.1, 2.3),)


def test_missing_values_stay_missing() -> None:
    trace = packed(np.array([1.0, np.nan, 3.0, np.inf]))
    np.testing.assert_array_equal(_unpack(trace, 4), [1.0, np.nan, 3.0, np.nan])
    np.testing.assert_array_equal(_unpack(packed(np.full(3, np.nan)), 3), np.full(3, np.nan))
    np.testing.assert_array_equal(_unpack(packed(np.full(3, 0.25)), 3), np.full(3, 0.25))


@pytest.mark.parametrize("factor", [1.0, 3e-6, 7e8])
def test_table_shows_amplitude_sd_and_crlb(factor: float) -> None:
    fit = report_factory.fit()
    fit = dataclasses.replace(fit, amplitudes=factor * fit.amplitudes, covariance=factor**2 * fit.covariance)
    rows = report_factory.amplitudes(fit)
    text = fit_html(fit, "t", rows)
    power = int((re.findall(r"<sup>(.*?)</sup>", text) or ["0"])[0].replace("−", "-"))
    lines = re.findall(r'<tr data-part="(\d+)".*?</tr>', text, flags=re.S)
    assert [int(index) for index in lines] == list(range(len(rows)))
    bodies = re.findall(r"<tr data-part=.*?</tr>", text, flags=re.S)
    for row, body in zip(rows, bodies, strict=True):
        assert f"<span>{row.metabolite}</span>" in body
        amplitude, sd, crlb = re.findall(r'<td class="num">(.*?)</td>', body)
        assert float(amplitude) * 10.0**power == pytest.approx(row.amplitude, rel=5.1e-4)  # four digits
        assert float(sd) * 10.0**power == pytest.approx(row.sd, rel=0.051)  # two digits
        shown = html.unescape(crlb)
        assert (
            shown == ">999 %"
            if row.crlb_percent > 999
            else float(shown[:-2]) == pytest.approx(row.crlb_percent, abs=0.51)
        )
        single = row.parts == (row.metabolite,)
        assert (" checked" in body) == (single and row.amplitude > 0)


def test_component_without_a_row_takes_its_numbers_from_the_fit(fit: LinearCombinationFit, text: str) -> None:
    singles = [row for row in report_factory.amplitudes(fit) if row.metabolite in fit.names]
    assert fit_html(fit, "t", singles) == fit_html(fit, "t", [])
    stranger = dataclasses.replace(singles[0], metabolite="Xyz", parts=("Xyz",))
    assert fit_html(fit, "t", [*singles, stranger]) == fit_html(fit, "t", [])


def test_everything_from_data_is_escaped(fit: LinearCombinationFit) -> None:
    changed = dataclasses.replace(
        fit, names=(_HOSTILE, *fit.names[1:]), unexplained=(_HOSTILE,), message=_HOSTILE, converged=False
    )
    text = fit_html(changed, _HOSTILE, ())
    assert _HOSTILE not in text and "<script>alert" not in text and text.count("<!--") == 0
    page = Page(text)
    assert len(page.all("script")) == 2
    assert page.text("title") == f"{_HOSTILE}: fit" and page.text("h1") == _HOSTILE
    (canvas,) = page.all("canvas")
    assert _HOSTILE in str(canvas["aria-label"])
    components = _record(text)["components"]
    assert isinstance(components, list)
    assert components[0]["name"] == _HOSTILE
    assert f"Note: {_HOSTILE}" in page.text("p") and f"did not converge: {_HOSTILE}" in page.text("p")


def test_size_of_an_ordinary_and_of_an_endless_spectrum(fit: LinearCombinationFit, text: str) -> None:
    assert len(text.encode()) < 160_000
    names = tuple(f"{name}{copy}" for copy in "ab" for name in fit.names)  # 34 components
    long = {name: np.repeat(getattr(fit, name), 10) for name in ("data", "model", "baseline", "phase")}
    endless = dataclasses.replace(
        fit,
        names=names,
        amplitudes=np.tile(fit.amplitudes, 2),
        covariance=np.eye(len(names)),
        shifts_hz=np.tile(fit.shifts_hz, 2),
        dampings_hz=np.tile(fit.dampings_hz, 2),
        ppm=np.linspace(fit.ppm[0], fit.ppm[-1], 10 * len(fit.ppm)),
        components=np.repeat(np.tile(fit.components, (2, 1)), 10, axis=1),
        **long,
    )
    page = fit_html(endless, "t", ())
    assert len(page.encode()) < _LARGEST
    stride = fit_traces(endless).stride
    assert stride > 1
    assert f"every {stride}" in page and f"of {10 * len(fit.ppm)} points" in page


def test_a_fit_of_the_baseline_alone_has_a_page(fit: LinearCombinationFit) -> None:
    empty = np.zeros(0)
    bare = dataclasses.replace(
        fit,
        names=(),
        amplitudes=empty,
        covariance=np.zeros((0, 0)),
        shifts_hz=empty,
        dampings_hz=empty,
        components=np.zeros((0, len(fit.ppm))),
        model=np.zeros(len(fit.ppm)),
        noise_sd=float("nan"),
    )
    text = fit_html(bare, "t", ())
    Page(text)
    assert _record(text)["noise_sd"] is None


def test_without_scripts_there_are_a_picture_and_the_table(fit: LinearCombinationFit, text: str) -> None:
    (still,) = re.findall(r"<noscript>(.*?)</noscript>", text, flags=re.S)
    (image,) = Page(still).all("img")
    drawn = unquote(str(image["src"]).removeprefix("data:image/svg+xml,"))
    assert drawn == fit_svg(fit, "sub-01_svs.nii.gz", report_factory.amplitudes(fit))
    assert len(str(image["alt"])) > 20
    assert len(re.findall(r"<tr data-part", text)) == len(fit.names) + len(report_factory.SUMS)


def test_values_that_move_with_the_model_are_named_on_page_and_picture(fit: LinearCombinationFit, text: str) -> None:
    assert "with the model, by more" not in text
    rows = list(report_factory.amplitudes(fit))
    first = max(range(len(fit.names)), key=lambda at: rows[at].amplitude)
    noise = rows[first].sd / 4.0
    between = float(np.sqrt(rows[first].sd ** 2 - noise**2))
    rows[first] = dataclasses.replace(rows[first], stability_sd=between)
    said = f"{rows[first].metabolite} (SD {percent_text(100.0 * between / rows[first].amplitude)})"
    assert said in html.unescape(fit_html(fit, "t", rows).split("<noscript>")[0])
    assert f"Moves with the model: {said}" in fit_svg(fit, "t", rows)
    assert "Moves with" not in fit_svg(fit, "t", report_factory.amplitudes(fit))


def test_page_is_written_beside_the_pictures(fit: LinearCombinationFit, tmp_path: Path) -> None:
    from pharmrs.spectra.stage.single_outputs import write_fit_figures
    from pharmrs.spectra.stage.single_spectra import SpectrumOutcome

    rows = report_factory.amplitudes(fit)
    failed = SpectrumOutcome(tmp_path / "bad.nii.gz", None)
    write_fit_figures(tmp_path / "out", [SpectrumOutcome(tmp_path / "one.nii.gz", fit, rows), failed])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["one_fit.html", "one_fit.pdf", "one_fit.png"]
    page = (tmp_path / "out" / "one_fit.html").read_text(encoding="utf-8")
    assert page == fit_html(fit, "one.nii.gz", rows, result_table(rows, ()), fit.notes)
    assert (tmp_path / "out" / "one_fit.pdf").read_bytes().startswith(b"%PDF")
