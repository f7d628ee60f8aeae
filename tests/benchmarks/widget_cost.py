"""Creating and updating widgets: messages, bytes and time, against composed controls.

Run it with `python tests/benchmarks/widget_cost.py`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import ipywidgets
from comm.base_comm import BaseComm
from peers import Row, in_turn, print_table
from polling_cost import DOCUMENT
from tqdm.notebook import tqdm

from tamr_widgets import Client, Operation, OperationWidget, UsernamePasswordAuth

STEPS = 200


class Traffic:
    """Counts what widgets send: kinds of messages, and bytes."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.bytes = 0

    def count(self, kind: str, *parts: Any, buffers: Any = None) -> None:
        self.kinds.append(kind)
        self.bytes += sum(len(json.dumps(part, default=repr)) for part in parts)
        self.bytes += sum(len(buffer) for buffer in buffers or ())

    def reset(self) -> None:
        self.kinds, self.bytes = [], 0


TRAFFIC = Traffic()


class CountedComm(BaseComm):  # type: ignore[misc]
    """A comm without a front end that counts its messages."""

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Any = None,
        buffers: Any = None,
        **keys: Any,
    ) -> None:
        TRAFFIC.count(msg_type, data, metadata, keys, buffers=buffers)


def composed() -> Callable[[int], None]:
    """A comparable widget that is composed of ipywidgets' controls."""
    label, bar = ipywidgets.Label("PENDING"), ipywidgets.FloatProgress(max=1)
    ipywidgets.VBox(
        [label, bar, ipywidgets.Button(description="Wait"), ipywidgets.Button(description="Delete")]
    )

    def update(step: int) -> None:
        label.value, bar.value = f"RUNNING {step}", step / 1000

    return update


def snapshot(client: Client, step: int) -> Operation:
    """A snapshot as a poll makes it; its cost is that of the poll."""
    status = {**DOCUMENT["status"], "state": "SUCCEEDED", "message": f"step {step}"}  # type: ignore[dict-item]
    return Operation(client, {**DOCUMENT, "status": status})


def ours(client: Client, *, updated: bool = False) -> Callable[[int], None]:
    """Our widget, of a resolved operation, so that no thread affects the measurement."""
    widget = OperationWidget(snapshot(client, -1))
    snapshots = [snapshot(client, step) for step in range(STEPS if updated else 0)]

    def update(step: int) -> None:
        widget._controller.operation = snapshots[step]
        widget._apply()

    return update


def seconds_for(make: Callable[[], Any], count: int) -> float:
    """Returns the CPU seconds of making `count` of them; they are closed afterwards."""
    start = time.thread_time()
    for _ in range(count):
        make()
    taken = time.thread_time() - start
    ipywidgets.Widget.close_all()
    return taken


def traffic_of(make: Callable[[], Any]) -> tuple[int, int]:
    TRAFFIC.reset()
    make()
    return len(TRAFFIC.kinds), TRAFFIC.bytes


def seconds_of_update(update: Callable[[int], None]) -> float:
    start = time.thread_time()
    for step in range(STEPS):
        update(step)
    return (time.thread_time() - start) / STEPS


def main() -> list[Row]:
    """Measure, and return the rows."""
    ipywidgets.widgets.widget.comm.create_comm = CountedComm
    client = Client(UsernamePasswordAuth("admin", "secret"), port=1)
    rows = []
    for count in (1, 100, 1000):
        mine, theirs = in_turn(
            lambda count=count: seconds_for(lambda: ours(client), count),
            lambda count=count: seconds_for(composed, count),
            rounds=3 if count == 1000 else 7,
        )
        rows.append(
            Row(f"create {count}: time", ms(mine), ms(theirs), f"{mine / theirs:.2f}", "<= 0.4")
        )
    (messages, size), (peer_messages, peer_size) = (
        traffic_of(lambda: ours(client)),
        traffic_of(composed),
    )
    rows += [
        Row("create 1: messages", str(messages), str(peer_messages), "", "2"),
        Row("create 1: bytes", f"{size:,}", f"{peer_size:,}", "", "<= 16,000"),
    ]
    update, peer_update = ours(client, updated=True), composed()
    bar = tqdm(total=1000, display=False)
    mine, theirs, bars = in_turn(
        lambda: seconds_of_update(update),
        lambda: seconds_of_update(peer_update),
        lambda: seconds_of_update(lambda _: bar.refresh()),
    )
    (messages, size), (peer_messages, peer_size) = (
        traffic_of(lambda: update(1)),
        traffic_of(lambda: peer_update(1)),
    )
    unchanged, _ = traffic_of(lambda: update(1))
    return [
        *rows,
        Row("update: messages", str(messages), str(peer_messages), "", "1"),
        Row("update: bytes", f"{size:,}", f"{peer_size:,}", "", "<= 1,000"),
        Row("update without a change: messages", str(unchanged), "", "", "0"),
        Row("update: time", us(mine), us(theirs), f"{mine / theirs:.2f}", "<= 1.5"),
        Row("update: time, against tqdm.notebook", us(mine), us(bars), f"{mine / bars:.2f}", ""),
    ]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def us(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} us"


if __name__ == "__main__":
    print_table("Widgets: creating and updating", main())
