"""The templates of the pages: what comes from data is escaped, a missing name is an error."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment() -> Environment:
    """Jinja with the templates of all rooms; their names differ."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(sorted(Path(__file__).parents[2].glob("*/*/templates"))),  # of every room
        autoescape=True,  # everything that comes from data; what this room draws is marked safe in the template
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
