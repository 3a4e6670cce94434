"""Spin systems as JSON: what is read, and every mistake named at once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.spectra.basis.spin_system_file import read_spin_systems

NUCLEI = {"1H", "31P"}


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def mistakes(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_spin_systems(path, NUCLEI)
    return [str(problem) for problem in caught.value.problems]


def system(**part: object) -> dict[str, object]:
    return {"doi": "measured", "parts": [part]}


def test_one_triangle_and_the_whole_matrix_are_the_same(tmp_path: Path) -> None:
    whole = [[0, 7, 3], [7, 0, -14], [3, -14, 0]]
    content = {
        "Upper": system(shifts_ppm=[1, 2, 3], j_hz=np.triu(whole).tolist()),
        "Lower": system(shifts_ppm=[1, 2, 3], j_hz=np.tril(whole).tolist()),
        "Whole": system(shifts_ppm=[1, 2, 3], j_hz=whole, nuclei=["1H", "1H", "31P"], scale=2),
    }
    read = read_spin_systems(write(tmp_path / "spins.json", content), NUCLEI)
    for one in read.values():
        np.testing.assert_array_equal(one.parts[0].j_hz, whole)
    assert [one.protons for one in read.values()] == [3, 3, 4]
    assert read["Upper"].name == "Upper"


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    content = {
        "Skew": system(shifts_ppm=[1, 2], j_hz=[[0, 7], [6, 0]]),
        "Self": system(shifts_ppm=[1, 2], j_hz=[[5, 7], [7, 0]]),
        "Short": system(shifts_ppm=[1, 2], j_hz=[[0, 7]]),
        "Words": system(shifts_ppm=["1", "2"]),
        "Hertz": system(shifts_ppm=[300.0]),
        "Strong": system(shifts_ppm=[1, 2], j_hz=[[0, 700], [0, 0]]),
        "Metal": system(shifts_ppm=[1], nuclei=["23Na"]),
        "Dark": system(shifts_ppm=[1], nuclei=["31P"]),
        "None": system(shifts_ppm=[1], scale=0),
        "Typo": system(shifts_ppm=[1], shift=[2]),
        "Nobody": {"parts": [{"shifts_ppm": [1]}]},
        "Empty": {"doi": "measured"},
        "two words": system(shifts_ppm=[1]),
    }
    found = mistakes(write(tmp_path / "spins.json", content))
    for where, what in {
        "Skew.parts[0].j_hz": "must be symmetric (found: [0][1] 7 but [1][0] 6)",
        "Self.parts[0].j_hz": "zero diagonal",
        "Short.parts[0].j_hz": "2 rows of 2 finite numbers",
        "Words.parts[0].shifts_ppm": "finite numbers",
        "Hertz.parts[0].shifts_ppm": "-2 to 15 ppm",
        "Strong.parts[0].j_hz": "within 300 Hz",
        "Metal.parts[0].nuclei": "of 1H, 31P",
        "Dark.parts[0].nuclei": "at least one 1H",
        "None.parts[0].scale": "above 0",
        "Typo.parts[0].shift": "unknown key",
        "Nobody.doi": "where the values are from",
        "Empty": "needs 'parts'",
        "two words": "without blanks",
    }.items():
        assert any(f": {where}: " in one and what in one for one in found), (where, found)
    assert len(found) == 13


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('{"A": {"doi": "x", "parts": [{"shifts_ppm": [NaN]}]}}', "finite numbers"),
        ('{"A": {"doi": "x", "parts": [{"shifts_ppm": [1, 2], "j_hz": [[0, NaN], [0, 0]]}]}}', "finite numbers"),
        ('{"A": {"doi": "x", "parts": [{"shifts_ppm": [true]}]}}', "finite numbers"),
        ('{"A": {"doi": "x", "parts": [{"shifts_ppm": [1]}]}, "A": {}}', "must be given once"),
        ("{", "must be JSON"),
        ("[]", "one entry per molecule"),
    ],
)
def test_broken_files(tmp_path: Path, text: str, rule: str) -> None:
    assert any(rule in one for one in mistakes(write(tmp_path / "spins.json", text)))


def test_missing_file(tmp_path: Path) -> None:
    assert any("must exist" in one for one in mistakes(tmp_path / "none.json"))
