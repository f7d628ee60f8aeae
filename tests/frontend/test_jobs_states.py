"""The list as a whole: loading, empty, failing, without a kernel; each is said, none is a blank."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from jobs_page import row
from local_site import NOW_MS
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs_page import Jobs

HOST = "http://tamr.example:9100"
IDLE = {"status": "idle"}
STRANGER = IDLE | {"comms": ["another"]}
RETRYING = {
    "error": "the server answered 502",
    "error_kind": "retrying",
    "checked_at": NOW_MS - 11_000,
    "retry_at": NOW_MS + 6_000,
}


def test_loading(open_jobs: Callable[..., Jobs]) -> None:
    """Until the first list, the page says what it waits for."""
    jobs = open_jobs(traits={"_status": {"loading": True, "host": HOST}})
    expect(jobs.region).to_have_attribute("data-loading", "")
    expect(jobs.region).to_contain_text(f"Loading jobs…from {HOST}")

    jobs.notify("set", "_status", {"host": HOST, "total": 400})
    expect(jobs.region).to_contain_text(f"Loading 400 jobs…from {HOST}")

    jobs.notify("list", [row("1")])
    expect(jobs.region).not_to_have_attribute("data-loading", "")
    expect(jobs.region).not_to_contain_text("Loading")


def test_unknown_is_not_none(open_jobs: Callable[..., Jobs]) -> None:
    """No row yet does not mean no job: the page says that it waits, and for what."""
    jobs = open_jobs(traits={"_status": {"host": HOST}}, kernel={"status": "busy"})
    expect(jobs.region).to_contain_text("Loading jobs…")
    jobs.page.clock.run_for(20_000)

    expect(jobs.region).to_contain_text("Waiting for the kernel: a cell is running.")
    expect(jobs.region).not_to_contain_text("No job")
    expect(jobs.region).not_to_contain_text("No kernel")
    expect(jobs.region).to_have_attribute("data-loading", "")


def test_rows_that_came_before_the_list(open_jobs: Callable[..., Jobs]) -> None:
    """Some rows are not taken for all: their total is shown, and all are requested."""
    jobs = open_jobs(traits={"_status": {"host": HOST, "total": 400}, "_selected": ["7"]})

    jobs.change(row("1"), row("2"))
    expect(jobs.region).to_contain_text("2 of 400 jobs so far")
    expect(jobs.button("All (2+)")).to_be_visible()
    jobs.search.fill("nothing like it")
    expect(jobs.region).to_contain_text("No job matches so far")
    assert jobs.trait("_selected") == ["7"]

    jobs.page.clock.run_for(2_000)
    assert jobs.sent("subscribe") == [{"action": "subscribe"}, {"action": "subscribe"}]


def test_a_server_without_jobs_that_fails(open_jobs: Callable[..., Jobs]) -> None:
    """That there were none is said of the time when it was known."""
    jobs = open_jobs([])

    jobs.notify("set", "_status", RETRYING | {"total": 0})

    expect(jobs.region).to_contain_text(
        "There were no jobs on this server when it was last checked"
    )


def test_no_jobs_by_number(open_jobs: Callable[..., Jobs]) -> None:
    """The kernel says that there are none: that is known before any list comes."""
    jobs = open_jobs(traits={"_status": {"host": HOST, "total": 0}})

    expect(jobs.region).to_contain_text("No jobs yet on this server")


def test_the_newest_of_many_without_a_kernel(open_jobs: Callable[..., Jobs]) -> None:
    """Rows that were kept are not all there were."""
    jobs = open_jobs(
        traits={"_kept": [row("2"), row("1")], "_status": {"host": HOST, "total": 400}},
        className="jupyter-widgets-disconnected",
    )

    expect(jobs.region).to_contain_text("2 of 400 jobs")
    expect(jobs.region).not_to_contain_text("so far")


def test_a_callback_that_raised(open_jobs: Callable[..., Jobs]) -> None:
    """It is a notice of its own: the server's error stands beside it, and it is text."""
    said = "A callback of this notebook raised ValueError: <b>no</b>"
    jobs = open_jobs([row("1")])

    jobs.notify("set", "_status", RETRYING | {"callback_error": said})

    alerts = jobs.region.get_by_role("alert")
    expect(alerts).to_have_count(2)
    expect(alerts.nth(0)).to_contain_text("the server answered 502")
    expect(alerts.nth(1)).to_have_text(said)
    jobs.notify("set", "_status", {})
    expect(alerts).to_have_count(0)


def test_no_jobs(open_jobs: Callable[..., Jobs]) -> None:
    """An empty server is not an error; the first job appears by itself."""
    jobs = open_jobs([])
    expect(jobs.region).to_contain_text("No jobs yet on this server")

    jobs.change(row("1"))

    expect(jobs.region).not_to_contain_text("No jobs yet")
    assert jobs.keys == ["1"]


def test_retrying(open_jobs: Callable[..., Jobs]) -> None:
    """The last known rows stay, with when they were true and when the next try is."""
    jobs = open_jobs([row("1")])

    jobs.notify("set", "_status", RETRYING)

    alert = jobs.region.get_by_role("alert")
    expect(alert).to_have_text("Last checked 14:01:49, retrying in 6 s: the server answered 502")
    jobs.page.clock.run_for(2_000)
    expect(alert).to_contain_text("retrying in 4 s")
    jobs.page.clock.run_for(6_000)
    expect(alert).to_contain_text("retrying now")
    assert jobs.keys == ["1"]

    jobs.notify("set", "_status", {})
    expect(alert).to_be_hidden()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("refused", "No permission to see the jobs: it said 401. Sign in again"),
        ("stopped", "No longer checked: it said 401. Run the cell again"),
        ("action", "That did not work: it said 401"),
    ],
)
def test_errors_that_do_not_pass(open_jobs: Callable[..., Jobs], kind: str, words: str) -> None:
    """Each says what can be done about it."""
    jobs = open_jobs(traits={"_status": {"error": "it said 401", "error_kind": kind}})

    expect(jobs.region.get_by_role("alert")).to_contain_text(words)
    expect(jobs.region).to_contain_text("No jobs could be fetched yet")


def test_try_again(open_jobs: Callable[..., Jobs]) -> None:
    """A click requests the list once, and says so while it waits for the kernel."""
    refused = {"error": "it said 403", "error_kind": "refused"}
    jobs = open_jobs([row("1")])
    expect(jobs.button("Try again")).to_have_count(0)
    jobs.notify("set", "_status", RETRYING)
    expect(jobs.button("Try again")).to_have_count(0)
    jobs.notify("set", "_status", refused)

    jobs.button("Try again").click()
    expect(jobs.region.get_by_role("alert")).to_contain_text("Sending…")
    jobs.page.clock.run_for(3_000)
    expect(jobs.region.get_by_role("alert")).to_contain_text("this will be done when it answers")
    jobs.button("Try again").click(force=True)
    assert jobs.sent("wait") == [{"action": "wait"}]

    jobs.notify("acknowledge")
    expect(jobs.region.get_by_role("alert")).not_to_contain_text("when it answers")
    jobs.button("Try again").click()
    assert jobs.sent("wait") == [{"action": "wait"}, {"action": "wait"}]
    jobs.notify("set", "_status", {})
    expect(jobs.button("Try again")).to_have_count(0)
    expect(jobs.search).to_be_focused()


def test_trying_again_takes_a_kernel(open_jobs: Callable[..., Jobs]) -> None:
    """Without one there is nothing to click."""
    jobs = open_jobs([row("1")])
    jobs.notify("set", "_status", {"error": "it said 403", "error_kind": "refused"})

    jobs.notify("connection", {"lost": True})

    expect(jobs.button("Try again")).to_have_count(0)


def expect_last_known(jobs: Jobs, *keys: str) -> None:
    expect(jobs.region).to_contain_text("No kernel is connected: this is what was known last")
    assert jobs.keys == list(keys)
    jobs.cell(keys[0], "pick").click()
    for button in ("Cancel 1 job", "Delete 1 operation"):
        expect(jobs.button(button)).to_be_disabled()
        expect(jobs.button(button)).to_have_accessible_description("No kernel is connected.")
    jobs.cell(keys[0], "description").click()
    expect(jobs.button("Wait")).to_be_disabled()


def test_a_reopened_notebook(open_jobs: Callable[..., Jobs]) -> None:
    """Without a kernel the rows that were saved are shown, as the last that is known."""
    running = row("2", state="RUNNING", ended=None)

    jobs = open_jobs(
        traits={"_kept": [running, row("1")]}, className="jupyter-widgets-disconnected"
    )

    expect_last_known(jobs, "2", "1")
    expect(jobs.cell("2", "ran")).to_be_empty()
    jobs.search.fill("nothing like it")
    assert jobs.keys == []


@pytest.mark.parametrize("how", [{"lost": True}, {"kernel": None}, {"kernel": {"status": "dead"}}])
def test_a_kernel_that_goes(open_jobs: Callable[..., Jobs], how: dict[str, object]) -> None:
    """Restarted, shut down or dead: the rows stay, time stands still."""
    jobs = open_jobs([row("2", state="RUNNING", started=NOW_MS - 60_000, ended=None)], kernel=IDLE)

    jobs.notify("connection", how)
    jobs.page.clock.run_for(5_000)

    expect(jobs.cell("2", "ran")).to_have_text(re.compile("^1 min( 1 s)?$"))
    expect_last_known(jobs, "2")


def test_a_kernel_that_is_back(open_jobs: Callable[..., Jobs]) -> None:
    """With its next message everything works again."""
    jobs = open_jobs([row("2", state="RUNNING", ended=None)], kernel=IDLE)
    jobs.notify("connection", {"lost": True})
    expect(jobs.region).to_contain_text("No kernel is connected")

    jobs.notify("connection", {"lost": False})
    jobs.notify("acknowledge")

    expect(jobs.region).not_to_contain_text("No kernel is connected")
    jobs.cell("2", "pick").click()
    expect(jobs.button("Cancel 1 job")).to_be_enabled()


def test_the_newest_rows_are_kept_for_the_saved_notebook(open_jobs: Callable[..., Jobs]) -> None:
    """Two hundred of them, and not a message about it goes to the kernel."""
    jobs = open_jobs(1_000)

    jobs.page.clock.run_for(1_000)

    kept = jobs.trait("_kept")
    assert [len(kept), kept[0][0]] == [200, "70000"]
    assert jobs.page.evaluate("jobs.model.saved") == 0


def test_subscribe_and_visible_messages(open_jobs: Callable[..., Jobs]) -> None:
    """Subscribes at once and again a moment later, then reports each minute that it is visible."""
    jobs = open_jobs([row("1")])
    assert jobs.sent("subscribe") == [{"action": "subscribe"}]

    jobs.page.clock.run_for(2_000)
    assert jobs.sent("subscribe") == [
        {"action": "subscribe"},
        {"action": "subscribe", "again": True},
    ]

    jobs.page.clock.run_for(61_000)
    assert jobs.sent("visible") == [{"action": "visible"}]


def test_a_connection_that_is_back_asks_for_all(open_jobs: Callable[..., Jobs]) -> None:
    """Messages may have been lost: the page greets anew and says which rows are open."""
    jobs = open_jobs([row("1")])
    jobs.cell("1", "description").click()

    jobs.page.evaluate("jobs.model.trigger('comm_live_update')")

    assert jobs.sent("subscribe", "expand")[-2:] == [
        {"action": "subscribe"},
        {"action": "expand", "id": "1"},
    ]


def test_hints_stand_above_the_jobs(open_jobs: Callable[..., Jobs]) -> None:
    """As the kernel says them, while it is there."""
    hint = "An export or import is running. Tamr is read-only meanwhile, and other actions fail."
    jobs = open_jobs([row("2")], traits={"_status": {"host": HOST, "total": 1, "hints": [hint]}})
    note = jobs.region.get_by_role("note")
    expect(note).to_have_text(hint)

    jobs.notify("set", "_status", {"host": HOST, "total": 1})

    expect(note).to_be_hidden()


def test_the_page_names_its_server(open_jobs: Callable[..., Jobs]) -> None:
    """Beside the number of its jobs."""
    jobs = open_jobs([row("2"), row("1")], traits={"_status": {"host": "production", "total": 2}})

    expect(jobs.region).to_contain_text("production · 2 jobs")
