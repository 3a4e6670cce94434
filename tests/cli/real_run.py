"""What is known of the run on the real recording."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.study.e2e import RESULTS


@dataclass(frozen=True)
class RealRun:
    """The assembled dataset, its files before and after, and how `python -m pharmrs run` ended."""

    root: Path
    before: dict[str, tuple[str, int]]
    after: dict[str, tuple[str, int]]
    ended: subprocess.CompletedProcess[str]

    @property
    def results(self) -> Path:
        return self.root / RESULTS
