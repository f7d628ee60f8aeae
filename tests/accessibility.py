"""Checks parts of a page with axe-core."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def violations(locator: Locator) -> list[str]:
    """Returns one line for each node that violates a rule, in all elements of a locator."""
    if not locator.page.evaluate("'axe' in globalThis"):
        script = files("axe_playwright_python") / "axe.min.js"
        locator.page.evaluate(script.read_text(encoding="utf-8"))
    found = locator.evaluate_all(
        "parts => axe.run({include: parts}, {resultTypes: ['violations']})"
        ".then((results) => results.violations)"
    )
    return [
        f"{rule['id']}: {rule['help']} ({node['html']})" for rule in found for node in rule["nodes"]
    ]
