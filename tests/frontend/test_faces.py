"""Every face of the panel: complete for everyone, in every theme and width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from accessibility import violations
from jobs_page import LOOKS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page


@pytest.fixture
def gallery(look: Callable[..., Page]) -> Callable[..., Page]:
    """Opens the gallery as a certain reader sees it."""

    def gallery(**options: Any) -> Page:
        page = look("gallery.html", **options)
        page.locator("body[data-ready]").wait_for()
        return page

    return gallery


@pytest.mark.parametrize("theme", LOOKS)
def test_axe_finds_nothing(gallery: Callable[..., Page], theme: str, artifacts: Path) -> None:
    """No face in any theme has a flaw that axe-core knows of, contrast included."""
    page = gallery(**LOOKS[theme])
    page.screenshot(path=artifacts / f"faces-{theme}.png", full_page=True, animations="disabled")

    found = violations(page.locator("main"))

    assert found == []


@pytest.mark.parametrize("width", [320, 640], ids=["320 px", "200% zoom"])
def test_nothing_sticks_out(gallery: Callable[..., Page], width: int) -> None:
    """Nothing makes a narrow page scroll sideways, not even words without end."""
    page = gallery(width=width)

    overflowing = page.evaluate(
        """() => [...document.querySelectorAll(".tamr, .tamr *:not(pre)")]
          .filter((node) => node.getBoundingClientRect().right > innerWidth)
          .map((node) => node.closest("section").dataset.face)"""
    )

    assert overflowing == []


def test_text_of_the_server_is_only_text(gallery: Callable[..., Page]) -> None:
    """Markup in any fact is shown as it was written; nothing of it becomes an element."""
    page = gallery()
    hostile = page.locator("[data-face=hostile] .tamr")

    text = hostile.inner_text()

    assert "<script>alert(1)</script><img src=x onerror=alert(1)>" in text
    assert "<b>bold</b>" in text
    assert "by <i>admin</i>" in text
    assert hostile.locator("script, img, i:not([role] > i)").count() == 0


def test_marks_of_direction_end_with_their_text(gallery: Callable[..., Page]) -> None:
    """A right-to-left override turns its own text around, never the words beside it."""
    page = gallery()

    positions = page.locator("[data-face=hostile] .tamr-facts small").evaluate_all(
        "nodes => nodes.map(node => [node.offsetLeft, node.nextSibling.offsetLeft])"
    )

    assert all(name < value for name, value in positions)


def test_a_megabyte_is_cut(gallery: Callable[..., Page]) -> None:
    """A text without end is not laid out; its whole waits behind Details."""
    page = gallery()
    face = page.locator("[data-face='a megabyte'] .tamr")

    assert len(face.inner_text()) < 2_000
    face.get_by_role("button", name="Details").click()
    assert len(face.locator("pre").inner_text()) > 1_000_000


def test_each_state_has_a_colour_and_a_shape_of_its_own(gallery: Callable[..., Page]) -> None:
    """States differ by shape as well as by colour, so that nobody depends on seeing colours."""
    page = gallery()
    faces = ["pending", "running", "cancelling", "succeeded", "failed", "cancelled", "quarantined"]

    looks = [
        page.locator(f"[data-face='{face}'] svg").evaluate(
            "svg => [svg.firstChild.getAttribute('d'), getComputedStyle(svg).stroke]"
        )
        for face in faces
    ]

    assert len({shape for shape, _ in looks}) == len(faces)
    assert len({colour for _, colour in looks}) == len(faces)


def test_reduced_motion_stands_still(gallery: Callable[..., Page]) -> None:
    """Nothing moves for readers who prefer reduced motion."""
    count = "document.getAnimations().length"
    assert gallery().evaluate(count) > 0

    assert gallery(reduced_motion="reduce").evaluate(count) == 0


@pytest.mark.parametrize(("attribute", "scheme"), [("true", "light"), ("false", "dark")])
def test_jupyterlabs_theme_wins_over_the_systems(
    gallery: Callable[..., Page], attribute: str, scheme: str
) -> None:
    """A light notebook on a dark desktop has light widgets, and the other way round."""
    page = gallery(color_scheme="dark" if scheme == "light" else "light")
    page.evaluate("theme => document.body.dataset.jpThemeLight = theme", attribute)

    seen = page.locator(".tamr").first.evaluate("node => getComputedStyle(node).colorScheme")

    assert seen == scheme
