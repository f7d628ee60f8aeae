"""A kernel that is not there: the last known state, marked as such; never a false alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conftest import RUNNING
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Widget
    from playwright.sync_api import Page

IDLE, BUSY, DEAD = {"status": "idle"}, {"status": "busy"}, {"status": "dead"}
# What a kernel answers when it is asked which comms it knows.
KNOWS, STRANGER = IDLE | {"comms": ["layout"]}, IDLE | {"comms": ["another"]}
SILENT = "The kernel does not answer; it may be busy with a cell."
RUNS = "Waiting for the kernel: a cell is running."
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


def test_an_exported_page(show: Callable[..., Widget], page: Page) -> None:
    """Saved models have no way to any kernel, and say so."""
    widget = show(RUNNING, layout={"comm_live": False})

    page.clock.run_for(1_000)

    expect_last_known_state(widget)


def test_a_restarted_kernel(show: Callable[..., Widget]) -> None:
    """JupyterLab says that the connection changed, and refuses to send."""
    widget = show(RUNNING, kernel=IDLE)
    widget.acknowledge()

    widget.connection_changes(lost=True)

    expect_last_known_state(widget)


def test_a_kernel_that_was_shut_down(show: Callable[..., Widget], page: Page) -> None:
    """JupyterLab has no kernel for this notebook any more."""
    widget = show(RUNNING, kernel=IDLE)
    widget.acknowledge()
    widget.page.evaluate("name => { widgets[name].connection({kernel: null}) }", widget.name)

    page.clock.run_for(1_000)

    expect_last_known_state(widget)


def test_a_dead_kernel(show: Callable[..., Widget], page: Page) -> None:
    """A kernel whose process has died says so itself."""
    widget = show(RUNNING, kernel=IDLE)
    widget.acknowledge()

    widget.connection_changes(kernel=DEAD)
    page.clock.run_for(1_000)

    expect_last_known_state(widget)


@pytest.mark.parametrize("status", ["dead", "terminating", "restarting", "autorestarting"])
def test_a_kernel_that_goes_and_one_that_is_back(
    show: Callable[..., Widget], page: Page, status: str
) -> None:
    """While it is gone that is known; as soon as it is there it is greeted, and answers or not."""
    widget = show(RUNNING, kernel=IDLE)
    widget.acknowledge()
    widget.connection_changes(kernel={"status": status})
    page.clock.run_for(3_000)
    expect(widget.panel).to_contain_text(OFFLINE)

    widget.connection_changes(kernel=IDLE)
    page.clock.run_for(1_000)
    assert widget.messages[-1] == "subscribe"
    widget.acknowledge()

    expect(widget.panel).not_to_contain_text(OFFLINE)


@pytest.mark.parametrize(("kernel", "lost"), [(STRANGER, True), (KNOWS, False)])
def test_a_kernel_that_was_restarted_elsewhere(
    show: Callable[..., Widget], kernel: dict[str, object], lost: bool
) -> None:
    """Another page restarts it: this one only hears that it starts, and asks what it knows."""
    widget = show(RUNNING, kernel=kernel)
    widget.page.clock.run_for(2_000)
    widget.acknowledge()
    in_the_kernel = f"widgets.{widget.name}.kernel()"

    widget.page.evaluate(f"{in_the_kernel}.say('starting')")

    if lost:
        expect_last_known_state(widget)
    else:
        widget.page.clock.run_for(8_000)
        expect(widget.panel).not_to_contain_text("No kernel")
    widget.close()
    assert widget.page.evaluate(f"{in_the_kernel}.listeners()") == 0


def test_a_connection_that_is_lost(show: Callable[..., Widget], page: Page) -> None:
    """A connection that is being made again is waited for; one that is given up is none."""
    widget = show(RUNNING, kernel=IDLE | {"connectionStatus": "connecting"})
    page.clock.run_for(6_000)
    expect(widget.panel).to_contain_text("Waiting for the connection to the kernel.")

    widget.connection_changes(kernel=IDLE | {"connectionStatus": "disconnected"})
    page.clock.run_for(1_000)

    expect_last_known_state(widget)


def test_an_idle_kernel_that_never_answers(show: Callable[..., Widget], page: Page) -> None:
    """JupyterLab says idle while a cell sleeps: silence is no proof, and buttons stay usable."""
    widget = show(RUNNING, kernel=IDLE)

    page.clock.run_for(3_600_000)

    expect(widget.panel).not_to_contain_text("No kernel")
    expect(widget.panel).to_contain_text(SILENT)
    widget.button("Wait").click()
    assert widget.sent == ["wait"]


def test_a_kernel_that_knows_of_others_only(show: Callable[..., Widget], page: Page) -> None:
    """Asked which widgets it knows, a kernel that started anew does not name this one."""
    widget = show(RUNNING, kernel=STRANGER)

    page.clock.run_for(10_000)

    expect_last_known_state(widget)


def test_a_busy_kernel_that_is_asked(show: Callable[..., Widget], page: Page) -> None:
    """It can't answer before its cell has ended: it is asked once, and nothing follows."""
    widget = show(RUNNING, kernel=STRANGER | BUSY)

    page.clock.run_for(60_000)

    expect(widget.panel).not_to_contain_text("No kernel")
    expect(widget.panel).to_contain_text(RUNS)
    assert page.evaluate(f"widgets.{widget.name}.kernel().asked") == 1


def test_a_kernel_that_knows_of_us_but_is_silent(show: Callable[..., Widget], page: Page) -> None:
    """It is there: what is missing is only its answer."""
    widget = show(RUNNING, kernel=KNOWS)

    page.clock.run_for(60_000)

    expect(widget.panel).not_to_contain_text("No kernel")
    expect(widget.panel).to_contain_text(SILENT)


def test_answers_out_of_order(show: Callable[..., Widget], page: Page) -> None:
    """A subshell answers the second greeting before a busy shell the first: the largest counts."""
    widget = show(RUNNING, kernel=IDLE)
    page.clock.run_for(2_000)

    widget._tell("answer", [1])
    page.clock.run_for(10_000)
    expect(widget.panel).not_to_contain_text("The kernel does not answer")
    widget._tell("answer", [0])
    page.clock.run_for(20_000)

    expect(widget.panel).not_to_contain_text("kernel")


def test_any_message_is_a_sign_of_life(show: Callable[..., Widget], page: Page) -> None:
    """A kernel that was thought lost and says something is there."""
    widget = show(RUNNING, kernel=STRANGER)
    page.clock.run_for(10_000)
    expect(widget.panel).to_contain_text(OFFLINE)

    widget.update(RUNNING | {"message": "50%"})

    expect(widget.panel).not_to_contain_text(OFFLINE)
    expect(widget.button("Wait")).to_be_enabled()


def test_news_while_a_message_waits(show: Callable[..., Widget], page: Page) -> None:
    """A kernel that goes on telling of the job does not count as silent, but its shell waits."""
    widget = show(RUNNING, kernel=IDLE)
    for second in range(10):
        page.clock.run_for(1_000)
        widget.update(RUNNING | {"message": f"{second}%"})

    expect(widget.panel).to_contain_text("Waiting for the kernel; it may be busy with a cell.")
    widget.acknowledge()
    expect(widget.panel).not_to_contain_text("Waiting for the kernel")


def test_a_busy_kernel_is_no_lost_kernel(show: Callable[..., Widget], page: Page) -> None:
    """A cell may run for an hour: nothing is wrong, and clicks are kept for later."""
    widget = show(RUNNING, kernel=BUSY)

    page.clock.run_for(3_600_000)

    expect(widget.panel).not_to_contain_text("No kernel")
    expect(widget.panel).to_contain_text("running for 1 h 1 min")
    expect(widget.button("Wait")).to_be_enabled()


def test_a_front_end_that_tells_nothing_of_its_kernel(
    show: Callable[..., Widget], page: Page
) -> None:
    """Without a word about the kernel, silence is no proof that it is lost."""
    widget = show(RUNNING)

    page.clock.run_for(600_000)

    expect(widget.panel).not_to_contain_text("No kernel")


def test_an_answer_brings_it_back(show: Callable[..., Widget], page: Page) -> None:
    """Whoever answers is there."""
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
