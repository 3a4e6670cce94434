"""One small demonstration dataset, made once and copied where a test changes it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.study.small_trial import write_small_trial


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset as it should be: one subject, a good examination and a bad one. Never change it."""
    folder = tmp_path_factory.mktemp("demo") / "dataset"
    write_small_trial(folder)
    return folder


@pytest.fixture
def copy_of_demo(demo: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A function that copies the dataset to a new folder."""
    return lambda name="dataset": Path(shutil.copytree(demo, tmp_path / name))
