"""Pages of the reference, written from the code when the documents are built: keys, columns, commands, Python."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any, TypeGuard

import click
import mkdocs_gen_files
import typer

import pharmrs
from pharmrs.cli.main import app
from pharmrs.core.records.columns import Column, columns_of
from pharmrs.spectra.checks.normal_ranges import BRAIN, REGIONS
from pharmrs.spectra.checks.of_recordings import RECORDING_CHECKS
from pharmrs.spectra.checks.of_results import CONCENTRATION_CHECKS, FIT_CHECKS
from pharmrs.spectra.checks.of_spectra import SPECTRUM_CHECKS
from pharmrs.study.study_file import study_schema

ROOMS = ("core", "spectra", "anatomy", "assay", "genotype", "trial", "study", "simulate")


def main() -> None:
    _write("reference/keys.md", "Every key of study.yaml", _keys_page())
    _write("reference/columns.md", "Every column of every table", _columns_page())
    _write("reference/checks.md", "What is checked in every scan", _checks_page())
    _write("reference/commands.md", "Commands", _commands_page())
    _write("reference/api.md", "Python", _api_page())


def _write(path: str, title: str, lines: Iterator[str]) -> None:
    with mkdocs_gen_files.open(path, "w") as stream:
        stream.write(f"# {title}\n\n" + "\n".join(lines) + "\n")


def _cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _checks_page() -> Iterator[str]:
    yield "`validate`, `run`, `fit` and `import` look at every scan in this order; what they find names file, rule,"
    yield "value and remedy. The limits stand in the code with their reasons (`pharmrs.spectra.checks`).\n"
    yield "| when | check | what must hold |\n|---|---|---|"
    moments = {"recordings": RECORDING_CHECKS, "before the fit": SPECTRUM_CHECKS, "after the fit": FIT_CHECKS}
    for when, checks in {**moments, "concentrations": CONCENTRATION_CHECKS}.items():
        yield from (f"| {when} | {check.name} | {_cell(check.about)} |" for check in checks)
    yield "\n## Ranges of published means\n\nmmol/L on the scale of LCModel, and over tCr.\n"
    yield "| region | " + " | ".join((*BRAIN.absolute, *(f"{name}/tCr" for name in BRAIN.to_tcr))) + " |"
    yield "|---" * (1 + len(BRAIN.absolute) + len(BRAIN.to_tcr)) + "|"
    for region in (BRAIN, *REGIONS):
        ranges = (*region.absolute.values(), *region.to_tcr.values())
        yield f"| {region.label} | " + " | ".join(f"{low:g}-{high:g}" for low, high in ranges) + " |"


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
    of_tables: dict[str, list[Mapping[str, Column]]] = {}
    left = []
    for module in _modules(pharmrs.__path__, "pharmrs."):
        if not {"report", "review", "stage", "study", "recovered"} & set(module.split(".")):
            continue
        loaded = importlib.import_module(module)
        for name, found in _tables(loaded):
            of_tables.setdefault(name, []).extend(one for one in found if one not in of_tables.get(name, []))
        left += [(name, value) for name, value in vars(loaded).items() if name.isupper() and _is_dictionary(value)]
    told = [id(one) for found in of_tables.values() for one in found]
    for name, found in sorted(of_tables.items()):
        yield from _dictionary(f"{name}.tsv", {key: one for columns in found for key, one in columns.items()})
    for name, value in {id(value): (name, value) for name, value in left}.values():
        if id(value) not in told:
            yield from _dictionary(name.removesuffix("_COLUMNS").replace("_", " ").lower(), value)


def _dictionary(title: str, columns: Mapping[str, Column]) -> Iterator[str]:
    yield f"## {title}\n\n| column | unit | meaning |\n|---|---|---|"
    for key, one in columns.items():
        levels = "; ".join(f"{level}: {meaning}" for level, meaning in one.levels.items() if level != meaning)
        yield f"| `{key}` | {_cell(one.units)} | {_cell(one.description + (f' {levels}.' if levels else ''))} |"
    yield ""


def _tables(module: ModuleType) -> Iterator[tuple[str, list[Mapping[str, Column]]]]:
    """The tables that a module makes: name of the file -> the dictionaries that its columns are taken from."""
    for function in ast.walk(ast.parse(inspect.getsource(module))):
        if not isinstance(function, ast.FunctionDef):
            continue
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "table_of_rows":
                name, row = call.args[0], call.args[1]
                assert isinstance(row, ast.Name)
                yield _text(name), [columns_of(getattr(module, row.id))]
            elif isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Table":
                given = {one.arg: one.value for one in call.keywords}
                own = list(_named(module, given["columns"])) if "columns" in given else []
                found = own or list(_named(module, function))
                if found and "name" in given:
                    yield _text(given["name"]), found


def _named(module: ModuleType, node: ast.AST) -> Iterator[Mapping[str, Column]]:
    """The dictionaries of columns that a piece of source code names."""
    for one in ast.walk(node):
        value = None
        if isinstance(one, ast.Name):
            value = getattr(module, one.id, None)
        elif isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
            value = getattr(getattr(module, one.value.id, None), one.attr, None)
        if _is_dictionary(value):
            yield value


def _text(node: ast.AST) -> str:
    """A name as it stands in the source; what is filled in is shown as NAME."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else "NAME"


def _is_dictionary(value: object) -> TypeGuard[Mapping[str, Column]]:
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
        for module in _modules(package.__path__, f"pharmrs.{room}."):
            yield f"::: {module}\n"


def _modules(path: Iterable[str], prefix: str) -> list[str]:
    return sorted(one.name for one in pkgutil.walk_packages(path, prefix) if not one.ispkg and "__" not in one.name)


main()
