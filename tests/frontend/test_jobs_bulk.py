"""Actions on several jobs: one confirmation, and a report of the server's response for each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from jobs_page import row
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs_page import Jobs

ENDED = [row(str(n), description=f"Update Clusters [{n}]") for n in range(10, 20)]
RUNNING = [row(str(n), state="RUNNING", ended=None) for n in range(20, 26)]


@pytest.fixture
def jobs(open_jobs: Callable[..., Jobs]) -> Jobs:
    return open_jobs([*ENDED, *RUNNING])


def choose(jobs: Jobs, *keys: str) -> None:
    for key in keys:
        jobs.cell(key, "pick").click()


def report(jobs: Jobs, action: str, done: int, of: int, *failed: str, over: bool = True) -> None:
    refusals = [[key, "The server answered 500."] for key in failed]
    report = {"action": action, "done": done, "of": of, "failed": refusals, "over": over}
    jobs.call("receive", {"report": report})


def test_the_buttons_show_the_number_of_jobs(jobs: Jobs) -> None:
    """Only running jobs can be cancelled, all can be deleted; without a selection, neither."""
    expect(jobs.button("Clear selection")).to_be_hidden()

    choose(jobs, "25", "24", "19")
    expect(jobs.button("Cancel 2 jobs")).to_be_enabled()
    expect(jobs.button("Delete 3 operations")).to_be_enabled()

    jobs.button("Clear selection").click()
    expect(jobs.button("Clear selection")).to_be_hidden()
    expect(jobs.cell("19", "pick")).to_be_focused()
    assert jobs.selected == []


def test_one_confirmation_for_all_selected_jobs(jobs: Jobs) -> None:
    """It names the jobs and their number; the safe button is focused; the other sends the keys."""
    choose(jobs, "25", "24", "19")

    jobs.button("Cancel 2 jobs").click()
    question = jobs.region.get_by_role("group", name="Cancel 2 jobs on tamr.example:9100?")
    expect(question).to_contain_text("Train Mastering Model (25), Train Mastering Model (24)")
    expect(jobs.button("Keep running")).to_be_focused()
    jobs.button("Yes, cancel them").click()

    expect(question).to_be_hidden()
    assert jobs.sent("cancel_all") == [{"action": "cancel_all", "ids": ["25", "24"]}]
    expect(jobs.region).to_contain_text("Cancelling 2 jobs…")


def test_many_jobs_are_counted_rather_than_named(jobs: Jobs) -> None:
    """The confirmation has the first descriptions and the number of the other jobs."""
    jobs.grid.get_by_role("checkbox").click()

    jobs.button("Delete 16 operations").click()

    question = jobs.region.get_by_role("group", name="Delete 16 operations from tamr.example:9100?")
    expect(question).to_contain_text(", and 13 more")
    expect(jobs.button("Keep them")).to_be_focused()
    expect(jobs.button("Yes, delete them")).to_be_visible()


@pytest.mark.parametrize("way", ["Keep running", "Escape", "elsewhere"])
def test_declining_changes_nothing(jobs: Jobs, way: str) -> None:
    """The safe button, Escape and a click on another element decline."""
    choose(jobs, "25")
    jobs.button("Cancel 1 job").click()

    if way == "Escape":
        jobs.page.keyboard.press("Escape")
    elif way == "elsewhere":
        jobs.page.get_by_role("button", name="elsewhere").click()
    else:
        jobs.button(way).click()

    expect(jobs.button("Yes, cancel it")).to_be_hidden()
    if way != "elsewhere":
        expect(jobs.button("Cancel 1 job")).to_be_focused()
    assert jobs.selected == ["25"]
    assert jobs.sent("cancel_all") == []


def test_a_double_click_does_not_confirm(jobs: Jobs) -> None:
    """The second click of a double click on the button does not hit the confirmation."""
    choose(jobs, "25")

    jobs.button("Delete 1 operation").dblclick()

    expect(jobs.button("Keep it")).to_be_visible()
    assert jobs.sent("delete_all") == []


def test_progress_and_success(jobs: Jobs) -> None:
    """Progress is counted, then the total is shown, and no job of the action stays selected."""
    choose(jobs, "25", "24")
    jobs.button("Delete 2 operations").click()
    jobs.button("Yes, delete them").click()

    report(jobs, "delete", 1, 2, over=False)
    expect(jobs.region.get_by_role("status").first).to_have_text("Deleting 2 operations: 1 done…")
    choose(jobs, "19")
    expect(jobs.button("Delete 3 operations")).to_be_disabled()
    jobs.change(gone=("25", "24"))
    report(jobs, "delete", 2, 2)

    expect(jobs.region.get_by_role("status").first).to_have_text("Deleted 2 operations.")
    assert jobs.selected == ["19"]
    jobs.button("Dismiss").click()
    expect(jobs.button("Dismiss")).to_be_hidden()


def test_a_partial_failure_keeps_the_failed_jobs_selected(jobs: Jobs) -> None:
    """The server's response is shown for each of them."""
    choose(jobs, "25", "24", "23")
    jobs.button("Cancel 3 jobs").click()
    jobs.button("Yes, cancel them").click()

    report(jobs, "cancel", 3, 3, "24", "23")

    alert = jobs.region.get_by_role("alert")
    expect(alert).to_contain_text("2 jobs could not be cancelled and stayed selected:")
    expect(alert.get_by_role("listitem")).to_have_text(
        [
            "Train Mastering Model (24): The server answered 500.",
            "Train Mastering Model (23): The server answered 500.",
        ]
    )
    expect(jobs.region.get_by_role("status").first).to_have_text("Cancelled 1 of 3 jobs.")
    assert jobs.selected == ["24", "23"]
    expect(jobs.button("Cancel 2 jobs")).to_be_enabled()


def test_a_server_that_does_not_delete(jobs: Jobs) -> None:
    """After a 405 response, Delete is disabled and shows the reason."""
    choose(jobs, "19")

    jobs.call("set", "_status", {"no_delete": True})

    expect(jobs.button("Delete 1 operation")).to_be_disabled()
    expect(jobs.button("Delete 1 operation")).to_have_accessible_description(
        "This server does not delete operations."
    )
    jobs.button("Delete 1 operation").dispatch_event("click")
    expect(jobs.button("Keep it")).to_be_hidden()


def test_a_busy_kernel_is_shown(jobs: Jobs) -> None:
    """It is shown if a message is not acknowledged within two seconds."""
    choose(jobs, "25")
    jobs.button("Cancel 1 job").click()
    jobs.button("Yes, cancel it").click()

    jobs.page.clock.run_for(3_000)
    expect(jobs.region).to_contain_text("Waiting for the kernel, which may be busy with a cell")

    jobs.call("acknowledge")
    expect(jobs.region).to_contain_text("Cancelling 1 job…")


def test_jobs_that_end_meanwhile_are_no_longer_cancelled(jobs: Jobs) -> None:
    """The button counts the jobs that still run."""
    choose(jobs, "25", "24")

    jobs.change(row("25"))

    expect(jobs.button("Cancel 1 job")).to_be_enabled()
    jobs.change(row("24", state="CANCELING", ended=None))
    expect(jobs.button("Cancel 0 jobs")).to_be_disabled()


def test_jobs_that_were_not_tried_stay_selected(jobs: Jobs) -> None:
    """A server that does not delete at all gets one request; the other jobs are counted."""
    choose(jobs, "19", "18", "17")
    jobs.button("Delete 3 operations").click()
    jobs.button("Yes, delete them").click()

    failed = [["19", "It answered <405>."], ["18", "Not tried."], ["17", "Not tried."]]
    report = {"action": "delete", "done": 3, "of": 3, "over": True, "failed": failed}
    jobs.call("receive", {"report": report | {"not_tried": 2}})

    expect(jobs.region.get_by_role("status").first).to_have_text(
        "Deleted 0 of 3 operations. 2 operations were not tried, since the same would have "
        "happened, and stayed selected."
    )
    alert = jobs.region.get_by_role("alert")
    expect(alert).to_contain_text("1 operation could not be deleted and stayed selected:")
    expect(alert.get_by_role("listitem")).to_have_text(
        ["Update Clusters [19] (19): It answered <405>."]
    )
    assert jobs.selected == ["19", "18", "17"]


def test_a_thousand_failures_are_counted(open_jobs: Callable[..., Jobs]) -> None:
    """The first hundred are listed."""
    jobs = open_jobs(1_000)
    jobs.header("Select all").locator("input").click()
    keys = [str(70_000 - n) for n in range(1_000)]

    report(jobs, "delete", 1_000, 1_000, *keys)

    alert = jobs.region.get_by_role("alert")
    expect(alert.get_by_role("listitem")).to_have_count(101)
    expect(alert.get_by_role("listitem").last).to_have_text("and 900 more")


@pytest.mark.parametrize(
    ("user", "keys", "text"),
    [
        ("ada", ["25"], "(25). It was started by nightly, not by you."),
        ("ada", ["25", "24"], "(24). They were started by nightly, not by you."),
        ("nightly", ["25", "24"], "(24)"),
        ("nightly", ["25", "23"], "(23). 1 of them were started by carla, not by you."),
        ("", ["25"], "(25)"),
    ],
)
def test_the_confirmation_names_other_users_of_the_jobs(
    open_jobs: Callable[..., Jobs], user: str, keys: list[str], text: str
) -> None:
    """They are named if the name of the client's user is known."""
    rows = [row("25", user="nightly"), row("24", user="nightly"), row("23", user="carla")]
    for each in rows:
        each[1], each[6] = "RUNNING", None
    jobs = open_jobs(rows, traits={"_status": {"host": "production", "user": user}})
    choose(jobs, *keys)

    jobs.region.get_by_role("button", name="Cancel ").first.click()

    question = jobs.region.get_by_role("group", name=" on production?")
    expect(question.locator("span")).to_have_text(re.compile(f".*{re.escape(text)}$"))


def test_progress_is_not_announced(jobs: Jobs) -> None:
    """It is reported five times a second: only the beginning and the end are announced."""
    choose(jobs, "25", "24", "23")
    jobs.button("Cancel 3 jobs").click()
    jobs.button("Yes, cancel them").click()
    status, alert = jobs.region.get_by_role("status").first, jobs.region.get_by_role("alert")
    jobs.page.evaluate(
        """() => {
          globalThis.read = [];
          const report = document.querySelector(".report");
          new MutationObserver((changes) => changes.forEach(({ target }) => {
            if (!target.parentElement.closest("[aria-live=off]")
              && target.ariaLive !== "off") read.push(target.textContent);
          })).observe(report, { childList: true, subtree: true });
        }"""
    )

    report(jobs, "cancel", 1, 3, "25", over=False)
    report(jobs, "cancel", 2, 3, "25", "24", over=False)
    expect(status).to_have_text("Cancelling 3 jobs: 2 done…")
    expect(alert).to_contain_text("2 jobs could not be cancelled:")
    assert jobs.page.evaluate("read") == []

    report(jobs, "cancel", 3, 3, "25", "24")
    expect(alert).to_have_js_property("ariaLive", None)
    assert jobs.page.evaluate("read") == [
        "Cancelled 1 of 3 jobs.",
        "2 jobs could not be cancelled and stayed selected:",
    ]


def test_a_kernel_that_is_lost_during_an_action(jobs: Jobs) -> None:
    """The report shows the progress until then, and can be dismissed."""
    choose(jobs, "25", "24")
    jobs.button("Cancel 2 jobs").click()
    jobs.button("Yes, cancel them").click()
    report(jobs, "cancel", 1, 2, over=False)
    jobs.call("acknowledge")

    jobs.call("connection", {"kernel": {"status": "dead"}})
    jobs.page.clock.run_for(1_000)

    expect(jobs.region.get_by_role("status").first).to_have_text(
        "Cancelling 2 jobs: 1 done when the kernel was lost."
    )
    jobs.button("Dismiss").click()
    expect(jobs.button("Dismiss")).to_be_hidden()


def test_a_name_does_not_reorder_the_confirmation(open_jobs: Callable[..., Jobs]) -> None:
    """Control characters of the text direction would reverse the text after them."""
    jobs = open_jobs([row("25", description="\u202eretsulC", state="RUNNING", ended=None)])
    choose(jobs, "25")

    jobs.button("Cancel 1 job").click()

    question = jobs.region.get_by_role("group", name="Cancel 1 job on tamr.example:9100?")
    expect(question.locator("span")).to_have_text("retsulC (25)")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_confirmation_is_given_by_keyboard(jobs: Jobs, key: str) -> None:
    """Tab moves to the button that confirms, and a key presses it."""
    choose(jobs, "25", "24")
    jobs.button("Cancel 2 jobs").press("Enter")
    expect(jobs.button("Keep running")).to_be_focused()

    jobs.page.keyboard.press("Tab")
    expect(jobs.button("Yes, cancel them")).to_be_focused()
    jobs.page.keyboard.press(key)

    assert jobs.sent("cancel_all") == [{"action": "cancel_all", "ids": ["25", "24"]}]


def test_the_focus_moves_when_the_buttons_are_removed(jobs: Jobs) -> None:
    """At the end of an action nothing is selected, and its button is hidden."""
    choose(jobs, "25")
    jobs.button("Cancel 1 job").press("Enter")
    jobs.button("Yes, cancel it").press("Enter")
    expect(jobs.button("Cancel 1 job")).to_be_focused()

    report(jobs, "cancel", 1, 1)

    expect(jobs.button("Dismiss")).to_be_visible()
    expect(jobs.cell("25", "pick")).to_be_focused()


def test_a_copy_that_the_browser_refuses(jobs: Jobs) -> None:
    """The button shows that nothing was copied."""
    jobs.page.evaluate(
        """() => {
          Object.defineProperty(navigator, "clipboard", { value: undefined });
          document.execCommand = () => false;
        }"""
    )

    jobs.button("Copy 16 rows").click()

    expect(jobs.button("The browser does not allow it")).to_be_focused()
    jobs.search.focus()
    expect(jobs.button("Copy 16 rows")).to_be_visible()
