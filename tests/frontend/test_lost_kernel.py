"""A kernel that is not there: the last known state, marked as such; never a false alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panel_page import RUNNING
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from panel_page import Widget
    from playwright.sync_api import Page

IDLE, BUSY = {"status": "idle"}, {"status": "busy"}
# A kernel that lists its comms, among which the widget's is not.
STRANGER = IDLE | {"comms": ["another"]}
SILENT = "The kernel does not answer; it may be busy with a cell."
OFFLINE = "No kernel is connected: this is how it was at 14:02:00."


def expect_last_known_state(widget: Widget) -> None:
    expect(widget.panel).to_contain_text(OFFLINE)
    expect(widget.panel).to_contain_text("Running")
    for name in ("Wait", "Cancel job", "Delete"):
        expect(widget.button(name)).to_be_disabled()
        expect(widget.button(name)).to_have_accessible_description("No kernel is connected.")
    widget.page.clock.run_for(5_000)
    expect(widget.panel.locator("small").first).to_have_text("running for 1 min")


def test_a_reopened_notebook(show: Callable[..., Widget]) -> None:
    """JupyterLab marks the view of a saved model that no kernel knows of."""
    widget = show(RUNNING, kernel=IDLE, className="lm-Widget jupyter-widgets-disconnected")

    expect_last_known_state(widget)


def test_a_restarted_kernel(show: Callable[..., Widget]) -> None:
    """JupyterLab says that the connection changed, and refuses to send."""
    widget = show(RUNNING, kernel=IDLE)
    widget.acknowledge()

    widget.connection_changes(lost=True)

    expect_last_known_state(widget)


def test_a_kernel_that_goes_and_one_that_is_back(show: Callable[..., Widget], page: Page) -> None:
    """The page says that it is gone; when it is back, the page subscribes and the job goes on."""
    widget = show(RUNNING, kernel=IDLE)
    widget.acknowledge()
    widget.connection_changes(kernel={"status": "dead"})
    page.clock.run_for(3_000)
    expect(widget.panel).to_contain_text(OFFLINE)

    widget.connection_changes(kernel=IDLE)
    page.clock.run_for(1_000)
    assert widget.messages[-1] == "subscribe"
    widget.acknowledge()

    expect(widget.panel).not_to_contain_text(OFFLINE)


def test_an_idle_kernel_that_is_silent(show: Callable[..., Widget], page: Page) -> None:
    """JupyterLab says idle while a cell sleeps: silence is no proof, and buttons stay usable."""
    widget = show(RUNNING, kernel=IDLE)

    page.clock.run_for(3_600_000)

    expect(widget.panel).not_to_contain_text("No kernel")
    expect(widget.panel).to_contain_text(SILENT)
    widget.button("Wait").click()
    assert widget.sent == ["wait"]


def test_a_busy_kernel_is_no_lost_kernel(show: Callable[..., Widget], page: Page) -> None:
    """A cell may run for an hour: nothing is wrong, and clicks are kept for later."""
    widget = show(RUNNING, kernel=BUSY)

    page.clock.run_for(3_600_000)

    expect(widget.panel).not_to_contain_text("No kernel")
    expect(widget.panel).to_contain_text("running for 1 h 1 min")
    expect(widget.button("Wait")).to_be_enabled()


def test_an_acknowledgement_brings_it_back(show: Callable[..., Widget], page: Page) -> None:
    """A kernel that acknowledges a message is alive."""
    widget = show(RUNNING, kernel=STRANGER)
    page.clock.run_for(10_000)
    expect(widget.panel).to_contain_text(OFFLINE)

    widget.acknowledge()

    expect(widget.panel).not_to_contain_text(OFFLINE)
    expect(widget.button("Wait")).to_be_enabled()


def test_a_click_that_cannot_be_sent(show: Callable[..., Widget]) -> None:
    """A click on a kernel that has just gone shows that, and is not said to be on its way."""
    widget = show(RUNNING, kernel=IDLE)
    widget.connection_changes(lost=False)
    widget.page.evaluate("name => { widgets[name].connection({lost: true}) }", widget.name)

    expect(widget.panel).to_contain_text(OFFLINE)
    expect(widget.panel).not_to_contain_text("Sending")
