"""What commands leave that nothing happens to, made once for all tests that disturb them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.robustness.fault_hook import Fault, warm_up
from tests.robustness.fault_jobs import JOBS, Undisturbed


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Undisturbed]:
    """Name of a job -> what it leaves; made when first asked for."""
    found: dict[str, Undisturbed] = {}

    def of(name: str) -> Undisturbed:
        if name not in found:
            job, base = JOBS[name], tmp_path_factory.mktemp("undisturbed")
            prepared = base / "prepared"
            prepared.mkdir()
            job.prepare(prepared)
            done = Path(shutil.copytree(prepared, base / "done"))
            warm_up(job.arguments, Path(shutil.copytree(prepared, base / "warm")))
            ended = job.run(done, Fault(below="out"))
            assert ended.code in (0, 3), ended.err
            assert ended.seen > 10 and not job.hidden(done)
            found[name] = Undisturbed(job, prepared, job.results(done), ended.code, ended.seen)
        return found[name]

    return of
