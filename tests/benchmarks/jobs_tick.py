"""One tick of the Jobs page in the kernel: parsing, comparing and sending, against json.loads.

Run it with `python tests/benchmarks/jobs_tick.py`.
"""

from __future__ import annotations

import json
import time
from typing import Any

import ipywidgets
from peers import Row, in_turn, print_table
from widget_cost import WIRE, CountedComm

from tamr_widgets import Client, ConnectionFailed, JobsWidget, UsernamePasswordAuth
from tamr_widgets._operation.operation_list import OperationList
from tamr_widgets.simulator import history

CHANGED = 10


class Answer:
    """A response that is in memory, so that the network is not measured."""

    status_code = 200
    headers: dict[str, str] = {}  # noqa: RUF012
    encoding = "utf-8"

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.text = content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


def not_now(*_: object, **__: object) -> None:
    """The poller's own request, which is not measured."""
    msg = "not now"
    raise ConnectionFailed(msg)


def measure(count: int) -> list[Row]:
    documents = history(count)
    client = Client(UsernamePasswordAuth("admin", "secret"), port=1)
    client.request = not_now  # type: ignore[method-assign]
    widget = JobsWidget(client, poll_interval_seconds=3600)
    widget._follower.stop()
    widget._page_ready = True
    answers = iter(())
    client.request = lambda *_, **__: next(answers)  # type: ignore[method-assign]
    first = Answer(json.dumps(documents).encode())
    answers = iter([first])
    previous = OperationList(client)
    start = time.process_time()
    widget._on_listing(previous)
    opening = time.process_time() - start
    sizes = []

    def tick() -> float:
        nonlocal previous, answers
        for each in documents[:CHANGED]:
            each["status"] = {**each["status"], "message": str(time.perf_counter())}
        answer = Answer(json.dumps(documents).encode())
        answers = iter([answer])
        WIRE.reset()
        start = time.process_time()
        listing = OperationList(client, previous=previous)
        widget._on_listing(listing)
        previous = listing
        sizes.append(WIRE.bytes)
        return time.process_time() - start

    def parse() -> float:
        start = time.process_time()
        json.loads(first.content)
        return time.process_time() - start

    ours, peer = in_turn(tick, parse)
    widget.close()
    return [
        Row(f"{count:,} jobs: first list taken over", ms(opening), "", "", ""),
        Row(
            f"{count:,} jobs: tick, {CHANGED} changed",
            ms(ours),
            ms(peer),
            f"{ours / peer:.1f}",
            "<= 150 ms at 10,000",
        ),
        Row(f"{count:,} jobs: bytes of that tick", f"{max(sizes):,}", "", "", "<= 6,000"),
    ]


def main() -> list[Row]:
    """Measure, and return the rows."""
    ipywidgets.widgets.widget.comm.create_comm = CountedComm
    return [row for count in (100, 1000, 10_000, 50_000) for row in measure(count)]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


if __name__ == "__main__":
    print_table("The Jobs page in the kernel (peer: json.loads of the same list)", main())
