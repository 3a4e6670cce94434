"""Pages of the reference, written from the code when the documents are built: keys, columns, commands, Python."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any

import click
import mkdocs_gen_files
import typer

import pharmrs.report
from pharmrs.cli.main import app
from pharmrs.io.study_file import study_schema
from pharmrs.report.dictionaries import Column

ROOMS = ("records", "mrs", "anatomy", "assay", "genotype", "stats", "simulate", "io", "pipeline", "report")


def main() -> None:
    _write("reference/keys.md", "Every key of study.yaml", _keys_page())
    _write("reference/columns.md", "Every column of every table", _columns_page())
    _write("reference/commands.md", "Commands", _commands_page())
    _write("reference/api.md", "Python", _api_page())


def _write(path: str, title: str, lines: Iterator[str]) -> None:
    with mkdocs_gen_files.open(path, "w") as stream:
        stream.write(f"# {title}\n\n" + "\n".join(lines) + "\n")


def _cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _keys_page() -> Iterator[str]:
    yield "From the JSON Schema that `pharmrs schema` prints. Unknown keys are errors.\n"
    yield "| key | type | default | meaning |\n|---|---|---|---|"
    schema = study_schema()
    yield from _keys("", schema, schema["$defs"])


def _keys(prefix: str, node: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[str]:
    required = node.get("required", ())
    for name, field in node.get("properties", {}).items():
        default = "required" if name in required else _default(field)
        yield f"| `{prefix}{name}` | {_cell(_type(field))} | {_cell(default)} | {_cell(field.get('description', ''))} |"
        for inner, mark in _inner(field, known):
            yield from _keys(f"{prefix}{name}{mark}.", inner, known)


def _default(field: Mapping[str, Any]) -> str:
    value = field.get("default")
    if value is None or isinstance(value, dict):  # a section: its keys have defaults of their own
        return "none" if "default" in field and value is None else ""
    return f"`{value}`"


def _inner(field: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Sections inside a field: itself, the entries of a list, the values of a mapping."""
    for choice in (field, *field.get("anyOf", ()), *field.get("oneOf", ())):
        for node, mark in (
            (choice, ""),
            (choice.get("items", {}), "[]"),
            (choice.get("additionalProperties"), ".NAME"),
        ):
            if isinstance(node, dict) and "$ref" in node:
                yield known[node["$ref"].rsplit("/", 1)[1]], mark


def _type(field: Mapping[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type(choice) for choice in field["anyOf"])
    if "$ref" in field:
        return "section"
    if "enum" in field:
        return ", ".join(map(str, field["enum"]))
    if "const" in field:
        return str(field["const"])
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    return {"null": "none", "object": "mapping"}.get(field.get("type", ""), field.get("type", "any"))


def _columns_page() -> Iterator[str]:
    yield "Each table of a run has the same definitions beside it as JSON (BIDS data dictionary).\n"
    seen: set[int] = set()
    for module in sorted(pkgutil.iter_modules(pharmrs.report.__path__), key=lambda one: one.name):
        loaded = importlib.import_module(f"pharmrs.report.{module.name}")
        for name, value in vars(loaded).items():
            if name.isupper() and not name.startswith("_") and _is_dictionary(value) and id(value) not in seen:
                seen.add(id(value))
                title = module.name if name == "COLUMNS" else name.removesuffix("_COLUMNS")
                yield f"## {title.replace('_', ' ').lower()}\n"
                yield "| column | unit | meaning |\n|---|---|---|"
                yield from (
                    f"| `{key}` | {_cell(one.units)} | {_cell(one.description)} |" for key, one in value.items()
                )
                yield ""


def _is_dictionary(value: object) -> bool:
    return isinstance(value, Mapping) and bool(value) and all(isinstance(one, Column) for one in value.values())


def _commands_page() -> Iterator[str]:
    group = typer.main.get_command(app)
    context = click.Context(group, info_name="pharmrs")  # type: ignore[arg-type]
    for name in group.list_commands(context):  # type: ignore[attr-defined]
        command = group.get_command(context, name)  # type: ignore[attr-defined]
        inner = type(context)(command, info_name=name, parent=context)
        yield f"## pharmrs {name}\n\n```text\n{command.get_help(inner)}\n```\n"


def _api_page() -> Iterator[str]:
    yield "The command line is the stable interface; these are the functions and records behind it.\n"
    for room in ROOMS:
        package = importlib.import_module(f"pharmrs.{room}")
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda one: one.name):
            if not module.name.startswith("_"):
                yield f"::: pharmrs.{room}.{module.name}\n"


main()
