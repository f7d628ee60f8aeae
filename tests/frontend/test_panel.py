"""The texts and accessible names of the panel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from local_site import NOW, new_context
from panel_page import FAILED, RUNNING, SUCCEEDED, ago
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from panel_page import Widget
    from playwright.sync_api import Browser, Page

# Both store the copied text; the second one is for pages without a clipboard API.
CLIPBOARD = """() => Object.defineProperty(navigator, "clipboard", {
  value: { writeText: async (text) => { globalThis.copied = text; } },
})"""
NO_CLIPBOARD = """() => {
  Object.defineProperty(navigator, "clipboard", { value: undefined });
  addEventListener("copy", () => { globalThis.copied = String(getSelection()); });
}"""
ESTIMATE = {"median": 100, "low": 80, "high": 130, "samples": 20}


def test_roles_and_accessible_names(show: Callable[..., Widget], page: Page) -> None:
    """Tests and assistive technology rely on those of the root, the bar and the buttons."""
    widget = show(RUNNING)

    root = page.get_by_role("group", name="Operation 17: Train Mastering Model", exact=True)
    expect(root).to_have_attribute("data-state", "RUNNING")
    expect(root.get_by_role("progressbar", name="Progress")).to_have_count(1)
    expect(root.locator("[role=status]")).to_have_count(1)
    for name in ("Wait", "Cancel job", "Delete"):
        expect(widget.button(name)).to_be_visible()
    expect(root.get_by_role("alert")).to_have_count(0)


def test_the_facts_of_a_running_job(show: Callable[..., Widget]) -> None:
    """The panel shows description, id, user, times in the user's time zone, and durations."""
    widget = show(RUNNING | {"message": "Spark driver running"})

    expect(widget.panel).to_contain_text("Running")
    expect(widget.panel).to_contain_text("Train Mastering Model")
    expect(widget.panel).to_contain_text("running for 1 min")
    expect(widget.panel.locator(".tamr-facts > div")).to_have_text(
        ["Id17", "TypeSPARK", "Startedby admin at 14:00:48", "Queued12 s"]
    )
    expect(widget.panel).to_contain_text("Spark driver running")


def test_times_follow_the_user_s_locale_and_time_zone(chromium: Browser, site: str) -> None:
    """A user in New York sees the time of New York in the American format."""
    context = new_context(chromium, site, locale="en-US", timezone_id="America/New_York")
    page = context.new_page()
    page.clock.install(time=NOW)
    page.goto("/widget.html")

    page.evaluate("facts => openWidget(facts)", RUNNING)

    expect(page.locator(".tamr-facts")).to_contain_text("by admin at 9:00:48 AM")
    context.close()


def test_a_time_of_another_day_has_its_date(show: Callable[..., Widget]) -> None:
    """A time of today has none."""
    widget = show(SUCCEEDED | {"created_at": ago(100_000)})

    expect(widget.panel.locator(".tamr-facts")).to_contain_text("at 28 Jan 2021, 10:15")


def test_the_facts_of_a_resolved_job(show: Callable[..., Widget]) -> None:
    """The panel shows how long the job ran, and when it ended."""
    widget = show(SUCCEEDED)

    expect(widget.panel).to_contain_text("Succeeded")
    expect(widget.panel).to_contain_text("ran 55 s")
    expect(widget.panel.locator(".tamr-facts")).to_contain_text("Ended14:01:55")


@pytest.mark.parametrize(
    ("state", "label"),
    [("CANCELING", "Cancelling"), (None, "State not known")],
)
def test_labels_of_states(show: Callable[..., Widget], state: str | None, label: str) -> None:
    """A missing state is shown as not known."""
    widget = show({**RUNNING, "state": state} if state else {"id": "17"})

    expect(widget.panel.locator("span:has(svg)")).to_have_text(label)
    expect(widget.panel).to_have_attribute("data-state", state or "")


def test_the_bar_has_no_value_without_an_estimate(show: Callable[..., Widget]) -> None:
    bar = show(RUNNING).panel.get_by_role("progressbar")

    for name in ("aria-valuenow", "aria-valuetext"):
        expect(bar).not_to_have_attribute(name, re.compile(""))


def test_an_estimate_is_marked_as_such(show: Callable[..., Widget]) -> None:
    """The text and the accessible value of the bar have its basis, too."""
    widget = show(RUNNING | {"estimate": ESTIMATE})
    bar = widget.panel.get_by_role("progressbar")

    expect(widget.panel).to_contain_text("About 40 s left (20 to 70 s, from 20 past runs)")
    expect(widget.panel).to_contain_text("estimate")
    expect(bar).to_have_attribute("aria-valuenow", "55")
    text = widget.panel.locator("small", has_text="About").inner_text()
    expect(bar).to_have_attribute("aria-valuetext", f"55%: {text}")

    widget.update(SUCCEEDED)
    expect(bar).to_have_attribute("aria-valuenow", "100")
    expect(bar).to_have_attribute("aria-valuetext", "Succeeded")


def test_the_estimated_start_of_a_queued_job(show: Callable[..., Widget]) -> None:
    """The bar has no value until the job has started."""
    facts = {"id": "17", "state": "PENDING", "created_at": ago(5), "as_of": ago(0)}

    widget = show(facts | {"queue": {"median": 12, "low": 8, "high": 60, "samples": 20}})

    expect(widget.panel).to_contain_text("Starts in about 7 s (3 to 55 s, from 20 past runs)")
    expect(widget.panel.get_by_role("progressbar")).not_to_have_attribute(
        "aria-valuenow", re.compile("")
    )


def test_details_show_the_whole_trace(show: Callable[..., Widget], page: Page) -> None:
    """It is hidden at first, and can be focused and copied when it is shown."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    widget = show(FAILED)
    trace = widget.panel.get_by_role("region", name="Full message")
    details = widget.button("Details")
    expect(trace).to_have_count(0)
    expect(details).to_have_attribute("aria-expanded", "false")

    details.press("Enter")

    expect(details).to_have_attribute("aria-expanded", "true")
    expect(trace).to_have_text(FAILED["details"])
    trace.focus()
    expect(trace).to_be_focused()
    widget.button("Copy").click()
    expect(widget.button("Copied")).to_be_focused()
    assert page.evaluate("navigator.clipboard.readText()") == FAILED["details"]


def test_copy_works_without_a_clipboard(show: Callable[..., Widget], page: Page) -> None:
    """Browsers have no clipboard API on plain http; `execCommand` is used there."""
    widget = show(FAILED)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.evaluate("addEventListener('copy', () => globalThis.copied = String(getSelection()))")
    widget.button("Details").click()

    widget.button("Copy").click()

    expect(widget.button("Copied")).to_be_visible()
    assert page.evaluate("copied.trim()") == FAILED["details"].strip()


def test_only_a_change_of_state_is_announced(show: Callable[..., Widget], page: Page) -> None:
    """The live region is empty at first, and after ticks and updates with the same state."""
    widget = show(RUNNING)
    announcement = widget.panel.locator("[role=status]")
    expect(announcement).to_have_attribute("role", "status")

    page.clock.run_for(5_000)
    widget.update(RUNNING | {"message": "step 2 of 8"})
    expect(announcement).to_have_text("")

    widget.update(SUCCEEDED)
    expect(announcement).to_have_text("Succeeded")
    widget.update(SUCCEEDED | {"deleted": True})
    expect(announcement).to_have_text("Deleted")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("gone", "Gone from the server: no answer. Look there."),
        ("refused", "No permission: no answer. Look there."),
        ("stopped", "No longer checked: no answer. Look there."),
        ("action", "That did not work: no answer. Look there."),
        ("of a later version", "That did not work: no answer. Look there."),
    ],
)
def test_each_kind_of_error_has_a_label(show: Callable[..., Widget], kind: str, text: str) -> None:
    """The last known state is still shown."""
    widget = show(RUNNING | {"error": "no answer. Look there.", "error_kind": kind})

    expect(widget.panel.get_by_role("alert")).to_have_text(text)
    expect(widget.panel).to_contain_text("Running")


@pytest.mark.parametrize("kind", ["gone", "refused", "stopped"])
def test_times_stop_when_polling_has_ended(
    show: Callable[..., Widget], page: Page, kind: str
) -> None:
    """Durations, estimates and animations would suggest that the job still runs."""
    widget = show(RUNNING | {"error": "no answer", "error_kind": kind, "estimate": ESTIMATE})

    page.clock.run_for(30_000)

    expect(widget.panel).to_contain_text("running for 1 min")
    expect(widget.panel).not_to_contain_text("left")
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("kind", ["refused", "stopped"])
def test_try_again_resumes_polling(show: Callable[..., Widget], kind: str) -> None:
    """The Wait button is labelled Try again and sends the same message."""
    error = {"error": "it said 403", "error_kind": kind}
    widget = show(RUNNING | error)
    expect(widget.button("Wait")).to_have_count(0)

    widget.button("Try again").click()
    assert widget.sent == ["wait"]
    widget.acknowledge()
    widget.update(RUNNING | {"waiting": True})

    expect(widget.button("Stop waiting")).to_be_enabled()
    widget.update(RUNNING | error)
    expect(widget.button("Try again")).to_be_enabled()


@pytest.mark.parametrize("kind", ["gone", "retrying", "action"])
def test_try_again_is_offered_only_if_polling_has_ended(
    show: Callable[..., Widget], kind: str
) -> None:
    """It is not offered while polling continues or if the operation is gone."""
    widget = show(RUNNING | {"error": "it said 404", "error_kind": kind})

    expect(widget.button("Try again")).to_have_count(0)


def test_a_callback_that_raised(show: Callable[..., Widget]) -> None:
    """Its error is shown beside the server's error, and disappears independently."""
    message = "A callback of this notebook raised ValueError: <b>no</b>"
    error = {"error": "it said 502", "error_kind": "action"}
    widget = show(RUNNING | error | {"callback_error": message})

    alerts = widget.panel.get_by_role("alert")
    expect(alerts).to_have_text(["That did not work: it said 502", message])
    widget.update(RUNNING | {"callback_error": message})
    expect(alerts).to_have_text([message])
    widget.update(RUNNING)
    expect(alerts).to_have_count(0)


def test_an_alert_disappears_with_its_error(show: Callable[..., Widget]) -> None:
    widget = show(RUNNING | {"error": "no answer", "error_kind": "action"})

    widget.update(RUNNING)

    expect(widget.panel.get_by_role("alert")).to_have_count(0)


def test_the_confirmation_names_the_server_and_another_user(show: Callable[..., Widget]) -> None:
    """The user who started the job is named if it is not the client's."""
    facts = {"server": "production", "created_by": "nightly", "by_other": True}
    widget = show(RUNNING | facts)

    widget.button("Cancel job").click()
    question = widget.panel.get_by_role(
        "group",
        name="Cancel this job on production? It was started by nightly, not by you.",
        exact=True,
    )
    expect(question).to_be_visible()
    widget.button("Keep running").click()

    widget.update(SUCCEEDED | facts | {"by_other": False})
    widget.button("Delete").click()
    expect(
        widget.panel.get_by_role("group", name="Delete this operation from production?", exact=True)
    ).to_be_visible()


@pytest.mark.parametrize(
    ("name", "facts", "expected"),
    [
        ("Copy code", {"code": 'client.operation("17")'}, 'client.operation("17")'),
        ("Copy path", {"artifact": "/data/<b>.zip"}, "/data/<b>.zip"),
    ],
)
@pytest.mark.parametrize("clipboard", [True, False], ids=["https", "http"])
def test_code_and_path_are_copied(
    show: Callable[..., Widget],
    page: Page,
    name: str,
    facts: dict[str, str],
    expected: str,
    clipboard: bool,
) -> None:
    """The clipboard API or `execCommand` is used; the button reads Copied while it is focused."""
    page.evaluate(CLIPBOARD if clipboard else NO_CLIPBOARD)
    widget = show(SUCCEEDED | facts)

    widget.panel.get_by_role("button", name=name, exact=True).click()

    expect(widget.panel.get_by_role("button", name="Copied", exact=True)).to_be_focused()
    assert page.evaluate("copied") == expected
    widget.button("Delete").focus()
    expect(widget.button(name)).to_be_visible()


def test_a_copy_that_the_browser_refuses(show: Callable[..., Widget], page: Page) -> None:
    """The button shows that nothing was copied."""
    page.evaluate(NO_CLIPBOARD)
    page.evaluate("document.execCommand = () => false")
    widget = show(SUCCEEDED | {"code": "x"})

    widget.button("Copy code").click()

    expect(widget.button("The browser does not allow it")).to_be_focused()


def test_the_artifact_and_the_server_are_shown(show: Callable[..., Widget]) -> None:
    """The path of the artifact is not cut."""
    widget = show(
        SUCCEEDED | {"artifact": "/exports/" + "x" * 150 + ".zip", "server": "production"}
    )

    expect(widget.panel).to_contain_text("/exports/" + "x" * 150 + ".zip")
    expect(widget.panel).to_contain_text("Server")
    expect(widget.panel).to_contain_text("production")


def test_without_a_kernel_the_panel_shows_code_to_continue(show: Callable[..., Widget]) -> None:
    """The code can still be copied."""
    widget = show(RUNNING | {"code": 'client.operation("17")'})

    widget.change_connection(lost=True)

    expect(widget.panel).to_contain_text("No kernel is connected")
    expect(widget.panel).to_contain_text('To follow it again: client.operation("17")')
    expect(widget.button("Copy code")).to_be_enabled()


def test_styles_of_an_older_version_are_replaced(show: Callable[..., Widget], page: Page) -> None:
    """After an upgrade, a page that was not reloaded still has the old styles."""
    show(RUNNING)
    styles = page.locator("head style[data-tamr]")
    styles.evaluate("style => { style.textContent = '.tamr { display: none }' }")

    widget = show(RUNNING)

    expect(widget.panel).to_be_visible()
    expect(styles).to_have_count(1)
