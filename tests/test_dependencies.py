"""What pharmrs needs: locked with hashes as declared, under licences that are known and none of the GPL."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def dependencies() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dependencies", ROOT / "scripts" / "dependencies.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["dependencies"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("name", "extras", "least"), [("runtime", (), 60), ("dev", ("dev",), 80)])
def test_locks_satisfy_what_is_declared(
    name: str, extras: tuple[str, ...], least: int, dependencies: ModuleType
) -> None:
    path = dependencies.LOCKS[name]
    assert len(dependencies.read_lock(path)) >= least
    assert dependencies.lock_problems(path, dependencies.declared(*extras)) == []


@pytest.mark.parametrize(
    ("line", "wanted", "said"),
    [
        ("numpy==2.0.0 --hash=sha256:" + "a" * 64, "numpy>=2.1", "numpy>=2.1 is locked as 2.0.0"),
        ("numpy==2.0.0 --hash=sha256:" + "a" * 64, "scipy", "scipy is locked as nothing"),
        ("numpy==2.0.0", "numpy", "numpy==2.0.0 has no SHA-256"),
        ("numpy==2.0.0 --hash=md5:" + "a" * 32, "numpy", "numpy==2.0.0 has no SHA-256"),
        ("numpy==2.0.0 ; python_version < '3.12' --hash=sha256:" + "a" * 64, "numpy", "Python 3.12: numpy is locked"),
    ],
)
def test_a_bad_lock_would_be_noticed(
    line: str, wanted: str, said: str, dependencies: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "lock.txt").write_text(line + "\n")
    problems = dependencies.lock_problems(tmp_path / "lock.txt", [Requirement(wanted)])
    assert any(said in problem for problem in problems), problems


def test_a_lock_that_pins_nothing_is_refused(dependencies: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "lock.txt").write_text("numpy>=2\n")
    with pytest.raises(ValueError, match="pins no version"):
        dependencies.read_lock(tmp_path / "lock.txt")


def test_licences_are_known_and_none_is_of_the_gpl(dependencies: ModuleType) -> None:
    packages = dependencies.installed(dependencies.declared())
    assert len(packages) >= 60
    assert dependencies.refused(packages.values()) == []


@pytest.mark.parametrize(
    ("words", "licence"),
    [
        ("GPL-3.0-or-later", "GPL"),
        ("License :: OSI Approved :: GNU General Public License v3 (GPLv3)", "GPL"),
        ("License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)", "LGPL-3.0"),
        ("AGPL-3.0", "AGPL"),
        ("Licensed under the Apache License, Version 2.0", "Apache-2.0"),
        ("proprietary", ""),
    ],
)
def test_licences_by_their_words(words: str, licence: str, dependencies: ModuleType) -> None:
    assert dependencies.spdx(words) == licence
    one = dependencies.Package("x", "1", licence or "unknown", "")
    assert bool(dependencies.refused([one])) == (licence != "Apache-2.0")


def test_the_list_of_licences_names_every_package(dependencies: ModuleType) -> None:
    """Versions differ from place to place; names and licences do not."""
    listed = dependencies.LICENCES.read_text(encoding="utf-8").splitlines()
    rows = {line.split()[0]: line.split()[1] for line in listed if len(line.split()) == 2}
    packages = dependencies.installed(dependencies.declared())
    missing = {name: one.licence for name, one in packages.items() if rows.get(name) != one.licence}
    assert missing == {}, "run `make licences`"
