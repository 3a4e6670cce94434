"""How much of the numbers the tests assert: small changes of the science, one at a time, and whether a test notices.

    python scripts/mutate.py --room assay --count 12 --seed 1
    python scripts/mutate.py --room assay --count 12 --seed 1 --only 3

Each change is made in a copy of `src/`, and the tests that are closest to the module are run on it: those named after
it, those that import it, those of values by hand of its room. A change that none of them notices survives; it is
either the same program (a tolerance, an order that does not matter) or a number that is not asserted.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
ROOMS = {
    "fit": ("spectra/fit", "spectra/preprocess"),
    "quantification": ("spectra/quantify", "spectra/records/scaling.py"),
    "assay": ("assay/science",),
    "statistics": (
        "trial/chain",
        "trial/tests",
        "trial/regression",
        "trial/least_squares",
        "trial/joint",
        "trial/audit",
    ),
}
MOST_TESTS, LONGEST_S = 6, 900.0
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A module below `src/pharmrs`, the line that is changed, and the module's text after it."""

    module: Path
    line: int
    before: str
    after: str
    text: str


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """What a node of the syntax can become."""
    made = copy.deepcopy(node)
    if isinstance(made, ast.BinOp) and type(made.op) in ARITHMETIC:
        made.op = ARITHMETIC[type(made.op)]()
        yield made
    elif isinstance(made, ast.Compare) and len(made.ops) == 1 and type(made.ops[0]) in COMPARISONS:
        made.ops = [COMPARISONS[type(made.ops[0])]()]
        yield made
    elif isinstance(made, ast.BoolOp):
        made.op = ast.Or() if isinstance(made.op, ast.And) else ast.And()
        yield made
    elif isinstance(made, ast.UnaryOp) and isinstance(made.op, (ast.USub, ast.Not)):
        yield made.operand
    elif isinstance(made, ast.Constant) and type(made.value) in (int, float):
        made.value = made.value + 1 if isinstance(made.value, int) else 1.1 * made.value + 0.1
        yield made


def places(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes that compute: not those of types, texts, defaults of settings and messages."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield from places(node)  # type: ignore[arg-type]
        elif isinstance(node, (ast.Import, ast.ImportFrom, ast.AnnAssign, ast.Raise, ast.JoinedStr, ast.arguments)):
            continue
        elif not (isinstance(node, ast.expr) and isinstance(tree, ast.FunctionDef)):  # decorators, types
            yield node
            if not (isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and is_type(node)):
                yield from places(node)  # type: ignore[arg-type]


def is_type(node: ast.Subscript) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in {"list", "dict", "tuple", "set", "Callable"}


def mutants(module: Path) -> Iterator[Mutant]:
    """Every change of a module."""
    source = module.read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    for node in places(ast.parse(source)):
        for changed in changes(node):
            if node.lineno != node.end_lineno:  # type: ignore[attr-defined]
                continue
            row = lines[node.lineno - 1].encode()  # type: ignore[attr-defined]
            start, end = node.col_offset, node.end_col_offset  # type: ignore[attr-defined]
            new = (row[:start] + f"({ast.unparse(changed)})".encode() + row[end:]).decode()
            text = "".join([*lines[: node.lineno - 1], new, *lines[node.lineno :]])  # type: ignore[attr-defined]
            yield Mutant(module, node.lineno, row.decode().strip(), new.strip(), text)  # type: ignore[attr-defined]


def tests_of(module: Path) -> list[Path]:
    """The test modules that are closest to a module, closest first; of those as close, the shortest first."""
    room = module.relative_to(HOME / "src" / "pharmrs").parts[0]
    used = functions_of(module)
    around = {name for other in module.parent.glob("*.py") if uses(other, module.stem) for name in functions_of(other)}
    near: list[tuple[int, int, Path]] = []
    for path in sorted((HOME / "tests" / room).glob("test_*.py")):
        words = set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
        rank = 8 * (path.stem == f"test_{module.stem}") + 4 * bool(words & used) + 2 * bool(words & around)
        rank += len(set(module.stem.split("_")) & set(path.stem.split("_")))
        rank += path.stem in ("test_values_by_hand", "test_parity_with_r", "test_acceptance", "test_bad_plates")
        near.append((-rank, path.stat().st_size, path))
    return [path for rank, _, path in sorted(near)[:MOST_TESTS] if rank]


def functions_of(module: Path) -> set[str]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def uses(module: Path, stem: str) -> bool:
    return bool(re.search(rf"import .*\b{stem}\b|\.{stem} import", module.read_text(encoding="utf-8")))


def killed(mutant: Mutant, source: Path, tests: list[Path]) -> str:
    """How a test noticed the change: `failed`, `too long`; empty where it survived."""
    place = source / mutant.module.relative_to(HOME / "src")
    right = place.read_text(encoding="utf-8")
    place.write_text(mutant.text, encoding="utf-8")
    words = ["-x", "-q", "-m", "not long", "-p", "no:cacheprovider", "-p", "no:randomly", *map(str, tests)]
    environment = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", *words], cwd=HOME, env=environment, capture_output=True, check=False,
            timeout=LONGEST_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "too long"
    finally:
        place.write_text(right, encoding="utf-8")
    return "" if ended.returncode == 0 else "failed"


def sampled(room: str, count: int, seed: int) -> list[Mutant]:
    found: list[Mutant] = []
    for folder in ROOMS[room]:
        place = HOME / "src" / "pharmrs" / folder
        for module in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            found += mutants(module)
    return random.Random(seed).sample(found, min(count, len(found)))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--room", choices=sorted(ROOMS), required=True)
    asked.add_argument("--count", type=int, default=12)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--only", type=int, default=None, help="this one of the sample, from 1")
    given = asked.parse_args()
    died = total = 0
    with tempfile.TemporaryDirectory(prefix="pharmrs-mutants-") as folder:
        source = Path(shutil.copytree(HOME / "src", Path(folder) / "src", ignore=shutil.ignore_patterns("__pycache__")))
        for number, mutant in enumerate(sampled(given.room, given.count, given.seed), start=1):
            if given.only not in (None, number):
                continue
            tests, began = tests_of(mutant.module), time.monotonic()
            how = killed(mutant, source, tests)
            total, died = total + 1, died + bool(how)
            where = f"{mutant.module.relative_to(HOME / 'src' / 'pharmrs')}:{mutant.line}"
            print(f"{number:3} {how or 'SURVIVED':9} {time.monotonic() - began:4.0f} s  {where}", flush=True)
            if not how:
                print(f"    - {mutant.before}\n    + {mutant.after}", flush=True)
                print(f"    tests: {' '.join(path.name for path in tests)}", flush=True)
    print(f"{given.room}: {died} of {total} killed (seed {given.seed})")


if __name__ == "__main__":
    main()
