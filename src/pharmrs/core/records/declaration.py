"""What every section of `study.yaml` is: one frozen record, checked where the file is read and handed on as it is.

A section's fields carry their description and limits, from which the check, the JSON Schema and the pages of reference
are made (`core/read/declarations.py`); the record itself needs none of them, so the science may take it.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Annotated, Any, TypeVar, dataclass_transform

from annotated_types import Ge, Gt, Interval

_Section = TypeVar("_Section")

Positive = Annotated[float, Gt(0)]
NotNegative = Annotated[float, Ge(0)]
Seconds = Annotated[float, Interval(gt=0, le=20)]  # of relaxation: beyond 20 it is milliseconds, which nobody converts
Fraction = Annotated[float, Interval(ge=0, le=1)]


def key(description: str = "", *, default: Any = MISSING, default_factory: Any = MISSING, **limits: Any) -> Any:
    """A key of a section: what it means, and its limits (gt, ge, lt, le, min_length, max_length, pattern).

    Without a default the key is required.
    """
    about = {"description": description, **limits} if description else limits
    made: Any = field(default=default, default_factory=default_factory, metadata=about)
    return made


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(key, field, Field))
def declaration(section: type[_Section]) -> type[_Section]:
    """A section: a frozen record of keyword fields in which unknown keys are errors. Rules on several keys stand in its
    `__post_init__`, as ValueError."""
    made = dataclass(frozen=True, slots=True, kw_only=True)(section)
    made.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]
    return made


def taken_from(section: object, wanted: type[_Section], **further: Any) -> _Section:
    """The fields of `section` that `wanted` has, as such a record: the part of a section that one step needs."""
    shared = {one.name: getattr(section, one.name) for one in fields(wanted) if hasattr(section, one.name)}  # type: ignore[arg-type]
    return wanted(**{**shared, **further})
