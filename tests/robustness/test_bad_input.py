"""Bad input at volume: whatever a file holds, a reader reads it or refuses it in words, and does nothing else.

Each case runs in a process of 4 GiB; it may compute for 10 s, write below its output folder only, and start nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.robustness.bad_input_cases import all_cases, kinds

ROOT = Path(__file__).parents[2]
REFUSED_LATER = "provenance"  # the right one is read, and then there is no dataset to repeat the run with
LIMIT_S, LIMIT_BYTES = 10.0, 4 << 30
FAST_SHARE = 50  # of all cases one in so many in `make test`, spread over all kinds


def run_cases(folder: Path, part: int, parts: int, *wanted: str) -> list[dict[str, Any]]:
    """What became of every `parts`-th case from `part` on."""
    folder.mkdir()
    command = [sys.executable, "-m", "tests.robustness.read_bad_input", str(folder), str(part), str(parts), *wanted]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    ended = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=3600)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return [json.loads(line) for line in ended.stdout.splitlines()]


def broken(found: list[dict[str, Any]]) -> list[str]:
    """Every case that broke a promise, in words."""
    said = []
    for one in found:
        wrong = list(one["broken"])
        if one["ended"] not in ("read", "refused") or (one["ended"] == "refused" and not one["told"]):
            wrong.append(f"{one['ended']}: {one['told'][-1500:]}")
        if one["case"].endswith(": right") and one["ended"] != "read" and one["kind"] != REFUSED_LATER:
            wrong.append(f"the right file was refused: {one['told']}")
        if one["seconds"] > LIMIT_S or one["memory"] > LIMIT_BYTES:
            wrong.append(f"{one['seconds']:.1f} s, {one['memory'] / 2**30:.2f} GiB")
        said += [f"{one['case']}: {what}" for what in wrong]
    return said


def test_the_corpus_is_large_and_covers_every_kind() -> None:
    everything = kinds()
    count = Counter(case.kind for case in all_cases(everything))
    assert count.keys() == everything.keys()
    assert sum(count.values()) >= 5000 and min(count.values()) >= 40


def test_a_sample_of_bad_input(tmp_path: Path) -> None:
    found = run_cases(tmp_path / "cases", 0, FAST_SHARE)
    assert len(found) >= 80
    assert broken(found) == []


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_all_bad_input(part: int, tmp_path: Path) -> None:
    found = run_cases(tmp_path / "cases", part, 4)
    assert len(found) >= 1000
    assert broken(found) == []


def test_a_broken_promise_would_be_noticed() -> None:
    right = {"case": "x", "kind": "x", "ended": "refused", "told": "why", "broken": [], "seconds": 1.0, "memory": 1}
    assert broken([right]) == []
    for change in (
        {"ended": "traceback"}, {"ended": "too long"}, {"told": ""}, {"broken": ["written: /x"]}, {"seconds": 11.0},
        {"memory": 5 << 30}, {"case": "x: right"},
    ):  # fmt: skip
        assert len(broken([right | change])) == 1
