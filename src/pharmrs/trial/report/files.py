"""Everything the statistics leave behind: results.json, tidy tables, tables to paste, figures, text."""

from __future__ import annotations

from pathlib import Path

from pharmrs.core.files.atomic import write_bytes, write_text
from pharmrs.core.report.figure_style import save_figure
from pharmrs.core.report.markdown import to_html as markdown_to_html
from pharmrs.core.report.page import environment
from pharmrs.core.report.printed_tables import to_docx, to_html, to_latex, to_markdown
from pharmrs.core.report.references import Citations
from pharmrs.core.report.section import MethodsPart, Section
from pharmrs.core.report.tables import write_table
from pharmrs.core.unit import Within, unbounded
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.report.answer import trial_answer
from pharmrs.trial.report.methods import methods_paragraphs
from pharmrs.trial.report.printed import printed_tables
from pharmrs.trial.report.r_script import r_script
from pharmrs.trial.report.results_json import results_json
from pharmrs.trial.report.results_text import model_paragraphs, results_paragraphs
from pharmrs.trial.report.section import analysis_figures, analysis_section
from pharmrs.trial.report.tables import analysis_tables, observations_table

FOLDER = "statistics"
METHODS_TITLE = "Statistics"
ANALYSIS_OUTPUTS = ("results.json", "observations.tsv", "observations.json", f"{FOLDER}/*.*", f"{FOLDER}/figures/*.*")


def write_analysis(output: Path, result: AnalysisResult, within: Within = unbounded) -> Section:
    """Write all files below `output`; returns the section for the report. `within`: the boundary of each figure."""
    folder = output / FOLDER
    write_table(output, observations_table(result.table))
    write_text(output / "results.json", results_json(result))
    for table in analysis_tables(result):
        write_table(folder, table)
    printed = printed_tables(result)
    write_text(folder / "tables.md", to_markdown(printed))
    write_text(folder / "tables.html", to_html(printed))
    write_text(folder / "tables.tex", to_latex(printed))
    write_bytes(folder / "tables.docx", to_docx(printed))
    write_text(folder / "results.md", "\n\n".join([*results_paragraphs(result), *model_paragraphs(result)]) + "\n")
    write_text(folder / "analysis.R", r_script(result))
    figures = analysis_figures(result, within)
    for item in figures:
        for suffix in ("svg", "pdf"):
            save_figure(item.figure, folder / "figures" / f"{item.name}.{suffix}")
    return analysis_section(result, figures)


def analysis_methods(result: AnalysisResult) -> MethodsPart:
    """The part of the methods text that the statistics write."""
    return MethodsPart(title=METHODS_TITLE, write=lambda cite: methods_paragraphs(result, cite))


def write_analysis_page(path: Path, title: str, result: AnalysisResult, section: Section) -> None:
    """One self-contained page of the statistics alone, for `pharmrs analyse`: the answer, then everything else."""
    cite = Citations()
    text = "\n\n".join(methods_paragraphs(result, cite))
    text += "\n\n## References\n\n" + "\n".join(f"- {line}" for line in cite.listed())
    page = environment().get_template("analysis.html.j2").render(
        kind="Statistics of an intervention study",
        heading=title,
        title=title,
        links=(),
        sections=(section,),
        answer=trial_answer(result),
        methods=markdown_to_html(text),
    )  # fmt: skip
    write_text(path, page)
    write_text(path.with_name("methods.md"), f"## {METHODS_TITLE}\n\n{text}\n")
