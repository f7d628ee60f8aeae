"""Clicks: confirmed first, sent once, and shown as pending until they have an effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from panel_page import RUNNING, SUCCEEDED
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from panel_page import Widget
    from playwright.sync_api import Page

QUESTIONS = [
    ("Cancel job", "Keep running", "Yes, cancel it", "cancel"),
    ("Delete", "Keep it", "Yes, delete it", "delete"),
]


@pytest.mark.parametrize(("button", "no", "yes", "action"), QUESTIONS)
def test_confirming_sends_the_action_once(
    show: Callable[..., Widget], button: str, no: str, yes: str, action: str
) -> None:
    """The safe button comes first and has the focus; the other one sends one message."""
    widget = show(RUNNING)

    widget.button(button).click()

    assert widget.sent == []
    question = widget.panel.get_by_role("group")
    assert question.get_by_role("button").all_inner_texts() == [no, yes]
    expect(widget.button(no)).to_be_focused()
    widget.button(yes).click()
    assert widget.sent == [action]
    expect(question).to_have_count(0)


@pytest.mark.parametrize(("button", "no", "yes", "action"), QUESTIONS)
@pytest.mark.parametrize("how", ["no", "Escape", "Escape on yes"])
def test_declining_returns_the_focus(
    show: Callable[..., Widget], how: str, button: str, no: str, yes: str, action: str
) -> None:
    """The safe button and Escape decline; the focus returns to the action's button."""
    widget = show(RUNNING)
    widget.button(button).press("Enter")

    if how == "no":
        widget.button(no).press("Enter")
    else:
        widget.button(yes if how == "Escape on yes" else no).press("Escape")

    expect(widget.button(yes)).to_have_count(0)
    expect(widget.button(button)).to_be_focused()
    assert widget.sent == []


def test_leaving_the_confirmation_declines(show: Callable[..., Widget], page: Page) -> None:
    """A click on another element sends nothing, and moves the focus there."""
    widget = show(RUNNING)
    widget.button("Delete").click()

    page.get_by_role("button", name="elsewhere").click()

    expect(widget.button("Yes, delete it")).to_have_count(0)
    expect(page.get_by_role("button", name="elsewhere")).to_be_focused()
    assert widget.sent == []


def test_tab_moves_within_the_confirmation_first(show: Callable[..., Widget], page: Page) -> None:
    """From the safe button, Tab moves to the other one; the next Tab leaves and declines."""
    widget = show(RUNNING)
    widget.button("Delete").press("Enter")

    page.keyboard.press("Tab")
    expect(widget.button("Yes, delete it")).to_be_focused()
    page.keyboard.press("Tab")

    expect(widget.button("Yes, delete it")).to_have_count(0)


@pytest.mark.parametrize("times", [2, 3])
@pytest.mark.parametrize("button", ["Wait", "Cancel job"])
def test_double_and_triple_clicks_count_once(
    show: Callable[..., Widget], button: str, times: int
) -> None:
    """The later clicks of a burst neither repeat the first nor press a button that it revealed."""
    widget = show(RUNNING)

    widget.button(button).click(click_count=times)

    assert widget.sent == (["wait"] if button == "Wait" else [])
    if button == "Cancel job":
        expect(widget.button("Keep running")).to_be_focused()


def test_repeated_clicks_are_sent_once(show: Callable[..., Widget]) -> None:
    """An action is not sent again before it has an effect, however often its button is pressed."""
    widget = show(RUNNING)

    for _ in range(3):
        widget.button("Wait").press("Enter")
    assert widget.sent == ["wait"]

    widget.acknowledge()
    widget.button("Wait").press("Enter")
    assert widget.sent == ["wait"]

    widget.update(RUNNING | {"waiting": True})
    widget.button("Stop waiting").press("Enter")
    assert widget.sent == ["wait", "stop"]


def test_a_click_without_effect_can_be_repeated(show: Callable[..., Widget], page: Page) -> None:
    """The button works again two seconds after the acknowledgement."""
    widget = show(RUNNING)
    widget.button("Wait").click()
    widget.acknowledge()

    page.clock.run_for(3_000)
    widget.button("Wait").click()

    assert widget.sent == ["wait", "wait"]


def test_the_panel_shows_that_a_click_waits_for_the_kernel(
    show: Callable[..., Widget], page: Page
) -> None:
    """It shows at once that the click is being sent, and after two seconds the reason."""
    widget = show(RUNNING)

    widget.button("Wait").click()
    expect(widget.panel).to_contain_text("Sending…")

    page.clock.run_for(3_000)
    busy = "Waiting for the kernel, which may be busy with a cell"
    expect(widget.panel).to_contain_text(busy)

    widget.acknowledge()
    expect(widget.panel).not_to_contain_text(busy)


@pytest.mark.parametrize(
    ("facts", "enabled"),
    [
        ({}, ["Wait", "Notify", "Cancel job", "Delete"]),
        ({"state": "QUARANTINED"}, ["Wait", "Notify", "Cancel job", "Delete"]),
        ({"state": "CANCELING"}, ["Wait", "Notify", "Delete"]),
        ({"waiting": True}, ["Stop waiting", "Notify", "Cancel job", "Delete"]),
        ({"busy": "cancel"}, ["Wait", "Notify"]),
        ({"no_delete": True}, ["Wait", "Notify", "Cancel job"]),
        (SUCCEEDED, ["Delete"]),
        (SUCCEEDED | {"deleted": True}, []),
        (SUCCEEDED | {"type": "NOOP", "id": "-1"}, []),
        ({"error": "no such operation", "error_kind": "gone"}, []),
    ],
    ids=str,
)
def test_actions_without_effect_are_disabled_with_a_reason(
    show: Callable[..., Widget], page: Page, facts: dict[str, Any], enabled: list[str]
) -> None:
    """Disabled buttons can be focused, show why they are disabled, and send nothing."""
    page.evaluate("() => { globalThis.Notification = { permission: 'granted' }; }")
    widget = show(RUNNING | facts)

    for button in widget.panel.get_by_role("button").all():
        if button.inner_text() in enabled:
            assert button.get_attribute("aria-disabled") is None
            expect(button).to_have_accessible_description("")
            continue
        expect(button).to_be_disabled()
        button.focus()
        expect(button).to_be_focused()
        reason = button.get_attribute("title") or ""
        assert reason
        expect(button).to_have_accessible_description(reason)
        expect(widget.panel.locator("small").last).to_have_text(reason)
        button.press("Enter")
    assert widget.sent == []
    expect(widget.panel.get_by_role("group")).to_have_count(0)


def test_a_confirmation_without_effect_is_closed(show: Callable[..., Widget]) -> None:
    """A job that ends meanwhile can't be cancelled; the focus returns to the action's button."""
    widget = show(RUNNING)
    widget.button("Cancel job").click()

    widget.update(SUCCEEDED)

    expect(widget.button("Yes, cancel it")).to_have_count(0)
    expect(widget.button("Cancel job")).to_be_focused()
    assert widget.sent == []


def test_a_confirmation_stays_during_updates(show: Callable[..., Widget], page: Page) -> None:
    """Delete can still be confirmed when the job ends meanwhile."""
    widget = show(RUNNING)
    widget.button("Delete").click()

    widget.update(SUCCEEDED)
    page.clock.run_for(5_000)

    expect(widget.button("Keep it")).to_be_focused()


def test_plain_keys_do_not_reach_the_notebook(show: Callable[..., Widget], page: Page) -> None:
    """They would trigger its commands; shortcuts with Ctrl still reach it."""
    widget = show(RUNNING)
    page.evaluate(
        "globalThis.keys = []; document.addEventListener('keydown', e => keys.push(e.key))"
    )

    for key in ("Enter", "Escape", "x", "Control+s"):
        widget.button("Delete").press(key)
        widget.panel.press(key)

    assert set(page.evaluate("keys")) == {"Control", "s"}


def test_a_new_view_restores_the_state_of_the_old_one(show: Callable[..., Widget]) -> None:
    """It has the confirmation, the expanded details, the pending click and the focus."""
    widget = show(RUNNING | {"details": "the whole trace"})
    widget.button("Details").click()
    widget.button("Wait").click()
    widget.button("Delete").click()

    widget.draw_again()

    expect(widget.panel.locator("pre")).to_have_text("the whole trace")
    expect(widget.button("Keep it")).to_be_visible()
    widget.page.clock.run_for(100)
    expect(widget.button("Keep it")).to_be_focused()
    widget.button("Keep it").click()
    expect(widget.panel).to_contain_text("Sending…")
    widget.button("Wait").press("Enter")
    assert widget.sent == ["wait"]


def test_two_views_show_the_same_state(show: Callable[..., Widget], page: Page) -> None:
    """A confirmation that was opened in one view can be given in the other, once."""
    widget = show(RUNNING, views=2)
    first, second = page.locator(".tamr").all()
    first.get_by_role("button", name="Cancel job").click()

    second.get_by_role("button", name="Yes, cancel it").click()

    assert widget.sent == ["cancel"]
    for view in (first, second):
        expect(view.get_by_role("button", name="Yes, cancel it")).to_have_count(0)
        expect(view).to_contain_text("Sending…")
