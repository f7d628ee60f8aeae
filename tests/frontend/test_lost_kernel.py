"""A lost kernel: the last known state is marked as such; a busy kernel is not reported as lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panel_page import RUNNING
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from panel_page import Widget
    from playwright.sync_api import Page

IDLE, BUSY = {"status": "idle"}, {"status": "busy"}
# A kernel whose list of comms does not include the widget's.
OTHER_COMM = IDLE | {"comms": ["another"]}
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
    """JupyterLab reports that the connection changed, and sending fails."""
    widget = show(RUNNING, kernel=IDLE)
    widget.acknowledge()

    widget.change_connection(lost=True)

    expect_last_known_state(widget)


def test_a_kernel_that_is_lost_and_connected_again(show: Callable[..., Widget], page: Page) -> None:
    """The page shows the loss, subscribes to the new kernel, and follows the job again."""
    widget = show(RUNNING, kernel=IDLE)
    widget.acknowledge()
    widget.change_connection(kernel={"status": "dead"})
    page.clock.run_for(3_000)
    expect(widget.panel).to_contain_text(OFFLINE)

    widget.change_connection(kernel=IDLE)
    page.clock.run_for(1_000)
    assert widget.messages[-1] == "subscribe"
    widget.acknowledge()

    expect(widget.panel).not_to_contain_text(OFFLINE)


def test_an_idle_kernel_that_does_not_respond(show: Callable[..., Widget], page: Page) -> None:
    """JupyterLab shows idle while a cell sleeps, so it may be busy: the buttons stay enabled."""
    widget = show(RUNNING, kernel=IDLE)

    page.clock.run_for(3_600_000)

    expect(widget.panel).not_to_contain_text("No kernel")
    expect(widget.panel).to_contain_text(SILENT)
    widget.button("Wait").click()
    assert widget.sent == ["wait"]


def test_a_busy_kernel_is_not_reported_as_lost(show: Callable[..., Widget], page: Page) -> None:
    """A cell may run for an hour; times are updated, and the buttons stay enabled."""
    widget = show(RUNNING, kernel=BUSY)

    page.clock.run_for(3_600_000)

    expect(widget.panel).not_to_contain_text("No kernel")
    expect(widget.panel).to_contain_text("running for 1 h 1 min")
    expect(widget.button("Wait")).to_be_enabled()


def test_an_acknowledgement_shows_that_the_kernel_is_alive(
    show: Callable[..., Widget], page: Page
) -> None:
    """The buttons are enabled again."""
    widget = show(RUNNING, kernel=OTHER_COMM)
    page.clock.run_for(10_000)
    expect(widget.panel).to_contain_text(OFFLINE)

    widget.acknowledge()

    expect(widget.panel).not_to_contain_text(OFFLINE)
    expect(widget.button("Wait")).to_be_enabled()


def test_a_click_that_cannot_be_sent(show: Callable[..., Widget]) -> None:
    """The panel shows that the kernel is lost, and not that the click is being sent."""
    widget = show(RUNNING, kernel=IDLE)
    widget.change_connection(lost=True, reported=False)

    widget.button("Wait").click()

    expect(widget.panel).to_contain_text(OFFLINE)
    expect(widget.panel).not_to_contain_text("Sending")
