"""Test modules are imported by unique names, whichever tests pytest runs."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1]
MODULES = [path for path in TESTS.rglob("*.py") if "node_modules" not in path.parts]


def imported(path: Path) -> set[str | None]:
    names: set[str | None] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return names


def test_no_module_imports_a_conftest():
    """There are several, and an import would get the one that pytest has loaded last."""
    assert [path for path in MODULES if "conftest" in imported(path)] == []


def test_module_names_are_unique():
    """Modules are imported without their folders, so one would replace another."""
    names = Counter(path.name for path in MODULES if path.stem not in ("conftest", "__main__"))

    assert [name for name, count in names.items() if count > 1] == []
