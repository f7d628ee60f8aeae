"""The table of jobs: its order, its cells, and its updates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs_page import row
from local_site import NOW_MS
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs_page import Jobs

RUNNING = {
    "state": "RUNNING",
    "created": NOW_MS - 90_000,
    "started": NOW_MS - 60_000,
    "ended": None,
}


def test_a_row_shows_the_known_facts(open_jobs: Callable[..., Jobs]) -> None:
    """State, description, user, times and time left have a column each."""
    jobs = open_jobs([row("17", **RUNNING, estimate=[100, 80, 130, 20])])

    cells = jobs.row("17").get_by_role("gridcell")

    expect(cells).to_have_text(
        ["", "Running", "Train Mastering Model", "admin", "14:00", "30 s", "1 min", "About 40 s"]
    )


def test_cells_of_unknown_facts_are_empty(open_jobs: Callable[..., Jobs]) -> None:
    """A row of nulls is shown."""
    jobs = open_jobs([["x y:z", None, "", "", None, None, None, "", None]])

    cells = jobs.row("x y:z").get_by_role("gridcell")

    expect(cells).to_have_text(["", "State not known", "Operation x y:z", "", "", "", "", ""])


def test_only_visible_rows_are_in_the_page(open_jobs: Callable[..., Jobs]) -> None:
    """The grid has the number of all rows, here ten thousand."""
    jobs = open_jobs(10_000)

    expect(jobs.grid).to_have_attribute("aria-rowcount", "10001")
    expect(jobs.grid).to_have_attribute("aria-colcount", "9")
    assert 10 < len(jobs.keys) < 60
    assert jobs.row("70000").get_attribute("aria-rowindex") == "2"


def test_every_row_can_be_reached_by_scrolling(open_jobs: Callable[..., Jobs]) -> None:
    """Scrolling to the end brings the oldest row into view."""
    jobs = open_jobs(10_000)

    jobs.grid.evaluate("grid => { grid.scrollTop = grid.scrollHeight }")

    expect(jobs.row("60001")).to_be_in_viewport()
    expect(jobs.row("60001")).to_have_attribute("aria-rowindex", "10001")


def test_any_column_sorts_both_ways(open_jobs: Callable[..., Jobs]) -> None:
    """A click sorts by a column, another one reverses the order; unknown values are last."""
    jobs = open_jobs(
        [row("1", user="b"), row("2", user="a"), row("3", user=""), row("4", user="c")]
    )
    header = jobs.header("Started by")
    assert jobs.keys == ["4", "3", "2", "1"]
    expect(jobs.header("Created")).to_have_attribute("aria-sort", "descending")

    header.click()
    assert jobs.keys == ["2", "1", "4", "3"]
    expect(header).to_have_attribute("aria-sort", "ascending")
    expect(jobs.header("Created")).not_to_have_attribute("aria-sort", "descending")

    header.click()
    assert jobs.keys == ["4", "1", "2", "3"]
    expect(header).to_have_attribute("aria-sort", "descending")


def test_a_slow_job_is_marked(open_jobs: Callable[..., Jobs]) -> None:
    """A run past the upper end of its estimate has a text and an attribute."""
    estimate = [30, 25, 40, 20]
    slow = row("99", ended=99_000 + 5_000 + 200_000, estimate=estimate)
    usual = row("98", ended=98_000 + 5_000 + 40_000, estimate=estimate)
    other = row("97", description="Generate Record Pairs", ended=97_000 + 5_000 + 200_000)

    jobs = open_jobs([slow, usual, other])

    expect(jobs.cell("99", "ran")).to_have_text("3 min 20 s, slow: usually 30 s")
    expect(jobs.cell("99", "ran")).to_have_attribute("data-slow", "true")
    expect(jobs.cell("98", "ran")).to_have_text("40 s")
    expect(jobs.cell("97", "ran")).to_have_text("3 min 20 s")


def test_a_change_is_drawn_in_place(open_jobs: Callable[..., Jobs]) -> None:
    """A row that changes keeps its place, the scrolling, the selection and the focus."""
    rows = [row(str(n)) for n in range(1, 301)]
    jobs = open_jobs([*rows, row("301", **RUNNING)])
    jobs.grid.evaluate("grid => { grid.scrollTop = 2000 }")
    jobs.cell("220", "pick").click()
    jobs.cell("221", "user").focus()
    before = jobs.grid.evaluate("grid => grid.scrollTop")

    jobs.change(row("221", state="FAILED"), row("301"))

    expect(jobs.cell("221", "state")).to_have_text("Failed")
    expect(jobs.cell("221", "user")).to_be_focused()
    assert jobs.selected == ["220"]
    assert jobs.grid.evaluate("grid => grid.scrollTop") == before


def test_new_jobs_do_not_move_the_rows_in_view(open_jobs: Callable[..., Jobs]) -> None:
    """The table is scrolled down, and rows are inserted above."""
    jobs = open_jobs([row(str(n)) for n in range(1, 301)])
    jobs.grid.evaluate("grid => { grid.scrollTop = 2000 }")
    expect(jobs.row("222")).to_be_visible()
    before = jobs.row("222").bounding_box()

    jobs.change(*(row(str(n)) for n in range(301, 321)))

    assert jobs.row("222").bounding_box() == before
    expect(jobs.row("222")).to_have_attribute("aria-rowindex", str(2 + 320 - 222))


def test_new_jobs_are_shown_at_the_top(open_jobs: Callable[..., Jobs]) -> None:
    """In a table that is not scrolled, the newest job is in view."""
    jobs = open_jobs([row(str(n)) for n in range(1, 301)])

    jobs.change(row("301"))

    assert jobs.keys[0] == "301"
    expect(jobs.row("301")).to_be_in_viewport()


def test_the_focus_moves_when_its_row_is_removed(open_jobs: Callable[..., Jobs]) -> None:
    """It moves to the next row, or to the search if there is none."""
    jobs = open_jobs([row("1"), row("2"), row("3")])
    jobs.cell("2", "description").focus()

    jobs.change(gone=("2",))
    expect(jobs.cell("1", "description")).to_be_focused()

    jobs.change(gone=("1", "3"))
    expect(jobs.search).to_be_focused()


def test_the_focus_moves_with_its_row(open_jobs: Callable[..., Jobs]) -> None:
    """A row that a change moves keeps the focus."""
    jobs = open_jobs([row(str(n), user="b") for n in range(1, 20)])
    jobs.header("Started by").click()
    jobs.cell("10", "user").focus()

    jobs.change(row("10", user="a"))

    assert jobs.keys[0] == "10"
    expect(jobs.cell("10", "user")).to_be_focused()


def test_a_full_list_replaces_the_rows(open_jobs: Callable[..., Jobs]) -> None:
    """Rows that it does not have are removed; other rows stay selected."""
    jobs = open_jobs([row(str(n)) for n in range(1, 31)])
    jobs.cell("20", "pick").click()
    jobs.cell("25", "pick").click()

    jobs.page.evaluate("rows => jobs.list(rows, {chunk: 10})", [row(str(n)) for n in range(1, 23)])

    assert jobs.keys[0] == "22"
    assert jobs.selected == ["20"]
    expect(jobs.cell("25", "pick")).to_have_count(0)
    assert jobs.trait("_selected") == ["20"]


def test_rows_are_shown_before_the_list_is_complete(open_jobs: Callable[..., Jobs]) -> None:
    """The first part of a long list is drawn, with the total."""
    jobs = open_jobs()

    part = {"jobs": [row("3"), row("2")], "reset": True, "total": 4_000, "more": True}
    jobs.call("receive", {"rows": part})

    assert jobs.keys == ["3", "2"]
    expect(jobs.region).to_contain_text("2 of 4,000 jobs so far")

    jobs.call("receive", {"rows": {"jobs": [row("1")], "gone": [], "more": False}})
    expect(jobs.region).not_to_contain_text("so far")


def test_times_are_updated_without_messages(open_jobs: Callable[..., Jobs]) -> None:
    """Running rows are drawn each second; rows of ended jobs do not change."""
    jobs = open_jobs([row("17", **RUNNING), row("16")])
    sent = len(jobs.call("sent"))

    jobs.page.clock.run_for(1_000)

    expect(jobs.cell("17", "ran")).to_have_text("1 min 1 s")
    expect(jobs.cell("16", "ran")).to_have_text("30 s")
    assert len(jobs.call("sent")) == sent


def test_durations_use_the_server_s_clock(open_jobs: Callable[..., Jobs]) -> None:
    """The clock of the user's machine may be wrong."""
    jobs = open_jobs([row("17", **RUNNING)])

    jobs.call("receive", {"ack": 1, "kernel": NOW_MS, "server": NOW_MS + 3_600_000})

    expect(jobs.cell("17", "ran")).to_have_text("1 h 1 min")


def test_text_from_the_server_is_shown_as_text(open_jobs: Callable[..., Jobs]) -> None:
    """Markup, quotes, null bytes and reversed text have no effect."""
    hostile = "<img src=x onerror=alert(1)>\"'&amp;\u0000\u202egnorw" + "w" * 2000
    jobs = open_jobs(
        [["<b>1", hostile, hostile, hostile, None, None, None, hostile, None], row("2")]
    )

    jobs.row("<b>1").locator("[data-column=description]").click()

    expect(jobs.region.locator("img, [data-column] b")).to_have_count(0)
    expect(jobs.row("<b>1").locator("[data-column=description]")).to_contain_text("<img src=x")
    assert jobs.row("2").bounding_box()["height"] < 40


def test_a_change_does_not_undo_scrolling(open_jobs: Callable[..., Jobs]) -> None:
    """The rows in view stay, also if the change comes before the scroll event."""
    jobs = open_jobs([row(str(n)) for n in range(1, 301)])

    jobs.page.evaluate(
        """([grid, rows]) => {
          grid.scrollTop = 100 * grid.querySelector("[data-key]").offsetHeight;
          jobs.change(rows);
        }""",
        [jobs.grid.element_handle(), [row(str(n)) for n in range(301, 311)]],
    )

    jobs.page.wait_for_function(
        "grid => grid.scrollTop === 110 * grid.querySelector('[data-key]').offsetHeight",
        arg=jobs.grid.element_handle(),
    )
    expect(jobs.row("199")).to_be_in_viewport()


def test_removed_rows_are_no_longer_observed(open_jobs: Callable[..., Jobs]) -> None:
    """Some browsers keep an observed node in memory as long as the observer."""
    jobs = open_jobs()
    jobs.page.evaluate(
        """() => {
          globalThis.observed = new Set();
          const { observe, unobserve } = ResizeObserver.prototype;
          ResizeObserver.prototype.observe = function (node) {
            if (node.role === "row") observed.add(node);
            observe.call(this, node);
          };
          ResizeObserver.prototype.unobserve = function (node) {
            observed.delete(node);
            unobserve.call(this, node);
          };
        }"""
    )
    jobs.open(50)
    assert jobs.page.evaluate("observed.size") > 10

    jobs.search.fill("70000")
    expect(jobs.row("70001")).to_have_count(0)

    assert jobs.page.evaluate("observed.size") == 1
