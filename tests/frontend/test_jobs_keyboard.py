"""The table by keyboard: one stop for Tab, arrows from cell to cell, and the focus never lost."""

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


def test_the_table_is_one_stop(open_jobs: Callable[..., Jobs]) -> None:
    """Tab enters the table at its active cell, and leaves it with the next."""
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
    """Arrows, Home, End and pages move as in every grid, and bring the cell into view."""
    for each in keys:
        jobs.page.keyboard.press(each)

    expect(jobs.cell(key, column)).to_be_focused()
    expect(jobs.cell(key, column)).to_be_in_viewport(ratio=0.9)


def test_a_page_is_what_is_seen(jobs: Jobs) -> None:
    """PageDown brings the last row that is seen to the top, no row is passed over."""
    jobs.page.keyboard.press("PageDown")

    index = jobs.grid.locator("[data-key]:has(:focus)").get_attribute("aria-rowindex")
    assert 8 < int(index) < 30


def test_the_header_sorts(jobs: Jobs) -> None:
    """Above the first row is the header; Enter and Space sort, and the focus stays."""
    jobs.page.keyboard.press("ArrowUp")
    expect(jobs.header("Description")).to_be_focused()

    jobs.page.keyboard.press("Enter")
    expect(jobs.header("Description")).to_have_attribute("aria-sort", "ascending")
    jobs.page.keyboard.press("Space")
    expect(jobs.header("Description")).to_have_attribute("aria-sort", "descending")
    expect(jobs.header("Description")).to_be_focused()

    jobs.page.keyboard.press("ArrowDown")
    expect(jobs.grid.locator("[aria-rowindex='2'] > [data-column=description]")).to_be_focused()


def test_enter_opens_and_closes(jobs: Jobs) -> None:
    """Enter shows the row's panel, and takes it away; the focus stays on the row."""
    cell = jobs.cell("300", "description")

    jobs.page.keyboard.press("Enter")
    expect(cell).to_have_attribute("aria-expanded", "true")
    expect(jobs.region.get_by_role("group", name="Operation 300")).to_be_visible()
    expect(cell).to_be_focused()

    jobs.page.keyboard.press("Enter")
    expect(cell).to_have_attribute("aria-expanded", "false")
    expect(jobs.region.get_by_role("group", name="Operation 300")).to_have_count(0)


def test_space_selects(jobs: Jobs) -> None:
    """Space chooses a row, with Shift all up to it; Shift and arrows draw the range on."""
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


def test_all_that_match_and_none(jobs: Jobs) -> None:
    """Ctrl+A chooses all that match, not only what is seen; Escape lets them go."""
    jobs.search.fill("29")
    jobs.search.press("ArrowDown")

    jobs.page.keyboard.press("Control+a")
    expect(jobs.region).to_contain_text("13 of 300 jobs · 13 selected")
    assert jobs.grid.get_by_role("checkbox").is_checked()

    jobs.page.keyboard.press("Escape")
    expect(jobs.region).not_to_contain_text("selected")


def test_the_checkbox_in_the_header_chooses_all(jobs: Jobs) -> None:
    """It chooses all that match, is mixed for some, and lets all go."""
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


def test_clicks_choose_like_everywhere(jobs: Jobs) -> None:
    """Ctrl adds and takes away, Shift draws a range, the box chooses, and nothing opens."""
    jobs.cell("298", "user").click(modifiers=["Control"])
    jobs.cell("295", "user").click(modifiers=["Shift"])
    assert jobs.selected == ["298", "297", "296", "295"]

    jobs.cell("296", "user").click(modifiers=["Control"])
    jobs.cell("300", "pick").click()

    assert jobs.selected == ["300", "298", "297", "295"]
    assert jobs.sent("expand") == []


def test_the_focus_survives_scrolling_away(jobs: Jobs) -> None:
    """A row with the focus stays in the page when it is scrolled out, and the keys go on there."""
    jobs.page.keyboard.press("ArrowDown")

    jobs.grid.evaluate("grid => { grid.scrollTop = 5000 }")
    expect(jobs.cell("105", "state")).to_be_visible()
    expect(jobs.cell("299", "description")).to_be_focused()
    jobs.page.keyboard.press("ArrowDown")

    expect(jobs.cell("298", "description")).to_be_focused()
    expect(jobs.cell("298", "description")).to_be_in_viewport()


def test_keys_are_not_the_notebooks(jobs: Jobs) -> None:
    """A notebook never sees the plain keys pressed here, nor those that the table knows."""
    jobs.page.evaluate(
        "globalThis.seen = []; document.addEventListener('keydown', ({key}) => seen.push(key))"
    )

    for key in ("a", "d", "ArrowDown", "Enter", "Shift+Enter", "Space", "Control+a", "Escape"):
        jobs.page.keyboard.press(key)
    jobs.search.press_sequentially("dd")
    jobs.page.keyboard.press("Control+s")

    assert jobs.page.evaluate("seen") == ["Control", "Control", "s"]


def test_a_new_view_in_a_shadow_root_gets_the_focus_back(open_jobs: Callable[..., Jobs]) -> None:
    """As in marimo, whose cells are shadow roots."""
    jobs = open_jobs()
    jobs.page.evaluate(
        """async () => {
          const home = document.querySelector("main").attachShadow({ mode: "open" });
          globalThis.jobs = await openJobs({ home });
          globalThis.jobs.list(makeJobs(3));
        }"""
    )
    jobs.cell("70000", "description").focus()

    jobs.notify("drawAgain")
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
