"""Dataset and derivative as the validator of the standard sees them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.study.e2e import pharmrs

VALIDATOR = Path(sysconfig.get_path("scripts")) / "bids-validator-deno"


def errors(folder: Path) -> list[str]:
    if not VALIDATOR.is_file():
        pytest.skip("bids-validator-deno is not installed")
    command = [str(VALIDATOR), str(folder), "--format", "json", "--ignoreWarnings"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    issues = json.loads(ended.stdout)["issues"]["issues"]
    return [f"{issue['code']}: {issue['location']}" for issue in issues if issue.get("severity", "error") == "error"]


def test_the_validator_finds_what_is_wrong(demo: Path, tmp_path: Path) -> None:
    """The two tests below could otherwise pass for want of a validator that looks."""
    broken = Path(shutil.copytree(demo, tmp_path / "dataset"))
    (broken / "sub-01" / "nonsense_file.txt").write_text("not BIDS")
    assert any("nonsense_file.txt" in error for error in errors(broken))


def test_the_simulated_dataset_is_bids(demo: Path) -> None:
    assert errors(demo) == []


def test_a_simulated_trial_is_bids(tmp_path: Path) -> None:
    """People, sessions, allocation, plates and gels; recordings are in the test above."""
    assert pharmrs("simulate", tmp_path / "trial", "-n", 3, "--no-recordings").code == 0
    assert errors(tmp_path / "trial") == []


def test_the_derivative_is_bids(demo: Path, tmp_path: Path) -> None:
    results = tmp_path / "pharmrs"
    assert pharmrs("run", demo, "--output", results, "--workers", 1).code == 0
    assert errors(results) == []
