"""Pictures and section of the assay: everything on a plate is on its picture, whatever the plate."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pharmrs.assay.records.plate import LayoutWell, Missing, Plate, PlateRead, well_name
from pharmrs.assay.records.results import AssayStudy, PlateResult
from pharmrs.assay.records.settings import AssaySettings, DeclaredLimit
from pharmrs.assay.report.figure_plate import plate_figure
from pharmrs.assay.report.figure_standard_curve import standard_curve_figure
from pharmrs.assay.report.methods import assay_paragraphs
from pharmrs.assay.report.pictures import draw_assay
from pharmrs.assay.report.section import assay_section
from pharmrs.assay.science.analyse import analyse_plate
from pharmrs.assay.science.combine import combine
from pharmrs.assay.science.inter_plate import compare_plates
from pharmrs.core.report.figure_style import MODEL
from pharmrs.core.report.references import Citations
from tests.study.html_page import Page

STANDARDS = (1000.0, 300.0, 90.0, 27.0, 8.1, 0.0)


def result(
    name: str = "P1", *, shape: tuple[int, int] = (8, 12), falling: bool = False, samples: int = 5,
    missing: dict[str, Missing] | None = None, settings: AssaySettings | None = None, seed: int = 1,
) -> PlateResult:  # fmt: skip
    """A plate: standards, a control and samples in duplicate, row by row."""
    rng = np.random.default_rng(seed)
    x = np.repeat([*STANDARDS, 100.0, *np.geomspace(2.0, 3000.0, samples)], 2)
    response = 3.0 - 2.9 / (1 + (x / 200.0) ** 1.2)
    response = (3.1 - response if falling else response) * (1 + 0.02 * rng.standard_normal(len(x)))
    values = np.full(shape, np.nan)
    values.ravel()[: len(x)] = response
    layout = []
    for place, concentration in enumerate(x):
        kind = "standard" if place < 12 else "control" if place < 14 else "sample"
        layout.append(
            LayoutWell(
                plate=name, well=well_name(*divmod(place, shape[1])), role=kind,  # type: ignore[arg-type]
                sample={"standard": "", "control": "QC <1>"}.get(kind, f"sub-{place // 2:02d}_ses-1"),
                nominal=concentration if kind == "standard" else float("nan"), dilution=1.0 if place < 14 else 8.0,
            )
        )  # fmt: skip
    read = PlateRead(label="OD", mode="", wavelength_nm=450.0, values=values, missing=missing or {})
    plate = Plate(source="x.xlsx", names=(name,), instrument="simulated & Sons", reads=(read,))
    return analyse_plate(name, plate, layout, "layout.tsv", settings or AssaySettings(bootstrap_draws=0, unit="pg/mL"))[
        0
    ]


def study(*plates: PlateResult) -> AssayStudy:
    settings = plates[0].settings
    return AssayStudy(
        settings=settings, plates=plates, concentrations=combine(plates, settings), inter_plate=compare_plates(plates)
    )


@pytest.mark.parametrize("shape", [(8, 12), (16, 24), (4, 6)])
def test_every_well_is_on_the_picture(shape: tuple[int, int]) -> None:
    one = result(shape=shape, missing={"A3": "masked"}, samples=5)
    axes = plate_figure(one).axes[0]
    assert len(axes.patches) == len(one.wells)
    texts = [text.get_text() for text in axes.texts]
    assert len(texts) == (2 * len(one.wells) if shape[1] <= 12 else 0)
    if texts:
        assert "masked" in texts and "std 1000" in texts and sum("1:8" in text for text in texts) == 10
    assert len(axes.lines) == 1  # the masked well is crossed


def test_outliers_are_red() -> None:
    one = result()
    spoilt = dataclasses.replace(one, wells=(dataclasses.replace(one.wells[0], outlier=True), *one.wells[1:]))
    from matplotlib.colors import to_rgba

    frames = [patch.get_edgecolor() for patch in plate_figure(spoilt).axes[0].patches]
    assert frames.count(to_rgba(MODEL)) == 1


@pytest.mark.parametrize("falling", [False, True])
def test_curve_shows_standards_samples_and_limits(falling: bool) -> None:
    one = result(falling=falling)
    upper, lower = standard_curve_figure(one).axes
    texts = [text.get_text() for text in upper.texts]
    assert [text.split()[0] for text in texts] == ["LOD", "LLOQ", "ULOQ"]
    legend = upper.get_legend()
    assert legend is not None
    words = [text.get_text() for text in legend.get_texts()]
    in_range = sum(estimate.censored == "none" for estimate in one.estimates)
    assert f"samples and controls in range (n = {in_range})" in words
    assert any(word.startswith("out of range") for word in words)
    low, high = upper.get_xlim()
    assert low < one.curve.lowest_standard and high > one.curve.highest_standard
    points = sum(len(line.get_xdata()) for line in lower.lines) - 2  # type: ignore[arg-type]
    assert points == len(STANDARDS) - 1  # the zero standard has no recovery


def test_a_limit_in_the_sample_is_drawn_where_it_lies_in_the_well() -> None:
    limit = DeclaredLimit(value=160.0, refers_to="in_sample")
    settings = AssaySettings(bootstrap_draws=0, lower_limit=limit)
    texts = [text.get_text() for text in standard_curve_figure(result(settings=settings)).axes[0].texts]
    assert "LLOQ 20.0" in texts  # all samples are diluted 1:8


def test_section_tells_everything_and_escapes_names() -> None:
    plates = [result(f"P{index}", seed=index) for index in range(1, 5)]
    whole = study(*plates)
    pictures = draw_assay(whole)
    assert pictures.controls is not None
    page = str(assay_section(whole, pictures).body)
    assert len(Page(page).all("img")) == 2 * len(plates) + 1  # tags are nested as they should be
    assert "QC &lt;1&gt;" in page and "<1>" not in page
    for one in whole.concentrations:
        assert one.sample in page
    assert "in control" in page or " out" in page
    below = [one for one in whole.concentrations if one.censored == "left"]
    assert below and "below limit" in page and "&lt; " in page


def test_methods_say_what_was_done_and_nothing_else() -> None:
    cite = Citations()
    text = " ".join(assay_paragraphs(study(result()), cite))
    assert "five" in text and "Gottschalk" not in text  # no plate took the five-parameter curve
    assert "Inter-plate" not in text and "Bootstrap" not in text and "several dilutions" not in text
    settings = AssaySettings(
        bootstrap_draws=10, model="5pl", weights="none", exclude_outliers=True, max_cv_percent=20.0
    )
    cite = Citations()
    text = " ".join(assay_paragraphs(study(result(settings=settings)), cite))
    assert "with 5 parameters" in text and "equal weights" in text and "left out" in text and "CV above 20 %" in text
    assert any("Gottschalk" in line for line in cite.listed()) and any("Hesterberg" in line for line in cite.listed())


def test_a_plate_of_standards_alone_can_be_drawn() -> None:
    one = result(samples=0)
    assert "samples and controls in range (n = 1)" in [
        t.get_text() for t in standard_curve_figure(one).axes[0].get_legend().get_texts()
    ]  # type: ignore[union-attr]
