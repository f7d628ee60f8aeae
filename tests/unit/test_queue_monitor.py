"""The queue monitor: when it requests the list of jobs, and the places of queued jobs."""

from __future__ import annotations

import io
import weakref
from datetime import datetime, timedelta, timezone

import pytest
import requests
from fakes import callback_threads, wait_until
from polling import LIST, FakeTamr, Subscriber, drive

from tamr_widgets import Chain, ChainWidget, JobHistory, Operation, Poller
from tamr_widgets._http.deadline import current_deadline
from tamr_widgets._operation.operation_list import OperationList
from tamr_widgets._polling import page_visibility
from tamr_widgets._polling.queue_monitor import DELAY_SECONDS
from tamr_widgets._polling.single import future_of
from tamr_widgets._terminal.display import LiveLine
from tamr_widgets._terminal.lines import status_line
from tamr_widgets.widgets.cell_outputs import Cell
from tamr_widgets.widgets.controller import OperationController

NOW = datetime(2021, 1, 29, 18, tzinfo=timezone.utc)
INTERVAL = 3


def stamp(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


@pytest.fixture
def tamr(clock):
    """A server whose past jobs queued, four at a time, and whose clock is correct."""
    tamr = FakeTamr(clock)
    for number in range(20):
        hour, place = divmod(number, 4)
        created, started = -3600 * (20 - hour) + place, -3600 * (20 - hour) + 12 + 72 * place
        add(tamr, str(100 + number), "SUCCEEDED", created, started, started + 60)
    tamr.headers = {"Date": "Fri, 29 Jan 2021 18:00:00 GMT"}
    return tamr


def add(tamr, job, state, created, started=None, ended=None) -> Operation:
    times = {"startTime": started, "endTime": ended}
    status = {name: stamp(at) for name, at in times.items() if at is not None}
    operation = tamr.add(job, created={"username": "admin", "time": stamp(created)})
    tamr.jobs[job]["status"] = {"state": state, "message": "", **status}
    return Operation(tamr, operation.to_json() | {"status": tamr.jobs[job]["status"]})


@pytest.fixture
def poller(tamr):
    poller = Poller(tamr, background=False)
    poller.learn(lambda _: None)
    return poller


@pytest.fixture
def patched(poller, monkeypatch):
    """Makes all clients use this poller; returns `monkeypatch` for further changes."""
    monkeypatch.setattr(Poller, "of", lambda _: poller)
    return monkeypatch


@pytest.fixture
def hidden_after(monkeypatch):
    """Reduces the time after which a page that is not visible counts as hidden to one minute."""
    monkeypatch.setattr(page_visibility, "HIDDEN_AFTER_SECONDS", 60)
    return 60


@pytest.fixture
def waiting(tamr):
    """A job that waits for another one."""
    add(tamr, "1", "RUNNING", -40, -28)
    return add(tamr, "2", "PENDING", -5)


def subscribe(poller, operation, **options):
    return Subscriber().subscribe(poller, operation, INTERVAL, with_queue=True, **options)


def lists_in(tamr, poller, clock, seconds):
    before = tamr.count(LIST)
    drive(poller, clock, seconds)
    return tamr.count(LIST) - before


def test_a_queued_job_has_a_place_and_an_estimated_start(tamr, clock, poller, waiting):
    """The place is from the list, which is requested between polls, the start from past jobs."""
    subscribe(poller, waiting)
    drive(poller, clock, 10)

    place = poller.waiting(waiting)

    assert [each.resource_id for each in place.ahead] == ["1"]
    assert place.estimate.median_seconds == pytest.approx(5 + 32 + 12, abs=6)


def test_the_list_is_requested_once_per_interval(tamr, clock, poller, waiting):
    """The number of queued jobs has no effect."""
    for number in range(3, 9):
        subscribe(poller, add(tamr, str(number), "PENDING", -number))
    subscribe(poller, waiting)
    drive(poller, clock, 20)

    assert 8 <= lists_in(tamr, poller, clock, 30) <= 11


def test_a_cheap_list_replaces_the_poll(tamr, clock, poller, waiting):
    """One request per interval is enough for both."""
    subscribe(poller, waiting)
    drive(poller, clock, 30)
    before = tamr.count()

    drive(poller, clock, 60)

    assert tamr.count() - before <= 24


def test_no_list_is_requested_without_a_queued_job(tamr, clock, poller, waiting):
    """A job that has begun to run needs no list."""
    subscribe(poller, waiting)
    drive(poller, clock, 20)
    add(tamr, "1", "SUCCEEDED", -40, -28, 20)
    add(tamr, "2", "RUNNING", -5, 30)
    drive(poller, clock, 2 * INTERVAL)

    assert lists_in(tamr, poller, clock, 60) == 0
    assert poller.waiting(waiting) is None


def test_no_list_is_requested_for_subscribers_that_show_no_place(tamr, clock, poller, waiting):
    """Code that waits for an operation needs no list."""
    Subscriber().subscribe(poller, waiting, INTERVAL)
    drive(poller, clock, 20)

    assert lists_in(tamr, poller, clock, 60) == 0


def test_a_slow_list_does_not_delay_polls(tamr, clock, poller, waiting):
    """It is requested where it fits between two polls, and cancelled if it takes longer."""
    tamr.list_seconds = 2.0
    subscribe(poller, waiting)
    drive(poller, clock, 60)

    assert lists_in(tamr, poller, clock, 60) <= 4
    assert max(tamr.gaps("operations/2")[3:]) <= INTERVAL + 2.1


def test_a_list_that_takes_too_long_is_cancelled(tamr, clock, poller, waiting):
    """It is cancelled when a poll is due, and the next list is requested much later."""
    tamr.list_seconds = 0.5
    subscribe(poller, waiting)
    drive(poller, clock, 20)

    def hang():
        current = current_deadline()
        while current.remaining() and not current.is_cancelled():
            clock.advance(0.1)
        return requests.ReadTimeout("too slow")

    tamr.faults[LIST] = hang
    polls = len(tamr.gaps("operations/2"))

    assert lists_in(tamr, poller, clock, 4 * DELAY_SECONDS) <= 5
    assert max(tamr.gaps("operations/2")[polls + 1 :]) <= INTERVAL + 0.3


def test_a_place_is_removed_when_the_list_fails(tamr, clock, poller, waiting):
    """An old place may be wrong; polls continue, and no subscriber is notified of an error."""
    subscriber = Subscriber()
    subscriber.subscribe(poller, waiting, INTERVAL, with_queue=True)
    drive(poller, clock, 20)
    assert poller.waiting(waiting)
    tamr.faults[LIST] = requests.ReadTimeout("slow")

    drive(poller, clock, 20)

    assert poller.waiting(waiting) is None
    assert subscriber.errors == []
    assert lists_in(tamr, poller, clock, 120) <= 3


def test_a_list_that_failed_is_requested_again_after_five_minutes(tamr, clock, poller, waiting):
    subscribe(poller, waiting)
    tamr.faults[LIST] = requests.ReadTimeout("slow")
    drive(poller, clock, 20)
    del tamr.faults[LIST]

    drive(poller, clock, 330)

    assert poller.waiting(waiting)


def test_the_list_of_a_table_is_used_for_places(tamr, clock, poller, waiting):
    """A page that lists all jobs needs no other lists."""
    Subscriber().subscribe_all(poller, interval=INTERVAL)
    drive(poller, clock, 30)
    alone = lists_in(tamr, poller, clock, 30)
    subscribe(poller, waiting)
    drive(poller, clock, 30)

    assert lists_in(tamr, poller, clock, 30) <= alone + 1
    assert poller.waiting(waiting).ahead


def test_few_lists_are_requested_for_a_hidden_page(tamr, clock, poller, waiting, hidden_after):
    """They are as few as its polls."""
    subscribe(poller, waiting, on_a_page=True)
    drive(poller, clock, hidden_after + 60)

    assert 8 <= lists_in(tamr, poller, clock, 300) <= 11


def test_a_job_that_ends_leaves_the_queue(tamr, clock, poller):
    """The start of the next job is then estimated from that end."""
    add(tamr, "1", "RUNNING", -40, -35)
    waiting = add(tamr, "2", "PENDING", -30)
    places = []
    poller.subscribe(
        waiting, lambda _: places.append(poller.waiting(waiting)), interval=3, with_queue=True
    )
    drive(poller, clock, 10)
    add(tamr, "1", "SUCCEEDED", -40, -35, -4)
    places.clear()
    drive(poller, clock, 2 * INTERVAL)

    after = [place.estimate.median_seconds for place in places if place and not place.ahead]

    assert after == [pytest.approx(30 - 4 + 12, abs=4)] * len(after) != []


def test_a_job_that_waits_longer_than_estimated_gets_a_new_estimate(tamr, clock, poller, waiting):
    """The queue is unchanged, but the job cannot start in the past."""
    subscribe(poller, waiting)
    drive(poller, clock, 10)
    before = poller.waiting(waiting).estimate.median_seconds

    tamr.headers = {"Date": "Fri, 29 Jan 2021 18:10:00 GMT"}
    drive(poller, clock, 10)

    assert before < 600 < poller.waiting(waiting).estimate.median_seconds


def test_a_panel_has_the_place_and_the_start_of_the_same_moment(
    tamr, clock, poller, waiting, patched
):
    """The place may expire while the panel is drawn."""
    panel = OperationController(waiting, lambda: None, INTERVAL, None)
    panel.follow()
    drive(poller, clock, 10)
    place = poller.waiting(waiting)
    places = iter([place])
    patched.setattr(poller, "waiting", lambda _: next(places, None))

    facts = panel.facts()

    assert facts["ahead"]["count"] == 1
    assert facts["queue"]["median"] == pytest.approx(place.estimate.median_seconds, abs=1)


def test_a_panel_that_is_closed_while_its_polls_begin_is_not_polled(
    tamr, clock, poller, waiting, patched
):
    """A signal handler or another thread may close it."""
    panel, learn = OperationController(waiting, lambda: None, INTERVAL, None), poller.learn
    patched.setattr(poller, "learn", lambda *args, **more: panel.close() or learn(*args, **more))

    panel.follow()
    drive(poller, clock, 10)

    assert panel.closed
    assert tamr.count() == 0


def test_a_closed_subscription_does_not_reference_its_page(poller, waiting):
    """The page has the function that `with_queue` passes."""

    class Page:
        def is_shown(self):
            return True

    page = Page()
    gone = weakref.ref(page)
    subscription = poller.subscribe(waiting, print, with_queue=page.is_shown)

    subscription.close()
    del page

    assert gone() is None
    assert subscription.closed


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit])
def test_an_exception_of_with_queue_does_not_end_polls(tamr, clock, poller, waiting, caplog, error):
    """It is logged once, although the function would be called often."""

    def raise_error():
        raise error

    other = Subscriber()
    other.subscribe(poller, add(tamr, "3", "PENDING", -4), INTERVAL)
    poller.subscribe(waiting, print, with_queue=raise_error)

    drive(poller, clock, 5 * INTERVAL)

    assert len(other.results) >= 5
    assert other.errors == []
    assert [each.message[:18] for each in caplog.records] == ["with_queue raised;"]


def test_a_subscription_can_be_closed_during_an_iteration(tamr, clock, poller, waiting):
    """A `__del__` or a signal handler may close it at any time; here, a function of a page does."""
    subscriber = Subscriber()
    closed = subscriber.subscribe(poller, add(tamr, "3", "PENDING", -4), INTERVAL)
    subscriber.subscribe(poller, waiting, INTERVAL, with_queue=lambda: closed.close() is None)

    drive(poller, clock, 10 * INTERVAL)

    assert closed.closed
    assert subscriber.errors == []


@pytest.fixture
def places_before(poller, waiting, monkeypatch):
    """Reads the place before each call of a method, as another thread may; returns the places."""

    def places_before(owner, name):
        places, method = [], getattr(owner, name)

        def read_and_run(*args, **options):
            places.append(poller.waiting(waiting))
            return method(*args, **options)

        monkeypatch.setattr(owner, name, read_and_run)
        return places

    return places_before


def test_a_place_keeps_the_jobs_ahead_while_a_list_is_processed(
    clock, poller, waiting, places_before
):
    subscribe(poller, waiting)
    drive(poller, clock, 10)
    places = places_before(OperationList, "operation")

    drive(poller, clock, 2 * INTERVAL)

    assert [len(place.ahead) for place in places] == [1] * len(places) != []


def test_an_estimate_is_renewed_when_a_job_ahead_is_in_the_history(
    tamr, clock, poller, waiting, places_before
):
    """It may have been read before, while the list already had the end of that job."""
    subscribe(poller, waiting)
    drive(poller, clock, 10)
    add(tamr, "1", "SUCCEEDED", -40, -35, -1)
    places = places_before(JobHistory, "add")

    drive(poller, clock, INTERVAL)

    assert () in [place.ahead for place in places]
    assert poller.waiting(waiting).estimate.median_seconds == pytest.approx(5 - 1 + 12, abs=2)


def test_a_chain_without_callbacks_needs_no_list(tamr, clock, poller, waiting, patched):
    """Its steps have a place while it has a callback for changes."""
    minute, long = 60, 300
    chain = Chain({"a": lambda: None}, poll_interval_seconds=minute)
    chain.resume({"a": waiting})
    wait_until(lambda: not callback_threads())
    drive(poller, clock, minute)
    assert lists_in(tamr, poller, clock, long) == 0
    assert poller.waiting(waiting) is None

    remove, remove_other = (chain.on_change(lambda: None) for _ in range(2))
    drive(poller, clock, 1)
    assert chain.steps[0].queue == poller.waiting(waiting).estimate
    remove()
    assert lists_in(tamr, poller, clock, long) >= 4

    remove_other()
    assert lists_in(tamr, poller, clock, long) == 0


@pytest.fixture
def chain_widget(waiting, patched):
    """Shows a chain whose step is a queued job."""
    chain = Chain({"a": lambda: None}, poll_interval_seconds=INTERVAL)
    chain.resume({"a": waiting})
    widget = ChainWidget(chain)
    wait_until(lambda: not callback_threads())
    yield widget
    widget.close()


def report_visible(widget):
    """Reports, as a page does, that it shows the widget."""
    widget._handle_custom_msg({"action": "visible", "seq": 1}, None)
    wait_until(lambda: not callback_threads())


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_chain_in_a_cell_that_ran_again_needs_no_list(
    tamr, clock, poller, chain_widget, is_closed
):
    """Its widget is closed, or paused until a page shows it."""
    assert lists_in(tamr, poller, clock, 30) >= 8

    chain_widget.close() if is_closed else chain_widget.pause_polling(Cell("1", by_source=False))
    wait_until(lambda: not callback_threads())
    drive(poller, clock, INTERVAL)
    assert lists_in(tamr, poller, clock, 30) == 0

    report_visible(chain_widget)
    assert (lists_in(tamr, poller, clock, 30) == 0) == is_closed


def test_a_chain_on_a_closed_page_needs_no_list(tamr, clock, poller, chain_widget, hidden_after):
    """The kernel may run on after its browser tab is closed; a page that opens shows it again."""
    assert lists_in(tamr, poller, clock, 30) >= 8
    drive(poller, clock, hidden_after)

    assert lists_in(tamr, poller, clock, 30) == 0

    report_visible(chain_widget)
    assert lists_in(tamr, poller, clock, 30) >= 8


def test_the_first_callback_of_a_chain_causes_a_poll(poller, waiting, patched):
    """The poller's thread may otherwise wait for a minute."""
    refreshed = []
    chain = Chain({"a": lambda: None, "b": lambda: None}, poll_interval_seconds=60)
    chain.resume({"a": waiting})
    wait_until(lambda: not callback_threads())
    patched.setattr(poller, "refresh", refreshed.append)

    for _ in range(2):
        chain.on_change(lambda: None)

    assert refreshed == [waiting]


def test_a_terminal_line_has_the_start_estimated_from_the_jobs_ahead(
    tamr, clock, poller, waiting, patched
):
    """A widget of the same job has the same estimate, which is not from past queues."""
    patched.setenv("COLUMNS", "200")
    terminal = io.StringIO()
    line = LiveLine(terminal)
    future = future_of(waiting, INTERVAL, with_queue=line.needs_queue)
    for _ in range(2):
        line.update([future])
        drive(poller, clock, 10)
    line.update([future])

    shown = terminal.getvalue().rpartition("\r")[2].rstrip()
    assert shown == status_line(future.latest, poller.waiting(waiting).estimate)
    assert shown != status_line(future.latest, poller.history.estimate_queue(waiting))
    future.cancel()


def test_a_terminal_line_of_a_running_job_needs_no_list(tamr, clock, poller, waiting, patched):
    """Also if other jobs are queued."""
    line = LiveLine(io.StringIO())
    operations = [add(tamr, "1", "RUNNING", -40, -28), waiting]
    futures = [future_of(each, INTERVAL, with_queue=line.needs_queue) for each in operations]
    line.update(futures)
    drive(poller, clock, 20)

    assert lists_in(tamr, poller, clock, 60) == 0
    for future in futures:
        future.cancel()
