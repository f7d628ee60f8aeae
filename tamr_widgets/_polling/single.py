"""Waits for one operation, through its client's poller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._clock import Seconds
from .._http.retry import MAX_ERRORS_IN_A_ROW
from .._http.unify_client import link_to
from ..operation import Operation
from ..poller import Poller
from .futures import OperationFuture, complete, until_done


def future_of(
    operation: Any,
    interval: Seconds,
    max_errors: int | None = MAX_ERRORS_IN_A_ROW,
    with_queue: bool | Callable[[], bool] = False,
) -> OperationFuture:
    """Returns a future of the resolved operation; see `Operation.future`, `Poller.subscribe`."""
    operation = checked_operation(operation)
    future = OperationFuture(operation, max_errors)
    if operation.resolved:
        complete(future, operation)
        return future
    subscription = Poller.of(operation.client).subscribe(
        operation,
        future.on_operation,
        future.on_error,
        interval,
        with_queue=with_queue,
        _inline=True,
    )
    future.add_done_callback(lambda _: subscription.close())
    return future


async def resolved(operation: Operation) -> Operation:
    """Waits for an operation in an event loop; see `Operation.__await__`."""
    future = future_of(operation, interval=3)
    try:
        await until_done(future)
        return future.result()
    finally:
        future.cancel()


def checked_operation(operation: Any) -> Operation:
    """Adopts an operation, and checks that requests can be made for it.

    Raises:
        OperationTypeError, NotAClient, ClientClosed: It is none, or they cannot.
    """
    adopted = Operation.adopt(operation)
    if not adopted.resolved:
        link_to(adopted.client)
    return adopted
