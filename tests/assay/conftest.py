"""Reference data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def _needed(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"reference data not found at {path}")
    return path


@pytest.fixture(scope="session")
def elisar() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Concentrations and optical densities of the elisar standards."""
    path = _needed(SHARED / "plates" / "elisar_standards.csv")
    table = np.genfromtxt(path, delimiter=",", names=True)
    return table["conc"], table["od"]


@pytest.fixture(scope="session")
def r_results() -> dict[str, Any]:
    """What R gives on the elisar standards."""
    path = Path(__file__).parents[1] / "data" / "stat-parity" / "acceptance.json"
    return dict(json.loads(path.read_text())["elisa_nls"])
