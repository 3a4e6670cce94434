"""Which code and libraries a result was made by."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pharmrs
from pharmrs.core.files.checksums import combined

_ROOMS = ("core", "spectra")


_MODULES = ("study/outputs.py",)


@cache
def code_checksum(rooms: tuple[str, ...] = _ROOMS, modules: tuple[str, ...] = _MODULES) -> str:
    """SHA-256 of the source code that a step runs through, so that no version number can be forgotten.

    `rooms`, `modules`: of the package; by default those of the fit of a scan.
    """
    package = Path(pharmrs.__file__).parent
    sources: list[Path] = [package / module for module in modules]
    sources += [path for room in rooms for path in (package / room).rglob("*") if _is_source(path)]
    return combined(hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(sources))


def _is_source(path: Path) -> bool:
    return path.is_file() and path.suffix != ".pyc"


@cache
def library_versions(names: tuple[str, ...]) -> dict[str, str]:
    """Versions of the libraries whose numbers a step takes over."""
    return {f"version of {name}": version(name) for name in names}
