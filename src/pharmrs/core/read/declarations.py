"""Declarations in: one safe YAML file against one model, every mistake with its key, value and remedy."""

from __future__ import annotations

import difflib
import re
import typing
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pharmrs.core.files.content import hidden_character, read_text
from pharmrs.core.read.problems import Problems, shorten

_Model = TypeVar("_Model", bound=BaseModel)
_LARGEST_BYTES = 1 << 22
_MOST_VALUES = 200_000  # with every alias written out
_DEEPEST = 50
_LARGEST_BITS = 1023


def read_declaration(path: str | Path, model: type[_Model], when_missing: str) -> _Model:
    """Read and check a YAML file against `model`. Raises `InputError` with every mistake in it.

    `when_missing`: remedy for a file that does not exist.
    """
    problems = Problems(str(path))
    content = _read_yaml(Path(path), problems, model, when_missing)
    problems.raise_errors()
    try:
        return model.model_validate(content)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _report(dict(detail), problems, model)
    problems.raise_errors()
    raise AssertionError("a validation error must come with a problem")


def _read_yaml(path: Path, problems: Problems, model: type[BaseModel], when_missing: str) -> dict[str, Any]:
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
        required = [f"`{name}:`" for name, field in model.model_fields.items() if field.is_required()]
        problems.add("file", "must hold keys and values", found, f"begin with {', '.join(required[:3])}")
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


def _report(detail: dict[str, Any], problems: Problems, model: type[BaseModel]) -> None:
    location = tuple(detail["loc"])
    field = ".".join(str(part) for part in location) or "file"
    kind, value = detail["type"], detail.get("input")
    if kind == "extra_forbidden":
        known = _keys_at(model, location[:-1])
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.6)
        remedy = f"did you mean '{near[0]}'?" if near else f"remove it; known keys here: {', '.join(known)}"
        problems.add(field, "unknown key", value, remedy)
    elif kind == "missing":
        problems.add(field, "this key is required", "missing", _describe(model, location, f"add '{location[-1]}'"))
    else:
        rule = str(detail["msg"]).removeprefix("Value error, ")
        allowed = re.findall(r"'([^']*)'", str(detail["ctx"]["expected"])) if kind == "literal_error" else []
        if near := difflib.get_close_matches(str(value), allowed, n=1, cutoff=0.6):
            remedy = f"did you mean '{near[0]}'?"
        else:
            comma = re.fullmatch(r"[-+]?\d+,\d+", str(value))
            remedy = _describe(model, location, "use a decimal point" if comma else "correct the value")
        problems.add(field, rule, value, remedy)


def _describe(top: type[BaseModel], location: tuple[Any, ...], remedy: str) -> str:
    model = _model_at(top, location[:-1])
    info = model.model_fields.get(str(location[-1])) if model is not None and location else None
    return f"{remedy}: {info.description}" if info is not None and info.description else remedy


def _keys_at(top: type[BaseModel], location: tuple[Any, ...]) -> list[str]:
    model = _model_at(top, location)
    return list(model.model_fields) if model is not None else []


def _model_at(top: type[BaseModel], location: tuple[Any, ...]) -> type[BaseModel] | None:
    """The model that describes the keys below `location`; None where there is none."""
    model: type[BaseModel] | None = top
    annotation: Any = top
    for part in location:
        if model is not None and str(part) in model.model_fields:
            annotation = model.model_fields[str(part)].annotation
        else:  # a key of a mapping such as tissue_by_scan: its values are described by the annotation's arguments
            annotation = (typing.get_args(annotation) or (None,))[-1]
        model = _model_in(annotation)
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if typing.get_origin(annotation) is dict:
        return None
    found = [_model_in(argument) for argument in typing.get_args(annotation)]
    return next((model for model in found if model is not None), None)
