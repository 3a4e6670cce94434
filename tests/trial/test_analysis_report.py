"""The statistics in print: numbers of the table are in the text, figures show what is there, tables survive pasting."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pharmrs.core.report.numbers import p_phrase, p_text
from pharmrs.core.report.printed_tables import PrintedTable, to_docx, to_html, to_latex, to_markdown
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.records.analysis import AnalysisPlan, EffectEstimate, ModelOutcome
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.records.multiverse import SpecificationCurve
from pharmrs.trial.report.figure_analysis import forest_entries, interaction_figure, model_band
from pharmrs.trial.report.figure_specification_curve import specification_curve_figure
from pharmrs.trial.report.files import write_analysis
from pharmrs.trial.report.printed import printed_tables
from pharmrs.trial.report.results_text import model_paragraphs, results_paragraphs
from pharmrs.trial.report.section import analysis_figures, analysis_section
from pharmrs.trial.report.statistics_text import df_text, interval_text
from tests.pictures import beyond_the_edge_mm
from tests.trial.random_trials import random_rows, table_of
from tests.trial.test_hard_trials import HARD

PLAN = AnalysisPlan(biomarker="BDNF")
NASTY = PrintedTable(
    title="a & b_c 50 %",
    columns=("Term", "<p>"),
    rows=(("x|y × z", "−0.5 ± 1"),),
    notes=("$5 <script>alert(1)</script>",),
)


@pytest.fixture(scope="module")
def result() -> AnalysisResult:
    return analyse(table_of(random_rows(21, subjects=20)), PLAN)


def with_model(result: AnalysisResult, outcome: ModelOutcome) -> AnalysisResult:
    return replace(result, models=(outcome,))


def test_the_text_has_the_numbers_of_the_model(result: AnalysisResult) -> None:
    text = "\n".join(results_paragraphs(result))
    model = result.chain.model
    assert model is not None
    row = model.hypothesis[0]
    assert f"{row.p:.4f}" in text
    assert f"F(3, {model.n - 4}) = " in text
    assert f"{model.n} pairs of {model.subjects} participants" in text
    for test in result.chain.correlations:
        if test.family == "spearman":
            assert f"n = {test.n} pairs" in text


def test_every_table_says_n(result: AnalysisResult) -> None:
    main, models, correlations, comparisons, *_ = printed_tables(result)
    assert "n" in models.columns and "Unit" in models.columns
    assert "pairs of" in main.note
    assert "n pairs" in correlations.columns and "n pairs" in comparisons.columns
    for table in printed_tables(result):
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_what_has_no_result_is_printed_with_its_reason() -> None:
    rows = [replace(row, metabolite=float("nan")) for row in random_rows(1)]
    empty = analyse(table_of(rows), PLAN)
    assert "could not be estimated: no participant has both changes" in "\n".join(results_paragraphs(empty))
    assert "no participant has both changes" in printed_tables(empty)[0].note
    assert [item.name for item in analysis_figures(empty)] == ["before-after"]
    assert "Not tested" in "".join(table.note for table in printed_tables(empty))


def test_exploratory_models_are_called_so(result: AnalysisResult) -> None:
    estimate = EffectEstimate(
        model="extra",
        term="interaction",
        estimate=0.5,
        ci_low=0.1,
        ci_high=0.9,
        p=0.01,
        n=30,
        subjects=20,
        hypothesis=True,
    )
    extra = ModelOutcome(name="extra", title="Extra model", estimates=(estimate,), declared=False)
    shown = with_model(result, extra)
    assert "Extra model (exploratory, not part of the plan)" in model_paragraphs(shown)[-1]
    assert any("exploratory" in row for table in printed_tables(shown) for row in table.rows)
    (*_, last) = forest_entries(shown)
    assert last[1:] == ("Extra model (exploratory) (n = 30)", False, 0.5, 0.1, 0.9)
    assert last[0] == forest_entries(shown)[0][0]  # without a unit of its own it has that of the main model
    body = analysis_section(shown, analysis_figures(shown)).body
    assert "Exploratory, not part of the plan: Extra model" in body


def test_a_model_without_result_has_its_reason(result: AnalysisResult) -> None:
    shown = with_model(result, ModelOutcome(name="extra", title="Extra model", reason="too few pairs"))
    assert model_paragraphs(shown)[-1] == "Extra model: not estimable, too few pairs."
    rows = [row for table in printed_tables(shown) for row in table.rows if row[0] == "Extra model"]
    assert [row[2] for row in rows] == ["not estimable: too few pairs"]


def test_names_from_data_are_escaped() -> None:
    rows = [replace(row, subject=f"<b>{row.subject}") for row in random_rows(21)]
    table = replace(table_of(rows), metabolite_unit="<i>")
    section = analysis_section(analyse(table, replace(PLAN, biomarker="<script>x</script>")), ())
    assert "<script>" not in section.body and "&lt;script&gt;" in section.body


def test_the_band_is_the_one_of_the_model(result: AnalysisResult) -> None:
    """At the observed points the band's centre is the fitted value; its width from the covariance by hand."""
    model, changes = result.chain.model, result.chain.changes
    assert model is not None and changes is not None
    used = changes.where(changes.complete)
    rows = used.of_treatment("drug")
    mean, reach = model_band(model, used.treatments, "drug", used.change_metabolite[rows], 0.05)
    assert mean == pytest.approx((model.outcome - model.residuals)[rows], abs=1e-12)
    design = model.design[rows]
    quantile = stats.t.ppf(0.975, model.n - 4)
    assert reach == pytest.approx(quantile * np.sqrt(np.diag(design @ model.covariance @ design.T)), rel=1e-9)


def test_every_pair_is_drawn_in_its_panel(result: AnalysisResult) -> None:
    changes = result.chain.changes
    assert changes is not None
    panels = interaction_figure(result).axes
    assert len(panels) == 2
    for axes, name in zip(panels, result.table.treatments, strict=True):
        n = int((changes.complete & changes.of_treatment(name)).sum())
        assert f"{name} (n = {n})" in axes.get_title(loc="left")
        assert len(axes.collections[0].get_offsets()) == n  # type: ignore[arg-type]


def test_markdown_and_html_cannot_be_broken() -> None:
    text = to_markdown([NASTY])
    assert r"| x\|y × z | −0.5 ± 1 |" in text
    page = to_html([NASTY])
    assert "<script>" not in page and "&lt;p&gt;" in page


def test_latex_escapes_and_balances() -> None:
    text = to_latex([NASTY])
    assert r"a \& b\_c 50 \%" in text and r"x|y $\times$ z & $-$0.5 $\pm$ 1 \\" in text and r"\$5 $<$script$>$" in text
    assert text.count(r"\begin{") == text.count(r"\end{")
    assert all(ord(letter) < 128 for letter in text)


def test_docx_opens_and_is_the_same_every_time() -> None:
    from docx import Document

    content = to_docx([NASTY])
    assert content == to_docx([NASTY])
    document = Document(io.BytesIO(content))
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == [
        ["Term", "<p>"],
        ["x|y × z", "−0.5 ± 1"],
    ]
    assert document.paragraphs[0].text == "Table 1. a & b_c 50 %"


@pytest.mark.parametrize(
    ("p", "text"), [(0.03834, "p = 0.0383"), (0.00009, "p < 0.0001"), (1.0, "p = 1.0000"), (float("nan"), "p = n/a")]
)
def test_p_values(p: float, text: str) -> None:
    assert p_phrase(p) == text
    assert p_text(p) == re.sub(r"^p (= )?", "", text).replace("< ", "<")


def test_degrees_of_freedom_and_intervals() -> None:
    assert (df_text(42.0), df_text(11.955), df_text(float("nan"))) == ("42", "12.0", "n/a")
    assert interval_text(-0.5, 1.25) == "−0.500 to 1.25"
    assert interval_text(float("nan"), 1.0) == "n/a"


@pytest.mark.parametrize("case", HARD)
def test_hard_data_are_printed_and_drawn(case: str, tmp_path: Path) -> None:
    """Whatever the chain could not do, every file is written and says why; JSON holds no NaN."""
    change, reason = HARD[case]
    hard = analyse(table_of([change(row) for row in random_rows(1, missing=0.0)]), PLAN)
    section = write_analysis(tmp_path, hard)
    assert reason in section.body.unescape()
    results = json.loads((tmp_path / "results.json").read_text(), parse_constant=pytest.fail)
    assert reason in results["main_model"]["reason"]
    assert reason in (tmp_path / "statistics" / "tables.md").read_text()
    assert reason in (tmp_path / "statistics" / "estimates.tsv").read_text()


@pytest.mark.parametrize("number", [5, 560, 12345])
def test_the_specification_curve_shows_its_whole_legend(number: int) -> None:
    """The case: the legend of the multiverse was cut at the right edge, in the middle of a count."""
    random = np.random.default_rng(1)
    effect = np.sort(random.normal(size=number))
    curve = SpecificationCurve(
        axes=("quality", "scale"),
        levels=(("declared", "without line width above the limit (Hz)"), ("declared", "a_scale_with_a_long_name")),
        choices=random.integers(0, 2, (number, 2)), effect=effect, se=np.ones(number), p=random.uniform(size=number),
        n=np.full(number, 20), null_low=effect - 1, null_high=effect + 1,
    )  # fmt: skip
    figure = specification_curve_figure(curve, 0.05)
    words = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    significant = int((curve.p < 0.05).sum())
    assert words[1:] == [f"p ≥ 0.05 ({number - significant})", f"p < 0.05 ({significant})"]
    assert beyond_the_edge_mm(figure) == 0


def test_every_picture_of_the_statistics_shows_all_of_itself(result: AnalysisResult) -> None:
    figures = analysis_figures(result)
    assert {view.name: round(beyond_the_edge_mm(view.figure), 1) for view in figures} == {
        view.name: 0.0 for view in figures
    }
