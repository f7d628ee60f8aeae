"""The desktop notification after Wait: only if allowed, and once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from panel_page import FAILED, RUNNING, SUCCEEDED
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from panel_page import Widget
    from playwright.sync_api import Page

FAKE = """permission => {
  globalThis.shown = [];
  globalThis.requests = 0;
  globalThis.Notification = class {
    static permission = permission;
    static async requestPermission() { requests++; return this.permission = "granted"; }
    constructor(title, options) { shown.push([title, options.body]); }
  };
}"""


@pytest.fixture
def permit(page: Page) -> Callable[[str], None]:
    return lambda permission: page.evaluate(FAKE, permission)


def wait(widget: Widget) -> None:
    widget.button("Wait").click()
    widget.acknowledge()
    widget.update(RUNNING | {"waiting": True})


def test_the_end_is_told_once(
    show: Callable[..., Widget], permit: Callable[[str], None], page: Page
) -> None:
    """The click requests permission; one view shows the end, once."""
    permit("default")
    widget = show(RUNNING, views=2)
    assert page.evaluate("requests") == 0

    wait(widget)
    widget.update(FAILED)
    widget.update(FAILED | {"outcome": "Failed."})

    assert page.evaluate("requests") == 1
    assert page.evaluate("shown") == [["Failed: Train Mastering Model", FAILED["message"]]]


@pytest.mark.parametrize("permission", ["denied", "granted"])
def test_permission_is_requested_only_where_it_is_undecided(
    show: Callable[..., Widget], permit: Callable[[str], None], page: Page, permission: str
) -> None:
    """A decision is not requested again, and denied means no notification."""
    permit(permission)
    widget = show(RUNNING)

    wait(widget)
    widget.update(SUCCEEDED)

    assert page.evaluate("requests") == 0
    assert page.evaluate("shown.length") == (1 if permission == "granted" else 0)


@pytest.mark.parametrize("how", ["stopped", "timed out", "never asked for", "ended before"])
def test_nothing_is_told_unless_it_was_awaited(
    show: Callable[..., Widget], permit: Callable[[str], None], page: Page, how: str
) -> None:
    """Only the end of a wait that was started here, and that lasted to the end, is shown."""
    permit("granted")
    widget = show(SUCCEEDED if how == "ended before" else RUNNING)
    if how in ("stopped", "timed out"):
        wait(widget)
    if how == "stopped":
        widget.button("Stop waiting").click()
        widget.acknowledge()
    if how in ("stopped", "timed out"):
        widget.update(RUNNING | {"outcome": "Still running after 60 s."})

    widget.update(SUCCEEDED)

    assert page.evaluate("shown") == []


def test_without_notifications_wait_works(show: Callable[..., Widget], page: Page) -> None:
    """Some pages may not show any."""
    page.evaluate("delete globalThis.Notification")
    widget = show(RUNNING)

    wait(widget)
    widget.update(SUCCEEDED)

    expect(widget.panel).to_contain_text("Succeeded")
