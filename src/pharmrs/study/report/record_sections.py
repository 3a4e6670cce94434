"""What a report keeps on record: problems by cause, methods, settings, and the provenance in groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pharmrs.core.errors import InputProblem
from pharmrs.core.report.markdown import to_html
from pharmrs.core.report.numbers import count_text
from pharmrs.core.report.problem_groups import NAMED, grouped
from pharmrs.core.report.section import Section, render_section
from pharmrs.core.report.view_tables import CellView, TableView

_SHORT = 10  # entries of the provenance that are shown unfolded


_HARM = {
    "error": "What could not be used",
    "warning": "What a result may suffer from",
    "note": "Worth knowing; no result changes by it",
}


def problems_section(problems: Sequence[InputProblem]) -> Section:
    """Every problem once for its cause, the most harmful first."""
    found = grouped(problems)
    by_harm = [(words, alike) for one, words in _HARM.items() if (alike := [x for x in found if x.severity == one])]
    return render_section("problems", "Problems", "section_problems.html.j2", problems=by_harm, named=NAMED)


def methods_section(methods: str) -> Section:
    """The methods text (Markdown), ready to paste."""
    return render_section("methods", "Methods", "section_methods.html.j2", page="methods", text=to_html(methods))


def record_sections(settings: Mapping[str, object], provenance: Mapping[str, object]) -> tuple[Section, Section]:
    """Settings that change numbers; software, platform and inputs, the files folded by folder."""
    return (
        render_section(
            "settings",
            "Settings",
            "section_settings.html.j2",
            page="methods",
            settings=mapping_view("Settings that change numbers", settings),
        ),
        render_section(
            "provenance",
            "Provenance",
            "section_provenance.html.j2",
            groups=[
                (_words(name), _count(value), mapping_view(_words(name), _as_mapping(name, value)), _is_short(value))
                for name, value in provenance.items()
                if value != {}
            ],
        ),
    )


def _is_short(value: object) -> bool:
    return not isinstance(value, Mapping) or len(value) <= _SHORT


def _words(name: str) -> str:
    words = name.replace("_sha256", ", SHA-256").replace("_", " ")
    return words[:1].upper() + words[1:]


def _count(value: object) -> str:
    return count_text(len(value), "entry").replace("entrys", "entries") if isinstance(value, Mapping) else ""


def _as_mapping(name: str, value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {name: value}


def mapping_view(caption: str, values: Mapping[str, object]) -> TableView:
    """Nested settings as dotted keys, one row each."""
    rows = tuple((CellView(key), CellView(text)) for key, text in _flat("", values))
    return TableView(caption=caption, columns=("Key", "Value"), rows=rows)


def _flat(prefix: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        return [
            pair for key, inner in value.items() for pair in _flat(f"{prefix}.{key}" if prefix else str(key), inner)
        ]
    if isinstance(value, (list, tuple)) and any(isinstance(inner, (Mapping, list, tuple)) for inner in value):
        return [pair for number, inner in enumerate(value) for pair in _flat(f"{prefix}[{number}]", inner)]
    if isinstance(value, (list, tuple)):
        return [(prefix, ", ".join(str(inner) for inner in value) or "none")]
    return [(prefix, "none" if value is None or value == {} else str(value))]
