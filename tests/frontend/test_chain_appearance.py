"""ChainWidget's page in every state and theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from accessibility import violations
from chain_page import STATES
from jobs_page import APPEARANCES

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("theme", APPEARANCES)
def test_axe_finds_no_violation_in_any_state(open_document, theme, artifacts: Path):
    page = open_document("widget.html", **APPEARANCES[theme])
    page.evaluate("document.documentElement.style.colorScheme = 'light dark'")
    options = {"entry": "chain/index.js", "trait": "_chain"}
    for facts in STATES.values():
        page.evaluate("([facts, options]) => openWidget(facts, options)", [facts, options])
    failed = page.locator("main .tamr-chain").nth(3)
    failed.get_by_role("button", name="Pairs").click()
    failed.get_by_role("button", name="Go on from here").click()
    page.screenshot(path=artifacts / f"chain-{theme}.png", full_page=True, animations="disabled")

    assert violations(page.locator("main")) == []
