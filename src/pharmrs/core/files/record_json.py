"""Records as JSON and back: plain data only, so that reading a file can never run code (as a pickle could)."""

from __future__ import annotations

import base64
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np

Record = TypeVar("Record")
_Decode = Callable[[Any], Any]


class NotARecord(ValueError):
    """The data do not have the form of the record: written by another version, or damaged."""


def to_json(value: Any) -> Any:
    """`value` (record, array, tuple, mapping, number, text) as what `json.dumps` takes."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return {
            "dtype": value.dtype.str,
            "shape": list(value.shape),
            "data": base64.b64encode(np.ascontiguousarray(value).tobytes()).decode("ascii"),
        }
    if isinstance(value, Mapping):
        return {str(key): to_json(inner) for key, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(inner) for inner in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value


def from_json(kind: type[Record], content: Any) -> Record:
    """The record of type `kind` that `to_json` made `content` of. Raises NotARecord where it has another form."""
    try:
        decode: _Decode = _decoder(kind)  # type: ignore[arg-type]  # types are hashable
        return typing.cast(Record, decode(content))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, SyntaxError) as error:
        raise NotARecord(str(error)) from error


@cache
def _decoder(kind: Any) -> _Decode:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        (inner,) = (one for one in arguments if one is not type(None))
        decode = _decoder(inner)
        return lambda content: None if content is None else decode(content)
    if origin is np.ndarray:
        return _array
    if origin is tuple:
        return _tuple(arguments)
    if origin in (dict, Mapping):
        decode = _decoder(arguments[1])
        return lambda content: {key: decode(inner) for key, inner in content.items()}
    if is_dataclass(kind):
        return _record(kind)
    if kind is bytes:
        return lambda content: base64.b64decode(content, validate=True)
    if kind in (float, int, str, bool):
        return _scalar(kind)
    if kind in (object, Any) or origin is typing.Literal:
        return lambda content: content
    raise TypeError(f"no way to read {kind} from JSON")


def _record(kind: Any) -> _Decode:
    hints = typing.get_type_hints(kind)
    decoders = {field.name: _decoder(hints[field.name]) for field in fields(kind)}

    def decode(content: Any) -> Any:
        if content.keys() != decoders.keys():
            raise NotARecord(f"{kind.__name__} has other fields")
        return kind(**{name: read(content[name]) for name, read in decoders.items()})

    return decode


def _tuple(arguments: tuple[Any, ...]) -> _Decode:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        every = _decoder(arguments[0])
        return lambda content: tuple([every(inner) for inner in content])
    each = [_decoder(argument) for argument in arguments]
    return lambda content: tuple(read(inner) for read, inner in zip(each, content, strict=True))


def _scalar(kind: type) -> _Decode:
    accepted = (int, float) if kind is float else (kind,)

    def decode(content: Any) -> Any:
        if not isinstance(content, accepted) or (kind in (int, float) and isinstance(content, bool)):
            raise NotARecord(f"{content!r:.40} is not of type {kind.__name__}")
        return kind(content)

    return decode


def _array(content: Any) -> Any:
    dtype = np.dtype(content["dtype"])
    if dtype.hasobject:
        raise NotARecord("arrays hold numbers only")
    raw = base64.b64decode(content["data"], validate=True)
    return np.frombuffer(raw, dtype=dtype).reshape(content["shape"])
