"""QueueForecast: estimates of a queue that another thread changes at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timezone

import pytest
from fakes import document

from tamr_widgets._estimates.forecast import QueueForecast
from tamr_widgets.history import QueuePlace
from tamr_widgets.operation import Operation

NOW = datetime(2021, 1, 29, 18, 25, tzinfo=timezone.utc)
FIRST = {"1": Operation(None, document("PENDING", id="1", relativeId="operations/1"))}
SECOND = {"2": Operation(None, document("PENDING", id="2", relativeId="operations/2"))}


class Queue:
    """Estimates queues; `meanwhile` runs during the first estimate, in place of another thread."""

    def __init__(self) -> None:
        self.count = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def waiting(self, active: Iterable[Operation], _: datetime) -> list[QueuePlace]:
        places = [QueuePlace(each, (), None) for each in active]
        self.count += 1
        if self.count == 1:
            self.meanwhile()
        return places


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def forecast(queue: Queue) -> QueueForecast[str]:
    forecast = QueueForecast[str](queue.waiting)
    forecast.update(FIRST, NOW)
    return forecast


def test_a_queue_that_changes_during_its_estimate_is_estimated_again(queue, forecast):
    """Otherwise the previous jobs would be shown until the next change."""
    queue.meanwhile = lambda: forecast.update(SECOND, NOW)
    forecast.places()

    assert list(forecast.places()) == ["2"]


def test_a_change_of_the_history_during_an_estimate_invalidates_it(queue, forecast):
    """The next call estimates again, and its result is kept."""
    queue.meanwhile = forecast.invalidate
    forecast.places()
    forecast.places()
    forecast.places()

    assert queue.count == 2
