"""Outboxes: those of equal recipients share a thread and the record of sent events."""

from __future__ import annotations

import contextvars
import threading

from fakes import callback_threads, wait_until

from tamr_widgets._notify import outbox
from tamr_widgets._notify.outbox import Outbox
from tamr_widgets._notify.recipient import recipient

CELL = contextvars.ContextVar("CELL", default="")


class Inbox:
    """A recipient that keeps the cells in which it is called."""

    def __init__(self) -> None:
        self.cells: list[str] = []

    def __call__(self, title: str, text: str) -> None:
        self.cells.append(CELL.get())


def make_in_cell(cell: str, inbox: Inbox) -> Outbox:
    def make() -> Outbox:
        CELL.set(cell)
        return Outbox(recipient(inbox))

    return contextvars.copy_context().run(make)


def send(outbox: Outbox, event: object) -> None:
    outbox.submit(event, "title", "text", threading.Event(), lambda _: None)


def test_a_function_prints_below_the_cell_of_each_notification():
    """Also if several notifications have the same function, such as print."""
    inbox = Inbox()
    first, second = make_in_cell("1", inbox), make_in_cell("2", inbox)

    send(first, "17 ended")
    send(second, "18 ended")
    wait_until(lambda: len(inbox.cells) == 2)

    assert inbox.cells == ["1", "2"]


def test_an_event_is_sent_once_to_a_function_of_two_notifications():
    """The cell is that of the notification that reports the event first."""
    inbox = Inbox()
    first, second = make_in_cell("1", inbox), make_in_cell("2", inbox)

    send(second, "17 ended")
    send(first, "17 ended")
    send(first, "18 ended")
    wait_until(lambda: len(inbox.cells) == 2)

    assert inbox.cells == ["2", "1"]


def test_two_cells_that_notify_at_the_same_time_send_an_event_once(monkeypatch):
    """Two threads may make the first outboxes of a recipient."""
    inbox, outboxes, both = Inbox(), [], threading.Barrier(2)
    make_queue = outbox.CallbackQueue

    def make_queues_together(*args):
        both.wait(10)
        return make_queue(*args)

    monkeypatch.setattr(outbox, "CallbackQueue", make_queues_together)
    threads = [
        threading.Thread(target=lambda: outboxes.append(Outbox(recipient(inbox)))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for each in outboxes:
        send(each, "17 ended")
    wait_until(lambda: not callback_threads())

    assert len(inbox.cells) == 1


def test_the_oldest_of_many_recipients_are_forgotten(monkeypatch):
    """A kernel that runs for weeks may make a new function for each job."""
    monkeypatch.setattr(outbox, "MAX_RECIPIENTS", 2)
    first, *others = Inbox(), Inbox(), Inbox()
    send(make_in_cell("1", first), "17 ended")
    for each in others:
        send(make_in_cell("2", each), "17 ended")

    send(make_in_cell("3", first), "17 ended")
    wait_until(lambda: not callback_threads())

    assert first.cells == ["1", "3"]
    assert [each.cells for each in others] == [["2"]] * 2
