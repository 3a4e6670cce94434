"""Small changes of an expression, and modules that hold many of them behind switches."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# what an instrumented module calls: `active(7)` is true while the seventh change is made, `reached` knows who came by
SWITCH = """
import os
NUMBER = int(os.environ.get("PHARMRS_MUTANT", "0"))
changes, files = set(), set()

def active(number):
    changes.add(number)
    return number == NUMBER

def reached(file):
    files.add(file)
"""
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
TYPES = {"list", "dict", "tuple", "set", "Callable"}
NOT_COMPUTED = (ast.Import, ast.ImportFrom, ast.AnnAssign, ast.Raise, ast.JoinedStr, ast.arguments, ast.pattern)
Place = tuple[int, int, int | None, int | None]


@dataclass(frozen=True)
class Mutant:
    """Number `number` of a sample: what stands at a place of a module, and what is put there."""

    number: int
    module: Path
    place: Place
    before: str
    changed: ast.expr

    @property
    def line(self) -> int:
        return self.place[0]


def changes(node: ast.AST) -> Iterator[ast.expr]:
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


def computed(tree: ast.AST) -> Iterator[ast.expr]:
    """The expressions that compute: not those of types, texts, defaults of settings and messages."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield from computed(node)
        elif isinstance(node, NOT_COMPUTED) or (isinstance(node, ast.expr) and isinstance(tree, ast.FunctionDef)):
            continue  # of a function: its decorators, its type
        else:
            if isinstance(node, ast.expr):
                yield node
            if not (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in TYPES):
                yield from computed(node)


def place_of(node: ast.expr) -> Place:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def sampled(modules: list[Path], count: int, seed: int) -> list[Mutant]:
    """`count` changes of the modules, drawn at random, numbered from 1."""
    every = []
    for module in modules:
        source = module.read_text(encoding="utf-8")
        for node in computed(ast.parse(source)):
            every += [(module, place_of(node), ast.unparse(node), changed) for changed in changes(node)]
    drawn = random.Random(seed).sample(every, min(count, len(every)))
    return [Mutant(number, *one) for number, one in enumerate(drawn, start=1)]


def with_switches(source: str, mutants: list[Mutant], name: str) -> str:
    """The module with every change behind a switch; each of its functions says that it was reached."""
    at: dict[Place, list[Mutant]] = {}
    for one in mutants:
        at.setdefault(one.place, []).append(one)

    class Switches(ast.NodeTransformer):
        def generic_visit(self, node: ast.AST) -> ast.AST:
            here = at.get(place_of(node), []) if isinstance(node, ast.expr) else []
            here = [one for one in here if one.before == ast.unparse(node)]  # places inside an f-string are others'
            made = super().generic_visit(node)
            for one in here:
                asked = ast.parse(f"_mutants.active({one.number})", mode="eval").body
                made = ast.IfExp(test=asked, body=one.changed, orelse=made)  # type: ignore[arg-type]
            if isinstance(made, ast.FunctionDef):
                told = isinstance(made.body[0], ast.Expr) and isinstance(made.body[0].value, ast.Constant)
                made.body.insert(int(told), ast.parse(f"_mutants.reached({name!r})").body[0])
            return made

    tree = Switches().visit(ast.parse(source))
    first = next(
        number
        for number, node in enumerate([*tree.body, ast.Pass()])
        if not (isinstance(node, ast.Expr) or (isinstance(node, ast.ImportFrom) and node.module == "__future__"))
    )
    tree.body.insert(first, ast.parse("from pharmrs import _mutants").body[0])
    return ast.unparse(ast.fix_missing_locations(tree))
