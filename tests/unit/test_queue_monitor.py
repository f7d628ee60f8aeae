"""The list of jobs while one of them waits: when it is requested, and when not."""

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
    """A server whose past jobs queued, four at a time, and whose clock is right."""
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
def of_poller(poller, monkeypatch):
    """Has every client use this poller; for further changes of a test."""
    monkeypatch.setattr(Poller, "of", lambda _: poller)
    return monkeypatch


@pytest.fixture
def hidden_after(monkeypatch):
    """The seconds after which a page that nobody sees counts as hidden: one minute, not five."""
    monkeypatch.setattr(page_visibility, "HIDDEN_AFTER_SECONDS", 60)
    return 60


@pytest.fixture
def waiting(tamr):
    """A job that waits for another one."""
    add(tamr, "1", "RUNNING", -40, -28)
    return add(tamr, "2", "PENDING", -5)


def follow(poller, operation, **options):
    return Subscriber().subscribe(poller, operation, INTERVAL, with_queue=True, **options)


def lists_in(tamr, poller, clock, seconds):
    before = tamr.count(LIST)
    drive(poller, clock, seconds)
    return tamr.count(LIST) - before


def test_a_waiting_job_has_its_place_and_start(tamr, clock, poller, waiting):
    """From the list that is requested beside the polls, and from the past."""
    follow(poller, waiting)
    drive(poller, clock, 10)

    place = poller.waiting(waiting)

    assert [each.resource_id for each in place.ahead] == ["1"]
    assert place.estimate.median_seconds == pytest.approx(5 + 32 + 12, abs=6)


def test_a_list_comes_once_each_interval(tamr, clock, poller, waiting):
    """However many jobs wait; and the polls come as often as without."""
    for number in range(3, 9):
        follow(poller, add(tamr, str(number), "PENDING", -number))
    follow(poller, waiting)
    drive(poller, clock, 20)

    assert 8 <= lists_in(tamr, poller, clock, 30) <= 11


def test_a_cheap_list_takes_the_place_of_the_poll(tamr, clock, poller, waiting):
    """One request each interval is enough for both."""
    follow(poller, waiting)
    drive(poller, clock, 30)
    before = tamr.count()

    drive(poller, clock, 60)

    assert tamr.count() - before <= 24


def test_nothing_is_listed_when_nothing_waits(tamr, clock, poller, waiting):
    """A running job needs no list, and neither does one that has begun to run."""
    follow(poller, waiting)
    drive(poller, clock, 20)
    add(tamr, "1", "SUCCEEDED", -40, -28, 20)
    add(tamr, "2", "RUNNING", -5, 30)
    drive(poller, clock, 2 * INTERVAL)

    assert lists_in(tamr, poller, clock, 60) == 0
    assert poller.waiting(waiting) is None


def test_nothing_is_listed_for_subscribers_that_do_not_show_it(tamr, clock, poller, waiting):
    """Code that waits for an operation needs no list."""
    Subscriber().subscribe(poller, waiting, INTERVAL)
    drive(poller, clock, 20)

    assert lists_in(tamr, poller, clock, 60) == 0


def test_a_slow_list_delays_no_poll(tamr, clock, poller, waiting):
    """It is requested only where it fits between two polls, and cancelled if it does not."""
    tamr.list_seconds = 2.0
    follow(poller, waiting)
    drive(poller, clock, 60)

    assert lists_in(tamr, poller, clock, 60) <= 4
    assert max(tamr.gaps("operations/2")[3:]) <= INTERVAL + 2.1


def test_a_list_that_takes_too_long_is_cancelled(tamr, clock, poller, waiting):
    """When a poll is due, it is ended, and the next list comes much later."""
    tamr.list_seconds = 0.5
    follow(poller, waiting)
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


def test_without_lists_the_place_is_not_shown_any_more(tamr, clock, poller, waiting):
    """A place in an old queue may be wrong; the polls go on, and nobody is notified of an error."""
    subscriber = Subscriber()
    subscriber.subscribe(poller, waiting, INTERVAL, with_queue=True)
    drive(poller, clock, 20)
    assert poller.waiting(waiting)
    tamr.faults[LIST] = requests.ReadTimeout("slow")

    drive(poller, clock, 20)

    assert poller.waiting(waiting) is None
    assert subscriber.errors == []
    assert lists_in(tamr, poller, clock, 120) <= 3


def test_a_list_that_works_again_is_used_again(tamr, clock, poller, waiting):
    """After five minutes."""
    follow(poller, waiting)
    tamr.faults[LIST] = requests.ReadTimeout("slow")
    drive(poller, clock, 20)
    del tamr.faults[LIST]

    drive(poller, clock, 330)

    assert poller.waiting(waiting)


def test_the_list_of_a_table_serves_as_well(tamr, clock, poller, waiting):
    """A page that lists all jobs anyway needs no more lists."""
    Subscriber().subscribe_all(poller, interval=INTERVAL)
    drive(poller, clock, 30)
    alone = lists_in(tamr, poller, clock, 30)
    follow(poller, waiting)
    drive(poller, clock, 30)

    assert lists_in(tamr, poller, clock, 30) <= alone + 1
    assert poller.waiting(waiting).ahead


def test_a_hidden_page_has_few_lists(tamr, clock, poller, waiting, hidden_after):
    """As few as it has polls."""
    follow(poller, waiting, on_a_page=True)
    drive(poller, clock, hidden_after + 60)

    assert 8 <= lists_in(tamr, poller, clock, 300) <= 11


def test_a_job_that_ended_since_leaves_the_queue(tamr, clock, poller):
    """With the first snapshot after its end, the next one is due a step after that end."""
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
    """Although nothing has changed in the queue: it does not start in the past."""
    follow(poller, waiting)
    drive(poller, clock, 10)
    before = poller.waiting(waiting).estimate.median_seconds

    tamr.headers = {"Date": "Fri, 29 Jan 2021 18:10:00 GMT"}
    drive(poller, clock, 10)

    assert before < 600 < poller.waiting(waiting).estimate.median_seconds


def test_a_panel_has_the_place_and_the_start_of_one_moment(tamr, clock, poller, waiting, of_poller):
    """Also if the place becomes too old while the panel is drawn."""
    panel = OperationController(waiting, lambda: None, INTERVAL, None)
    panel.follow()
    drive(poller, clock, 10)
    place = poller.waiting(waiting)
    places = iter([place])
    of_poller.setattr(poller, "waiting", lambda _: next(places, None))

    facts = panel.facts()

    assert facts["ahead"]["count"] == 1
    assert facts["queue"]["median"] == pytest.approx(place.estimate.median_seconds, abs=1)


def test_a_panel_that_is_closed_when_its_polls_begin_needs_none(
    tamr, clock, poller, waiting, of_poller
):
    """By a signal handler, or on another thread than the one that handles a page's message."""
    panel, learn = OperationController(waiting, lambda: None, INTERVAL, None), poller.learn
    of_poller.setattr(poller, "learn", lambda *args, **more: panel.close() or learn(*args, **more))

    panel.follow()
    drive(poller, clock, 10)

    assert panel.closed
    assert tamr.count() == 0


def test_a_closed_subscription_lets_go_of_its_page(poller, waiting):
    """The page says whether it is shown; after closing, nobody needs to know."""

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
def test_a_page_that_cannot_say_whether_it_is_shown_ends_no_polls(
    tamr, clock, poller, waiting, caplog, error
):
    """Nor does it fill the log, however often it would be called."""

    def raise_error():
        raise error

    other = Subscriber()
    other.subscribe(poller, add(tamr, "3", "PENDING", -4), INTERVAL)
    poller.subscribe(waiting, print, with_queue=raise_error)

    drive(poller, clock, 5 * INTERVAL)

    assert len(other.results) >= 5
    assert other.errors == []
    assert [each.message[:18] for each in caplog.records] == ["with_queue raised;"]


def test_polls_may_end_while_the_poller_goes_through_them(tamr, clock, poller, waiting):
    """Such as by a `__del__` or a signal handler, at any place; here, by a function of a page's."""
    subscriber = Subscriber()
    closed = subscriber.subscribe(poller, add(tamr, "3", "PENDING", -4), INTERVAL)
    subscriber.subscribe(poller, waiting, INTERVAL, with_queue=lambda: closed.close() is None)

    drive(poller, clock, 10 * INTERVAL)

    assert closed.closed
    assert subscriber.errors == []


@pytest.fixture
def places_before(poller, waiting, monkeypatch):
    """Has another thread read the place at each call of a method; returns the places."""

    def places_before(owner, name):
        places, method = [], getattr(owner, name)

        def read_and_run(*args, **options):
            places.append(poller.waiting(waiting))
            return method(*args, **options)

        monkeypatch.setattr(owner, name, read_and_run)
        return places

    return places_before


def test_a_place_keeps_the_jobs_ahead_while_a_list_is_taken_over(
    clock, poller, waiting, places_before
):
    follow(poller, waiting)
    drive(poller, clock, 10)
    places = places_before(OperationList, "operation")

    drive(poller, clock, 2 * INTERVAL)

    assert [len(place.ahead) for place in places] == [1] * len(places) != []


def test_an_estimate_that_was_read_too_early_is_made_again(
    tamr, clock, poller, waiting, places_before
):
    """Before the end of the job ahead, from which it is counted, is in the history."""
    follow(poller, waiting)
    drive(poller, clock, 10)
    add(tamr, "1", "SUCCEEDED", -40, -35, -1)
    places = places_before(JobHistory, "add")

    drive(poller, clock, INTERVAL)

    assert () in [place.ahead for place in places]
    assert poller.waiting(waiting).estimate.median_seconds == pytest.approx(5 - 1 + 12, abs=2)


def test_a_chain_that_nobody_looks_at_needs_no_list(tamr, clock, poller, waiting, of_poller):
    """From when something listens to its changes until nothing does, its steps have their place."""
    minute, long = 60, 300
    chain = Chain({"a": lambda: None}, poll_interval_seconds=minute)
    chain.resume({"a": waiting})
    wait_until(lambda: not callback_threads())
    drive(poller, clock, minute)
    assert lists_in(tamr, poller, clock, long) == 0
    assert poller.waiting(waiting) is None

    forget, forget_other = (chain.on_change(lambda: None) for _ in range(2))
    drive(poller, clock, 1)
    assert chain.steps[0].queue == poller.waiting(waiting).estimate
    forget()
    assert lists_in(tamr, poller, clock, long) >= 4

    forget_other()
    assert lists_in(tamr, poller, clock, long) == 0


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_chain_in_a_cell_that_ran_again_needs_no_list(
    tamr, clock, poller, waiting, of_poller, is_closed
):
    """Its widget is closed, or paused until a page shows it."""
    chain = Chain({"a": lambda: None}, poll_interval_seconds=INTERVAL)
    chain.resume({"a": waiting})
    widget = ChainWidget(chain)
    wait_until(lambda: not callback_threads())
    assert lists_in(tamr, poller, clock, 30) >= 8

    widget.close() if is_closed else widget.pause_polling(Cell("1", by_source=False))
    wait_until(lambda: not callback_threads())
    drive(poller, clock, INTERVAL)
    assert lists_in(tamr, poller, clock, 30) == 0

    widget._handle_custom_msg({"action": "visible", "seq": 1}, None)
    wait_until(lambda: not callback_threads())
    assert (lists_in(tamr, poller, clock, 30) == 0) == is_closed
    widget.close()


def test_a_chain_on_a_page_that_is_closed_needs_no_list(
    tamr, clock, poller, waiting, of_poller, hidden_after
):
    """Its browser tab may be closed while the kernel runs on; a page that opens shows it again."""
    chain = Chain({"a": lambda: None}, poll_interval_seconds=INTERVAL)
    chain.resume({"a": waiting})
    widget = ChainWidget(chain)
    wait_until(lambda: not callback_threads())
    assert lists_in(tamr, poller, clock, 30) >= 8
    drive(poller, clock, hidden_after)

    assert lists_in(tamr, poller, clock, 30) == 0

    widget._handle_custom_msg({"action": "visible", "seq": 1}, None)
    wait_until(lambda: not callback_threads())
    assert lists_in(tamr, poller, clock, 30) >= 8
    widget.close()


def test_a_page_that_shows_a_chain_waits_for_no_poll(poller, waiting, of_poller):
    """The first to listen wakes the poller's thread, which may sleep for a minute."""
    refreshed = []
    chain = Chain({"a": lambda: None, "b": lambda: None}, poll_interval_seconds=60)
    chain.resume({"a": waiting})
    wait_until(lambda: not callback_threads())
    of_poller.setattr(poller, "refresh", refreshed.append)

    for _ in range(2):
        chain.on_change(lambda: None)

    assert refreshed == [waiting]


def test_the_line_in_a_terminal_has_the_start_after_the_jobs_ahead(
    tamr, clock, poller, waiting, of_poller
):
    """As a widget of the same job says, not as in the last queues of the history."""
    of_poller.setenv("COLUMNS", "200")
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


def test_a_line_that_shows_a_running_job_needs_no_list(tamr, clock, poller, waiting, of_poller):
    """Also if other jobs wait."""
    line = LiveLine(io.StringIO())
    operations = [add(tamr, "1", "RUNNING", -40, -28), waiting]
    futures = [future_of(each, INTERVAL, with_queue=line.needs_queue) for each in operations]
    line.update(futures)
    drive(poller, clock, 20)

    assert lists_in(tamr, poller, clock, 60) == 0
    for future in futures:
        future.cancel()
