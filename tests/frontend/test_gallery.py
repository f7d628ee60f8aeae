"""Every variant of the panel in every theme and width: accessible, and without overflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from accessibility import violations
from jobs_page import APPEARANCES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page


@pytest.fixture
def gallery(open_document: Callable[..., Page]) -> Callable[..., Page]:
    """Opens the gallery with some width and media features."""

    def gallery(**options: Any) -> Page:
        page = open_document("gallery.html", **options)
        page.locator("body[data-ready]").wait_for()
        return page

    return gallery


@pytest.mark.parametrize("theme", APPEARANCES)
def test_axe_finds_no_violation(gallery: Callable[..., Page], theme: str, artifacts: Path) -> None:
    """All variants are checked in each theme, contrast included."""
    page = gallery(**APPEARANCES[theme])
    page.screenshot(path=artifacts / f"gallery-{theme}.png", full_page=True, animations="disabled")

    found = violations(page.locator("main"))

    assert found == []


@pytest.mark.parametrize("width", [320, 640], ids=["320 px", "200% zoom"])
def test_no_element_overflows(gallery: Callable[..., Page], width: int) -> None:
    """A narrow page does not scroll sideways, not even with very long words."""
    page = gallery(width=width)

    overflowing = page.evaluate(
        """() => [...document.querySelectorAll(".tamr, .tamr *:not(pre)")]
          .filter((node) => node.getBoundingClientRect().right > innerWidth)
          .map((node) => node.closest("section").dataset.variant)"""
    )

    assert overflowing == []


def test_text_from_the_server_is_shown_as_text(gallery: Callable[..., Page]) -> None:
    """Markup in any fact is shown literally; none of it becomes an element."""
    page = gallery()
    hostile = page.locator("[data-variant=hostile] .tamr")

    text = hostile.inner_text()

    assert "<script>alert(1)</script><img src=x onerror=alert(1)>" in text
    assert "<b>bold</b>" in text
    assert "by <i>admin</i>" in text
    assert hostile.locator("script, img, i:not([role] > i)").count() == 0


def test_direction_marks_affect_only_their_text(gallery: Callable[..., Page]) -> None:
    """A right-to-left override reverses its own text, not the text beside it."""
    page = gallery()

    positions = page.locator("[data-variant=hostile] .tamr-facts small").evaluate_all(
        "nodes => nodes.map(node => [node.offsetLeft, node.nextSibling.offsetLeft])"
    )

    assert all(name < value for name, value in positions)


def test_a_megabyte_of_text_is_cut(gallery: Callable[..., Page]) -> None:
    """A very long text is cut; Details show the whole text."""
    page = gallery()
    panel = page.locator("[data-variant='a megabyte'] .tamr")

    assert len(panel.inner_text()) < 2_000
    panel.get_by_role("button", name="Details").click()
    assert len(panel.locator("pre").inner_text()) > 1_000_000


def test_each_state_has_a_unique_colour_and_shape(gallery: Callable[..., Page]) -> None:
    """States differ by shape, too, so that users who don't see colours can distinguish them."""
    page = gallery()
    states = ["pending", "running", "cancelling", "succeeded", "failed", "cancelled", "quarantined"]

    icons = [
        page.locator(f"[data-variant='{state}'] svg").evaluate(
            "svg => [svg.firstChild.getAttribute('d'), getComputedStyle(svg).stroke]"
        )
        for state in states
    ]

    assert len({shape for shape, _ in icons}) == len(states)
    assert len({colour for _, colour in icons}) == len(states)


def test_reduced_motion_stops_animations(gallery: Callable[..., Page]) -> None:
    """Nothing is animated for users who prefer reduced motion."""
    count = "document.getAnimations().length"
    assert gallery().evaluate(count) > 0

    assert gallery(reduced_motion="reduce").evaluate(count) == 0


@pytest.mark.parametrize(("attribute", "scheme"), [("true", "light"), ("false", "dark")])
def test_the_theme_of_jupyterlab_overrides_the_system_s(
    gallery: Callable[..., Page], attribute: str, scheme: str
) -> None:
    """A light notebook on a dark desktop has light widgets, and the other way round."""
    page = gallery(color_scheme="dark" if scheme == "light" else "light")
    page.evaluate("theme => document.body.dataset.jpThemeLight = theme", attribute)

    used = page.locator(".tamr").first.evaluate("node => getComputedStyle(node).colorScheme")

    assert used == scheme
