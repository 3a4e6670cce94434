"""Which scans of a dataset have to be fitted again, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from pharmrs.core.errors import InputProblem
from pharmrs.core.files.checksums import Checksums, signature
from pharmrs.core.records.tissue import StudyTissue
from pharmrs.spectra.records.quantification import Exclusion
from pharmrs.spectra.stage.scan_cache import ScanCache
from pharmrs.spectra.stage.scan_key import basis_checksum, scan_key
from pharmrs.spectra.stage.scan_tasks import ScanTask
from pharmrs.spectra.stage.settings import settings_by_scan
from pharmrs.study.dataset import StudyDataset


def plan_scans(
    dataset: StudyDataset,
    output: Path,
    tissue: StudyTissue | None,
    judged: Mapping[str, tuple[Exclusion, ...]],
    checksums: Checksums,
) -> list[ScanTask]:
    """A task for each scan of the dataset, in their order; nothing is fitted yet. `judged`: by raters, scan by scan."""
    study, basis = dataset.usable()
    cache = ScanCache(output, dataset.root)
    basis_sha = basis_checksum(basis)
    settings_by_name = settings_by_scan(study, [files.name for files in dataset.scans], tissue)
    known: dict[str, list[InputProblem]] = defaultdict(list)  # of this scan alone; an error among them stops it
    for problem in dataset.problems:
        known[problem.file].append(problem)
    tasks = []
    for files in dataset.scans:
        settings = settings_by_name[files.name]
        signatures = {path: signature(Path(path)) for path in files.paths}
        key = scan_key(files, dataset.root, settings, basis_sha, checksums)
        task = ScanTask(
            files=files,
            root=dataset.root,
            output=output,
            known=tuple(known[files.metabolite]),
            settings=settings,
            key=key,
            signatures=signatures,
            reasons=cache.reasons(files, key),
            judged=judged.get(files.name, ()),
        )
        tasks.append(task)
    return tasks
