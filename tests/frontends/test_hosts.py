"""The main job in programs other than Jupyter: follow a job, act on it, run a cell again, leave."""

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

# Longer than some polls, which are 0.2 s apart.
QUIET_SECONDS = 1.5


def panel(page: Page) -> Locator:
    return page.get_by_role("group", name=re.compile("^Operation")).first


def job_of(page: Page) -> str:
    """The id of the job that the page shows."""
    name = panel(page).get_attribute("aria-label") or ""
    return re.findall(r"\d+", name)[0]


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def polled(tamr: Simulator) -> set[str]:
    """The jobs that were polled in the last seconds."""
    since = time.monotonic() - QUIET_SECONDS
    paths = [each.path for each in tamr.requests.matching("GET") if each.at > since]
    return {path.rpartition("/")[2] for path in paths if path[-1].isdigit()}


@pytest.mark.parametrize(
    "package", [package for host in HOSTS for package in host.packages if "assets" not in package]
)
def test_the_readme_names_the_versions_that_are_tried(package: str) -> None:
    """In its table, without the last number."""
    table = (PROJECT / "README.md").read_text("utf-8").partition("## Where it works")[2]
    name, version = package.removesuffix(".*").split("==")

    assert re.search(rf"{name}[ |]+{re.escape(version)}\b", table, re.IGNORECASE)


def test_a_job_is_followed_and_acted_on(tamr: Simulator, visitor: Page) -> None:
    """Without a click it is followed to its end; Wait, Cancel and Delete work."""
    expect(panel(visitor)).to_be_visible()
    job = job_of(visitor)
    panel(visitor).get_by_role("button", name="Wait").click()
    expect(panel(visitor).get_by_role("button", name="Stop waiting")).to_be_visible()

    panel(visitor).get_by_role("button", name="Cancel job").click()
    panel(visitor).get_by_role("button", name="Yes, cancel it").click()
    expect(panel(visitor)).to_have_attribute("data-state", "CANCELED")
    tamr.jobs.allow_delete(job)
    panel(visitor).get_by_role("button", name="Delete").click()
    panel(visitor).get_by_role("button", name="Yes, delete it").click()
    expect(panel(visitor)).to_contain_text("The operation was deleted.")
    expect(visitor.get_by_role("grid", name="Jobs").get_by_role("row")).not_to_have_count(0)


def test_after_five_runs_one_widget_lives_to_the_end(tamr: Simulator, visitor: Page) -> None:
    """Each run replaces the widget; those before are polled no more, and the page has no errors."""
    messages: list[str] = []
    visitor.on("console", lambda message: messages.append(message.text))
    expect(panel(visitor)).to_be_visible()
    for _ in range(5):
        before = job_of(visitor)
        visitor.get_by_role("button", name="Again").click()
        expect(panel(visitor)).not_to_have_attribute("aria-label", re.compile(rf"\b{before}\b"))

    until(lambda: polled(tamr) == {job_of(visitor)})
    tamr.jobs.finish(job_of(visitor))
    expect(panel(visitor)).to_have_attribute("data-state", "SUCCEEDED")
    assert [each for each in messages if "odel not found" in each] == []


def test_a_visitor_who_leaves_is_polled_for_no_more(
    tamr: Simulator, visitor: Page, server: AppServer
) -> None:
    """Another visitor's page goes on."""
    other = new_page(visitor.context, server)
    for page in (visitor, other):
        expect(panel(page)).to_be_visible()
    left, stays = job_of(visitor), job_of(other)

    visitor.close()

    until(lambda: polled(tamr) == {stays})
    tamr.jobs.finish(stays)
    expect(panel(other)).to_have_attribute("data-state", "SUCCEEDED")
    tamr.jobs.finish(left)


@pytest.mark.parametrize(
    "server", [host for host in HOSTS if host.name == "marimo"], indirect=True, ids=["marimo"]
)
def test_a_chain_at_the_end_of_a_cell_is_live(visitor: Page) -> None:
    """As in Jupyter: marimo alone of these programs shows the last value of a cell."""
    chain = visitor.get_by_role("group", name="Chain: Nightly")

    chain.get_by_role("button", name="Start").click()
    chain.get_by_role("button", name="Yes, start it").click()

    expect(chain).to_have_attribute("data-state", "SUCCEEDED")


def test_it_fits_the_page(server: AppServer, visitor: Page, artifacts: Path) -> None:
    """The widgets have a width, and the height of their content."""
    jobs = visitor.get_by_role("region", name="Jobs")
    for scheme in ("dark", "light"):
        visitor.emulate_media(color_scheme=scheme)
        expect(panel(visitor)).to_be_visible()
        expect(jobs.get_by_role("row").nth(5)).to_be_visible()
        visitor.screenshot(path=artifacts / f"{server.host.name}-{scheme}.png", full_page=True)

    assert panel(visitor).bounding_box()["height"] < 220
    assert jobs.bounding_box()["width"] > 600
