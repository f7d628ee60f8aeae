"""Mutation testing: changes one expression in a module, and runs the unit tests.

    python tests/benchmarks/mutants.py waiting faults snapshot

Each mutant runs in a fork of this process, as the source that Python finds for the module; no file
is changed. It prints the mutants that survive, and how many were killed.
"""

from __future__ import annotations

import ast
import copy
import importlib.util
import os
import signal
import sys
import time
from importlib.abc import Loader, MetaPathFinder
from pathlib import Path

# Modules that every test needs are loaded once, before the forks.
import hypothesis  # noqa: F401
import pytest
import responses  # noqa: F401

PROJECT = Path(__file__).parents[2]
UNIT = PROJECT / "tests/unit"
TIMEOUT_FACTOR = 3  # of the time without mutation; a mutant that exceeds it counts as endless
OTHER_TESTS = ["operation", "survival_time", "survival_transient_errors", "survival_fuzz"]
OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
NOT_MUTATED = {"__all__", "__slots__", "_logger"}

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


def mutations(node: ast.AST) -> list[ast.AST]:  # noqa: C901, PLR0911
    """Returns the mutations of a node."""
    match node:
        case ast.Constant(value=bool(value)):
            return [ast.Constant(not value)]
        case ast.Constant(value=int(value) | float(value)):
            return [ast.Constant(value + 1)]
        case ast.Constant(value=str(value)) if 0 < len(value) <= 20:
            return [ast.Constant(f"X{value}")]
        case ast.Compare(ops=[op], left=left, comparators=right) if type(op) in SWAPS:
            return [ast.Compare(left, [SWAPS[type(op)]()], right)]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in SWAPS:
            return [ast.BinOp(left, SWAPS[type(op)](), right)]
        case ast.BoolOp(op=op, values=values):
            return [ast.BoolOp(SWAPS[type(op)](), values), values[0], values[-1]]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return [operand]
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.Call(func=ast.Name(id="min" | "max" as name), args=args, keywords=keywords):
            other = ast.Name({"min": "max", "max": "min"}[name], ast.Load())
            return [ast.Call(other, args, keywords), *args]
        case ast.If(body=body, orelse=orelse):
            return [ast.If(ast.Constant(value), body, orelse) for value in (True, False)]
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise():
            return [ast.Pass()]
        case ast.Return(value=ast.AST()):
            return [ast.Return(ast.Constant(None))]
    return []


def is_skipped(node: ast.AST) -> bool:
    """Whether a node and all below it have no behaviour to test, such as texts of errors."""
    match node:
        case ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name in NOT_MUTATED or name == "msg"
        case ast.Expr(value=ast.Constant()):
            return True
    return False


def mutants(tree: ast.Module) -> list[tuple[str, str]]:
    """Returns the source of each mutant, and a description."""
    found = []
    places = [(parent, *place) for parent in ast.walk(tree) for place in children(parent)]
    skipped = {id(n) for node in ast.walk(tree) if is_skipped(node) for n in ast.walk(node)}
    for parent, name, index, node in places:
        if id(node) in skipped:
            continue
        for replacement in mutations(node):
            before = ast.unparse(node).splitlines()[0]
            after = ast.unparse(replacement).splitlines()[0]
            replace_child(parent, name, index, replacement)
            source = ast.unparse(ast.fix_missing_locations(copy.deepcopy(tree)))
            replace_child(parent, name, index, node)
            found.append((source, f"line {node.lineno}: {before}  ->  {after}"))
    return found


def children(parent: ast.AST) -> list[tuple[str, int | None, ast.AST]]:
    places: list[tuple[str, int | None, ast.AST]] = []
    for name, value in ast.iter_fields(parent):
        if name in {"annotation", "returns", "decorator_list"}:
            continue
        if isinstance(value, ast.AST):
            places.append((name, None, value))
        elif isinstance(value, list):
            places += [(name, n, each) for n, each in enumerate(value) if isinstance(each, ast.AST)]
    return places


def replace_child(parent: ast.AST, name: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[index] = node


class Mutated(MetaPathFinder, Loader):
    """Imports one module from a given source."""

    def __init__(self, module: str, source: str) -> None:
        self.module, self.source = f"tamr_widgets.{module}", source

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if name == self.module else None

    def exec_module(self, module):
        exec(compile(self.source, self.module, "exec"), module.__dict__)


def survives(module: str, source: str, tests: list[str], seconds: float = 600) -> bool:
    """Whether all tests pass with this source, in time."""
    child = os.fork()
    if child == 0:
        signal.alarm(int(seconds))
        sys.meta_path.insert(0, Mutated(module, source))
        devnull = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(devnull, stream)
        os._exit(bool(pytest.main([*OPTIONS, *tests])))
    _, status = os.waitpid(child, 0)
    return status == 0


def main(modules: list[str]) -> None:
    killed = total = 0
    for module in modules:
        path = PROJECT / f"tamr_widgets/{module}.py"
        names = dict.fromkeys([module, *OTHER_TESTS])
        tests = [str(p) for name in names if (p := UNIT / f"test_{name}.py").exists()]
        tree = ast.parse(path.read_text())
        began = time.monotonic()
        if not survives(module, ast.unparse(tree), tests):
            sys.exit(f"The tests of {module} fail without any mutation.")
        timeout = TIMEOUT_FACTOR * (time.monotonic() - began)
        for source, description in mutants(tree):
            total += 1
            if survives(module, source, tests, timeout):
                print(f"survived  {module} {description}", flush=True)
            else:
                killed += 1
        print(f"{module}: {killed} of {total} killed so far", flush=True)


if __name__ == "__main__":
    os.chdir(PROJECT)
    main(sys.argv[1:])
