"""`pharmrs rerun`: repeat a run from its provenance and say what is no longer the same."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.errors import InputError
from pharmrs.core.files.json_text import read_json
from pharmrs.core.files.owned import claim
from pharmrs.core.files.places import REVIEW_FOLDER
from pharmrs.core.read.problems import Problems
from pharmrs.core.workers.execution import Workers
from pharmrs.spectra.records.scan import ScanOutcome
from pharmrs.study.derivative import NOT_RESULTS, PROVENANCE_FILE
from pharmrs.study.run import run_dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as it was: an input, a piece of software, a setting or a result."""

    kind: str
    name: str
    then: str
    now: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.then} then, {self.now} now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """What a repeated run gave: how many result files are the same bytes, and every difference."""

    same: int
    circumstances: tuple[Difference, ...]
    results: tuple[Difference, ...]


def rerun(
    provenance: Path,
    dataset: Path | None,
    workers: int | Workers,
    begin: Callable[[int], None] = lambda _count: None,
    done: Callable[[ScanOutcome], None] = lambda _outcome: None,
    tell: Callable[[str], None] = lambda _text: None,
) -> Repetition:
    """Repeat the run that left `provenance` in a temporary folder and compare every result file byte by byte.

    `dataset`: None where the derivative lies in `DATASET/derivatives/`. Decisions of raters are taken over, as they are
    input. Nothing is written to the dataset or the derivative. Raises InputError for a file that is no provenance.
    """
    recorded = _read(provenance)
    root = dataset or _dataset_of(provenance)
    former = provenance.parent
    with tempfile.TemporaryDirectory(prefix="pharmrs-rerun-") as place:
        repeated = Path(place) / "pharmrs"
        claim(repeated)
        if (former / REVIEW_FOLDER).is_dir():
            shutil.copytree(former / REVIEW_FOLDER, repeated / REVIEW_FOLDER)
        run_dataset(root, repeated, workers, begin, done, tell)
        circumstances = _compare(recorded, _read(repeated / PROVENANCE_FILE))
        names = sorted(_results(former) | _results(repeated))
        results = [found for name in names if (found := _compare_files(name, former / name, repeated / name))]
    return Repetition(same=len(names) - len(results), circumstances=circumstances, results=tuple(results))


def _read(path: Path) -> Mapping[str, object]:
    problems = Problems(str(path))
    remedy = f"give the {PROVENANCE_FILE} that `pharmrs run` left in its output folder"
    content: object = None
    try:
        content = read_json(path)
    except FileNotFoundError:
        problems.add("file", "must exist", "missing", remedy)
    except (OSError, ValueError) as error:
        problems.add("file", "must be readable JSON", error, remedy)
    else:
        if not isinstance(content, dict) or "settings_sha256" not in content or "inputs_sha256" not in content:
            problems.add("settings_sha256, inputs_sha256", "must be there", "missing", remedy)
    problems.raise_errors()
    assert isinstance(content, dict)
    return content


def _dataset_of(provenance: Path) -> Path:
    folder = provenance.resolve().parent
    if folder.parent.name == "derivatives":
        return folder.parent.parent
    problems = Problems(str(provenance))
    remedy = "say which dataset it belongs to with --dataset"
    problems.add("folder", "must lie in DATASET/derivatives/ when no dataset is given", folder, remedy)
    raise InputError(problems.found)


def _compare(then: Mapping[str, object], now: Mapping[str, object]) -> tuple[Difference, ...]:
    """Everything in the two records that differs, with the path of its keys as its name."""
    before, after = dict(_flat("", then)), dict(_flat("", now))
    return tuple(
        Difference(kind="provenance", name=name, then=before.get(name, "absent"), now=after.get(name, "absent"))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


def _flat(name: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [pair for key, inner in value.items() for pair in _flat(f"{name}: {key}" if name else str(key), inner)]
    return [(name, str(value))]


def _results(folder: Path) -> set[str]:
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if path.parts[0] not in NOT_RESULTS}


def _compare_files(name: str, then: Path, now: Path) -> Difference | None:
    if not then.is_file():
        return Difference(kind="result", name=name, then="absent", now="there")
    if not now.is_file():
        return Difference(kind="result", name=name, then="there", now="absent")
    before, after = then.read_bytes(), now.read_bytes()
    if before == after:
        return None
    return Difference(kind="result", name=name, then=_described(before), now=_described(after))


def _described(content: bytes) -> str:
    import hashlib

    return f"{len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()[:12]}"
