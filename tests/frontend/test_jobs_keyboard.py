"""The table by keyboard: one tab stop, arrows from cell to cell, and a focus that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jobs_page import row
from local_site import NOW_MS
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs_page import Jobs

ROWS = [row(str(n)) for n in range(1, 301)]


@pytest.fixture
def jobs(open_jobs: Callable[..., Jobs]) -> Jobs:
    """Three hundred jobs, with the focus on the description of the newest."""
    jobs = open_jobs(ROWS)
    jobs.cell("300", "description").focus()
    return jobs


def test_the_table_has_one_tab_stop(open_jobs: Callable[..., Jobs]) -> None:
    """It is the active cell, which the arrow keys change."""
    jobs = open_jobs(ROWS)

    stops = jobs.grid.locator("[tabindex='0']")
    expect(stops).to_have_count(1)
    jobs.search.press("ArrowDown")
    expect(jobs.cell("300", "description")).to_be_focused()
    jobs.page.keyboard.press("ArrowDown")
    jobs.page.keyboard.press("ArrowRight")

    expect(stops).to_have_count(1)
    expect(jobs.cell("299", "user")).to_be_focused()
    expect(jobs.cell("299", "user")).to_have_attribute("tabindex", "0")


@pytest.mark.parametrize(
    ("keys", "key", "column"),
    [
        (["ArrowDown"], "299", "description"),
        (["ArrowDown", "ArrowUp"], "300", "description"),
        (["ArrowLeft"], "300", "state"),
        (["ArrowLeft", "ArrowLeft", "ArrowLeft"], "300", "pick"),
        (["Home"], "300", "pick"),
        (["End"], "300", "left"),
        (["End", "ArrowRight"], "300", "left"),
        (["Control+End"], "1", "description"),
        (["Control+End", "ArrowDown"], "1", "description"),
        (["Control+End", "Control+Home"], "300", "description"),
        (["PageDown", "PageUp"], "300", "description"),
    ],
)
def test_keys_move_the_focus(jobs: Jobs, keys: list[str], key: str, column: str) -> None:
    """Arrows, Home, End, PageUp and PageDown move as in every grid, and scroll to the cell."""
    for each in keys:
        jobs.page.keyboard.press(each)

    expect(jobs.cell(key, column)).to_be_focused()
    expect(jobs.cell(key, column)).to_be_in_viewport(ratio=0.9)


def test_page_down_moves_by_the_visible_rows(jobs: Jobs) -> None:
    """It moves the last visible row to the top, so that no row is skipped."""
    jobs.page.keyboard.press("PageDown")

    index = jobs.grid.locator("[data-key]:has(:focus)").get_attribute("aria-rowindex")
    assert 8 < int(index) < 30


def test_the_header_sorts_by_keyboard(jobs: Jobs) -> None:
    """ArrowUp moves to the header; Enter and Space sort, and the focus stays."""
    jobs.page.keyboard.press("ArrowUp")
    expect(jobs.header("Description")).to_be_focused()

    jobs.page.keyboard.press("Enter")
    expect(jobs.header("Description")).to_have_attribute("aria-sort", "ascending")
    jobs.page.keyboard.press("Space")
    expect(jobs.header("Description")).to_have_attribute("aria-sort", "descending")
    expect(jobs.header("Description")).to_be_focused()

    jobs.page.keyboard.press("ArrowDown")
    expect(jobs.grid.locator("[aria-rowindex='2'] > [data-column=description]")).to_be_focused()


def test_enter_expands_and_collapses_a_row(jobs: Jobs) -> None:
    """It shows and hides the row's panel; the focus stays on the row."""
    cell = jobs.cell("300", "description")

    jobs.page.keyboard.press("Enter")
    expect(cell).to_have_attribute("aria-expanded", "true")
    expect(jobs.region.get_by_role("group", name="Operation 300")).to_be_visible()
    expect(cell).to_be_focused()

    jobs.page.keyboard.press("Enter")
    expect(cell).to_have_attribute("aria-expanded", "false")
    expect(jobs.region.get_by_role("group", name="Operation 300")).to_have_count(0)


def test_space_selects_rows(jobs: Jobs) -> None:
    """Space selects a row, Shift and Space all rows up to it, Shift and arrows a range."""
    jobs.page.keyboard.press("Space")
    assert jobs.selected == ["300"]

    jobs.page.keyboard.press("Shift+ArrowDown")
    jobs.page.keyboard.press("Shift+ArrowDown")
    assert jobs.selected == ["300", "299", "298"]
    jobs.page.keyboard.press("Shift+ArrowUp")
    assert jobs.selected == ["300", "299"]

    for _ in range(3):
        jobs.page.keyboard.press("ArrowDown")
    jobs.page.keyboard.press("Shift+Space")
    assert jobs.selected == ["300", "299", "298", "297", "296"]
    jobs.page.keyboard.press("Space")
    assert jobs.selected == ["300", "299", "298", "297"]
    assert sorted(jobs.trait("_selected")) == ["297", "298", "299", "300"]


def test_all_matching_rows_are_selected_and_deselected(jobs: Jobs) -> None:
    """Ctrl+A selects all matching rows, not only visible ones; Escape deselects them."""
    jobs.search.fill("29")
    jobs.search.press("ArrowDown")

    jobs.page.keyboard.press("Control+a")
    expect(jobs.region).to_contain_text("13 of 300 jobs · 13 selected")
    assert jobs.grid.get_by_role("checkbox").is_checked()

    jobs.page.keyboard.press("Escape")
    expect(jobs.region).not_to_contain_text("selected")


def test_the_checkbox_in_the_header_selects_all_rows(jobs: Jobs) -> None:
    """It selects all rows, is mixed if some are selected, and deselects all."""
    box = jobs.grid.get_by_role("checkbox", name="Select all 300 jobs")
    jobs.cell("300", "pick").click()
    assert box.evaluate("box => box.indeterminate")

    jobs.page.keyboard.press("ArrowUp")
    expect(box).to_be_focused()
    jobs.page.keyboard.press("Space")
    assert len(jobs.trait("_selected")) == 300
    expect(box).to_be_checked()

    jobs.page.keyboard.press("Space")
    assert jobs.trait("_selected") == []


def test_clicks_with_modifiers_select_rows(jobs: Jobs) -> None:
    """Ctrl toggles a row, Shift selects a range, the checkbox selects, and no row expands."""
    jobs.cell("298", "user").click(modifiers=["Control"])
    jobs.cell("295", "user").click(modifiers=["Shift"])
    assert jobs.selected == ["298", "297", "296", "295"]

    jobs.cell("296", "user").click(modifiers=["Control"])
    jobs.cell("300", "pick").click()

    assert jobs.selected == ["300", "298", "297", "295"]
    assert jobs.sent("expand") == []


def test_the_focus_is_kept_when_its_row_is_scrolled_out(jobs: Jobs) -> None:
    """A row with the focus stays in the page, and the arrow keys continue from it."""
    jobs.page.keyboard.press("ArrowDown")

    jobs.grid.evaluate("grid => { grid.scrollTop = 5000 }")
    expect(jobs.cell("105", "state")).to_be_visible()
    expect(jobs.cell("299", "description")).to_be_focused()
    jobs.page.keyboard.press("ArrowDown")

    expect(jobs.cell("298", "description")).to_be_focused()
    expect(jobs.cell("298", "description")).to_be_in_viewport()


def test_keys_do_not_reach_the_notebook(jobs: Jobs) -> None:
    """Neither plain keys nor the shortcuts of the table do; other shortcuts reach it."""
    jobs.page.evaluate(
        "globalThis.seen = []; document.addEventListener('keydown', ({key}) => seen.push(key))"
    )

    for key in ("a", "d", "ArrowDown", "Enter", "Shift+Enter", "Space", "Control+a", "Escape"):
        jobs.page.keyboard.press(key)
    jobs.search.press_sequentially("dd")
    jobs.page.keyboard.press("Control+s")

    assert jobs.page.evaluate("seen") == ["Control", "Control", "s"]


def test_a_new_view_in_a_shadow_root_restores_the_focus(open_jobs: Callable[..., Jobs]) -> None:
    """The cells of marimo are shadow roots."""
    jobs = open_jobs()
    jobs.page.evaluate(
        """async () => {
          const container = document.querySelector("main").attachShadow({ mode: "open" });
          globalThis.jobs = await openJobs({ container });
          globalThis.jobs.list(makeJobs(3));
        }"""
    )
    jobs.cell("70000", "description").focus()

    jobs.call("drawAgain")
    jobs.page.clock.run_for(100)

    expect(jobs.cell("70000", "description")).to_be_focused()


def test_a_focused_time_keeps_its_name(open_jobs: Callable[..., Jobs]) -> None:
    """Its text changes each second, which screen readers would announce."""
    jobs = open_jobs([row("17", state="RUNNING", started=NOW_MS - 60_000, ended=None)])
    cell = jobs.cell("17", "ran")
    cell.focus()
    jobs.page.clock.run_for(5_000)

    expect(cell).to_have_text("1 min 5 s")
    expect(cell).to_have_accessible_name("1 min")
    jobs.page.keyboard.press("ArrowLeft")
    expect(cell).to_have_accessible_name("1 min 5 s")


def test_a_focused_time_has_a_new_name_when_the_job_has_ended(
    open_jobs: Callable[..., Jobs],
) -> None:
    """The end is announced, and the name is not that of a running job."""
    jobs = open_jobs([row("17", state="RUNNING", started=NOW_MS - 60_000, ended=None)])
    cell = jobs.cell("17", "ran")
    cell.focus()

    jobs.change(row("17", state="SUCCEEDED", started=NOW_MS - 60_000, ended=NOW_MS + 4_000))

    expect(cell).to_be_focused()
    expect(cell).to_have_accessible_name("1 min 4 s")
