"""ChainWidget's page: steps, actions, keyboard, announcements and layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from chain_page import (
    FAILED_STEP,
    FAILURE,
    NEW,
    RUNNING,
    STATES,
    STOPPING,
    UNKNOWN,
    WHY,
    chain,
)
from panel_page import FAILED, ago
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from panel_page import Widget
    from playwright.sync_api import Locator, Page


@pytest.fixture
def open_chain(show: Callable[..., Widget]) -> Callable[..., Widget]:
    def open_chain(facts: dict[str, Any], **options: Any) -> Widget:
        return show(facts, entry="chain/index.js", trait="_chain", **options)

    return open_chain


def step(widget: Widget, number: int) -> Locator:
    return widget.panel.get_by_role("list", name="Steps").get_by_role("listitem").nth(number)


def test_steps_show_their_state_and_their_time(open_chain):
    widget = open_chain(RUNNING)

    expect(widget.panel).to_have_accessible_name("Chain: Nightly")
    expect(widget.panel).to_contain_text("step 2 of 4")
    expect(step(widget, 0)).to_have_text("UpdateSucceeded40 s")
    expect(step(widget, 1)).to_have_text("PairsRunningAbout 30 s left")
    expect(step(widget, 2)).to_have_text("TrainTo comeusually 1 min")
    expect(widget.panel).to_contain_text("All done at about 14:04 (14:04 to 14:05) · estimate")


def test_a_step_with_an_unknown_end_has_no_estimate(open_chain):
    expect(step(open_chain(UNKNOWN), 1)).to_have_text("PairsEnd not known")


def test_the_remaining_time_is_updated_without_the_kernel(open_chain, page: Page):
    widget = open_chain(RUNNING)

    page.clock.run_for(20_000)

    expect(step(widget, 1)).to_contain_text("About 10 s left")


def test_a_failure_shows_its_reason_and_the_blocked_steps(open_chain):
    widget = open_chain(FAILURE)

    expect(widget.panel).to_contain_text(f"Pairs: {WHY} · holds up Train, Publish")
    expect(step(widget, 2)).to_contain_text("Held up")
    expect(widget.panel).to_contain_text("1 of 4 steps done")


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        ("new", ["Start"]),
        ("running", ["Stop after this step", "Cancel"]),
        ("stopping", ["Go on from here", "Cancel"]),
        ("failed", ["Go on from here"]),
        ("canceled", ["Go on from here"]),
        ("stopped", ["Go on from here"]),
        ("succeeded", []),
    ],
)
def test_a_chain_offers_the_actions_that_have_an_effect(open_chain, state, actions):
    widget = open_chain(STATES[state])
    buttons = widget.panel.locator("button:not([value^=step])")

    expect(buttons.filter(visible=True)).to_have_text(actions)


@pytest.mark.parametrize(
    ("facts", "name", "no", "yes", "action"),
    [
        (NEW, "Start", "Not now", "Yes, start it", "start"),
        (RUNNING, "Cancel", "Keep running", "Yes, cancel it", "cancel"),
        (FAILURE, "Go on from here", "Not now", "Yes, go on from here", "resume"),
    ],
)
def test_an_action_that_changes_the_server_is_confirmed_first(
    open_chain, page, facts, name, no, yes, action
):
    widget = open_chain(facts)

    widget.button(name).press("Enter")
    expect(widget.button(no)).to_be_focused()
    page.keyboard.press("Escape")
    expect(widget.button(name)).to_be_focused()
    widget.button(name).press("Enter")
    widget.button(no).press("Enter")
    expect(widget.button(name)).to_be_focused()
    assert widget.sent == []

    widget.button(name).press("Enter")
    widget.button(yes).press("Enter")
    expect(widget.panel).to_contain_text("Sending…")
    assert widget.sent == [action]


def test_the_confirmation_names_the_server(open_chain):
    """The label is inserted literally, patterns of `replace` included."""
    widget = open_chain(RUNNING | {"server": "production $& %"})

    widget.button("Cancel").click()

    question = "Cancel the job that runs on production $& %, and start no more?"
    expect(widget.panel.get_by_role("group", name=question, exact=True)).to_be_visible()


def test_stopping_needs_no_confirmation(open_chain):
    widget = open_chain(RUNNING)

    widget.button("Stop after this step").click()

    assert widget.sent == ["stop"]


def test_the_focus_moves_when_its_button_is_removed(open_chain):
    widget = open_chain(RUNNING)
    widget.button("Stop after this step").focus()

    widget.update(STOPPING)

    expect(step(widget, 0).get_by_role("button")).to_be_focused()


def test_a_step_expands_to_the_panel_of_its_operation(open_chain, page):
    widget = open_chain(FAILURE)
    toggle = step(widget, 1).get_by_role("button")
    expect(toggle).to_have_attribute("aria-expanded", "false")

    toggle.press("Enter")
    expect(toggle).to_have_attribute("aria-expanded", "true")
    panel = widget.panel.get_by_role("group", name="Operation 402")
    expect(panel).to_be_visible()
    widget.receive({"panel": "Pairs", "facts": FAILED | {"id": "402"}})
    expect(panel).to_contain_text("Train Mastering Model")
    widget.receive({"collapsed": "Pairs"})  # by another page

    toggle.press("Enter")
    expect(panel).to_have_count(0)
    widget.receive({"collapsed": "Pairs"})
    assert widget.sent == ["expand", "expand", "collapse"]


def test_a_step_without_an_operation_does_not_expand(open_chain):
    widget = open_chain(RUNNING)
    toggle = step(widget, 2).get_by_role("button")

    toggle.press("Enter")

    expect(toggle).to_have_attribute("aria-disabled", "true")
    assert widget.sent == []


def test_the_end_of_a_step_is_announced_once(open_chain):
    widget = open_chain(RUNNING)
    status = widget.panel.get_by_role("status")
    expect(status).to_be_empty()

    widget.update(FAILURE)
    expect(status).to_have_text("Pairs: Failed")
    widget.update(FAILURE | {"as_of": ago(-5)})
    expect(status).to_have_text("Pairs: Failed")


def test_a_second_failure_is_announced_too(open_chain):
    """Screen readers announce only a text that differs from the previous one."""
    widget = open_chain(RUNNING)
    status = widget.panel.get_by_role("status")

    for _ in range(2):
        widget.update(FAILURE)
        expect(status).to_have_text("Pairs: Failed")
        widget.update(RUNNING)
        expect(status).to_be_empty()


def test_two_views_show_the_same_state(open_chain, page):
    open_chain(RUNNING, views=2)
    first, second = (page.locator("main .tamr-chain").nth(i) for i in range(2))

    first.get_by_role("button", name="Cancel", exact=True).click()

    expect(second.get_by_role("button", name="Keep running")).to_be_visible()


def test_a_step_that_may_have_started_a_job_is_named_before_it_is_started_again(open_chain):
    unclear = ("FAILED", {"why": "POST was not answered", "may_have_started": True})
    widget = open_chain(chain("FAILED", unclear, *[("BLOCKED", {})] * 3))

    widget.button("Go on from here").click()

    expect(widget.panel).to_contain_text(
        "Update may have started a job already: look at the Jobs page first. "
        "Start the steps that have not succeeded on the server?"
    )


def test_without_a_kernel_the_actions_are_disabled(open_chain):
    widget = open_chain(FAILURE, className="jupyter-widgets-disconnected")

    expect(widget.panel).to_contain_text("No kernel is connected: this is how it was at 14:02")
    expect(widget.button("Go on from here")).to_have_attribute("aria-disabled", "true")


def test_text_from_the_server_is_shown_as_text(open_chain):
    facts = chain("FAILED", ("FAILED", FAILED_STEP | {"why": "<b>x</b>"}), *[("BLOCKED", {})] * 3)
    facts["name"] = facts["steps"][0]["name"] = "<img src=x onerror=alert(1)>"
    widget = open_chain(facts)

    expect(widget.panel).to_contain_text("<img src=x onerror=alert(1)>: <b>x</b>")
    expect(widget.panel.locator("img")).to_have_count(0)


def test_no_element_overflows_a_narrow_page(open_chain, page):
    page.set_viewport_size({"width": 320, "height": 640})
    facts = chain("FAILED", ("FAILED", FAILED_STEP), *[("BLOCKED", {})] * 3)
    facts["steps"][0] |= {"name": "x" * 80, "why": "y" * 300}
    open_chain(facts)

    assert page.evaluate(
        """() => [...document.querySelectorAll(".tamr, .tamr *")].every(
          (node) => node.getBoundingClientRect().right <= innerWidth)"""
    )


def test_the_focus_moves_when_a_confirmation_is_closed(open_chain):
    """The chain ends while the confirmation has the focus."""
    widget = open_chain(RUNNING)
    widget.button("Cancel").press("Enter")
    expect(widget.button("Keep running")).to_be_focused()

    widget.update(FAILURE)

    expect(widget.button("Keep running")).to_be_hidden()
    expect(step(widget, 0).get_by_role("button")).to_be_focused()


def test_the_focus_is_kept_when_a_recorded_chain_gets_more_steps(open_chain):
    facts = RUNNING | {"recorded": True}
    widget = open_chain(facts | {"steps": facts["steps"][:2]})
    toggle = step(widget, 1).get_by_role("button")
    toggle.focus()

    widget.update(facts)
    expect(step(widget, 3)).to_be_visible()
    expect(toggle).to_be_focused()

    widget.update(facts | {"steps": facts["steps"][:2]})
    expect(widget.panel.get_by_role("listitem")).to_have_count(2)
    expect(toggle).to_be_focused()


def test_the_accessible_name_of_a_step_does_not_change_each_second(open_chain, page):
    """Screen readers would announce each change; a constant duration is a part of it."""
    widget = open_chain(RUNNING)
    toggle = step(widget, 1).get_by_role("button")
    expect(toggle).to_have_accessible_name("Pairs Running")
    expect(step(widget, 0).get_by_role("button")).to_have_accessible_name("Update Succeeded 40 s")

    page.clock.run_for(20_000)

    expect(toggle).to_have_accessible_name("Pairs Running")
    expect(toggle).to_contain_text("About 10 s left")


def test_a_new_view_gets_the_focus_only_if_the_old_one_had_it(open_chain, page):
    widget = open_chain(RUNNING)
    cancel = widget.button("Cancel")
    cancel.focus()
    widget.draw_again()
    page.clock.run_for(100)
    expect(cancel).to_be_focused()

    page.evaluate("document.activeElement.blur()")
    widget.draw_again()
    page.clock.run_for(100)

    expect(cancel).not_to_be_focused()


def test_a_new_view_restores_the_focus_in_the_panel_of_a_step(open_chain, page):
    """Its buttons and those of the chain are not confused."""
    widget = open_chain(RUNNING)
    step(widget, 1).get_by_role("button").press("Enter")
    panel = widget.panel.get_by_role("group", name="Operation 402")
    for button in (panel.get_by_role("button", name="Cancel job"), widget.button("Cancel")):
        button.focus()
        widget.draw_again()
        page.clock.run_for(100)
        expect(button).to_be_focused()


def test_a_confirmation_is_closed_when_the_kernel_is_lost(open_chain):
    widget = open_chain(RUNNING, kernel={"status": "idle"})
    widget.button("Cancel").click()

    widget.change_connection(lost=True)

    expect(widget.button("Keep running")).to_be_hidden()
    expect(widget.panel).not_to_contain_text("Waiting for the kernel")
