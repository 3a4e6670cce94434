"""`pharmrs review` as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

StartReview = Callable[[Path, Path], tuple[subprocess.Popen[str], str]]


def start_server(
    dataset: Path, output: Path, started: list[subprocess.Popen[str]]
) -> tuple[subprocess.Popen[str], str]:
    """The running server of rater AB, noted in `started`, and its address."""
    command = [
        sys.executable,
        "-m",
        "pharmrs",
        "review",
        str(dataset),
        "--rater",
        "AB",
        "--no-browser",
        "-o",
        str(output),
    ]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    started.append(server)
    assert server.stdout is not None
    address = server.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), server.communicate()[1]
    return server, address
