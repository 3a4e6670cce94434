"""What the fitted spectrum of a scan depends on: its inputs, the settings and the code that change its numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pharmrs.core.errors import some_of
from pharmrs.core.files.checksums import Checksums
from pharmrs.core.files.program import code_checksum, library_versions
from pharmrs.core.files.record_json import to_json
from pharmrs.core.read.sidecar import sidecars_of
from pharmrs.core.records.scan_files import REFERENCE_PURPOSES, ScanFiles
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.stage.settings import ScanSettings

_LIBRARIES = ("numpy", "scipy", "matplotlib", "nibabel", "nifti-mrs")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanKey:
    """Name of each thing the step depends on -> its checksum or value; equal keys give equal numbers and pictures."""

    parts: Mapping[str, str]

    def differences(self, former: Mapping[str, str]) -> tuple[str, ...]:
        """What changed since `former`, in words."""
        said = []
        for name in sorted(self.parts.keys() | former.keys()):
            if name not in former:
                said.append(f"{name} is new")
            elif name not in self.parts:
                said.append(f"{name} is gone")
            elif former[name] != self.parts[name]:
                said.append(f"{name} changed")
        return tuple(said)


def scan_key(files: ScanFiles, root: Path, settings: ScanSettings, basis: str, checksums: Checksums) -> ScanKey:
    """The key of one scan. `basis`: checksum of the basis set from `basis_checksum`."""
    inputs = {path for recording in files.paths for path in (Path(recording), *sidecars_of(Path(recording)))}
    parts = {f"input {_shown(path, root)}": checksums.of(path) for path in inputs}
    for purpose in REFERENCE_PURPOSES:
        place = files.reference(purpose)
        parts[f"reference for {purpose}"] = _shown(Path(place), root) if place else ""
    for group in ("preprocessing", "fit"):
        values = to_json(getattr(settings, group))
        parts |= {f"setting {group}.{name}": json.dumps(value) for name, value in values.items()}
    code = code_checksum()
    return ScanKey(parts=parts | {"basis set": basis, "code": code, **library_versions(_LIBRARIES)})


def basis_checksum(basis: BasisSet) -> str:
    """SHA-256 of a basis set's content, wherever it was read from."""
    content = to_json(replace(basis, source=""))
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _shown(path: Path, root: Path) -> str:
    return path.absolute().relative_to(root.absolute()).as_posix()


def described(reasons: Sequence[str], most: int = 3) -> str:
    """A few reasons in one line."""
    return some_of(reasons, most)
