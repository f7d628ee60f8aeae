"""Widgets in cells that run again: they are paused, are resumed, and repeat their output."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fakes import wait_until
from IPython.core.events import EventManager, available_events
from pages import QUICK, Page, click, count_requests, follow, jobs_widget

from tamr_widgets.simulator import Fault
from tamr_widgets.widgets import cell_outputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from tamr_widgets.simulator import Simulator


class Shell:
    """A fake of a kernel's shell, which runs the cells that a test names."""

    kernel = object()

    def __init__(self) -> None:
        self.events = EventManager(self, available_events)
        self.parent: dict[str, Any] = {}

    def get_parent(self) -> dict[str, Any]:
        return self.parent

    def run(self, cell_id: str | None, code: str = "widget") -> None:
        """Begins to run a cell; without an id, it is known by its source text."""
        header = {"msg_type": "execute_request", "msg_id": "1"}
        metadata = {} if cell_id is None else {"cellId": cell_id}
        self.parent = {"header": header, "metadata": metadata, "content": {"code": code}}
        self.events.trigger("pre_run_cell", SimpleNamespace(raw_cell=code))


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were displayed, the first and its updates."""
    texts: list[str] = []
    show: Callable[..., None] = lambda data, **_: texts.append(data["text/plain"])  # noqa: E731
    monkeypatch.setattr("tamr_widgets.widgets.base.display", show)
    return texts


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, displayed: list[str]) -> Shell:
    shell = Shell()
    monkeypatch.setattr(cell_outputs, "get_ipython", lambda: shell)
    return shell


def polls(tamr: Simulator, *paths: str) -> bool:
    """Whether a path with one of these ends is polled now."""

    def count() -> int:
        return sum(each.path.endswith(paths) for each in tamr.requests)

    time.sleep(QUICK)  # a poll that was under way
    before = count()
    end = time.monotonic() + 10 * QUICK
    while not (are_polls := count() > before + 1):
        if time.monotonic() > end:
            break
        time.sleep(0.005)
    return are_polls


def test_an_operation_is_paused_when_its_cell_runs_again(tamr, client, shell):
    """It is resumed when a page shows it, or code waits for it."""
    job = tamr.jobs.add("RUNNING")
    path = f"operations/{job}"
    shell.run("a")
    widget = follow(client, job)
    widget._ipython_display_()
    wait_until(lambda: polls(tamr, path))

    shell.run("a")
    assert not polls(tamr, path)
    click(widget, "visible")
    wait_until(lambda: polls(tamr, path))

    widget.on_resolved(lambda _: None)
    shell.run("b")
    widget._ipython_display_()
    shell.run("b")
    wait_until(lambda: polls(tamr, path))


def test_a_cell_without_an_id_pauses_no_operation(tamr, client, shell):
    """Two cells may have the same text; a list of jobs is paused, since it costs more."""
    job = tamr.jobs.add("RUNNING")
    shell.run(None)
    widget, jobs = follow(client, job, estimate=False), jobs_widget(client)
    for each in (widget, jobs):
        each._ipython_display_()

    shell.run(None)

    wait_until(lambda: polls(tamr, f"operations/{job}"))
    assert not polls(tamr, "operations")


def test_a_list_of_jobs_is_paused_with_its_rows(tamr, client, shell):
    """Both are resumed when a page shows them."""
    job = tamr.jobs.add("RUNNING")
    shell.run("a")
    widget = jobs_widget(client)
    widget._ipython_display_()
    page = Page(widget)
    wait_until(lambda: widget.operations)
    page.click("expand", id=job)
    wait_until(lambda: page.of("facts"))

    shell.run("a")
    assert not polls(tamr, "operations", f"operations/{job}")

    page.click("visible")
    wait_until(lambda: polls(tamr, "operations"))


def test_the_final_output_is_repeated_in_the_next_cell(tamr, client, shell, displayed):
    """nbclient loses messages between two cells; the output is repeated once."""
    job = tamr.jobs.add("RUNNING")
    shell.run("a")
    widget = follow(client, job)
    widget._ipython_display_()
    tamr.jobs.finish(job)
    wait_until(lambda: len(displayed) == 2)

    shell.run("b")
    shell.run("c")

    assert ["SUCCEEDED" in each for each in displayed] == [False, True, True]


def test_a_cell_that_a_program_runs_ends_with_the_first_list(tamr, client, shell, displayed):
    """A saved notebook then has the jobs; a program does not allow `input()`."""
    tamr.jobs.add("FAILED")
    tamr.faults.add(Fault.delay(0.1, path="operations$"))
    shell.run("a")
    shell.parent["content"]["allow_stdin"] = False
    widget = jobs_widget(client)
    widget._ipython_display_()
    assert "1 jobs" not in displayed[-1]

    shell.events.trigger("post_run_cell", None)

    assert "1 jobs" in displayed[-1]


def test_a_widget_outside_of_a_cell_is_not_paused(tamr, client, shell):
    """The message of a page does not run a cell."""
    shell.parent = {"header": {"msg_type": "comm_msg"}}
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    widget._ipython_display_()

    shell.events.trigger("pre_run_cell", SimpleNamespace(raw_cell=""))

    wait_until(lambda: polls(tamr, f"operations/{job}"))


def test_a_closed_widget_is_not_displayed(tamr, client, displayed):
    widget = follow(client, tamr.jobs.add("SUCCEEDED"))

    widget.close()
    widget._ipython_display_()

    assert displayed == []


def test_a_widget_is_polled_when_a_page_shows_it_again(tamr, client, monkeypatch):
    """Polls are rare while no page shows it."""
    monkeypatch.setattr("tamr_widgets._polling.page_visibility.HIDDEN_AFTER_SECONDS", 0.1)
    monkeypatch.setattr("tamr_widgets._polling.target.HIDDEN_FACTOR", 10_000)
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    wait_until(lambda: not polls(tamr, f"operations/{job}"))
    before = count_requests(tamr, "GET", f"operations/{job}")

    click(widget, "visible")

    wait_until(lambda: count_requests(tamr, "GET", f"operations/{job}") > before)
