"""What README and walk-through tell a newcomer to type, typed as it stands."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from pharmrs.cli.main import app
from pharmrs.core.report.pdf import _browser

ROOT = Path(__file__).parents[2]
MARKDOWN = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in ("README.md", "docs/walk-through.md", "docs/other-programs.md")
}
# commands of the README that need what a test has not: a scanner's files, a person, a browser, minutes
# three people are few: some models cannot be estimated, and the command says so with exit code 3
_THREE_IS_TOLD = 'pharmrs() { command pharmrs "$@" || [ $? -eq 3 ]; }\n'
ELSEWHERE = {
    "import": "the walk-through", "results": "tests/spectra", "review": "a person", "pdf": "a browser",
    "rerun": "tests/study/test_rerun.py",
}  # fmt: skip


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which `pharmrs` is the program under test."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "pharmrs"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pharmrs "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory, shell: dict[str, str]) -> Path:
    """The walk-through, line by line; a line that fails ends it."""
    folder = tmp_path_factory.mktemp("walk")
    _typed("docs/walk-through.md", folder, shell)
    return folder


def _typed(page: str, folder: Path, shell: dict[str, str], *, quick: bool = False) -> str:
    """Every block of a page in `folder`; what the last but the PDF printed.

    `quick`: three people, the maps of a segmentation instead of segmenting, no PDF.
    """
    printed = ""
    text = MARKDOWN[page]
    if quick:
        text = re.sub(r"(pharmrs simulate \S+) -n \d+ --seed \d+", r"\1 -n 3 --seed 5", text)
        text = text.replace(" lab/derivatives\n", "\n")
    for number, block in enumerate(re.findall(r"```sh\n(.*?)```", text, flags=re.S)):
        if "pharmrs pdf" in block and (quick or page != "docs/other-programs.md"):
            continue  # a browser
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", _THREE_IS_TOLD + block],
            check=False,
            cwd=folder,
            env=shell,
            capture_output=True,
            text=True,
        )
        told = ended.stdout[-1500:] + ended.stderr[-3000:]
        assert ended.returncode == 0, (number, block, told)
        printed = ended.stdout if "pharmrs pdf" not in block else printed
    return printed


@pytest.mark.parametrize("quick", [True, pytest.param(False, marks=pytest.mark.long)])
def test_tables_of_another_program_go_to_their_answer(quick: bool, tmp_path: Path, shell: dict[str, str]) -> None:
    """Tables of LCModel, images of the heads, a plate and the allocation; as it stands, or with maps and fewer."""
    printed = _typed("docs/other-programs.md", tmp_path, shell, quick=quick)
    people = 3 if quick else 5
    results = tmp_path / "lab" / "derivatives" / "pharmrs"
    assert "S-ketamine" in printed and (results / "report_pages" / "programs.html").is_file()
    lines = [line.split("\t") for line in (results / "observations.tsv").read_text().splitlines()]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    assert len(rows) == 4 * people
    assert all(row["biomarker"] != "n/a" or row["biomarker_censored"] != "none" for row in rows)  # below the limit
    assert sum(row["metabolite"] != "n/a" for row in rows) == len(list(tmp_path.glob("lab/sourcedata/results/*.table")))
    tissue = [line.split("\t") for line in (results / "tissue.tsv").read_text().splitlines()]
    methods = {row[tissue[0].index("method")] for row in tissue[1:]}
    assert len(tissue) == 1 + 4 * people and (methods == {"probseg"}) is quick, methods
    if not quick and _browser() is not None:
        assert (results / "report.pdf").read_bytes()[:5] == b"%PDF-"


def test_the_walk_through_ends_with_a_result(trial: Path) -> None:
    results = trial / "trial" / "derivatives" / "pharmrs"
    for name in ("report.html", "report_pages/statistics.html", "results.json", "methods.md"):
        assert (results / name).is_file(), name
    assert (trial / "pharmrs-analyse" / "report.html").is_file()
    assert (trial / "shared" / "sub-01").is_dir()


def _commands() -> list[str]:
    """Every `pharmrs ...` of the README, once, but for those that need what a test has not."""
    text = MARKDOWN["README.md"]
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.S)
    found = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    found += [part.strip() for part in re.findall(r"`(pharmrs [^`]+)`", text)]
    given = [line for line in dict.fromkeys(found) if line.startswith("pharmrs ")]
    return [line for line in given if line.split()[1] not in ELSEWHERE and "--help" not in line]


def _filled(command: str, trial: Path) -> list[str]:
    """The words in capitals, which stand for a person's own files, as files of the walk-through."""
    here = trial / "trial"
    scan = "sub-01/ses-1/mrs/sub-01_ses-1"
    places = {
        "STUDY": here, "T1": next((trial / "lab").glob("sub-*/ses-*/anat/*_T1w.nii.gz")),
        "SPECTRUM": here / f"{scan}_acq-steam_svs.nii.gz", "B": next(here.glob("basis/*.basis")),
        "W": here / f"{scan}_acq-quant_mrsref.nii.gz",
        "RECORDING": here / f"{scan}_acq-steam_svs.nii.gz", "OUT": trial / "bids-app",
        "EXPORT": here / "sourcedata/assay/plate-01.xlsx",
        "L": here / "sourcedata/assay/layout.tsv", "BANDS": here / "sourcedata/genotyping/gel-01.tsv",
        "TABLE": here / "derivatives/pharmrs/observations.tsv", "STUDY.yaml": here / "study.yaml",
        "study.yaml": here / "study.yaml", "FOLDER": trial / "new", "COPY": trial / "copy-2",
        "REPORTED": trial / "reported.tsv", "COURSE": trial / "course.tsv",
    }  # fmt: skip
    blocks = "".join(f"{places['SPECTRUM']}\t{first}\t{first + 1}\t{int(first > 3)}\n" for first in (1, 3, 5, 7))
    (trial / "course.tsv").write_text(f"file\tfirst\tlast\tdrug\n{blocks}")
    (trial / "reported.tsv").write_text("label\tt\tdf\tp\nmain\t2.10\t20\t0.0486\n")
    return [str(places.get(word, word)) for word in shlex.split(command)]


@pytest.mark.long
@pytest.mark.parametrize("command", _commands())
def test_a_command_of_the_readme_works_as_written(command: str, trial: Path, shell: dict[str, str]) -> None:
    words = _filled(command, trial)
    ended = subprocess.run(words, check=False, cwd=trial, env=shell, capture_output=True, text=True)
    assert ended.returncode in (0, 3), (words, ended.stdout[-1000:] + ended.stderr[-2000:])
    assert ended.stdout.strip(), command  # every command prints its result


def test_the_readme_names_every_command_that_a_user_needs() -> None:
    """Each is run above, or by the test that ELSEWHERE names."""
    named = {line.split()[1] for line in _commands()} | set(ELSEWHERE)
    known = {command.name for command in app.registered_commands}
    assert known - named == {"schema", "demo"}  # for editors (docs/study-file.md); `make demo`


def _of_documents() -> list[str]:
    """Every `pharmrs ...` of README and docs that has arguments, once."""
    found: list[str] = []
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = path.read_text(encoding="utf-8")
        blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, flags=re.S)).replace("\\\n", " ")
        found += re.findall(r"^(?:\.venv/bin/)?(pharmrs .*)$", blocks, flags=re.M)
        found += re.findall(r"`(pharmrs [^`]+)`", text)
    bare = [re.split(r" +# | \|\| | \\?\| ", line)[0].strip() for line in found]
    return list(dict.fromkeys(line for line in bare if any(not word.startswith("-") for word in line.split()[2:])))


@pytest.mark.parametrize("command", _of_documents())
def test_every_command_of_the_documents_is_understood(command: str) -> None:
    """Its name, its options and their values are those of the program; what it names need not be there."""
    name, *words = shlex.split(command.replace("--as FORM", "--as stata"))[1:]
    known = get_command(app)
    assert isinstance(known, TyperGroup)
    known.commands[name].make_context(name, words)


def test_a_command_that_the_program_does_not_know_would_be_noticed() -> None:
    known = get_command(app)
    assert isinstance(known, TyperGroup)
    with pytest.raises(Exception, match="No such option"):
        known.commands["plate"].make_context("plate", ["x", "--layuot", "y"])


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path: Path, trial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its cells one after the other, in the folder of the walk-through; what a cell shows can be shown."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert len(code) >= 3 and all(not cell["outputs"] for cell in cells if cell["cell_type"] == "code")
    monkeypatch.chdir(trial)
    names: dict[str, object] = {}
    for source in code:
        parsed = ast.parse(source)
        last = parsed.body.pop() if isinstance(parsed.body[-1], ast.Expr) else None
        exec(compile(parsed, path.name, "exec"), names)
        if last is not None:
            shown = eval(compile(ast.Expression(last.value), path.name, "eval"), names)
            assert repr(shown)
            assert not hasattr(shown, "_repr_html_") or shown._repr_html_()
