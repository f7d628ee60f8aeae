"""The desktop notification after Wait: only if it is allowed, and once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from panel_page import FAILED, RUNNING, SUCCEEDED
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from panel_page import Widget
    from playwright.sync_api import Page

FAKE_NOTIFICATION = """permission => {
  globalThis.shown = [];
  globalThis.requests = 0;
  globalThis.Notification = class {
    static permission = permission;
    static async requestPermission() { requests++; return this.permission = "granted"; }
    constructor(title, options) { shown.push([title, options.body]); }
  };
}"""

REFUSED_NOTIFICATION = """() => {
  globalThis.Notification = class {
    static permission = "default";
    static async requestPermission() { return this.permission = "denied"; }
  };
}"""


@pytest.fixture
def permit(page: Page) -> Callable[[str], None]:
    return lambda permission: page.evaluate(FAKE_NOTIFICATION, permission)


def wait(widget: Widget) -> None:
    widget.button("Wait").click()
    widget.acknowledge()
    widget.update(RUNNING | {"waiting": True})


def test_the_end_is_notified_once(
    show: Callable[..., Widget], permit: Callable[[str], None], page: Page
) -> None:
    """The click requests permission; one of two views sends the notification."""
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
    """It is not requested again; if it is denied, no notification is sent."""
    permit(permission)
    widget = show(RUNNING)

    wait(widget)
    widget.update(SUCCEEDED)

    assert page.evaluate("requests") == 0
    assert page.evaluate("shown.length") == (1 if permission == "granted" else 0)


@pytest.mark.parametrize("how", ["stopped", "timed out", "not requested", "ended before"])
def test_no_notification_is_sent_without_a_wait(
    show: Callable[..., Widget], permit: Callable[[str], None], page: Page, how: str
) -> None:
    """Only a wait that was started in this page, and lasted until the job ended, sends one."""
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


def test_wait_works_without_notifications(show: Callable[..., Widget], page: Page) -> None:
    """Some pages may not send any."""
    page.evaluate("delete globalThis.Notification")
    widget = show(RUNNING)

    wait(widget)
    widget.update(SUCCEEDED)

    expect(widget.panel).to_contain_text("Succeeded")


def test_the_notify_button_adds_and_removes_the_desktop(
    show: Callable[..., Widget], permit: Callable[[str], None], page: Page
) -> None:
    """The desktop is added to the kernel's recipients, and no wait is needed."""
    permit("default")
    widget = show(RUNNING | {"notified": ["Slack", "E-Mail"]})
    notify_button = widget.panel.get_by_role("button", name="Notify: Slack, E-Mail")
    expect(notify_button).to_have_attribute("aria-pressed", "false")

    notify_button.click()
    expect(notify_button).to_have_text("Notify: Slack, E-Mail, this desktop")
    expect(notify_button).to_have_attribute("aria-pressed", "true")
    notify_button.click()
    expect(notify_button).to_have_attribute("aria-pressed", "false")
    notify_button.click()
    widget.update(FAILED)

    assert widget.sent == []
    assert page.evaluate("shown") == [["Failed: Train Mastering Model", FAILED["message"]]]


def test_wait_adds_the_desktop_too(
    show: Callable[..., Widget], permit: Callable[[str], None]
) -> None:
    """The Notify button shows it, and removes it."""
    permit("granted")
    widget = show(RUNNING)

    wait(widget)

    notify_button = widget.panel.get_by_role("button", name="Notify")
    expect(notify_button).to_have_text("Notify: this desktop")
    notify_button.click()
    expect(notify_button).to_have_text("Notify")


def test_a_refused_permission_is_shown(show: Callable[..., Widget], page: Page) -> None:
    """The Notify button stays off, with a reason."""
    page.evaluate(REFUSED_NOTIFICATION)
    widget = show(RUNNING)
    notify_button = widget.button("Notify")

    notify_button.click()

    expect(notify_button).to_have_attribute("aria-disabled", "true")
    expect(notify_button).to_have_attribute("aria-pressed", "false")
    expect(widget.panel).to_contain_text("The browser blocks the notifications of this page.")


def test_a_page_that_cannot_send_notifications(show: Callable[..., Widget], page: Page) -> None:
    """Plain http has none; the kernel's recipients are shown, and the button has a reason."""
    page.evaluate("delete globalThis.Notification")
    widget = show(RUNNING | {"notified": ["Slack"]})

    notify_button = widget.button("Notify: Slack")
    notify_button.focus()

    expect(notify_button).to_have_attribute("aria-disabled", "true")
    expect(widget.panel).to_contain_text("browsers allow them on https")
