"""Declarations in: one safe YAML 1.2 file against one model, every mistake with its key, value and remedy.

A value is what YAML 1.2 says it is, without its octal and hexadecimal numbers: 020 is twenty; yes, 1:30, 2_4 and 0x10
are texts. A text never stands for a number, nor true for 1: that is a mistake of the key.
"""

from __future__ import annotations

import difflib
import math
import re
import types
import typing
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import SchemaValidator

from pharmrs.core.characters import hidden_character
from pharmrs.core.files.content import read_text
from pharmrs.core.read.numbers import plain_number, read_number
from pharmrs.core.read.problems import Problems, shorten

_Section = TypeVar("_Section")
_LARGEST_BYTES = 1 << 22
_MOST_VALUES = 200_000  # with every alias written out
_DEEPEST = 50
_LARGEST_BITS = 1023
_YAML_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_CORE_SCHEMA = (  # YAML 1.2.2, section 10.3.2; its 0o14 and 0x1F are texts here
    ("bool", r"(true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", "$", ""),
    ("null", r"(~|null|Null|NULL)$", "~nN"),
    ("int", r"[-+]?[0-9]+$", "-+0123456789"),
    ("float", rf"({_YAML_NUMBER.pattern})$", "-+.0123456789"),
    ("merge", r"<<$", "<"),
)


def read_declaration(path: str | Path, section: type[_Section], when_missing: str) -> _Section:
    """Read and check a YAML file against `section`. Raises `InputError` with every mistake in it.

    `when_missing`: remedy for a file that does not exist.
    """
    required = [f"`{one.name}:`" for one in fields_of(section) if one.default is MISSING is one.default_factory]
    content = read_keys(path, when_missing, f"begin with {', '.join(required[:3])}")
    problems = Problems(str(path))
    try:
        return checked(section, content)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _report(dict(detail), problems, section)
    problems.raise_errors()
    raise AssertionError("a validation error must come with a problem")


def checked(section: type[_Section], content: object) -> _Section:
    """A section from keys and values, every one checked. Raises pydantic's ValidationError, a ValueError."""
    made: _Section = _validator(section).validate_python(content)  # type: ignore[arg-type]
    return made


@lru_cache
def _validator(section: Any) -> SchemaValidator:
    schema = TypeAdapter(section).core_schema
    _make_strict(schema)
    return SchemaValidator(schema)


def _make_strict(schema: Any) -> None:
    """A number is a number: pydantic would take "2_4" for 24 and true for 1."""
    if isinstance(schema, dict) and schema.get("type") in ("int", "float", "bool"):
        schema["strict"] = True
    if isinstance(schema, dict | list | tuple):
        for inner in schema.values() if isinstance(schema, dict) else schema:
            _make_strict(inner)


def read_keys(path: str | Path, when_missing: str, when_empty: str) -> dict[str, Any]:
    """Keys and values of a YAML file, whichever. Raises `InputError`; `when_*`: remedies."""
    problems = Problems(str(path))
    content = _read_yaml(Path(path), problems, when_missing, when_empty)
    problems.raise_errors()
    return content


def _read_yaml(path: Path, problems: Problems, when_missing: str, when_empty: str) -> dict[str, Any]:
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.reader import ReaderError

    text = ""
    try:
        text = read_text(path, largest=_LARGEST_BYTES)
        content = _loaded(text)
    except FileNotFoundError:
        problems.add("file", "must exist", "missing", when_missing)
        return {}
    except OSError as error:
        problems.add("file", "must be readable", error.strerror or error, "check the permissions and the disk")
        return {}
    except UnicodeDecodeError as error:
        problems.add("file", "must be UTF-8 text", shorten(str(error)), "save the file as UTF-8")
        return {}
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problems.add(f"line {line}", "must not hold control characters", ascii(text[error.position]), "delete it")
        return {}
    except (YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        field = f"line {mark.line + 1}, column {mark.column + 1}" if mark is not None else "YAML"
        what = getattr(error, "problem", None) or _said(error)
        problems.add(field, "is not valid YAML", shorten(what), "correct the indentation, colons and quotes there")
        return {}
    if not isinstance(content, dict):
        found = "an empty file" if content is None else type(content).__name__
        problems.add("file", "must hold keys and values", found, when_empty)
        return {}
    for key, value in content.items():
        if found := _unusable([key, value]):
            rule = "must hold no control characters and no number beyond 1e308"
            problems.add(shorten(ascii(key)), rule, found, "correct the value")
    return content


def _said(error: Exception) -> str:
    """What is wrong where Python says it in words of its own."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return "a number of more than 4300 digits" if "digits" in str(error) else str(error)


def _loaded(text: str) -> Any:
    """The content of a YAML text; keys are texts as written. Raises YAMLError."""
    from ruamel.yaml import YAML
    from ruamel.yaml.resolver import VersionedResolver

    class CoreSchema(VersionedResolver):
        """Which plain words are no texts, whatever version a file says it is."""

        processing_version = (1, 2)
        versioned_resolver = _core_schema()

    yaml = YAML(typ="safe", pure=True)  # refuses keys that are given twice
    yaml.Resolver = CoreSchema
    node = yaml.compose(text)
    if node is None:
        return None
    _check(node, {}, ())
    return yaml.constructor.construct_document(node)


def _core_schema() -> dict[str | None, list[tuple[str, re.Pattern[str]]]]:
    """Kinds of plain words by their first letter."""
    found: dict[str | None, list[tuple[str, re.Pattern[str]]]] = {None: []}
    for kind, pattern, letters in _CORE_SCHEMA:
        for letter in letters or ("",):
            found.setdefault(letter, []).append((f"tag:yaml.org,2002:{kind}", re.compile(pattern)))
    return found


def _check(node: Any, known: dict[int, int], above: tuple[int, ...]) -> int:
    """Number of values below a node, each alias as often as it is used: nine lines can stand for a thousand million."""
    from ruamel.yaml.constructor import ConstructorError
    from ruamel.yaml.nodes import MappingNode, ScalarNode

    def wrong(rule: str) -> ConstructorError:
        return ConstructorError(None, None, rule, node.start_mark)

    if isinstance(node, ScalarNode):
        if str(node.tag).rpartition(":")[2] in ("int", "float") and not _YAML_NUMBER.fullmatch(node.value):
            raise wrong(f"{node.value!r} is not a number")  # what !!int and !!float would make one
        return 1
    if id(node) in known:
        return known[id(node)]
    if id(node) in above or len(above) >= _DEEPEST:
        raise wrong(
            "an alias must not hold itself" if id(node) in above else f"nested more than {_DEEPEST} levels deep"
        )
    inner = node.value
    if isinstance(node, MappingNode):
        for key, _ in node.value:
            if not isinstance(key, ScalarNode):
                raise wrong("a key must be a word")
            if not str(key.tag).endswith(":merge"):
                key.tag = "tag:yaml.org,2002:str"
        inner = [one for pair in node.value for one in pair]
    total = 1 + sum(_check(one, known, (*above, id(node))) for one in inner)
    if total > _MOST_VALUES:
        raise wrong(f"aliases that stand for more than {_MOST_VALUES} values")
    known[id(node)] = total
    return total


def _unusable(value: Any) -> str:
    """What no table or page could show of a value: a control character in a text, a number that no float can hold."""
    if isinstance(value, str):
        return hidden_character(value)
    if isinstance(value, int) and value.bit_length() > _LARGEST_BITS:
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, float) and not math.isfinite(value):
        return "a number that is not finite"
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, (list, set)) else ()
    return next((found for one in inner if (found := _unusable(one))), "")


def _report(detail: dict[str, Any], problems: Problems, section: type) -> None:
    location = _without_alternatives(section, tuple(detail["loc"]))
    if len(location) < len(detail["loc"]) and detail["type"] == "literal_error" and isinstance(detail["input"], dict):
        return  # keys were written, not the word: the other alternative says what is wrong with them
    field = ".".join(str(part) for part in location) or "file"
    kind, value = detail["type"], detail.get("input")
    if kind == "unexpected_keyword_argument":
        known = [one.name for one in fields_of(_section_at(section, location[:-1]))]
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.6)
        remedy = f"did you mean '{near[0]}'?" if near else f"remove it; known keys here: {', '.join(known)}"
        problems.add(field, "unknown key", value, remedy)
    elif kind == "missing":
        problems.add(field, "this key is required", "missing", _describe(section, location, f"add '{location[-1]}'"))
    elif kind == "dataclass_type":
        known = [one.name for one in fields_of(_section_at(section, location))]
        problems.add(field, "must hold keys and values", value, f"write its keys below it: {', '.join(known)}")
    else:
        rule = str(detail["msg"]).removeprefix("Value error, ")
        allowed = re.findall(r"'([^']*)'", str(detail["ctx"]["expected"])) if kind == "literal_error" else []
        if isinstance(value, dict):
            value, remedy = "", _describe(section, location, "change its keys so that this holds", ". About it: ")
        elif near := difflib.get_close_matches(str(value), allowed, n=1, cutoff=0.6):
            remedy = f"did you mean '{near[0]}'?"
        else:
            remedy = _describe(section, location, _remedy(kind, value), ". About this key: ")
        problems.add(field, rule, value, remedy)


def _remedy(kind: str, value: Any) -> str:
    """What to do about a value of the wrong type."""
    if kind == "bool_type":
        return "write true or false"
    if kind not in ("float_type", "int_type") or not isinstance(value, str):
        return "correct the value"
    if plain_number(value) is not None:
        return "write the number without quotes"
    read = read_number(value)
    number_like = not read.rule or re.match(r"[-+]?[0-9]+,", value)
    return "use a decimal point" if number_like else "write digits with a decimal point, and no other mark"


def fields_of(section: object) -> tuple[Field[Any], ...]:
    """The keys of a section, none of what is no section."""
    return fields(section) if isinstance(section, type) and is_dataclass(section) else ()


def _describe(top: type, location: tuple[Any, ...], remedy: str, link: str = ": ") -> str:
    known = {one.name: one for one in fields_of(_section_at(top, location[:-1]))}
    about = known[location[-1]].metadata.get("description", "") if location and location[-1] in known else ""
    return f"{remedy}{link}{about}" if about else remedy


def _without_alternatives(top: type, location: tuple[Any, ...]) -> tuple[Any, ...]:
    """The keys that a person wrote, without pydantic's names of the alternatives it tried."""
    kept: list[Any] = []
    annotation: Any = top
    for part in location:
        if typing.get_origin(annotation) in (typing.Union, types.UnionType):
            branches = [one for one in typing.get_args(annotation) if one is not type(None)]
            if len(branches) > 1:
                annotation = next((one for one in branches if getattr(one, "__name__", "") == part), None)
                continue
        section = _section_in(annotation)
        known = [one.name for one in fields_of(section)]
        kept.append(part)
        if str(part) in known:
            annotation = typing.get_type_hints(section)[str(part)]
        else:
            annotation = (typing.get_args(annotation) or (None,))[-1]
    return tuple(kept)


def _section_at(top: type, location: tuple[Any, ...]) -> object:
    """The section that describes the keys below `location`; None where there is none."""
    section: object = top
    annotation: Any = top
    for part in location:
        known = [one.name for one in fields_of(section)]
        if str(part) in known:
            annotation = typing.get_type_hints(section)[str(part)]
        else:  # a key of a mapping such as tissue_by_scan: its values are described by the annotation's arguments
            annotation = (typing.get_args(annotation) or (None,))[-1]
        section = _section_in(annotation)
    return section


def _section_in(annotation: Any) -> object:
    if fields_of(annotation):
        return annotation
    if typing.get_origin(annotation) is dict:
        return None
    found = [_section_in(argument) for argument in typing.get_args(annotation)]
    return next((section for section in found if section is not None), None)
