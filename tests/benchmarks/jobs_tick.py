"""One tick of the Jobs page in the kernel: parsing, comparing and sending, against json.loads.

Run it with `python tests/benchmarks/jobs_tick.py`.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from typing import Any

import ipywidgets
from peers import Row, in_turn, print_table
from widget_cost import TRAFFIC, CountedComm

from tamr_widgets import Client, JobsWidget, UsernamePasswordAuth
from tamr_widgets._operation.operation_list import OperationList
from tamr_widgets.simulator import history

CHANGED = 10


class FakeResponse:
    """A response that is in memory, so that the network is not measured."""

    status_code = 200
    headers: dict[str, str] = {}  # noqa: RUF012
    encoding = "utf-8"

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        self.content = json.dumps(documents).encode()


def measure(count: int) -> list[Row]:
    """Measures the first list of `count` jobs, and ticks that change some of them."""
    documents = history(count)
    response = FakeResponse(documents)
    client = Client(UsernamePasswordAuth("admin", "secret"), port=1)
    client.request = lambda *_, **__: response  # type: ignore[method-assign]
    shown = previous = OperationList(client)
    widget = new_widget()
    widget._on_listing(shown)
    sizes = []

    def first() -> float:
        new = new_widget()
        taken = cpu_of(lambda: new._on_listing(previous))
        new.close()
        return taken

    def tick() -> float:
        nonlocal shown, response
        for each in documents[:CHANGED]:
            each["status"] = {**each["status"], "message": str(time.perf_counter())}
        response = FakeResponse(documents)
        TRAFFIC.reset()

        def update() -> None:
            nonlocal shown
            shown = OperationList(client, previous=shown)
            widget._on_listing(shown)

        taken = cpu_of(update)
        sizes.append(TRAFFIC.bytes)
        return taken

    fetching, showing, ours, peer = in_turn(
        lambda: cpu_of(lambda: OperationList(client)),
        first,
        tick,
        lambda: cpu_of(lambda: json.loads(response.content)),
    )
    widget.close()

    def row(name: str, seconds: float, goal: str) -> Row:
        shown_goal = goal if count == 10_000 else ""
        return Row(
            f"{count:,} jobs: {name}", ms(seconds), ms(peer), f"{seconds / peer:.1f}", shown_goal
        )

    return [
        row("first list, parsed item by item", fetching, ""),
        row("first list, shown", showing, "<= 3"),
        row(f"tick, {CHANGED} changed", ours, "<= 1.3"),
        Row(f"{count:,} jobs: bytes of that tick", f"{max(sizes):,}", "", "", "<= 6,000"),
    ]


def new_widget() -> JobsWidget:
    """Returns a widget whose client has no server, so that its poller is idle."""
    unconnected = Client(UsernamePasswordAuth("admin", "secret"), port=1)
    widget = JobsWidget(unconnected, poll_interval_seconds=3600)
    widget._subscriptions.stop()
    widget._page_ready = True
    return widget


def cpu_of(call: Callable[[], object]) -> float:
    """Returns the CPU seconds of a call, without the poller's thread."""
    gc.collect()  # so that no call is charged for the objects of another
    start = time.thread_time()
    call()
    return time.thread_time() - start


def main() -> list[Row]:
    """Measure, and return the rows."""
    ipywidgets.widgets.widget.comm.create_comm = CountedComm
    return [row for count in (100, 1000, 10_000, 50_000) for row in measure(count)]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


if __name__ == "__main__":
    print_table("The Jobs page in the kernel (peer: json.loads of the same list)", main())
