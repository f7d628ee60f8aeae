"""tests/typing/api.py uses the public API: mypy checks it, and these tests that it is complete."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tamr_widgets
import tamr_widgets.simulator

API = Path(__file__).parents[1] / "typing/api.py"


@pytest.mark.parametrize("module", [tamr_widgets, tamr_widgets.simulator], ids=lambda m: m.__name__)
def test_every_public_name_is_used_in_the_typed_example(module):
    """The type of a name that the example does not use could be lost unnoticed."""
    tree = ast.parse(API.read_text())
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == module.__name__
        for alias in node.names
    }
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}

    assert set(module.__all__) == imported & used
