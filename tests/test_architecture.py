"""The house stays as it was built: layers, small modules, a pinned public surface."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import pharmrs

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "pharmrs"
MODULES = sorted(SOURCE.rglob("*.py"))
ROOMS = {"anatomy", "api", "assay", "cli", "core", "genotype", "simulate", "spectra", "study", "trial"}
LONGEST_MODULE, LONGEST_FUNCTION, MOST_MODULES_IN_A_FOLDER = 400, 75, 25


def lint_imports(folder: Path, *, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    environment = {**os.environ, "PYTHONPATH": str(path or SOURCE.parent)}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_layers_are_kept() -> None:
    ended = lint_imports(ROOT)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "0 broken" in ended.stdout


def test_contracts_cover_every_room() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["name"] == "The rooms of the house")
    assert all(contract["exhaustive"] for contract in contracts if contract["type"] == "layers")
    named = {room.strip() for layer in layers["layers"] for room in layer.split("|")}
    assert named == ROOMS
    assert {path.parent.name for path in SOURCE.glob("*/__init__.py")} == ROOMS


@pytest.mark.parametrize(
    ("module", "line", "said"),
    [
        ("core/records/arrays.py", "from pharmrs.core.errors import InputError", "0 broken"),
        (
            "core/records/arrays.py",
            "from pharmrs.spectra import fit",
            "pharmrs.core is not allowed to import pharmrs.spectra",
        ),
        (
            "assay/stage/stage.py",
            "from pharmrs.trial import records",
            "pharmrs.assay is not allowed to import pharmrs.trial",
        ),
        (
            "anatomy/science/bias.py",
            "from pharmrs.anatomy.read import files",
            "pharmrs.anatomy.science is not allowed to import pharmrs.anatomy.read",
        ),
        ("spectra/fit/fit.py", "import matplotlib", "pharmrs.spectra.fit is not allowed to import matplotlib"),
        ("utils/__init__.py", "", "pharmrs.utils"),
    ],
)
def test_a_broken_layer_would_be_noticed(module: str, line: str, said: str, tmp_path: Path) -> None:
    shutil.copytree(SOURCE, tmp_path / "src" / "pharmrs", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    place = tmp_path / "src" / "pharmrs" / module
    place.parent.mkdir(exist_ok=True)
    with place.open("a") as stream:
        stream.write(f"\n{line}\n")
    ended = lint_imports(tmp_path, path=tmp_path / "src")
    assert " ".join(ended.stdout.split()).count(said) == 1, ended.stdout + ended.stderr
    assert (ended.returncode == 0) == (said == "0 broken")


def test_no_folder_is_a_heap() -> None:
    folders = {path.parent for path in MODULES}
    counts = {str(one.relative_to(SOURCE)): len({*one.glob("*.py")} - {one / "__init__.py"}) for one in folders}
    assert {name: count for name, count in counts.items() if count > MOST_MODULES_IN_A_FOLDER} == {}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_modules_and_functions_are_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_MODULE
    lengths = {
        node.name: (node.end_lineno or 0) - node.lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def test_all_modules_were_looked_at() -> None:
    assert len(MODULES) > 80
    assert {path.relative_to(SOURCE).parts[0] for path in MODULES} >= ROOMS


def test_nothing_is_public_beside_the_pinned_names() -> None:
    """They are loaded when they are used; tests/test_exported_members.py pins them."""
    names = {name for name in vars(pharmrs) if not name.startswith("_")} - ROOMS
    assert names <= {"annotations", *pharmrs.__all__}
    assert pharmrs.__version__.count(".") == 2


def test_version_is_told_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == pharmrs.__version__
    assert project["scripts"] == {"pharmrs": "pharmrs.cli.main:run"}
    assert f"version: {pharmrs.__version__}" in (ROOT / "CITATION.cff").read_text().replace('"', "")


def test_the_picture_of_the_house_is_that_of_its_contracts() -> None:
    ended = subprocess.run(
        [sys.executable, ROOT / "scripts" / "draw_architecture.py", "--check"], check=False, timeout=60
    )
    assert ended.returncode == 0, "run `python scripts/draw_architecture.py`"


def test_every_package_says_what_lives_there() -> None:
    silent = [path for path in SOURCE.rglob("__init__.py") if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_a_name_means_one_thing() -> None:
    """No two public records of the house share a name; `api` wraps some of them for notebooks under the user's word."""
    places: dict[str, list[str]] = {}
    for path in MODULES:
        if path.relative_to(SOURCE).parts[0] == "api":
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(path.relative_to(SOURCE)))
    assert not {name: found for name, found in places.items() if len(found) > 1}
