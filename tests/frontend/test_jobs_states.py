"""The list as a whole: loading, empty, failing, without a kernel; each state is shown."""

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
RETRYING = {
    "error": "the server answered 502",
    "error_kind": "retrying",
    "checked_at": NOW_MS - 11_000,
    "retry_at": NOW_MS + 6_000,
}


def test_loading(open_jobs: Callable[..., Jobs]) -> None:
    """Until the first list, the page shows that it is loading, and from which server."""
    jobs = open_jobs(traits={"_status": {"loading": True, "host": HOST}})
    expect(jobs.region).to_have_attribute("data-loading", "")
    expect(jobs.region).to_contain_text(f"Loading jobs…from {HOST}")

    jobs.call("set", "_status", {"host": HOST, "total": 400})
    expect(jobs.region).to_contain_text(f"Loading 400 jobs…from {HOST}")

    jobs.call("list", [row("1")])
    expect(jobs.region).not_to_have_attribute("data-loading", "")
    expect(jobs.region).not_to_contain_text("Loading")


def test_a_missing_list_is_not_shown_as_empty(open_jobs: Callable[..., Jobs]) -> None:
    """The page shows that it waits for the kernel."""
    jobs = open_jobs(traits={"_status": {"host": HOST}}, kernel={"status": "busy"})
    expect(jobs.region).to_contain_text("Loading jobs…")
    jobs.page.clock.run_for(20_000)

    expect(jobs.region).to_contain_text("Waiting for the kernel: a cell is running.")
    expect(jobs.region).not_to_contain_text("No job")
    expect(jobs.region).not_to_contain_text("No kernel")
    expect(jobs.region).to_have_attribute("data-loading", "")


def test_rows_that_arrive_before_the_list(open_jobs: Callable[..., Jobs]) -> None:
    """They are shown with the total, and the list is requested again."""
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
    """The page shows that there were no jobs when the server was last checked."""
    jobs = open_jobs([])

    jobs.call("set", "_status", RETRYING | {"total": 0})

    expect(jobs.region).to_contain_text(
        "There were no jobs on this server when it was last checked"
    )


def test_a_total_of_zero_before_the_list(open_jobs: Callable[..., Jobs]) -> None:
    """The page shows that there are no jobs before the list arrives."""
    jobs = open_jobs(traits={"_status": {"host": HOST, "total": 0}})

    expect(jobs.region).to_contain_text("No jobs yet on this server")


def test_the_total_of_saved_rows_without_a_kernel(open_jobs: Callable[..., Jobs]) -> None:
    """Only the newest rows are saved."""
    jobs = open_jobs(
        traits={"_kept": [row("2"), row("1")], "_status": {"host": HOST, "total": 400}},
        className="jupyter-widgets-disconnected",
    )

    expect(jobs.region).to_contain_text("2 of 400 jobs")
    expect(jobs.region).not_to_contain_text("so far")


def test_a_callback_that_raised(open_jobs: Callable[..., Jobs]) -> None:
    """Its error is shown as text, beside the server's error."""
    message = "A callback of this notebook raised ValueError: <b>no</b>"
    jobs = open_jobs([row("1")])

    jobs.call("set", "_status", RETRYING | {"callback_error": message})

    alerts = jobs.region.get_by_role("alert")
    expect(alerts).to_have_count(2)
    expect(alerts.nth(0)).to_contain_text("the server answered 502")
    expect(alerts.nth(1)).to_have_text(message)
    jobs.call("set", "_status", {})
    expect(alerts).to_have_count(0)


def test_no_jobs(open_jobs: Callable[..., Jobs]) -> None:
    """An empty server is not an error; the first job appears by itself."""
    jobs = open_jobs([])
    expect(jobs.region).to_contain_text("No jobs yet on this server")

    jobs.change(row("1"))

    expect(jobs.region).not_to_contain_text("No jobs yet")
    assert jobs.keys == ["1"]


def test_retrying(open_jobs: Callable[..., Jobs]) -> None:
    """The last known rows stay, with the times of the last check and of the next try."""
    jobs = open_jobs([row("1")])

    jobs.call("set", "_status", RETRYING)

    alert = jobs.region.get_by_role("alert")
    expect(alert).to_have_text("Last checked 14:01:49, retrying in 6 s: the server answered 502")
    jobs.page.clock.run_for(2_000)
    expect(alert).to_contain_text("retrying in 4 s")
    jobs.page.clock.run_for(6_000)
    expect(alert).to_contain_text("retrying now")
    assert jobs.keys == ["1"]

    jobs.call("set", "_status", {})
    expect(alert).to_be_hidden()


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("refused", "No permission to see the jobs: it said 401. Sign in again"),
        ("stopped", "No longer checked: it said 401. Run the cell again"),
        ("action", "That did not work: it said 401"),
    ],
)
def test_permanent_errors(open_jobs: Callable[..., Jobs], kind: str, text: str) -> None:
    """Each has a text of its own."""
    jobs = open_jobs(traits={"_status": {"error": "it said 401", "error_kind": kind}})

    expect(jobs.region.get_by_role("alert")).to_contain_text(text)
    expect(jobs.region).to_contain_text("No jobs could be fetched yet")


def test_try_again(open_jobs: Callable[..., Jobs]) -> None:
    """A click requests the list once, and is shown as pending until the kernel responds."""
    refused = {"error": "it said 403", "error_kind": "refused"}
    jobs = open_jobs([row("1")])
    expect(jobs.button("Try again")).to_have_count(0)
    jobs.call("set", "_status", RETRYING)
    expect(jobs.button("Try again")).to_have_count(0)
    jobs.call("set", "_status", refused)

    jobs.button("Try again").click()
    expect(jobs.region.get_by_role("alert")).to_contain_text("Sending…")
    jobs.page.clock.run_for(3_000)
    expect(jobs.region.get_by_role("alert")).to_contain_text("this will be done when it answers")
    jobs.button("Try again").click(force=True)
    assert jobs.sent("wait") == [{"action": "wait"}]

    jobs.call("acknowledge")
    expect(jobs.region.get_by_role("alert")).not_to_contain_text("when it answers")
    jobs.button("Try again").click()
    assert jobs.sent("wait") == [{"action": "wait"}, {"action": "wait"}]
    jobs.call("set", "_status", {})
    expect(jobs.button("Try again")).to_have_count(0)
    expect(jobs.search).to_be_focused()


def test_trying_again_needs_a_kernel(open_jobs: Callable[..., Jobs]) -> None:
    """Without one there is no button."""
    jobs = open_jobs([row("1")])
    jobs.call("set", "_status", {"error": "it said 403", "error_kind": "refused"})

    jobs.call("connection", {"lost": True})

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
    """Without a kernel the saved rows are shown, marked as the last known ones."""
    running = row("2", state="RUNNING", ended=None)

    jobs = open_jobs(
        traits={"_kept": [running, row("1")]}, className="jupyter-widgets-disconnected"
    )

    expect_last_known(jobs, "2", "1")
    expect(jobs.cell("2", "ran")).to_be_empty()
    jobs.search.fill("nothing like it")
    assert jobs.keys == []


@pytest.mark.parametrize(
    "change", [{"lost": True}, {"kernel": None}, {"kernel": {"status": "dead"}}]
)
def test_a_lost_kernel(open_jobs: Callable[..., Jobs], change: dict[str, object]) -> None:
    """Restarted, shut down or dead: the rows stay, and times are not updated."""
    jobs = open_jobs([row("2", state="RUNNING", started=NOW_MS - 60_000, ended=None)], kernel=IDLE)

    jobs.call("connection", change)
    jobs.page.clock.run_for(5_000)

    expect(jobs.cell("2", "ran")).to_have_text(re.compile("^1 min( 1 s)?$"))
    expect_last_known(jobs, "2")


def test_a_kernel_that_is_connected_again(open_jobs: Callable[..., Jobs]) -> None:
    """Its next message enables the actions again."""
    jobs = open_jobs([row("2", state="RUNNING", ended=None)], kernel=IDLE)
    jobs.call("connection", {"lost": True})
    expect(jobs.region).to_contain_text("No kernel is connected")

    jobs.call("connection", {"lost": False})
    jobs.call("acknowledge")

    expect(jobs.region).not_to_contain_text("No kernel is connected")
    jobs.cell("2", "pick").click()
    expect(jobs.button("Cancel 1 job")).to_be_enabled()


def test_the_newest_rows_are_kept_for_the_saved_notebook(open_jobs: Callable[..., Jobs]) -> None:
    """Two hundred rows are kept, without a message to the kernel."""
    jobs = open_jobs(1_000)

    jobs.page.clock.run_for(1_000)

    kept = jobs.trait("_kept")
    assert [len(kept), kept[0][0]] == [200, "70000"]
    assert jobs.page.evaluate("jobs.model.saved") == 0


def test_subscribe_and_visible_messages(open_jobs: Callable[..., Jobs]) -> None:
    """The page subscribes twice, then reports each minute that it is visible."""
    jobs = open_jobs([row("1")])
    assert jobs.sent("subscribe") == [{"action": "subscribe"}]

    jobs.page.clock.run_for(2_000)
    assert jobs.sent("subscribe") == [
        {"action": "subscribe"},
        {"action": "subscribe", "again": True},
    ]

    jobs.page.clock.run_for(61_000)
    assert jobs.sent("visible") == [{"action": "visible"}]


def test_a_restored_connection_subscribes_again(open_jobs: Callable[..., Jobs]) -> None:
    """Messages may have been lost: the page subscribes and expands its rows again."""
    jobs = open_jobs([row("1")])
    jobs.cell("1", "description").click()

    jobs.page.evaluate("jobs.model.trigger('comm_live_update')")

    assert jobs.sent("subscribe", "expand")[-2:] == [
        {"action": "subscribe"},
        {"action": "expand", "id": "1"},
    ]


def test_hints_are_shown_above_the_jobs(open_jobs: Callable[..., Jobs]) -> None:
    """They are shown as long as the kernel sends them."""
    hint = "An export or import is running. Tamr is read-only meanwhile, and other actions fail."
    jobs = open_jobs([row("2")], traits={"_status": {"host": HOST, "total": 1, "hints": [hint]}})
    note = jobs.region.get_by_role("note")
    expect(note).to_have_text(hint)

    jobs.call("set", "_status", {"host": HOST, "total": 1})

    expect(note).to_be_hidden()


def test_the_page_names_its_server(open_jobs: Callable[..., Jobs]) -> None:
    """The name is beside the number of jobs."""
    jobs = open_jobs([row("2"), row("1")], traits={"_status": {"host": "production", "total": 2}})

    expect(jobs.region).to_contain_text("production · 2 jobs")
