"""The real 7 T recording as a dataset, analysed once by the command itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.real_run import RealRun
from tests.cli.review_process import StartReview, start_server
from tests.study.e2e import fingerprint

ROOT = Path(__file__).parents[2]
STEAM = ROOT.parent / "shared" / "data" / "steam-7t"


@pytest.fixture(scope="session")
def steam() -> Path:
    """The recordings as they came."""
    if not STEAM.is_dir():
        pytest.skip(f"the real 7 T recording is not at {STEAM}")
    return STEAM


@pytest.fixture(scope="session")
def real(steam: Path, tmp_path_factory: pytest.TempPathFactory) -> RealRun:
    root = tmp_path_factory.mktemp("real") / "dataset"
    script = [sys.executable, str(ROOT / "scripts" / "assemble_steam7t.py"), str(steam), str(root)]
    subprocess.run(script, check=True, capture_output=True, timeout=120)
    before = fingerprint(root)
    command = [sys.executable, "-m", "pharmrs", "run", str(root), "--workers", "1"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    return RealRun(root, before, fingerprint(root), ended)


@pytest.fixture
def start_review() -> Iterator[StartReview]:
    """A function that starts `pharmrs review DATASET --output OUTPUT`; what still runs at the end is ended."""
    started: list[subprocess.Popen[str]] = []
    yield lambda dataset, output: start_server(dataset, output, started)
    for server in started:
        if server.poll() is None:
            server.kill()
            server.communicate()
