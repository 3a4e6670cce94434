"""What one stage of a study leaves for later ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, eq=False)  # each is itself only: no two things are the same because they are called alike
class Handover(Generic[ValueT]):
    """A thing that is handed on, such as the tissue fractions of all scans; `otherwise`: where no stage left it."""

    name: str
    otherwise: ValueT


Handed = Mapping[Handover[Any], Any]
