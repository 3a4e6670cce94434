"""The guard of the corpus is itself tested: what it must notice, it notices; and no source can run what it reads."""

from __future__ import annotations

import ast
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.robustness.read_bad_input import WAITS_S, TooLong, Waiting

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src" / "pharmrs"
_SCRIPT = """
import sys, os, signal, resource, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from collections import namedtuple
Case = namedtuple("Case", "name kind place")
from tests.robustness import read_bad_input
from tests.robustness.read_bad_input import Guard, Waiting, run_case, _too_long
read_bad_input.WAITS_S, read_bad_input.LONGEST_S = 1, 1.0
signal.signal(signal.SIGPROF, _too_long)
signal.signal(signal.SIGALRM, Waiting())
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
def put(folder): (folder / "a").write_text("x")
def read(folder, out):
    {body}
found = run_case(Case("x", "x", put), read, Path(sys.argv[2]) / "case", Guard())
print(found["ended"], found["broken"])
"""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("(out / 'b').write_text('y')", "read []"),
        ("(folder / 'b').write_text('y')", "input changed"),
        ("(folder / 'b').write_text('y')", "written: "),
        ("Path('b').write_text('y')", "written: b"),
        ("os.unlink('a', dir_fd=os.open(folder, os.O_RDONLY))", "os.remove: a"),
        ("os.mkdir('b', dir_fd=os.open(out, os.O_RDONLY))", "read []"),
        ("(folder / '../../../escaped').write_text('y')", "written: "),
        ("(folder / 'a').unlink()", "input changed"),
        ("os.system('true')", "os.system"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
        ("import pickle; pickle.loads(pickle.dumps(Path('x')))", "pickle.find_class"),
        ("int('x')", "traceback []"),
        ("bytearray(5 << 30)", "too much memory []"),
        ("import time; time.sleep(30)", "too long []"),
        ("while True: pass", "too long []"),
    ],
)
def test_what_no_reader_may_do_is_noticed(body: str, said: str, tmp_path: Path) -> None:
    script = _SCRIPT.replace("{body}", body)
    ended = subprocess.run(
        [sys.executable, "-c", script, str(HERE.parents[1]), str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert said in ended.stdout


def test_who_computes_on_a_busy_computer_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(signal, "alarm", asked.append)
    until, waiting = time.process_time() + 0.2, Waiting()
    while time.process_time() < until:
        pass
    waiting(signal.SIGALRM, None)
    assert asked == [WAITS_S]
    with pytest.raises(TooLong):
        waiting(signal.SIGALRM, None)


def _names(node: ast.AST) -> str:
    return ast.unparse(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""


def test_nothing_that_is_read_can_be_run() -> None:
    """No eval, pickle or shell; YAML only by the strict loader made from SafeLoader; formulas are never evaluated."""
    modules = {"pickle", "marshal", "shelve", "dill", "joblib", "formulaic", "patsy", "runpy", "code"}
    calls = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "np.load", "yaml.unsafe_load",
             "yaml.full_load", "yaml.load_all", "pd.read_pickle", "pd.eval", "smf.ols", "smf.mixedlm"}  # fmt: skip
    # tasks on their way between the processes of one command, by its own pipes or encrypted (docs/scale.md)
    between_processes = {"core/workers/dask_workers.py": {"pickle"}, "core/workers/local_pool.py": {"pickle"}}
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        allowed = between_processes.get(path.relative_to(SOURCE).as_posix(), set())
        if allowed and re.search(r"open\(|read_bytes|read_text|urlopen|pickle\.load\(", text):
            found.append(f"{path.name} reads files beside pickles")
        for node in ast.walk(ast.parse(text)):
            where = f"{path.relative_to(SOURCE)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                found += [f"{where} imports {name}" for name in names if name.split(".")[0] in modules - allowed]
            if isinstance(node, ast.Call):
                name = _names(node.func)
                pickles = [one.value for one in node.keywords if one.arg == "allow_pickle"]
                arrays_only = name == "np.load" and [ast.unparse(one) for one in pickles] == ["False"]
                forbidden = (name in calls and not arrays_only) or name.endswith((".from_formula", ".eval", ".query"))
                found += [f"{where} calls {name}"] if forbidden else []
                shell = [one for one in node.keywords if one.arg == "shell"]
                found += [f"{where} uses a shell"] if shell else []
                loader = [ast.unparse(one.value) for one in node.keywords if one.arg == "Loader"]
                strict = name != "yaml.load" or loader == ["_strict_loader()"]
                found += [] if strict else [f"{where} loads YAML by {loader}"]
    assert found == []


def test_pages_mark_as_safe_only_what_this_program_drew() -> None:
    marked = {}
    for path in sorted(SOURCE.glob("*/*/templates/*.j2")):
        text = path.read_text(encoding="utf-8")
        assert "autoescape false" not in text
        marked[path.name] = sorted(set(re.findall(r"\{\{\s*([^}]*\|\s*safe\b[^}]*?)\s*\}\}", text)))
    assert {name: what for name, what in marked.items() if what} == {
        "analysis.html.j2": ["methods | safe"],
        "macros.html.j2": ["image.source | safe", "svg | safe"],  # quoted by `EmbeddedFigure.source`; a drawing of ours
        "section_methods.html.j2": ["text | safe"],
    }
