"""The panel's texts and names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from local_site import NOW, reader
from panel_page import FAILED, RUNNING, SUCCEEDED, ago
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from panel_page import Widget
    from playwright.sync_api import Browser, Page

# They keep the text, with a clipboard and without one.
CLIPBOARD = """() => Object.defineProperty(navigator, "clipboard", {
  value: { writeText: async (text) => { globalThis.clipped = text; } },
})"""
NO_CLIPBOARD = """() => {
  Object.defineProperty(navigator, "clipboard", { value: undefined });
  addEventListener("copy", () => { globalThis.clipped = String(getSelection()); });
}"""
ESTIMATE = {"median": 100, "low": 80, "high": 130, "samples": 20}


def test_the_names_that_tests_and_assistive_technology_rely_on(
    show: Callable[..., Widget], page: Page
) -> None:
    """The root, the bar and the buttons have the roles and names of the design."""
    widget = show(RUNNING)

    root = page.get_by_role("group", name="Operation 17: Train Mastering Model", exact=True)
    expect(root).to_have_attribute("data-state", "RUNNING")
    expect(root.get_by_role("progressbar", name="Progress")).to_have_count(1)
    expect(root.locator("[role=status]")).to_have_count(1)
    for name in ("Wait", "Cancel job", "Delete"):
        expect(widget.button(name)).to_be_visible()
    expect(root.get_by_role("alert")).to_have_count(0)


def test_the_facts_of_a_running_job(show: Callable[..., Widget]) -> None:
    """Description, id, user, times and durations, in the reader's own time."""
    widget = show(RUNNING | {"message": "Spark driver running"})

    expect(widget.panel).to_contain_text("Running")
    expect(widget.panel).to_contain_text("Train Mastering Model")
    expect(widget.panel).to_contain_text("running for 1 min")
    expect(widget.panel.locator(".tamr-facts > div")).to_have_text(
        ["Id17", "TypeSPARK", "Startedby admin at 14:00:48", "Queued12 s"]
    )
    expect(widget.panel).to_contain_text("Spark driver running")


def test_times_follow_the_readers_locale_and_zone(chromium: Browser, site: str) -> None:
    """A reader in New York sees New York's time, written as there."""
    context = reader(chromium, site, locale="en-US", timezone_id="America/New_York")
    page = context.new_page()
    page.clock.install(time=NOW)
    page.goto("/widget.html")

    page.evaluate("facts => openWidget(facts)", RUNNING)

    expect(page.locator(".tamr-facts")).to_contain_text("by admin at 9:00:48 AM")
    context.close()


def test_a_time_of_another_day_has_its_date(show: Callable[..., Widget]) -> None:
    """A time that is not today's has its date."""
    widget = show(SUCCEEDED | {"created_at": ago(100_000)})

    expect(widget.panel.locator(".tamr-facts")).to_contain_text("at 28 Jan 2021, 10:15")


def test_how_it_ended(show: Callable[..., Widget]) -> None:
    """A resolved job says how long it queued and ran, and when it ended."""
    widget = show(SUCCEEDED)

    expect(widget.panel).to_contain_text("Succeeded")
    expect(widget.panel).to_contain_text("ran 55 s")
    expect(widget.panel.locator(".tamr-facts")).to_contain_text("Ended14:01:55")


@pytest.mark.parametrize(
    ("state", "words"),
    [("CANCELING", "Cancelling"), (None, "State not known")],
)
def test_states_in_words(show: Callable[..., Widget], state: str | None, words: str) -> None:
    """States have labels, unknown ones the server's text."""
    widget = show({**RUNNING, "state": state} if state else {"id": "17"})

    expect(widget.panel.locator("span:has(svg)")).to_have_text(words)
    expect(widget.panel).to_have_attribute("data-state", state or "")


def test_without_a_basis_the_bar_says_nothing(show: Callable[..., Widget]) -> None:
    """No estimate, no number."""
    bar = show(RUNNING).panel.get_by_role("progressbar")

    for name in ("aria-valuenow", "aria-valuetext"):
        expect(bar).not_to_have_attribute(name, re.compile(""))


def test_an_estimate_says_that_it_is_one(show: Callable[..., Widget]) -> None:
    """A value from past runs is called an estimate, for the eye and for the ear."""
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


def test_when_it_will_start(show: Callable[..., Widget]) -> None:
    """While the job is queued, the estimate is of its start, and the bar has no value."""
    facts = {"id": "17", "state": "PENDING", "created_at": ago(5), "as_of": ago(0)}

    widget = show(facts | {"queue": {"median": 12, "low": 8, "high": 60, "samples": 20}})

    expect(widget.panel).to_contain_text("Starts in about 7 s (3 to 55 s, from 20 past runs)")
    expect(widget.panel.get_by_role("progressbar")).not_to_have_attribute(
        "aria-valuenow", re.compile("")
    )


def test_the_trace_waits_behind_details(show: Callable[..., Widget], page: Page) -> None:
    """The first line is enough to read on; the whole trace can be opened, scrolled and copied."""
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
    """On plain http, where browsers have no clipboard for pages, the old way is taken."""
    widget = show(FAILED)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.evaluate("addEventListener('copy', () => globalThis.clipped = String(getSelection()))")
    widget.button("Details").click()

    widget.button("Copy").click()

    expect(widget.button("Copied")).to_be_visible()
    assert page.evaluate("clipped.trim()") == FAILED["details"].strip()


def test_only_a_change_of_state_is_announced(show: Callable[..., Widget], page: Page) -> None:
    """The live region is silent at first, on ticks and on news that leave the state as it was."""
    widget = show(RUNNING)
    spoken = widget.panel.locator("[role=status]")
    expect(spoken).to_have_attribute("role", "status")

    page.clock.run_for(5_000)
    widget.update(RUNNING | {"message": "step 2 of 8"})
    expect(spoken).to_have_text("")

    widget.update(SUCCEEDED)
    expect(spoken).to_have_text("Succeeded")
    widget.update(SUCCEEDED | {"deleted": True})
    expect(spoken).to_have_text("Deleted")


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
def test_errors_differ_by_name(show: Callable[..., Widget], kind: str, text: str) -> None:
    """Each kind of error has a name of its own, and leaves the last known state in sight."""
    widget = show(RUNNING | {"error": "no answer. Look there.", "error_kind": kind})

    expect(widget.panel.get_by_role("alert")).to_have_text(text)
    expect(widget.panel).to_contain_text("Running")


@pytest.mark.parametrize("kind", ["gone", "refused", "stopped"])
def test_what_is_not_followed_any_more_stands_still(
    show: Callable[..., Widget], page: Page, kind: str
) -> None:
    """Once polling has ended, no clock and no bar pretends that the job is known to go on."""
    widget = show(RUNNING | {"error": "no answer", "error_kind": kind, "estimate": ESTIMATE})

    page.clock.run_for(30_000)

    expect(widget.panel).to_contain_text("running for 1 min")
    expect(widget.panel).not_to_contain_text("left")
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("kind", ["refused", "stopped"])
def test_polling_that_has_ended_can_be_tried_again(show: Callable[..., Widget], kind: str) -> None:
    """Wait reads Try again and is the same message; once it is followed anew it stops waiting."""
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
def test_only_polling_that_has_ended_is_tried_again(show: Callable[..., Widget], kind: str) -> None:
    """Polling that goes on, or a job that is gone, leave nothing to try."""
    widget = show(RUNNING | {"error": "it said 404", "error_kind": kind})

    expect(widget.button("Try again")).to_have_count(0)


def test_a_callback_that_raised(show: Callable[..., Widget]) -> None:
    """It is a notice of its own beside the server's error, and goes on its own."""
    said = "A callback of this notebook raised ValueError: <b>no</b>"
    error = {"error": "it said 502", "error_kind": "action"}
    widget = show(RUNNING | error | {"callback_error": said})

    alerts = widget.panel.get_by_role("alert")
    expect(alerts).to_have_text(["That did not work: it said 502", said])
    widget.update(RUNNING | {"callback_error": said})
    expect(alerts).to_have_text([said])
    widget.update(RUNNING)
    expect(alerts).to_have_count(0)


def test_an_error_that_is_over_is_gone(show: Callable[..., Widget]) -> None:
    """An alert leaves with its error."""
    widget = show(RUNNING | {"error": "no answer", "error_kind": "action"})

    widget.update(RUNNING)

    expect(widget.panel.get_by_role("alert")).to_have_count(0)


def test_the_question_names_the_server_and_whose_job_it_is(show: Callable[..., Widget]) -> None:
    """A user sees that it is the job of another one, and on which server."""
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
    """With the clipboard of the browser, or the older way; the button says so until it is left."""
    page.evaluate(CLIPBOARD if clipboard else NO_CLIPBOARD)
    widget = show(SUCCEEDED | facts)

    widget.panel.get_by_role("button", name=name, exact=True).click()

    expect(widget.panel.get_by_role("button", name="Copied", exact=True)).to_be_focused()
    assert page.evaluate("clipped") == expected
    widget.button("Delete").focus()
    expect(widget.button(name)).to_be_visible()


def test_a_copy_that_the_browser_refuses(show: Callable[..., Widget], page: Page) -> None:
    """It does not say that it has copied anything."""
    page.evaluate(NO_CLIPBOARD)
    page.evaluate("document.execCommand = () => false")
    widget = show(SUCCEEDED | {"code": "x"})

    widget.button("Copy code").click()

    expect(widget.button("The browser does not allow it")).to_be_focused()


def test_an_artifact_is_a_fact(show: Callable[..., Widget]) -> None:
    """With its whole path, and who cancelled a job is one, too."""
    widget = show(
        SUCCEEDED | {"artifact": "/exports/" + "x" * 150 + ".zip", "server": "production"}
    )

    expect(widget.panel).to_contain_text("/exports/" + "x" * 150 + ".zip")
    expect(widget.panel).to_contain_text("Server")
    expect(widget.panel).to_contain_text("production")


def test_without_a_kernel_the_panel_says_how_to_go_on(show: Callable[..., Widget]) -> None:
    """The code is in the text, and can still be copied."""
    widget = show(RUNNING | {"code": 'client.operation("17")'})

    widget.connection_changes(lost=True)

    expect(widget.panel).to_contain_text("No kernel is connected")
    expect(widget.panel).to_contain_text('To follow it again: client.operation("17")')
    expect(widget.button("Copy code")).to_be_enabled()


def test_styles_of_an_older_version_are_replaced(show: Callable[..., Widget], page: Page) -> None:
    """After an upgrade a page that was not reloaded still has those of the version before."""
    show(RUNNING)
    styles = page.locator("head style[data-tamr]")
    styles.evaluate("style => { style.textContent = '.tamr { display: none }' }")

    widget = show(RUNNING)

    expect(widget.panel).to_be_visible()
    expect(styles).to_have_count(1)
