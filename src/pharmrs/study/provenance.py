"""What was run, on what, with what: enough to repeat it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from pathlib import Path

from pharmrs import __version__
from pharmrs.core.errors import InputProblem
from pharmrs.core.files.checksums import Checksums
from pharmrs.core.files.places import STUDY_FILE
from pharmrs.core.read.sidecar import sidecars_of
from pharmrs.core.stage import StudyContext
from pharmrs.spectra.stage.settings import settings_hash
from pharmrs.spectra.stage.study_basis import basis_files, basis_name
from pharmrs.study.dataset import StudyDataset
from pharmrs.study.declared import Study
from pharmrs.study.installation import required_libraries
from pharmrs.study.stages import STAGES


def provenance_of(dataset: StudyDataset, context: StudyContext[Study]) -> dict[str, object]:
    """Versions, settings hash and SHA-256 of every input; no clock time, so equal runs give equal bytes.

    `context`: that of the stages, with what they could tell before they run, and with the checksums remembered.
    """
    sums = context.checksums
    study, basis = dataset.usable(), dataset.basis
    table = study.quantification.tissue_table
    named = (STUDY_FILE, *(basis_files(study.basis) if study.basis else ()), *([table] if table else []))
    inputs = {name: sums.of(dataset.root / name) for name in named}
    # in their order: those of one folder ask for the same sidecars
    recordings = dict.fromkeys(Path(path) for scan in dataset.scans for path in scan.paths)
    sidecars = {sidecar for path in recordings for sidecar in sidecars_of(path)}
    given = {path for stage in STAGES for path in stage.inputs(context)}
    inputs |= {_shown(path, dataset.root): sums.of(path) for path in recordings.keys() | sidecars | given}
    libraries = {one.name: version or "not installed" for one, version in required_libraries()}
    return {
        "software": {"pharmrs": __version__, "python": platform.python_version(), **libraries},
        "platform": {"system": platform.system(), "machine": platform.machine(), "byte order": sys.byteorder},
        "settings_sha256": settings_hash(study),
        **(
            {}
            if basis is None or study.basis is None
            else {
                "basis": {
                    "source": basis_name(study.basis),
                    "components": list(basis.names),
                    "notes": list(basis.notes),
                },
            }
        ),
        "inputs_sha256": dict(sorted(inputs.items())),
    }


def changed_inputs(
    dataset: StudyDataset, provenance: Mapping[str, object], declared: str, checksums: Checksums
) -> tuple[InputProblem, ...]:
    """What has changed since it was hashed, or for study.yaml since it was read (`declared`: its checksum then).

    Recordings are left out: each scan sees to its own.
    """
    hashed = provenance["inputs_sha256"]
    assert isinstance(hashed, dict)
    paths = {Path(path) for scan in dataset.scans for path in scan.paths}
    recorded = {
        _shown(path, dataset.root) for path in paths | {beside for path in paths for beside in sidecars_of(path)}
    }
    before = {name: sha for name, sha in hashed.items() if name not in recorded}
    now = {name: checksums.of(dataset.root / name) for name in before}
    if before[STUDY_FILE] != declared:
        now[STUDY_FILE] = before[STUDY_FILE]
        before[STUDY_FILE] = declared
    return tuple(changed_problem(dataset.root / name) for name in before if now[name] != before[name])


def changed_problem(path: Path) -> InputProblem:
    """An input that was not the same all the time."""
    return InputProblem(
        file=str(path),
        field="file",
        rule="must not change during the run",
        value="changed",
        remedy="run again when nobody writes to the dataset",
    )


def _shown(path: Path, root: Path) -> str:
    return path.absolute().relative_to(root.absolute()).as_posix()
