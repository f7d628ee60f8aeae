from __future__ import annotations

import gc
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from fakes import callback_threads, wait_until

from tamr_widgets import Chain, ChainWidget, Operation, Step, notify
from tamr_widgets.widgets import base, opened_rows
from tamr_widgets.widgets.cell_outputs import Cell
from tamr_widgets.widgets.controller import OperationController

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tamr_widgets import Client
    from tamr_widgets.simulator import Simulator

QUICK = 0.01


@pytest.fixture
def chain(tamr: Simulator, client: Client) -> Chain:
    """A chain of three steps, the second of which fails the first time."""
    outcomes = iter(["SUCCEEDED", "FAILED", "SUCCEEDED", "SUCCEEDED"])

    def start() -> Operation:
        return client.operation(
            tamr.jobs.start(outcome=next(outcomes), queued_seconds=0, run_seconds=0.01)
        )

    steps = [(name, start) for name in ("update", "pairs", "publish")]
    return Chain(steps, "Nightly", poll_interval_seconds=QUICK)


def until(widget: ChainWidget, condition: Callable[[], bool]) -> None:
    """Waits for a change of the widget after which something holds."""
    changed = threading.Event()
    widget.observe(lambda _: changed.set())
    while not condition():
        assert changed.wait(10), widget.steps
        changed.clear()


def click(widget: ChainWidget, action: str, **more: Any) -> None:
    widget._handle_custom_msg({"action": action, "seq": 1, **more}, None)


def test_a_widget_shows_the_states_of_its_steps(chain):
    widget = ChainWidget(chain)
    assert widget.state == "WAITING"
    assert widget.chain is chain

    click(widget, "start")
    until(widget, lambda: widget.state == "FAILED")

    assert [step.state for step in widget.steps] == ["SUCCEEDED", "FAILED", "BLOCKED"]
    facts = widget.get_state()["_chain"]
    assert facts["name"] == "Nightly"
    assert facts["server"] == chain.steps[0].operation.client.origin.removeprefix("http://")
    assert [each["state"] for each in facts["steps"]] == ["SUCCEEDED", "FAILED", "BLOCKED"]
    assert facts["steps"][1]["why"]
    assert facts["steps"][1]["holds_up"] == ["publish"]
    assert [each["after"] for each in facts["steps"]] == [[], [0], [1]]


def test_a_click_resumes_a_failed_chain(chain):
    widget = ChainWidget(chain.start())
    until(widget, lambda: widget.state == "FAILED")

    click(widget, "resume")
    until(widget, lambda: widget.state == "SUCCEEDED")


def test_an_expanded_step_shows_the_panel_of_its_operation(chain):
    widget = ChainWidget(chain.start())
    until(widget, lambda: widget.state == "FAILED")
    sent: list[dict[str, Any]] = []
    arrived = threading.Event()

    def send(content: dict[str, Any], buffers: Any = None) -> None:
        sent.append(content)
        if "panel" in content:
            arrived.set()

    widget.send = send

    click(widget, "expand", id="pairs")
    assert arrived.wait(10)

    panel = next(each for each in sent if "panel" in each)
    assert panel["panel"] == "pairs"
    assert panel["facts"]["state"] == "FAILED"
    assert panel["facts"]["id"] == chain.steps[1].operation.resource_id
    click(widget, "collapse", id="pairs")
    wait_until(lambda: {"collapsed": "pairs"} in sent)


def test_the_saved_output_has_every_step_as_text(chain):
    chain.start().wait(10)
    widget = ChainWidget(Chain([Step("<b>x</b>", lambda: None)], "<i>", poll_interval_seconds=1))
    html = widget._repr_mimebundle_()[0]["text/html"]
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "<b>x" not in html
    assert "<i>" not in html

    bundle = ChainWidget(chain)._repr_mimebundle_()[0]

    assert bundle["text/plain"] == "Nightly: FAILED, 1 of 3 steps succeeded"
    for step in chain.steps[:2]:
        assert f"<bdi>{step.operation.resource_id}</bdi>" in bundle["text/html"]


def test_a_change_while_the_widget_is_created_is_not_missed(monkeypatch):
    """The chain may end before the widget has subscribed to changes."""
    chain = Chain({"a": lambda: None})
    on_change = chain.on_change

    def ends_before(*args: Any, **options: Any) -> Callable[[], None]:
        chain.start().wait(10)
        return on_change(*args, **options)

    monkeypatch.setattr(chain, "on_change", ends_before)
    widget = ChainWidget(chain)

    until(widget, lambda: widget.state == "SUCCEEDED")


def test_closing_the_widget_does_not_stop_the_chain(chain):
    widget = ChainWidget(chain.start())
    widget.close()

    assert chain.wait(10).state == "FAILED"


def test_a_value_that_is_no_chain_is_refused():
    with pytest.raises(TypeError, match="shows a Chain"):
        ChainWidget(17)


@pytest.fixture
def running(tamr: Simulator, client: Client) -> Iterator[Chain]:
    """A chain whose only step, "a", runs; a job that is started after it runs as well."""
    chain = Chain(
        {"a": lambda: client.operation(tamr.jobs.add("RUNNING"))}, poll_interval_seconds=QUICK
    ).start()
    wait_until(lambda: chain.steps[0].operation)
    yield chain
    chain.stop()
    tamr.jobs.finish(chain.steps[0].operation.resource_id)
    chain.wait(10)


class Panels(list[dict[str, Any]]):
    """The facts of expanded steps that a page receives."""

    def __init__(self, widget: ChainWidget) -> None:
        super().__init__()
        self._arrived = threading.Condition()
        widget.send = self._receive

    def _receive(self, content: dict[str, Any], buffers: Any = None) -> None:
        if "panel" in content:
            with self._arrived:
                self.append(content["facts"])
                self._arrived.notify_all()

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> None:
        with self._arrived:
            assert self._arrived.wait_for(lambda: self and condition(self[-1]), 10), self


def expanded(chain: Chain) -> tuple[ChainWidget, Panels]:
    """Returns a widget with an expanded step, and the facts that its page receives."""
    widget = ChainWidget(chain)
    until(widget, lambda: widget.steps[0].operation is not None)
    panels = Panels(widget)
    click(widget, "expand", id=widget.steps[0].name)
    panels.until(lambda facts: facts["id"] == widget.steps[0].operation.resource_id)
    return widget, panels


def test_a_button_of_an_expanded_step_acts_on_its_job(running, tamr):
    widget, panels = expanded(running)

    click(widget, "cancel", id="a")

    panels.until(lambda facts: facts["state"] == "CANCELING")
    assert len(tamr.requests.matching("POST", "cancel")) == 1


def test_an_expanded_step_shows_the_new_job_after_a_resume(running, tamr):
    widget, panels = expanded(running)
    first = panels[-1]["id"]
    tamr.jobs.finish(first, "FAILED")
    until(widget, lambda: widget.state == "FAILED")

    running.resume()

    panels.until(lambda facts: facts["id"] != first and facts["state"] == "RUNNING")


def test_updates_pause_until_a_page_shows_the_widget(running, tamr):
    """They pause when its cell runs again, also for expanded steps; the chain continues."""
    widget, panels = expanded(running)

    widget.pause_polling(Cell("1", by_source=False))
    wait_until(lambda: not callback_threads())
    tamr.jobs.finish(panels[-1]["id"])
    assert running.wait(10).state == "SUCCEEDED"
    wait_until(lambda: not callback_threads())
    assert widget.state == panels[-1]["state"] == "RUNNING"

    click(widget, "visible")
    panels.until(lambda facts: facts["state"] == "SUCCEEDED")
    until(widget, lambda: widget.state == "SUCCEEDED")


def test_a_cell_without_an_id_pauses_only_expanded_steps(running, tamr):
    """Another cell may have the same text; expanded steps are paused, since they cost requests."""
    widget, panels = expanded(running)

    widget.pause_polling(Cell("chain", by_source=True))
    tamr.jobs.finish(panels[-1]["id"])

    until(widget, lambda: widget.state == "SUCCEEDED")
    assert panels[-1]["state"] == "RUNNING"


def test_a_closed_widget_is_garbage_collected(chain):
    """A chain may exist for weeks, in which its cell runs many times."""
    widget = ChainWidget(chain)
    gone = weakref.ref(widget)
    wait_until(lambda: not callback_threads())

    widget.close()
    wait_until(lambda: not callback_threads())
    del widget
    gc.collect()

    assert gone() is None


def test_a_step_that_is_expanded_while_the_widget_closes_is_not_polled(running, monkeypatch):
    """Clicks are handled on another thread than `close`."""
    widget = ChainWidget(running)
    made: list[OperationController] = []

    def close_and_make(*args: Any) -> OperationController:
        widget.close()
        made.append(OperationController(*args))
        return made[-1]

    monkeypatch.setattr(opened_rows, "OperationController", close_and_make)

    click(widget, "expand", id="a")
    wait_until(lambda: made and not callback_threads())

    assert made[0].closed


def test_the_error_of_an_observer_is_shown(running):
    widget = ChainWidget(running)
    widget.observe(lambda _: 1 / 0, "state")

    running.stop()
    until(widget, lambda: "ZeroDivisionError" in widget.callback_error)


def test_notify_accepts_the_widget(chain):
    """The notifications are those of its chain."""
    received: list[str] = []
    arrived = threading.Event()

    def inbox(title: str, _: str) -> None:
        received.append(title)
        arrived.set()

    with notify(ChainWidget(chain), inbox) as handle:
        chain.start()
        assert arrived.wait(10)

    assert received == ["Failed: Nightly"]
    assert repr(handle) == "<notify inbox() when ended: a chain>"


def test_a_chain_at_the_end_of_a_cell_is_drawn(chain, monkeypatch):
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr(base, "display", lambda data, **_: shown.append(data))

    chain._ipython_display_()

    (data,) = shown
    assert data["text/plain"] == "Nightly: WAITING, 0 of 3 steps succeeded"
    assert "application/vnd.jupyter.widget-view+json" in data
