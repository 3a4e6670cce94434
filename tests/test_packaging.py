"""What is shipped: a wheel that works without the sources beside it, and the schema that editors read."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pharmrs.study.study_file import study_schema

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "pharmrs"


def test_the_shipped_schema_is_the_one_of_the_code() -> None:
    shipped = json.loads((ROOT / "schema" / "study.schema.json").read_text(encoding="utf-8"))
    assert shipped == json.loads(json.dumps(study_schema())), "run `make schema`"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the declared build system (skipped where it is not installed and cannot be fetched)."""
    pytest.importorskip("hatchling", reason="hatchling is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_package_and_no_other(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    files = {
        f"pharmrs/{path.relative_to(SOURCE).as_posix()}"
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == files


def test_the_wheel_works_alone(wheel: Path, tmp_path: Path) -> None:
    """Unpacked elsewhere, without the checkout on the path: help, schema, and the templates of the report."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import pharmrs; assert pharmrs.__file__.startswith(sys.argv[1]);"
        "from pharmrs.core.report.page import environment; print(environment().get_template('front.html.j2').name);"
        "import pharmrs.cli.main"
    )
    command = [sys.executable, "-I", "-c", code, str(tmp_path / "site")]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert (ended.returncode, ended.stdout.strip()) == (0, "front.html.j2"), ended.stderr
