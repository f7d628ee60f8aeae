"""Messages to pages: the context in which each host needs them, closed pages, failed sends."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
import threading
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import comm
import ipywidgets
import pytest
from fakes import wait_until
from pages import click, count_requests, follow, jobs_widget

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

session = contextvars.ContextVar("session", default="none")


def in_session(name: str, function: Any, *args: Any) -> Any:
    context = contextvars.copy_context()
    context.run(session.set, name)
    return context.run(function, *args)


@pytest.fixture
def senders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The session in whose context each message of a widget was sent."""
    sent: list[str] = []
    monkeypatch.setattr("comm.DummyComm.publish_msg", lambda *_, **__: sent.append(session.get()))
    return sent


def test_in_a_kernel_updates_are_sent_in_the_context_of_a_page_s_message(
    tamr, client, kernel, senders
):
    """Clicks are then handled while a cell runs (ipykernel 7.4); new widgets use it, too."""
    job = tamr.jobs.add("RUNNING")
    in_session("page's shell", click, follow(client, job), "visible")
    in_session("cell", follow, client, job)
    senders.clear()

    tamr.jobs.finish(job)
    wait_until(lambda: len(senders) >= 2)

    assert set(senders) == {"page's shell"}


def test_in_an_app_each_widget_sends_in_the_context_in_which_it_was_made(tamr, client, senders):
    """An app has several visitors; the message of one page is no context for the others."""
    first, second = tamr.jobs.add("RUNNING"), tamr.jobs.add("RUNNING")
    one = in_session("one", partial(follow, estimate=False), client, first)
    in_session("two", follow, client, second)
    in_session("one", click, one, "visible")
    wait_until(lambda: count_requests(tamr, "GET", first) >= 3)  # its first result was drawn
    senders.clear()

    tamr.jobs.finish(second)
    wait_until(lambda: senders)

    assert set(senders) == {"two"}


class Shiny:
    """A fake of Shiny on the running event loop, with one visitor; it records its calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, record: list[str]) -> None:
        self.loop, self.record = asyncio.get_running_loop(), record
        self.flushed = asyncio.Event()
        session = SimpleNamespace(get_current_session=object)
        monkeypatch.setitem(sys.modules, "shiny", SimpleNamespace())
        monkeypatch.setitem(sys.modules, "shiny.session", session)
        monkeypatch.setitem(sys.modules, "shiny.reactive", self)

    @contextlib.asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        self.record.append("locked")
        yield
        self.record.append("unlocked")

    async def flush(self) -> None:
        assert asyncio.get_running_loop() is self.loop
        self.record.append("flushed")
        self.flushed.set()


def test_in_shiny_updates_are_sent_on_its_loop_and_flushed(tamr, client, senders, monkeypatch):
    """They are sent in the context of the visitor, while Shiny's lock is held."""

    async def visit() -> None:
        shiny = Shiny(monkeypatch, senders)
        widgets.append(in_session("visitor", partial(follow, estimate=False), client, job))
        senders.clear()
        tamr.jobs.finish(job)
        await asyncio.wait_for(shiny.flushed.wait(), 20)

    job, widgets = tamr.jobs.add("RUNNING"), []
    asyncio.run(visit())

    assert senders[:3] == ["locked", "visitor", "flushed"]
    senders.clear()
    widgets[0].send({})  # after the end of the app
    assert senders == []


@pytest.mark.parametrize("make", [follow, "jobs"])
@pytest.mark.parametrize("gone", ["comm", "session"])
def test_a_widget_whose_page_is_gone_is_closed(tamr, client, make, gone):
    """marimo closes the comm, and Panel ends the session; the polling ends."""
    job = tamr.jobs.add("RUNNING")
    widget = jobs_widget(client) if make == "jobs" else make(client, job)
    widget._document = SimpleNamespace(session_context=object())
    path = "operations" if make == "jobs" else job
    before = count_requests(tamr, "GET", path)
    wait_until(lambda: count_requests(tamr, "GET", path) >= before + 3)
    assert widget.comm is not None

    if gone == "comm":
        widget.comm._closed = True
    else:
        widget._document.session_context = None
    wait_until(lambda: widget.comm is None)

    assert widget not in ipywidgets.widgets.widget._instances.values()
    wait_until(lambda: not any("poll" in each.name for each in threading.enumerate()))


def test_a_widget_of_a_marimo_app_that_has_ended_is_closed(tamr, client, monkeypatch):
    """Each session has a thread of its own, which ends with it."""
    host = SimpleNamespace(__version__="0.25.2", running_in_notebook=lambda: True)
    monkeypatch.setitem(sys.modules, "marimo", host)
    job, leave, widgets = tamr.jobs.add("RUNNING"), threading.Event(), []
    session = threading.Thread(target=lambda: (widgets.append(follow(client, job)), leave.wait()))
    session.start()
    wait_until(lambda: widgets and count_requests(tamr, "GET", job) >= 3)
    assert widgets[0].comm is not None

    leave.set()

    wait_until(lambda: widgets[0].comm is None)


def test_a_placeholder_of_a_comm_does_not_close_the_widget(tamr, client):
    """Panel sets one, which was never open, in a widget that is created outside of a session."""
    widget = follow(client, tamr.jobs.add("RUNNING"))
    opened = widget.comm
    widget.comm = comm.DummyComm(target_name="temporary", primary=False)

    assert widget._channel.is_closed(widget) is False
    widget.comm = opened


@pytest.mark.filterwarnings("ignore:An update was not sent")
def test_an_update_that_was_not_sent_is_reported_and_sent_later(tamr, client):
    """After its next message, the page receives the error and the latest state."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    sent: list[Any] = []

    def fail(data: Any = None, **_: Any) -> None:
        raise RuntimeError("no session")

    widget.comm.send = fail
    tamr.jobs.finish(job)
    wait_until(lambda: "no session" in widget.callback_error)
    widget.comm.send = lambda data=None, **_: sent.append(data)
    click(widget, "visible")

    (state,) = [each["state"] for each in sent if each["method"] == "update"]
    assert state["_panel"]["state"] == "SUCCEEDED"
    assert "no session" in state["_panel"]["callback_error"]


def test_an_update_that_was_not_sent_causes_one_warning(tamr, client):
    widget = follow(client, tamr.jobs.add("SUCCEEDED"))
    widget.comm.send = lambda **_: 1 / 0

    with pytest.warns(RuntimeWarning, match="not sent to the page: ZeroDivisionError"):
        widget.send({})
    widget.send({})  # would raise, since warnings are errors here


@pytest.mark.parametrize(
    ("name", "version", "needed"),
    [
        ("ipykernel", "7.0.1", r"ipykernel>=7\.1"),
        ("ipykernel", "7.1.0", None),
        ("ipykernel", "6.29.0", None),
        ("marimo", "0.23.12", r"marimo>=0\.23\.14"),
        ("marimo", "0.25.2", None),
    ],
)
def test_a_host_that_cannot_update_widgets_causes_a_warning(
    tamr, client, monkeypatch, recwarn, name, version, needed
):
    """It names the version that is needed."""
    host = SimpleNamespace(
        __version__=version, version_info=(7, 0, 1), running_in_notebook=lambda: True
    )
    monkeypatch.setitem(sys.modules, name, host)
    operation = client.operation(tamr.jobs.add("SUCCEEDED"))

    if needed is None:
        follow(client, operation.resource_id)
        assert not recwarn
    else:
        with pytest.warns(RuntimeWarning, match=needed):
            follow(client, operation.resource_id)


def test_marimo_cells_can_read_state_resolved_and_progress(tamr, client, monkeypatch):
    """They are in `.value`, and changes are sent, so that cells that read them run again."""
    host = SimpleNamespace(__version__="0.25.2", running_in_notebook=lambda: True)
    monkeypatch.setitem(sys.modules, "marimo", host)
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    sent: dict[str, Any] = {}
    widget.comm.send = lambda data=None, **_: sent.update(data.get("state", {}))

    tamr.jobs.finish(job)
    wait_until(lambda: widget.resolved and len(sent) >= 4)

    value = widget.get_state()
    for name, expected in {"state": "SUCCEEDED", "resolved": True, "progress": 1.0}.items():
        assert value[name] == sent[name] == expected


def test_a_value_that_a_page_reports_back_is_not_sent_again(tamr, client):
    """marimo's page reports values to run cells again."""
    widget = follow(client, tamr.jobs.add("SUCCEEDED"))
    sent: list[Any] = []
    widget.comm.send = lambda data=None, **_: sent.append(data["state"])

    widget.set_state({"state": "SUCCEEDED"})
    widget.set_state({"state": "RUNNING"})

    assert sent == [{"state": "SUCCEEDED"}]
