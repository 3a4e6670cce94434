"""The report: one well-formed file that loads nothing, escapes everything, and is the same every time."""

from __future__ import annotations

import base64
import dataclasses
import re
import zlib
from pathlib import Path

import pytest

from pharmrs.core.errors import InputProblem
from pharmrs.core.report import embedded
from pharmrs.core.report.markdown import to_html
from pharmrs.spectra.records import Concentration, ScanOutcome, ScanResult
from pharmrs.spectra.report import scan_pages
from pharmrs.spectra.report.pictures.scan_figures import ScanFigures, render_scan_figures
from pharmrs.spectra.report.scan_pages import drawn_figures
from pharmrs.study.report.methods import methods_text
from pharmrs.study.report.page_of_study import write_report
from tests.study import report_factory
from tests.study.html_page import Page

_HOSTILE = '<script>alert("1")</script>'


@pytest.fixture(scope="session")
def figures(results: list[ScanResult]) -> dict[str, ScanFigures]:
    return {result.files.name: render_scan_figures(result) for result in results}


def _write(
    path: Path,
    outcomes: tuple[ScanOutcome, ...],
    figures: dict[str, ScanFigures],
    title: str = "A study",
    rule: str = "sober",
) -> str:
    study = report_factory.study()
    results = [outcome.result for outcome in outcomes if outcome.result is not None]
    write_report(
        path,
        title,
        outcomes,
        rules=study.quality,
        methods=methods_text(study, results) + rule,
        settings=dataclasses.asdict(study) | {rule: rule},
        provenance={"pharmrs": "0.1.0", "inputs": [{"file": rule, "sha256": "ab"}]},
        scale_labels=report_factory.SCALE_LABELS | {"lcmodel_water": f"Water-scaled {rule}"},
        primary_scale="lcmodel_water",
        figures=lambda outcome: figures.get(outcome.files.name) or drawn_figures(outcome),
    )
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def report(
    tmp_path_factory: pytest.TempPathFactory, outcomes: tuple[ScanOutcome, ...], figures: dict[str, ScanFigures]
) -> str:
    return _write(tmp_path_factory.mktemp("report") / "report.html", outcomes, figures)


def test_is_well_formed_with_unique_identifiers(report: str) -> None:
    page = Page(report)
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    targets = {str(href)[1:] for attributes in page.all("a") if (href := attributes["href"])}
    assert targets <= set(identifiers)
    assert len(page.all("main")) == len(page.all("nav")) == len(page.all("h1")) == 1


def test_loads_nothing_from_elsewhere(report: str) -> None:
    for _, attributes in Page(report).tags:
        for name in ("src", "href", "xlink:href", "srcset", "action", "data"):
            value = attributes.get(name) or "#"
            assert value.startswith(
                ("#", "data:image/png;base64,", "data:image/webp;base64,", "data:image/svg+xml,")
            ), value[:60]
    assert not re.search(r"@import|url\(\s*['\"]?(?!#)|https?://", report)
    assert "default-src 'none'" in report


def test_every_figure_has_alternative_text(report: str) -> None:
    page = Page(report)
    assert len(page.all("img")) == 5 * (1 + 4 + 1)  # per analysed scan: fit, four steps, water
    assert all(len(attributes["alt"] or "") > 20 for attributes in page.all("img"))
    framed = [attributes for attributes in page.all("div") if attributes.get("role") == "img"]
    assert len(framed) == 2
    assert all(len(attributes["aria-label"] or "") > 20 for attributes in framed)
    assert len(page.all("figure")) == len(page.all("figcaption")) == len(page.all("img")) + len(framed)


def test_tables_have_captions_and_scopes(report: str) -> None:
    page = Page(report)
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(attributes.get("scope") in {"col", "row", "colgroup"} for attributes in page.all("th"))


def test_the_list_of_problems_holds_every_scans_own(report: str, outcomes: tuple[ScanOutcome, ...]) -> None:
    section = report[report.index('<section id="problems"') :]
    section = section[: section.index("</section>")]
    found = [problem for outcome in outcomes for problem in outcome.problems]
    assert len(found) == 2
    places = {problem.severity: section.index(problem.file) for problem in found}
    assert places["error"] < places["warning"]


def test_same_records_same_bytes(
    tmp_path: Path, outcomes: tuple[ScanOutcome, ...], figures: dict[str, ScanFigures], report: str
) -> None:
    assert _write(tmp_path / "again.html", outcomes[::-1], figures) == report
    assert [path.name for path in tmp_path.iterdir()] == ["again.html"]


def test_figures_not_given_are_drawn(
    tmp_path: Path, outcomes: tuple[ScanOutcome, ...], figures: dict[str, ScanFigures]
) -> None:
    one = outcomes[0]
    text = _write(tmp_path / "one.html", (one,), {})
    assert len(Page(text).all("img")) == 6
    drawn = render_scan_figures(one.result) if one.result else None
    assert drawn == figures[one.files.name]


def _hostile(outcome: ScanOutcome) -> ScanOutcome:
    """The same scan with markup in every text that comes from data."""
    assert outcome.result is not None
    result = outcome.result
    files = dataclasses.replace(result.files, name=_HOSTILE, subject=_HOSTILE)
    step = dataclasses.replace(
        result.preprocessed.steps[0],
        name=_HOSTILE,
        summary=_HOSTILE,
        numbers={_HOSTILE: 1.0},
        series={_HOSTILE: (1.0, 2.0)},
        warnings=(_HOSTILE,),
    )
    exclusion = dataclasses.replace(result.exclusions[0], scan=_HOSTILE, rule=_HOSTILE, decided_by=_HOSTILE)
    missing = Concentration(
        metabolite=_HOSTILE, scale="lcmodel_water", value=float("nan"), sd=float("nan"), unit="1", reason=_HOSTILE
    )
    changed = dataclasses.replace(
        result,
        files=files,
        preprocessed=dataclasses.replace(result.preprocessed, steps=(step,)),
        amplitudes=(dataclasses.replace(result.amplitudes[0], metabolite=_HOSTILE),),
        concentrations=(missing,),
        exclusions=(exclusion,),
        fit=dataclasses.replace(result.fit, converged=False, message=_HOSTILE),
    )
    problem = InputProblem(file=_HOSTILE, field=_HOSTILE, rule=_HOSTILE, value=_HOSTILE, remedy=_HOSTILE)
    return ScanOutcome(files=files, result=changed, problems=(problem,))


@pytest.mark.parametrize(("packed", "linked"), [(99, 99), (0, 99), (0, 0)], ids=["embedded", "packed", "linked"])
def test_escapes_everything_that_comes_from_data(
    packed: int, linked: int, tmp_path: Path, outcomes: tuple[ScanOutcome, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report, the pages of scans beside it, and the pages of fits that are packed inside them."""
    monkeypatch.setattr(scan_pages, "PACKED_ABOVE_SCANS", packed)
    monkeypatch.setattr(embedded, "LINKED_ABOVE_SCANS", linked)
    text = _write(tmp_path / "hostile.html", (_hostile(outcomes[0]),), {}, title=_HOSTILE, rule=_HOSTILE)
    assert text.count("&lt;script&gt;") > 20
    pages = [path.read_text(encoding="utf-8") for path in sorted(tmp_path.rglob("*.html"))]
    assert len(pages) == (2 if linked == 0 else 1)
    inside = [
        zlib.decompress(base64.b64decode(found)).decode()
        for one in pages
        for found in re.findall(r'<script type="text/plain"[^>]*>([\w+/=]+)</script>', one)
    ]
    fits = [one for one in inside if "<header>" in one]
    assert len(fits) == 1
    for one in (*pages, *inside):
        assert _HOSTILE not in one and "<script>alert" not in one
    for one in pages:
        scripts = [tag for tag in Page(one).all("script") if "type" not in tag]
        assert len(scripts) <= 2 and all("alert" not in str(tag) for tag in scripts)
    assert "&lt;script&gt;alert" in fits[0]


def test_empty_study_and_study_of_failures(tmp_path: Path, outcomes: tuple[ScanOutcome, ...]) -> None:
    for number, some in enumerate(((), tuple(outcome for outcome in outcomes if outcome.failed))):
        text = _write(tmp_path / f"{number}.html", some, {})
        assert not Page(text).all("img")
        assert "No scan of the study could be analysed" in text


def test_group_values_with_and_without_exclusions(report: str, results: list[ScanResult]) -> None:
    row = re.search(r'<th scope="row">Glu</th>(.*?)</tr>', report.split('id="concentrations"')[1])
    assert row is not None
    cells = re.findall(r'data-order="([^"]*)"', row[1])
    everything = [item.value for r in results for item in r.concentrations if _is_glutamate(item)]
    kept = [
        item.value for r in results for item in r.concentrations if _is_glutamate(item) and "sub-02" not in r.files.name
    ]
    assert float(cells[1]) == pytest.approx(sum(everything) / len(everything))
    assert float(cells[6]) == pytest.approx(sum(kept) / len(kept))
    assert (cells[4], cells[9]) == ("5", "3")


def _is_glutamate(item: Concentration) -> bool:
    return (item.metabolite, item.scale) == ("Glu", "lcmodel_water")


def test_markdown_escapes_and_nests() -> None:
    made = to_html("# Top\n\n## Part <i>\n\nText with `a<b` and **bold**\nover lines.\n\n- one\n  still one\n- two")
    assert made.splitlines() == [
        "<h3>Top</h3>",
        "<h3>Part &lt;i&gt;</h3>",
        "<p>Text with <code>a&lt;b</code> and <strong>bold</strong> over lines.</p>",
        "<ul><li>one still one</li><li>two</li></ul>",
    ]
