"""Clocks and timers of the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from local_site import NOW_MS
from panel_page import RUNNING, ago
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from panel_page import Widget
    from playwright.sync_api import Page

HOUR = 3_600_000


def test_running_for_ticks_without_messages(show: Callable[..., Widget], page: Page) -> None:
    """The page draws each second by itself."""
    widget = show(RUNNING)

    for text in ("1 min 1 s", "1 min 2 s", "1 min 3 s"):
        page.clock.run_for(1_000)
        expect(widget.panel).to_contain_text("running for " + text)

    assert widget.sent == []


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
def test_a_server_whose_clock_is_wrong(show: Callable[..., Widget], page: Page, ahead: int) -> None:
    """Durations use the server's clock, before and after its current time is known."""
    times = {name: RUNNING[name] + ahead for name in ("created_at", "started_at", "as_of")}
    widget = show(RUNNING | times)
    expect(widget.panel).to_contain_text("running for 1 min")

    page.clock.run_for(5_000)
    expect(widget.panel).to_contain_text("running for 1 min 5 s")

    widget.acknowledge(server=NOW_MS + ahead + 5_000)
    expect(widget.panel).to_contain_text("running for 1 min 5 s")


def test_a_hidden_view_is_not_updated(show: Callable[..., Widget], page: Page) -> None:
    """It is updated once it is visible again."""
    widget = show(RUNNING)
    page.locator("main").evaluate("main => main.hidden = true")
    page.clock.run_for(3_000)
    assert widget.panel.locator("small").first.text_content() == "running for 1 min"

    page.locator("main").evaluate("main => main.hidden = false")
    page.clock.run_for(1_000)

    expect(widget.panel).to_contain_text("running for 1 min 4 s")


def test_the_countdown_to_the_next_try(show: Callable[..., Widget], page: Page) -> None:
    """The times of the last check and of the next try are right if the kernel's clock is wrong."""
    facts = {
        "error": "the server answered 502",
        "error_kind": "retrying",
        "checked_at": ago(11) + HOUR,
        "retry_at": ago(-6) + HOUR,
    }
    widget = show(RUNNING)
    widget.acknowledge(kernel=NOW_MS + HOUR)
    widget.update(RUNNING | facts)
    alert = widget.panel.get_by_role("alert")
    expect(alert).to_have_text("Last checked 14:01:49, retrying in 6 s: the server answered 502")

    page.clock.run_for(2_000)
    expect(alert).to_contain_text("retrying in 4 s")
    page.clock.run_for(5_000)
    expect(alert).to_contain_text("retrying now")
    expect(alert.get_by_text("retrying now")).to_have_attribute("aria-live", "off")


def test_the_page_subscribes_twice_and_reports_its_visibility(
    show: Callable[..., Widget], page: Page
) -> None:
    """The second message sets where to respond; a visible page reports each minute."""
    widget = show(RUNNING)
    assert widget.messages == ["subscribe"]

    page.clock.run_for(1_500)
    assert widget.messages == ["subscribe", "subscribe"]

    page.clock.run_for(60_000)
    assert widget.messages == ["subscribe", "subscribe", "visible"]
    page.locator("main").evaluate("main => main.hidden = true")
    page.clock.run_for(200_000)
    assert widget.messages == ["subscribe", "subscribe", "visible"]


def test_a_closed_widget_has_no_listeners_timers_and_nodes(
    show: Callable[..., Widget], page: Page
) -> None:
    """It sends no more messages."""
    page.evaluate(
        """() => {
          globalThis.timers = new Set();
          for (const [set, clear] of [["setTimeout", "clearTimeout"],
                                      ["setInterval", "clearInterval"],
                                      ["requestAnimationFrame", "cancelAnimationFrame"]]) {
            const [start, stop] = [globalThis[set], globalThis[clear]];
            globalThis[set] = (...call) => {
              const id = start(...call);
              timers.add(id);
              return id;
            };
            globalThis[clear] = (id) => {
              timers.delete(id);
              stop(id);
            };
          }
        }"""
    )
    widget = show(RUNNING, views=2)
    assert widget.listeners > 0
    assert page.evaluate("timers.size") > 0

    widget.close()

    assert widget.listeners == 0
    assert page.evaluate("timers.size") == 0
    assert page.locator(".tamr").count() == 0
    sent = len(widget.messages)
    page.clock.run_for(100_000)
    assert len(widget.messages) == sent
