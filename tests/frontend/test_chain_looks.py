"""ChainWidget's page in every state and theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from accessibility import violations
from chain_page import STATES
from jobs_page import LOOKS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("theme", LOOKS)
def test_axe_finds_nothing_in_any_state(look, theme, artifacts: Path):
    page = look("widget.html", **LOOKS[theme])
    options = {"entry": "chain/index.js", "trait": "_chain"}
    for facts in STATES.values():
        page.evaluate("([facts, options]) => openWidget(facts, options)", [facts, options])
    failed = page.locator("main .tamr-chain").nth(3)
    failed.get_by_role("button", name="Pairs").click()
    failed.get_by_role("button", name="Go on from here").click()
    page.screenshot(path=artifacts / f"chain-{theme}.png", full_page=True, animations="disabled")

    assert violations(page.locator("main")) == []
