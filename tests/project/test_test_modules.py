"""The modules of the tests are found by their own names, whatever pytest is called with."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
TESTS = PROJECT / "tests"
MODULES = [path for path in TESTS.rglob("*.py") if "node_modules" not in path.parts]


def imported(path: Path) -> set[str | None]:
    names: set[str | None] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return names


@pytest.mark.parametrize("setting", ["", "1"])
def test_nothing_is_compiled_beside_sources_against_the_user_s_will(setting, tmp_path):
    """With PYTHONDONTWRITEBYTECODE, what makes the tests faster is kept in the project's cache."""
    code = "import conftest, sys; print(sys.dont_write_bytecode, sys.pycache_prefix)"
    command = [sys.executable, "-X", f"pycache_prefix={tmp_path}", "-c", code]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": setting}
    shown = subprocess.run(
        command, cwd=TESTS, env=environment, capture_output=True, text=True, check=True
    )

    folder = PROJECT / ".cache/pycache" if setting else tmp_path
    assert shown.stdout.split() == ["False", str(folder)]


def test_no_module_imports_a_conftest():
    """There are several, and an import finds the one that pytest has loaded last."""
    assert [path for path in MODULES if "conftest" in imported(path)] == []


def test_every_module_has_a_name_of_its_own():
    """They are imported without their folders, so that one would take the place of another."""
    names = Counter(path.name for path in MODULES if path.stem not in ("conftest", "__main__"))

    assert [name for name, count in names.items() if count > 1] == []
