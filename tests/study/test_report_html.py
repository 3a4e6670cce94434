"""The report: well-formed pages that load nothing from elsewhere, escape everything, and are the same every time."""

from __future__ import annotations

import base64
import dataclasses
import re
import zlib
from pathlib import Path

import pytest

from pharmrs.core.errors import InputProblem
from pharmrs.core.report.markdown import to_html
from pharmrs.core.report.site import PAGES_FOLDER
from pharmrs.spectra.records import Concentration, ScanOutcome, ScanResult
from pharmrs.spectra.report.pictures.scan_figures import ScanFigures, render_scan_figures
from pharmrs.spectra.report.scan_pages import drawn_figures
from pharmrs.study.report.methods import methods_text
from pharmrs.study.report.site_of_study import write_report
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


def _pages(folder: Path) -> dict[str, str]:
    """Every page of a site by its place."""
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}


@pytest.fixture(scope="session")
def site(
    tmp_path_factory: pytest.TempPathFactory, outcomes: tuple[ScanOutcome, ...], figures: dict[str, ScanFigures]
) -> Path:
    folder = tmp_path_factory.mktemp("report")
    _write(folder / "report.html", outcomes, figures)
    return folder


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[str, str]:
    return _pages(site)


def test_every_page_is_well_formed_with_unique_identifiers(pages: dict[str, str]) -> None:
    assert {
        "report.html",
        *(f"{PAGES_FOLDER}/{name}.html" for name in ("spectra", "problems", "methods", "provenance")),
    }
    assert len(pages) == 5 + 6
    for name, text in pages.items():
        page = Page(text)
        identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(identifiers) == len(set(identifiers)), name
        targets = {str(href)[1:] for attributes in page.all("a") if (href := attributes["href"]).startswith("#")}
        assert targets <= set(identifiers), name
        assert len(page.all("main")) == len(page.all("nav")) == len(page.all("h1")) == 1, name


def test_no_page_loads_anything_from_elsewhere_and_every_link_leads_to_a_file(
    site: Path, pages: dict[str, str]
) -> None:
    for name, text in pages.items():
        for _, attributes in Page(text).tags:
            for key in ("src", "href", "xlink:href", "srcset", "action", "data"):
                value = attributes.get(key) or "#"
                if value.startswith(("#", "data:image/png;base64,", "data:image/svg+xml,")):
                    continue
                assert ":" not in value, (name, value[:60])
                assert ((site / name).parent / value.split("#")[0]).is_file(), (name, value)
        assert not re.search(r"@import|url\(\s*['\"]?(?!#)|https?://", text), name
        assert "default-src 'none'" in text


def test_every_figure_has_alternative_text(pages: dict[str, str]) -> None:
    pictures = framed = 0
    for name, text in pages.items():
        page = Page(text)
        shown, drawn = page.all("img"), [one for one in page.all("div") if one.get("role") == "img"]
        assert all(len(attributes["alt"] or "") > 20 for attributes in shown), name
        assert all(len(attributes["aria-label"] or "") > 20 for attributes in drawn), name
        assert len(page.all("figure")) == len(page.all("figcaption")) == len(shown) + len(drawn), name
        pictures, framed = pictures + len(shown), framed + len(drawn)
    assert pictures == 5 * (1 + 4 + 1)  # per analysed scan: fit, four steps, water
    assert framed == 3  # quality, and the overview on the first page and on that of the spectra


def test_tables_have_captions_and_scopes(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        page = Page(text)
        assert len(page.all("table")) == len(page.all("caption")), name
        assert all(attributes.get("scope") in {"col", "row", "colgroup"} for attributes in page.all("th")), name


def test_the_list_of_problems_holds_every_scans_own(pages: dict[str, str], outcomes: tuple[ScanOutcome, ...]) -> None:
    found = [problem for outcome in outcomes for problem in outcome.problems]
    assert len(found) == 2
    for text in (pages["report.html"], pages[f"{PAGES_FOLDER}/problems.html"]):
        places = {problem.severity: text.index(problem.file) for problem in found}
        assert places["error"] < places["warning"]


def test_same_records_same_bytes(
    tmp_path: Path, outcomes: tuple[ScanOutcome, ...], figures: dict[str, ScanFigures], pages: dict[str, str]
) -> None:
    _write(tmp_path / "report.html", outcomes[::-1], figures)
    assert _pages(tmp_path) == pages


def test_figures_not_given_are_drawn(
    tmp_path: Path, outcomes: tuple[ScanOutcome, ...], figures: dict[str, ScanFigures]
) -> None:
    one = outcomes[0]
    _write(tmp_path / "one.html", (one,), {})
    assert len(Page(_pages(tmp_path)[f"{PAGES_FOLDER}/scan-1.html"]).all("img")) == 6
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


def test_escapes_everything_that_comes_from_data(tmp_path: Path, outcomes: tuple[ScanOutcome, ...]) -> None:
    """Every page of the site, and the fits that are packed inside those of the scans."""
    _write(tmp_path / "hostile.html", (_hostile(outcomes[0]),), {}, title=_HOSTILE, rule=_HOSTILE)
    pages = _pages(tmp_path)
    assert len(pages) == 5 + 1
    assert sum(text.count("&lt;script&gt;") for text in pages.values()) > 20
    inside = [
        zlib.decompress(base64.b64decode(found)).decode()
        for one in pages.values()
        for found in re.findall(r'<script type="text/plain"[^>]*>([\w+/=]+)</script>', one)
    ]
    fits = [one for one in inside if "<header>" in one]
    assert len(fits) == 1
    for one in (*pages.values(), *inside):
        assert _HOSTILE not in one and "<script>alert" not in one
    for one in pages.values():
        scripts = [tag for tag in Page(one).all("script") if "type" not in tag]
        assert len(scripts) <= 2 and all("alert" not in str(tag) for tag in scripts)
    assert "&lt;script&gt;alert" in fits[0]


def test_empty_study_and_study_of_failures(tmp_path: Path, outcomes: tuple[ScanOutcome, ...]) -> None:
    for number, some in enumerate(((), tuple(outcome for outcome in outcomes if outcome.failed))):
        folder = tmp_path / str(number)
        _write(folder / "report.html", some, {})
        pages = _pages(folder)
        assert not any(Page(text).all("img") for text in pages.values())
        assert "No scan of the study could be analysed" in pages[f"{PAGES_FOLDER}/methods.html"]


def test_group_values_with_and_without_exclusions(pages: dict[str, str], results: list[ScanResult]) -> None:
    section = pages[f"{PAGES_FOLDER}/spectra.html"].split('id="concentrations"')[1]
    row = re.search(r'<th scope="row">Glu</th>(.*?)</tr>', section[section.index("Group description") :])
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
