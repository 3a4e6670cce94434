"""How much of the numbers the tests assert: small changes of the science, one at a time, and whether a test notices.

    python scripts/mutate.py --room assay --count 40 --seed 1
    python scripts/mutate.py --room assay --count 40 --seed 1 --only 3 17

The changes stand behind switches in a copy of `src/`. The tests of the room are run once, to learn which of them come
by which change; then, for each change, those alone, the quickest first, until one fails or `MOST_S` seconds of them
have passed. A change that none of them notices survives: it is the same program (a tolerance, an order that does not
matter) or a number that is not asserted. Tests of browsers, of the vendors' files and long ones are left out.
"""

from __future__ import annotations

import argparse
import ast
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mutants import SWITCH, Mutant, sampled, with_switches

HOME = Path(__file__).resolve().parents[1]
PACKAGE = HOME / "src" / "pharmrs"
ROOMS: dict[str, tuple[str, ...]] = {  # modules, and the folder of their tests
    "fit": ("spectra/fit", "spectra/preprocess"),
    "quantification": ("spectra/quantify", "spectra/records/scaling.py"),
    "assay": ("assay/science",),
    "statistics": (
        "trial/chain", "trial/tests", "trial/regression", "trial/least_squares", "trial/joint", "trial/audit",
    ),
}  # fmt: skip
LEFT_OUT = ("browser", "import", "vendor", "pictures", "figures")
MOST_S = 30.0  # of tests a change
_FAULT = 70


@dataclass
class Reached:
    """A test: its seconds, the changes it comes by, the modules."""

    seconds: float
    changes: set[int]
    files: set[str]


def modules_of(room: str) -> list[Path]:
    places = [PACKAGE / one for one in ROOMS[room]]
    return [module for place in places for module in (sorted(place.rglob("*.py")) if place.is_dir() else [place])]


def tests_of(room: str) -> list[str]:
    folder = HOME / "tests" / Path(ROOMS[room][0]).parts[0]
    found = [path for path in sorted(folder.glob("test_*.py")) if not any(word in path.name for word in LEFT_OUT)]
    return [str(path.relative_to(HOME)) for path in found]


class Runner:
    """A plugin of pytest: after the tests are collected, does `work` with them in place of running them all."""

    def __init__(self, work: Callable[[Runner, list[Any]], None]) -> None:
        self.work = work
        self.failed: set[str] = set()
        self.set_up: set[int] = set()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.work(self, session.items)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self) -> None:
        from pharmrs import _mutants

        self.set_up = set(_mutants.changes)

    def run(self, item: Any, following: Any) -> bool:
        """Whether a test passes."""
        self.failed.clear()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return not self.failed


def reached_by(runner: Runner, items: list[Any]) -> dict[str, Reached]:
    """Each test that passes; what one of them sets up counts for its module: fixtures are made once."""
    from pharmrs import _mutants

    found: dict[str, Reached] = {}
    by_fixtures: dict[str, set[int]] = {}
    for item, following in zip(items, [*items[1:], None], strict=True):
        _mutants.changes.clear()
        _mutants.files.clear()
        began = time.process_time()
        if runner.run(item, following):
            seconds = time.process_time() - began
            found[item.nodeid] = Reached(seconds, set(_mutants.changes), set(_mutants.files))
        by_fixtures.setdefault(module_of(item.nodeid), set()).update(runner.set_up)
    for name, one in found.items():
        one.changes |= by_fixtures[module_of(name)]
    return found


def module_of(test: str) -> str:
    return test.partition("::")[0]


def chosen(mutant: Mutant, reached: dict[str, Reached], at_import: bool) -> list[str]:
    """The tests that come by a change, or, of one that is made at import, by its module; the quickest modules first."""
    name = str(mutant.module.relative_to(PACKAGE))
    by = [test for test, one in reached.items() if (name in one.files if at_import else mutant.number in one.changes)]
    seconds: dict[str, float] = {}
    for test in by:
        seconds[module_of(test)] = seconds.get(module_of(test), 0.0) + reached[test].seconds
    picked, spent = [], 0.0
    for test in sorted(by, key=lambda test: (seconds[module_of(test)], module_of(test))):
        spent += reached[test].seconds
        picked += [test] if spent < MOST_S else []
    return picked


def forked(work: Callable[[], bool], longest_s: int) -> bool:
    """What `work` gives in a copy of this process that prints nothing; False too where it dies or takes too long."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = _FAULT
        try:
            signal.alarm(longest_s)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            code = 0 if work() else 1
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == _FAULT:
        raise SystemExit("a fault of this script: see above")
    return code == 0


def survives(mutant: Mutant, runner: Runner, items: list[Any], tests: list[str]) -> bool:
    """Whether all the tests pass with a change."""
    from pharmrs import _mutants

    _mutants.NUMBER = mutant.number
    os.environ["PHARMRS_MUTANT"] = str(mutant.number)  # for the processes that tests start
    wanted = {name: place for place, name in enumerate(tests)}
    own = sorted((one for one in items if one.nodeid in wanted), key=lambda one: wanted[one.nodeid])
    return all(map(runner.run, own, [*own[1:], None]))


def survives_import(mutant: Mutant, tests: list[str]) -> bool:
    """The same for a change of what is computed at import: in a process of its own."""
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PHARMRS_MUTANT": str(mutant.number)}
    return not tests or subprocess.run(words, env=environment, capture_output=True, check=False).returncode == 0


def try_all(mutants: list[Mutant], runner: Runner, items: list[Any]) -> int:
    """How many were killed; each is told."""
    from pharmrs import _mutants

    imported = set(_mutants.changes)
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "reached"
        forked(lambda: kept.write_bytes(pickle.dumps(reached_by(runner, items))) > 0, 24 * 3600)
        reached: dict[str, Reached] = pickle.loads(kept.read_bytes())
    print(f"{len(reached)} of {len(items)} tests pass unchanged", flush=True)
    died = 0
    for one in mutants:
        began, at_import = time.monotonic(), one.number in imported
        tests = chosen(one, reached, at_import)
        if at_import:
            survived = survives_import(one, tests)
        else:
            longest = 120 + 20 * int(sum(reached[test].seconds for test in tests))
            survived = forked(lambda one=one, tests=tests: survives(one, runner, items, tests), longest)  # type: ignore[misc]
        died += not survived
        where = f"{one.module.relative_to(PACKAGE)}:{one.line}"
        print(f"{one.number:3} {'SURVIVED' if survived else 'killed':9}{time.monotonic() - began:4.0f} s  {where}")
        if survived:
            names = " ".join(dict.fromkeys(Path(module_of(test)).name for test in tests))
            print(f"    - {one.before}\n    + {ast.unparse(one.changed)}\n    {len(tests)} tests: {names}", flush=True)
    return died


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--room", choices=sorted(ROOMS), required=True)
    asked.add_argument("--count", type=int, default=12)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--only", type=int, nargs="*", default=[], help="these of the sample")
    asked.add_argument("--tests", nargs="*", default=[], help="these modules of tests in place of the room's")
    given = asked.parse_args()
    mutants = sampled(modules_of(given.room), given.count, given.seed)
    wanted = [one for one in mutants if one.number in given.only or not given.only]
    died = 0
    with tempfile.TemporaryDirectory(prefix="pharmrs-mutants-") as folder:
        source = Path(shutil.copytree(HOME / "src", Path(folder) / "src", ignore=shutil.ignore_patterns("__pycache__")))
        (source / "pharmrs" / "_mutants.py").write_text(SWITCH)
        for module in modules_of(given.room):
            name, own = str(module.relative_to(PACKAGE)), [one for one in mutants if one.module == module]
            switched = with_switches(module.read_text(encoding="utf-8"), own, name)
            (source / "pharmrs" / name).write_text(switched, encoding="utf-8")
        os.chdir(HOME)
        os.environ.update(PYTHONPATH=str(source), OMP_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1")
        sys.path[:0] = [str(source)]

        def work(runner: Runner, items: list[Any]) -> None:
            nonlocal died
            died = try_all(wanted, runner, items)

        words = [
            "-q",
            "-s",
            "-m",
            "not long",
            "-p",
            "no:cacheprovider",
            "--no-header",
            *(given.tests or tests_of(given.room)),
        ]
        pytest.main(words, plugins=[Runner(work)])
    print(f"{given.room}: {died} of {len(wanted)} killed (seed {given.seed}, {given.count} drawn)")


if __name__ == "__main__":
    main()
