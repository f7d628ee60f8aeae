"""The order of imports between the parts of the package, and the one table of text limits."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import tamr_widgets
from tamr_widgets import _text

ROOT = Path(tamr_widgets.__file__).parent
NAME = ROOT.name

# Each layer may import from its own modules and from the layers above it in this list.
LAYERS: list[set[str]] = [
    {"errors", "_clock", "_fork", "_text", "_json_list"},
    {"auth"},
    {"_http"},
    {"operation", "_operation"},
    {"client"},
    {"history", "_estimates"},
    {"poller", "_polling"},
    {"waiting"},
    {"chain", "_chain"},
    {"notify", "_notify"},
    {"_terminal"},
    {"widgets"},
    {"ipython"},
    {"__main__"},
]
# The simulator replaces a server: of the package it imports only what `client()` returns, and only
# the command line imports it.
SIMULATOR = "simulator"
ALLOWED = {
    ("errors", "operation"): "the type of an attribute",
    ("operation", "widgets.operation"): "Operation._display_, which loads it when it is called",
    ("chain", "widgets.chain"): "Chain._display_, which loads it when it is called",
    ("operation", "_polling.single"): "Operation.future() and await, which load it when called",
    ("simulator.server", "auth"): "Simulator.client()",
    ("simulator.server", "client"): "Simulator.client()",
}

MODULES = sorted(ROOT.rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def exists(module: str) -> bool:
    path = ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imported(path: Path, *, for_types: bool = True) -> set[str]:
    """The package's own modules that a module imports, lazily and for types only included."""
    package = [NAME, *path.relative_to(ROOT).parent.parts]
    found = set()
    statements = [node for node in parsed(path).body if for_types or not is_for_types(node)]
    for node in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            found |= {f"{module}.{alias.name}" for alias in node.names}
            found.add(module)
    own = {name.removeprefix(f"{NAME}.") for name in found if name.startswith(f"{NAME}.")}
    # `from .poller import Poller` names a module and what is in it, `from . import Poller` a public
    # name of the package.
    return {name if exists(name) else module_of(name) for name in own} - {""}


def module_of(name: str) -> str:
    """Returns the module that defines a public name of the package; otherwise an empty text."""
    public = getattr(tamr_widgets, name, None)
    return getattr(public, "__module__", "").removeprefix(f"{NAME}.")


def layer(module: str) -> int:
    top = module.partition(".")[0]
    return next(number for number, names in enumerate(LAYERS) if top in names)


def is_allowed(module: str, other: str) -> bool:
    in_simulator = (module.startswith(SIMULATOR), other.startswith(SIMULATOR))
    if (module, other) in ALLOWED or in_simulator == (True, True):
        return True
    if any(in_simulator):
        return module == "__main__"
    return layer(other) <= layer(module)


@pytest.mark.parametrize("path", MODULES, ids=[dotted(path) or NAME for path in MODULES])
def test_imports_follow_the_order_of_layers(path):
    """A module imports from its own layer and from those before it, and from no other."""
    module = dotted(path)
    if not module:  # the public names
        return

    wrong = sorted(other for other in imported(path) if not is_allowed(module, other))

    assert wrong == []


def test_every_exception_from_the_order_is_needed():
    """Each exception is used by an import."""
    used = {(dotted(path), other) for path in MODULES for other in imported(path)}

    assert set(ALLOWED) <= used


def test_imports_are_not_circular():
    """Modules of the same layer are checked, too; imports for types only are not."""
    graph = {
        module: {
            other
            for other in imported(path, for_types=False) - {module}
            if (module, other) not in ALLOWED
        }
        for path in MODULES
        if (module := dotted(path))
    }
    done: list[str] = []

    def visit(module: str, importers: tuple[str, ...]) -> None:
        assert module not in importers, " -> ".join([*importers, module])
        if module not in done:
            for other in sorted(graph.get(module, ())):
                visit(other, (*importers, module))
            done.append(module)

    for module in graph:
        visit(module, ())


def test_the_code_map_names_every_module():
    """The map in CONTRIBUTING.md has all modules, and of the simulator the folders."""
    contributing = (ROOT.parent / "CONTRIBUTING.md").read_text("utf-8")
    code_map = contributing.partition("## Code map")[2].partition("\nImports run one way")[0]
    words = set(re.findall(r"\w+", code_map))

    modules = {
        path.stem for path in MODULES if path.stem != "__init__" and SIMULATOR not in path.parts
    }
    assert modules - words == {"targets"}  # the map has target(s)


def test_limits_of_text_are_in_one_table():
    """No other module has a limit of its own for the texts that it shows."""
    limits = {name for name in vars(_text) if name.startswith("MAX_")}
    others = {
        (path.name, ast.unparse(limit))
        for path in MODULES
        for call in ast.walk(parsed(path))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        if call.func.id in ("cut", "sanitize")
        for limit in call.args[1:]
        if ast.unparse(limit) not in limits
    }

    assert others == set()
