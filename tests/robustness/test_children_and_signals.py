"""Children run nothing of the working directory and bear no secret; signals tidy up; full streams are told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import webbrowser
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pharmrs.spectra.review.log import log_file, read_decisions
from pharmrs.spectra.review.opening import open_in_browser
from tests.study.e2e import RESULTS

COMMAND = [sys.executable, "-m", "pharmrs"]
HOSTILE = "import pathlib; pathlib.Path({0!r}).touch(); raise ImportError('of the folder')\n"
WORKERS = """
from pharmrs.core.workers.execution import map_tasks
from pharmrs.core.workers.local_pool import LocalPool
if __name__ == "__main__":
    pool = LocalPool(8)
    print(sorted(result for _, result in pool.results(abs, [-3, 2], None, 100.0)), len(pool))
    pool.dismiss()
"""


def test_a_module_in_the_working_directory_is_not_run(tmp_path: Path) -> None:
    """Case 03: `selectors.py` and `nibabel.py` beside the data; workers, and the converter of vendor files. There are
    two tasks, so two processes, though eight were allowed."""
    seen = tmp_path / "seen"
    for name in ("selectors", "nibabel", "numpy", "spec2nii"):
        (tmp_path / f"{name}.py").write_text(HOSTILE.format(str(seen)))
    (tmp_path / "map.tsv").write_text(
        "file\tformat\tsubject\tsuffix\techo_time_s\trepetition_time_s\nx.rda\trda\t01\tsvs\t0.03\t2\n"
    )
    (tmp_path / "x.rda").write_text(">>> Begin of header <<<\nVectorSize: 16\n>>> End of header <<<\n")
    asked = [sys.executable, "-P", "-c", WORKERS]
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)
    assert done.stdout == "[2, 3] 2\n", done.stderr
    ended = subprocess.run(
        [*COMMAND, "import", "map.tsv", "--out", "new"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode in (2, 3) and "sub-01_svs FAILED" in ended.stderr and "Traceback" not in ended.stderr
    assert not seen.exists()


def test_the_address_of_the_page_is_on_no_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Case 07: what the browser is given is a file that only this user can read."""
    asked: list[str] = []
    monkeypatch.setattr(webbrowser, "open", asked.append)
    open_in_browser("http://127.0.0.1:9/secret-token/")
    file = Path(urlsplit(asked[0]).path)
    assert asked[0].startswith("file://") and "secret" not in asked[0]
    assert file.stat().st_mode & 0o077 == 0 and "secret-token" in file.read_text()
    file.unlink()


def post(address: str, content: dict[str, object]) -> int:
    parts = urlsplit(address)
    link = HTTPConnection(parts.netloc, timeout=20)
    body = json.dumps(content)
    link.request("POST", f"{parts.path}decide", body, {"content-type": "application/json"})
    status = link.getresponse().status
    link.close()
    return status


def test_marks_in_a_reason_and_the_end_of_a_review(copy_of_demo: Callable[[str], Path]) -> None:
    """Case 06: a pasted reason with marks of direction leaves a log that is read again; SIGTERM ends the page."""
    root = copy_of_demo("dataset")
    asked = [*COMMAND, "review", str(root), "--rater", "AB", "--no-browser"]
    server = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stdout is not None
    address = server.stdout.readline().strip()
    for position, reason in ((1, "\u202abroad\u202c lines\u2066"), (2, "\u200bmotion")):
        assert urllib.request.urlopen(address, timeout=20).status == 200
        assert post(address, {"position": position, "decision": "reject", "reason": reason}) == 200
    server.send_signal(signal.SIGTERM)
    _, told = server.communicate(timeout=30)
    assert "Traceback" not in told and server.returncode in (0, 143)
    folder = root / RESULTS / "review"
    assert [one.reason for one in read_decisions(folder)] == ["broad lines", "motion"]
    log = log_file(folder, "AB").read_text()
    assert not any(mark in log for mark in "\u202a\u202c\u2066\u200b")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), pytest.param(signal.SIGHUP, 129, marks=pytest.mark.long)]
)
def test_a_signal_tidies_up(
    number: signal.Signals, code: int, copy_of_demo: Callable[[str], Path], tmp_path: Path
) -> None:
    """No folder and no half-written file is left; a folder that got nothing is given back."""
    root, scratch = copy_of_demo("dataset"), tmp_path / "scratch"
    scratch.mkdir()
    running = subprocess.Popen(
        [*COMMAND, "run", root, "-j", "1"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    listed = root / RESULTS / ".pharmrs"
    until = time.monotonic() + 60
    while not listed.exists() and time.monotonic() < until:
        time.sleep(0.01)
    running.send_signal(number)
    _, told = running.communicate(timeout=60)
    assert running.returncode == code and "stopped" in told and "Traceback" not in told
    assert list(scratch.iterdir()) == []
    assert [path.name for path in root.rglob("*") if path.name.endswith("-part")] == []


def ended(words: list[Any], **streams: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, words)], text=True, check=False, timeout=60, **streams)


def test_streams_that_are_full_or_closed(tmp_path: Path) -> None:
    table = tmp_path / "in.tsv"
    table.write_text("label\tt\tdf\tp\na\t2.39\t25\t.0249\n")
    with Path("/dev/full").open("w") as full:
        lost = ended(["audit", table], stdout=full, stderr=subprocess.PIPE)
        assert lost.returncode == 2 and "standard output: No space left" in lost.stderr
        assert ended(["audit", table], stdout=subprocess.PIPE, stderr=full).returncode == 0
    shell = " ".join([*COMMAND, "audit", str(table), "--out", str(tmp_path / "out")])
    for closed in ("2>&-", "<&- >&- 2>&-"):
        done = subprocess.run(
            ["sh", "-c", f"{shell} {closed}"], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, (closed, done)
    assert not done.stdout and (tmp_path / "out" / "audit.tsv").read_text().startswith("label\t")
    piped = subprocess.run(
        ["sh", "-c", f"({' '.join(COMMAND)} schema; echo $? >&2) | true"], capture_output=True, text=True, check=False
    )
    assert piped.stderr.strip().splitlines()[-1] in ("0", "141")


@pytest.mark.long
def test_few_files_may_be_open(copy_of_demo: Callable[[str], Path]) -> None:
    root = copy_of_demo("dataset")
    words = " ".join([*COMMAND, "run", str(root), "-j", "2"])
    many = subprocess.run(["sh", "-c", f"ulimit -n 64; {words}"], capture_output=True, text=True, check=False)
    assert many.returncode in (0, 3) and (root / RESULTS / "report.html").is_file(), many.stderr
