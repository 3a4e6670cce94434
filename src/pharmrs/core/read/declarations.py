"""Declarations in: one safe YAML file against one model, every mistake with its key, value and remedy."""

from __future__ import annotations

import difflib
import re
import typing
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from pharmrs.core.files.content import hidden_character, read_text
from pharmrs.core.read.problems import Problems, shorten

_Section = TypeVar("_Section")
_LARGEST_BYTES = 1 << 22
_MOST_VALUES = 200_000  # with every alias written out
_DEEPEST = 50
_LARGEST_BITS = 1023


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
    return TypeAdapter(section).validate_python(content)


def read_keys(path: str | Path, when_missing: str, when_empty: str) -> dict[str, Any]:
    """Keys and values of a YAML file, whichever. Raises `InputError`; `when_*`: remedies."""
    problems = Problems(str(path))
    content = _read_yaml(Path(path), problems, when_missing, when_empty)
    problems.raise_errors()
    return content


def _read_yaml(path: Path, problems: Problems, when_missing: str, when_empty: str) -> dict[str, Any]:
    import yaml

    try:
        text = read_text(path, largest=_LARGEST_BYTES)
        content = yaml.load(text, Loader=_strict_loader())
    except FileNotFoundError:
        problems.add("file", "must exist", "missing", when_missing)
        return {}
    except OSError as error:
        problems.add("file", "must be readable", error.strerror or error, "check the permissions and the disk")
        return {}
    except UnicodeDecodeError as error:
        problems.add("file", "must be UTF-8 text", shorten(str(error)), "save the file as UTF-8")
        return {}
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        field = f"line {mark.line + 1}, column {mark.column + 1}" if mark is not None else "YAML"
        what = getattr(error, "problem", None) or str(error)
        problems.add(field, "must be valid YAML", shorten(what), "correct the indentation, colons and quotes there")
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


def _strict_loader() -> Any:
    """A safe loader that refuses a key given twice: YAML would silently keep the last one."""
    import yaml

    class StrictLoader(yaml.SafeLoader):
        def get_single_node(self) -> yaml.Node | None:
            node = super().get_single_node()
            if node is not None:
                _count(node, {}, ())
            return node

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            seen = set()
            for key_node, _ in node.value:
                if not isinstance(key_node.value, str):
                    continue
                if key_node.value in seen and key_node.tag != "tag:yaml.org,2002:merge":
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key '{key_node.value}' is given twice", key_node.start_mark
                    )
                seen.add(key_node.value)
            return super().construct_mapping(node, deep=deep)

    return StrictLoader


def _count(node: Any, known: dict[int, int], above: tuple[int, ...]) -> int:
    """Number of values below a node, each alias as often as it is used: nine lines can stand for a thousand million."""
    import yaml

    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) in known:
        return known[id(node)]
    if id(node) in above or len(above) >= _DEEPEST:
        rule = "an alias must not hold itself" if id(node) in above else f"nested more than {_DEEPEST} levels deep"
        raise yaml.constructor.ConstructorError(None, None, rule, node.start_mark)
    inner = [one for pair in node.value for one in pair] if isinstance(node, yaml.MappingNode) else node.value
    total = 1 + sum(_count(one, known, (*above, id(node))) for one in inner)
    if total > _MOST_VALUES:
        rule = f"aliases that stand for more than {_MOST_VALUES} values"
        raise yaml.constructor.ConstructorError(None, None, rule, node.start_mark)
    known[id(node)] = total
    return total


def _unusable(value: Any) -> str:
    """What no table or page could show of a value: a control character in a text, a number that no float can hold."""
    if isinstance(value, str):
        return hidden_character(value)
    if isinstance(value, int) and value.bit_length() > _LARGEST_BITS:
        return f"a whole number of {value.bit_length()} bits"
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, (list, set)) else ()
    return next((found for one in inner if (found := _unusable(one))), "")


def _report(detail: dict[str, Any], problems: Problems, section: type) -> None:
    location = tuple(detail["loc"])
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
        if near := difflib.get_close_matches(str(value), allowed, n=1, cutoff=0.6):
            remedy = f"did you mean '{near[0]}'?"
        else:
            comma = re.fullmatch(r"[-+]?\d+,\d+", str(value))
            remedy = _describe(section, location, "use a decimal point" if comma else "correct the value")
        problems.add(field, rule, value, remedy)


def fields_of(section: object) -> tuple[Field[Any], ...]:
    """The keys of a section, none of what is no section."""
    return fields(section) if isinstance(section, type) and is_dataclass(section) else ()


def _describe(top: type, location: tuple[Any, ...], remedy: str) -> str:
    known = {one.name: one for one in fields_of(_section_at(top, location[:-1]))}
    about = known[location[-1]].metadata.get("description", "") if location and location[-1] in known else ""
    return f"{remedy}: {about}" if about else remedy


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
