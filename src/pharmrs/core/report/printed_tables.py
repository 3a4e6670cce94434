"""Tables ready to paste: the same cells as Markdown, HTML, LaTeX and docx."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pharmrs.core.files.undated_zip import UndatedZip

_LATEX = str.maketrans(
    {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
     "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "×": r"$\times$", "−": "$-$", "²": "$^2$",
     "<": "$<$", ">": "$>$", "β": r"$\beta$", "∞": r"$\infty$", "±": r"$\pm$", "–": "--", "≤": r"$\le$",
     "“": "``", "”": "''"}
)  # fmt: skip

_NUMBER = re.compile(r"[−<+-]?\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedTable:
    """A table as it is printed: title above, cells as text, notes below; the first column heads the rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """All notes as one paragraph."""
        return " ".join(note for note in self.notes if note)

    def of_text(self, column: int) -> bool:
        """Whether a column holds words: those begin on the left, numbers end on the right."""
        return column == 0 or not any(_NUMBER.match(row[column]) for row in self.rows)


def to_markdown(tables: Sequence[PrintedTable]) -> str:
    """Pipe tables, numbered; numbers to the right."""
    parts = []
    for number, table in enumerate(tables, start=1):
        lines = [
            _pipes(table.columns),
            _pipes(["---" if table.of_text(place) else "---:" for place in range(len(table.columns))]),
        ]
        lines += [_pipes([cell.replace("|", r"\|") for cell in row]) for row in table.rows]
        note = f"\n\n{table.note}" if table.note else ""
        parts.append(f"**Table {number}. {table.title}**\n\n" + "\n".join(lines) + note)
    return "\n\n".join(parts) + "\n"


def _pipes(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def to_html(tables: Sequence[PrintedTable]) -> str:
    """One page of plain tables, to be pasted into a word processor."""
    parts = ["<!DOCTYPE html>", '<html lang="en"><head><meta charset="utf-8"><title>Tables</title></head><body>']
    for number, table in enumerate(tables, start=1):
        head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in table.columns)
        parts.append(f"<table><caption>Table {number}. {html.escape(table.title)}</caption>")
        parts.append(f"<thead><tr>{head}</tr></thead><tbody>")
        for row in table.rows:
            cells = "".join(
                f'<td align="{"left" if table.of_text(place) else "right"}">{html.escape(cell)}</td>'
                for place, cell in enumerate(row)
                if place
            )
            parts.append(f'<tr><th scope="row" align="left">{html.escape(row[0])}</th>{cells}</tr>')
        parts.append("</tbody></table>" + (f"<p>{html.escape(table.note)}</p>" if table.note else ""))
    return "\n".join([*parts, "</body></html>"]) + "\n"


def to_latex(tables: Sequence[PrintedTable]) -> str:
    """`table` environments with booktabs rules."""
    parts = [r"% \usepackage{booktabs}"]
    for table in tables:
        body = [" & ".join(cell.translate(_LATEX) for cell in row) + r" \\" for row in table.rows]
        note = [r"\par\smallskip\footnotesize " + table.note.translate(_LATEX)] if table.note else []
        parts += [
            r"\begin{table}",
            rf"\caption{{{table.title.translate(_LATEX)}}}",
            r"\centering",
            rf"\begin{{tabular}}{{{''.join('l' if table.of_text(k) else 'r' for k in range(len(table.columns)))}}}",
            r"\toprule",
            " & ".join(name.translate(_LATEX) for name in table.columns) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            *note,
            r"\end{table}",
        ]
    return "\n".join(parts) + "\n"


def to_docx(tables: Sequence[PrintedTable]) -> bytes:
    """A Word document; the same tables give the same bytes, whenever they are written."""
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    document = Document()
    properties = document.core_properties
    properties.author, properties.title = "pharmrs", "Tables"
    properties.created = properties.modified = datetime(1980, 1, 1)
    for number, table in enumerate(tables, start=1):
        document.add_paragraph().add_run(f"Table {number}. {table.title}").bold = True
        grid = document.add_table(rows=1 + len(table.rows), cols=len(table.columns))
        grid.style = "Light List"
        for line, cells in zip(grid.rows, [table.columns, *table.rows], strict=True):
            for position, (place, text) in enumerate(zip(line.cells, cells, strict=True)):
                place.text = text
                if not table.of_text(position):
                    place.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
        document.add_paragraph(table.note)
    return _archive(document.part.package)


def _archive(package: Any) -> bytes:
    """What python-docx saves, which stops at a clock before 1980."""
    from docx.opc.packuri import CONTENT_TYPES_URI, PACKAGE_URI
    from docx.opc.pkgwriter import _ContentTypesItem

    parts = package.parts
    for part in parts:
        part.before_marshal()
    types: Any = _ContentTypesItem
    members = {CONTENT_TYPES_URI: types.from_parts(parts).blob, PACKAGE_URI.rels_uri: package.rels.xml}
    for part in parts:
        members[part.partname] = part.blob
        if len(part.rels):
            members[part.partname.rels_uri] = part.rels.xml
    written = io.BytesIO()
    with UndatedZip(written) as archive:
        for uri, blob in members.items():
            archive.writestr(uri.membername, blob)
    return written.getvalue()
