"""The modules of the tests are found by their own names, whatever pytest is called with."""

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
    """There are several, and an import finds the one that pytest has loaded last."""
    assert [path for path in MODULES if "conftest" in imported(path)] == []


def test_every_module_has_a_name_of_its_own():
    """They are imported without their folders, so that one would take the place of another."""
    names = Counter(path.name for path in MODULES if path.stem not in ("conftest", "__main__"))

    assert [name for name, count in names.items() if count > 1] == []
