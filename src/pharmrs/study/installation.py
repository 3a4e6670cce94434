"""The libraries pharmrs declares, and the version of each that is here."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement


def required_libraries() -> Iterator[tuple[Requirement, str]]:
    """Each library of a plain installation (no extras), as declared, and its version; empty: missing."""
    for text in requires("pharmrs") or ():
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            yield requirement, version(requirement.name)
        except PackageNotFoundError:
            yield requirement, ""
