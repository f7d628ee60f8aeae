"""What the widgets' tests share: ways to follow a job of the embedded Tamr, and to wait."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tamr_widgets import OperationWidget

if TYPE_CHECKING:
    from collections.abc import Callable

    from tamr_widgets import Client
    from tamr_widgets.simulator import Simulator

QUICK = 0.05


def until(condition: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Wait until something holds, and return it."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.005)
    return value


def follow(client: Client, job: str, **options: Any) -> OperationWidget:
    """A widget of a job that asks about it often."""
    return OperationWidget(client.operation(job), **{"poll_interval_seconds": QUICK, **options})


def asked(tamr: Simulator, method: str, path: str = "") -> int:
    """How often something was asked."""
    return len(tamr.requests.matching(method, path))
