"""Widgets of running jobs stay on a page for hours, so their animations must be cheap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from panel_page import RUNNING

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs_page import Jobs
    from panel_page import Widget
    from playwright.sync_api import Page

# Only `transform` and `opacity` are animated without a layout of the page in each frame.
ANIMATED = """() => document.getAnimations().flatMap((animation) =>
  animation.effect.getKeyframes().flatMap(Object.keys))"""
TRANSITIONS = """() => [...document.querySelectorAll(".tamr *")].map(getComputedStyle)
  .filter((style) => style.transitionDuration !== "0s").map((style) => style.transitionProperty)"""
NO_PROPERTIES = {"offset", "computedOffset", "easing", "composite"}


def animated(page: Page) -> set[str]:
    """The properties that the page's animations and transitions change."""
    return set(page.evaluate(ANIMATED)) - NO_PROPERTIES | set(page.evaluate(TRANSITIONS))


def test_panels_are_animated_without_a_layout(open_document: Callable[..., Page]) -> None:
    """All variants of the panel are checked, with and without known progress."""
    page = open_document("gallery.html")
    page.locator("body[data-ready]").wait_for()

    assert animated(page) == {"transform"}


def test_a_list_that_is_loaded_is_animated_without_a_layout(open_jobs: Callable[..., Jobs]) -> None:
    """Only the bar that shows the loading is animated."""
    assert animated(open_jobs().page) == {"transform"}


def test_a_chain_is_animated_without_a_layout(page: Page) -> None:
    """The bar of a step without an estimate is animated."""
    step = {"name": "a", "state": "RUNNING", "after": [], "id": "1"}
    facts = {"name": "Nightly", "state": "RUNNING", "at_once": 1, "steps": [step]}
    options = {"entry": "chain/index.js", "trait": "_chain"}
    page.evaluate("([facts, options]) => openWidget(facts, options)", [facts, options])

    assert animated(page) == {"transform"}


@pytest.mark.parametrize("count", [1, 20])
def test_each_second_costs_one_layout(
    show: Callable[..., Widget], page: Page, count: int, metrics: Callable[[], dict[str, Any]]
) -> None:
    """The number of widgets makes no difference."""
    for number in range(count):
        show(RUNNING | {"id": str(number)})
    page.clock.run_for(3_000)
    before = metrics()

    for _ in range(5):
        page.clock.run_for(1_000)
        page.evaluate("document.body.offsetHeight")  # as a frame would

    after = metrics()
    assert 5 <= after["LayoutCount"] - before["LayoutCount"] <= 10


@pytest.fixture
def metrics(page: Page) -> Callable[[], dict[str, Any]]:
    """Returns Chromium's counters of the page's work."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def metrics() -> dict[str, Any]:
        counters = session.send("Performance.getMetrics")["metrics"]
        return {counter["name"]: counter["value"] for counter in counters}

    return metrics
