"""Widgets in programs other than Jupyter: jobs are followed and cancelled, and pages closed."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from hosts import HOSTS, PROJECT, new_page
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hosts import AppServer
    from playwright.sync_api import Locator, Page

    from tamr_widgets.simulator import Simulator

# Several times the polling interval of 0.2 s.
RECENT_SECONDS = 1.5


def panel(page: Page) -> Locator:
    return page.get_by_role("group", name=re.compile("^Operation")).first


def shown_job(page: Page) -> str:
    """The id of the job that the page shows."""
    name = panel(page).get_attribute("aria-label") or ""
    return re.findall(r"\d+", name)[0]


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.05)


def recently_polled(tamr: Simulator) -> set[str]:
    """The jobs that were polled in the last seconds."""
    since = time.monotonic() - RECENT_SECONDS
    paths = [each.path for each in tamr.requests.matching("GET") if each.at > since]
    return {path.rpartition("/")[2] for path in paths if path[-1].isdigit()}


@pytest.mark.parametrize(
    "package", [package for host in HOSTS for package in host.packages if "assets" not in package]
)
def test_the_readme_names_the_tested_versions(package: str) -> None:
    """Its table has them without the last number."""
    table = (PROJECT / "README.md").read_text("utf-8").partition("## Where it works")[2]
    name, version = package.removesuffix(".*").split("==")

    assert re.search(rf"{name}[ |]+{re.escape(version)}\b", table, re.IGNORECASE)


def test_a_job_is_followed_cancelled_and_deleted(tamr: Simulator, page: Page) -> None:
    """The buttons Wait, Cancel and Delete work, and the Jobs page has rows."""
    expect(panel(page)).to_be_visible()
    job = shown_job(page)
    panel(page).get_by_role("button", name="Wait").click()
    expect(panel(page).get_by_role("button", name="Stop waiting")).to_be_visible()

    panel(page).get_by_role("button", name="Cancel job").click()
    panel(page).get_by_role("button", name="Yes, cancel it").click()
    expect(panel(page)).to_have_attribute("data-state", "CANCELED")
    tamr.jobs.allow_delete(job)
    panel(page).get_by_role("button", name="Delete").click()
    panel(page).get_by_role("button", name="Yes, delete it").click()
    expect(panel(page)).to_contain_text("The operation was deleted.")
    expect(page.get_by_role("grid", name="Jobs").get_by_role("row")).not_to_have_count(0)


def test_running_a_cell_again_replaces_its_widget(tamr: Simulator, page: Page) -> None:
    """Only the last job is polled, and the page logs no missing models."""
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    expect(panel(page)).to_be_visible()
    for _ in range(5):
        before = shown_job(page)
        page.get_by_role("button", name="Again").click()
        expect(panel(page)).not_to_have_attribute("aria-label", re.compile(rf"\b{before}\b"))

    wait_until(lambda: recently_polled(tamr) == {shown_job(page)})
    tamr.jobs.finish(shown_job(page))
    expect(panel(page)).to_have_attribute("data-state", "SUCCEEDED")
    assert [each for each in messages if "odel not found" in each] == []


def test_polling_stops_when_a_page_is_closed(
    tamr: Simulator, page: Page, server: AppServer
) -> None:
    """The page of another user is still updated."""
    other = new_page(page.context, server)
    for each in (page, other):
        expect(panel(each)).to_be_visible()
    closed_job, open_job = shown_job(page), shown_job(other)

    page.close()

    wait_until(lambda: recently_polled(tamr) == {open_job})
    tamr.jobs.finish(open_job)
    expect(panel(other)).to_have_attribute("data-state", "SUCCEEDED")
    tamr.jobs.finish(closed_job)


@pytest.mark.parametrize(
    "server", [host for host in HOSTS if host.name == "marimo"], indirect=True, ids=["marimo"]
)
def test_a_chain_as_the_last_value_of_a_cell_is_live(page: Page) -> None:
    """Only marimo shows the last value of a cell, as Jupyter does."""
    chain = page.get_by_role("group", name="Chain: Nightly")

    chain.get_by_role("button", name="Start").click()
    chain.get_by_role("button", name="Yes, start it").click()

    expect(chain).to_have_attribute("data-state", "SUCCEEDED")


def test_the_widgets_fit_the_page(server: AppServer, page: Page, artifacts: Path) -> None:
    """The panel is not stretched, and the Jobs page is wide enough."""
    jobs = page.get_by_role("region", name="Jobs")
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        expect(panel(page)).to_be_visible()
        expect(jobs.get_by_role("row").nth(5)).to_be_visible()
        page.screenshot(path=artifacts / f"{server.host.name}-{scheme}.png", full_page=True)

    assert panel(page).bounding_box()["height"] < 220
    assert jobs.bounding_box()["width"] > 600
