"""The public surface of the command line, and that asking for help costs no scientific import."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import pharmrs as package
from pharmrs.simulate.study_text import BASIS_FILE
from pharmrs.simulate.trial_dataset import TRUTH_FILE
from pharmrs.study.declared import Study
from tests.study.e2e import contents, pharmrs, table

# pydantic is not among them: newer versions of typer load it by themselves
HEAVY = {"numpy", "scipy", "matplotlib", "nibabel", "nifti_mrs", "pandas", "jinja2", "yaml"}


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=120)


def loaded_by(code: str) -> set[str]:
    ended = python(f"{code}\nimport sys, json; print(json.dumps(sorted(m.split('.')[0] for m in sys.modules)))")
    assert ended.returncode == 0, ended.stderr
    return set(json.loads(ended.stdout.splitlines()[-1]))


HELP = """
import sys
from pharmrs.cli.main import run
sys.argv = ["pharmrs", *{arguments}]
try:
    run()
except SystemExit as end:
    assert end.code == 0, end.code
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["run", "--help"], ["fit", "--help"], ["basis", "--help"]]
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    loaded = loaded_by(HELP.format(arguments=arguments))
    assert loaded & HEAVY == set()
    assert "typer" in loaded


def test_the_check_would_notice() -> None:
    assert loaded_by("import pharmrs.cli.main, pharmrs.study.run") >= {"numpy", "scipy"}


def test_commands_are_the_pinned_ones() -> None:
    from pharmrs.cli.main import app

    names = [command.name for command in app.registered_commands]
    assert names == [
        "run",
        "validate",
        "init",
        "preprocess",
        "fit",
        "series",
        "voxel",
        "basis",
        "plate",
        "genotype",
        "analyse",
        "plan",
        "power",
        "audit",
        "pdf",
        "review",
        "rerun",
        "doctor",
        "import",
        "results",
        "export",
        "deidentify",
        "schema",
        "simulate",
        "demo",
    ]
    assert app.registered_groups == []
    end = pharmrs("--help")
    assert end.code == 0
    for name in names:
        assert f"\n  {name} " in end.out
    assert "Exit codes: 0 all done; 2 bad input" in end.out
    assert "..." not in end.out.split("Commands:")[1]  # what each is for can be read to its end


def test_version() -> None:
    end = pharmrs("--version")
    assert (end.code, end.out) == (0, f"{package.__version__}\n")


@pytest.mark.parametrize("arguments", [["frobnicate"], ["run"], ["run", "x", "--workers", "-1"], ["--nonsense"]])
def test_usage_errors(arguments: list[str]) -> None:
    end = pharmrs(*arguments)
    assert end.code == 2
    assert "Usage:" in end.err and "Traceback" not in end.err


def test_schema_is_a_json_schema_of_every_key() -> None:
    end = pharmrs("schema")
    assert end.code == 0
    schema = json.loads(end.out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"title"}
    assert set(schema["properties"]) == {one.name for one in fields(Study)}
    # every reference inside leads somewhere
    text = end.out
    for name in {part.split('"')[0] for part in text.split('"#/$defs/')[1:]}:
        assert name in schema["$defs"]


def test_simulate(tmp_path: Path) -> None:
    folder = tmp_path / "trial"
    end = pharmrs("simulate", folder, "-n", 1, "--kind", "parallel", "--seed", 3, "-j", 1)
    assert (end.code, end.out) == (0, f"{folder}\n")
    assert "1 participant, 2 visits, 2 recordings" in end.err
    assert (folder / BASIS_FILE).is_file()
    assert {row["scan"] for row in table(folder / TRUTH_FILE)} == {f"sub-01_ses-{n}_acq-steam" for n in (1, 2)}
    assert pharmrs("validate", folder).code == 0
    before = contents(folder)
    again = pharmrs("simulate", folder)
    assert again.code == 2
    assert "must be new or empty" in again.err and "Remedy:" in again.err
    assert contents(folder) == before


def test_simulate_into_a_file(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    end = pharmrs("simulate", tmp_path / "taken")
    assert end.code == 2
    assert "Remedy:" in end.err and "Traceback" not in end.err
    assert (tmp_path / "taken").read_text() == "mine"


def test_bugs_keep_their_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from pharmrs.study import dataset

    def broken(*_given: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(dataset, "open_dataset", broken)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        pharmrs("validate", tmp_path)
