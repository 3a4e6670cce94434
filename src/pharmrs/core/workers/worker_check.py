"""Whether a worker on another computer would give the same bytes: same program, same libraries, same files."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from pharmrs import __version__
from pharmrs.core.errors import InputProblem
from pharmrs.core.files.program import code_checksum, library_versions

Circumstances = Mapping[str, str]
_LIBRARIES = ("numpy", "scipy", "matplotlib", "nibabel", "nifti-mrs", "antspyx", "nilearn", "statsmodels")
_INSTALL = "install the same pharmrs with the same libraries there, for example from the same virtual environment"
_SEE = "put it on a file system that every worker sees under the same path"


@cache
def own_circumstances() -> Circumstances:
    """What two computers must share to give the same bytes."""
    return {
        "pharmrs": __version__,
        "code of pharmrs (SHA-256)": code_checksum((".",), ()),
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "kind of processor": platform.machine(),
        **library_versions(_LIBRARIES),
    }


def worker_facts(needed: Sequence[str]) -> tuple[Circumstances, tuple[str, ...]]:
    """On the worker: its circumstances, and which of the files it does not see."""
    seen = {name for name in (*needed, str(Path.cwd())) if Path(name).exists()}
    return own_circumstances(), tuple(name for name in needed if name not in seen)


def check_worker(address: str, answer: object, threads: int, mine: Circumstances) -> list[InputProblem]:
    """What is wrong with a worker. `answer`: from `worker_facts`, or the exception it raised."""
    if not isinstance(answer, tuple):
        return [_problem(address, "pharmrs", "must be installed there", _as_text(answer), _INSTALL)]
    theirs, missing = answer
    problems = unlike(address, theirs, mine)
    problems += [_problem(address, name, "must be visible there", "missing", _SEE) for name in missing]
    if threads > 1:  # matplotlib and the working directory belong to one thread
        remedy = "start it with --nthreads 1, and --nworkers for more"
        problems.append(_problem(address, "threads", "must be 1 per worker", str(threads), remedy))
    return problems


def unlike(address: str, theirs: Circumstances, mine: Circumstances) -> list[InputProblem]:
    """A problem for each thing that differs."""
    return [
        _problem(address, name, f"must be {mine.get(name, 'absent')}, as here", theirs.get(name, "absent"), _INSTALL)
        for name in sorted(mine.keys() | theirs.keys())
        if mine.get(name) != theirs.get(name)
    ]


def _as_text(answer: object) -> str:
    text = str(answer)
    return f"{type(answer).__name__}: {text.splitlines()[0] if text else ''}"


def _problem(address: str, field: str, rule: str, value: str, remedy: str) -> InputProblem:
    return InputProblem(file=f"worker {address}", field=field, rule=rule, value=value, remedy=remedy)
