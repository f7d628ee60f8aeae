from __future__ import annotations

import time

import pytest
from fakes import fake_response

from tamr_widgets import errors
from tamr_widgets._http import retry
from tamr_widgets._http.headers import http_date, retry_after_seconds
from tamr_widgets._http.retry import (
    MAX_BACKOFF_SECONDS,
    MAX_ERRORS_IN_A_ROW,
    Backoff,
    is_retryable,
    jittered,
)

NOW = "Fri, 29 Jan 2021 12:00:00 GMT"
LATER = "Fri, 29 Jan 2021 12:00:45 GMT"


@pytest.fixture
def no_jitter(monkeypatch):
    monkeypatch.setattr(retry.random, "uniform", lambda low, high: high)


def http_error(status, kind=errors.HTTPStatusError, **headers):
    return kind(str(status), response=fake_response(status, **headers))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_busy_server_passes(status):
    """It makes sense to ask again later."""
    assert is_retryable(http_error(status), 1e9)


@pytest.mark.parametrize("status", [400, 405, 409, 410, 418, 422, 501, 505, 507])
def test_a_refusal_stays(status):
    """Another request would bring the same response."""
    assert is_retryable(http_error(status), 0) is False


@pytest.mark.parametrize("kind", [errors.Unauthorized, errors.Forbidden, errors.MethodNotAllowed])
def test_who_may_not_ask_is_told_at_once(kind):
    """401, 403 and 405 end a wait."""
    assert not is_retryable(kind("no", response=fake_response(401)), 0)


def test_a_new_job_may_not_be_found_yet():
    """404 passes within five seconds of the start, and not from then on."""
    fault = http_error(404, errors.NotFound)

    assert is_retryable(fault, 4.99)
    assert not is_retryable(fault, 5.0)


@pytest.mark.parametrize(
    "kind",
    [
        errors.ConnectionFailed,
        errors.RequestTimeout,
        errors.UnexpectedResponse,
        errors.InternalError,
    ],
)
def test_what_broke_on_the_way_passes(kind):
    """Lost connections, time-outs and unexpected responses are worth another try."""
    assert is_retryable(kind("x"), 1e9)


@pytest.mark.parametrize(
    "kind",
    [
        errors.ClientClosed,
        errors.CrossOriginError,
        errors.OperationTypeError,
        errors.NotSupported,
        errors.TamrError,
        errors.InvalidRequest,
        errors.CertificateError,
    ],
)
def test_what_will_never_work_does_not_pass(kind):
    """A wrong certificate or address stays wrong."""
    assert is_retryable(kind("x"), 0) is False


def test_a_status_error_without_an_response_does_not_pass():
    """There is nothing to say that it would."""
    assert not is_retryable(errors.HTTPStatusError("x"), 0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30),
        ("1.5", 1.5),
        (" 7 ", 7),
        ("0", 0),
        ("0.25", 0.25),
        ("1", 1),
        ("-5", 0),
        ("", 0),
        ("soon", 0),
        ("nan", 0),
        ("inf", 120),
        ("-inf", 0),
        ("1e12", 120),
        ("120", 120),
        ("121", 120),
        (LATER, 45),
        (NOW, 0),
        ("Fri, 29 Jan 2021 11:00:00 GMT", 0),
        ("Fri, 29 Jan 2038 12:00:00 GMT", 120),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 0),
        ("\x00", 0),
        ("30 seconds", 0),
        ("1" * 400, 120),
    ],
)
def test_every_form_of_retry_after(value, seconds):
    """Seconds or a date, within the cap of two minutes; nonsense counts as nothing."""
    response = fake_response(503, Date=NOW)
    response.headers["Retry-After"] = value

    assert retry_after_seconds(response) == pytest.approx(seconds)


def test_a_date_is_read_by_this_clock_if_the_server_names_none(clock):
    """Without a Date header there is no other."""
    clock.time_of_day = http_date(NOW)

    assert retry_after_seconds(fake_response(503, Retry_After=LATER)) == pytest.approx(45)


def test_nobody_asks_without_an_response():
    """No response and no header are no wish."""
    assert retry_after_seconds(None) == retry_after_seconds(fake_response(503)) == 0


def test_the_pause_doubles_up_to_a_minute(no_jitter):
    """Each consecutive error doubles the delay, up to the maximum."""
    backoff = Backoff(3, None)

    pauses = [backoff.next_delay(errors.ConnectionFailed("x"), 0) for _ in range(40)]

    assert pauses[:8] == [1, 2, 4, 8, 16, 32, MAX_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS]
    assert set(pauses[8:]) == {MAX_BACKOFF_SECONDS}


def test_the_first_pause_is_no_longer_than_the_interval(no_jitter):
    """A short interval has a short first delay."""
    assert Backoff(0.25, None).next_delay(errors.ConnectionFailed("x"), 0) == 0.25


def test_an_response_starts_anew(no_jitter):
    """Only consecutive errors count."""
    backoff = Backoff(3, 3)
    for _ in range(10):
        backoff.next_delay(errors.ConnectionFailed("x"), 0)
        assert backoff.next_delay(errors.ConnectionFailed("x"), 0) == 2
        backoff.succeeded()
        assert backoff.errors == 0


def test_pauses_are_spread():
    """Subscribers that met one fault together ask again at different times."""
    pauses = {Backoff(3, None).next_delay(errors.ConnectionFailed("x"), 0) for _ in range(50)}

    assert len(pauses) > 40
    assert all(0.5 <= each <= 1 for each in pauses)
    assert max(pauses) - min(pauses) > 0.2


def test_pauses_are_spread_after_a_retry_after_too():
    """Nobody comes back before the server wants, and not all at once."""
    fault = http_error(503, Retry_After="30")

    pauses = {Backoff(3, None).next_delay(fault, 0) for _ in range(50)}

    assert len(pauses) > 40
    assert all(30.5 <= each <= 31 for each in pauses)


def test_the_jitter_is_between_half_and_all():
    """Never longer than was meant, never shorter than half of it."""
    values = [jittered(10) for _ in range(1000)]

    assert 5 <= min(values) < 6
    assert 9 < max(values) <= 10


def test_a_fault_that_stays_is_raised_itself():
    """It is the very same error, not a copy."""
    fault = http_error(403, errors.Forbidden)

    with pytest.raises(errors.Forbidden) as raised:
        Backoff(3, None).next_delay(fault, 0)

    assert raised.value is fault


@pytest.mark.parametrize(
    "fault",
    [
        http_error(502),
        errors.ConnectionFailed("reset"),
        errors.RequestTimeout("late"),
        errors.InternalError("bug"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_retries_end(fault):
    """The error is of the class of the last one, which it is chained to."""
    backoff = Backoff(3, MAX_ERRORS_IN_A_ROW)
    for _ in range(MAX_ERRORS_IN_A_ROW - 1):
        backoff.next_delay(fault, 0)

    with pytest.raises(
        type(fault), match=rf"Given up after 25 consecutive errors.*{fault}"
    ) as raised:
        backoff.next_delay(fault, 0)

    assert raised.value.__cause__ is fault
    assert getattr(raised.value, "response", None) is getattr(fault, "response", None)


def test_retries_without_a_limit_do_not_end(no_jitter):
    """A caller with a deadline of its own is not given up for."""
    backoff = Backoff(3, None)

    assert [backoff.next_delay(errors.ConnectionFailed("x"), 0) for _ in range(2000)][-1] == 60


def test_given_up_keeps_an_unexpected_response():
    """The unexpected response is there to look at."""
    fault = errors.UnexpectedResponse("a login page")
    fault.response = fake_response(200)

    with pytest.raises(errors.UnexpectedResponse) as raised:
        Backoff(3, 1).next_delay(fault, 0)

    assert raised.value.response is fault.response


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Thu, 01 Jan 1970 00:00:10 GMT", 10),
        ("Thu, 01 Jan 1970 01:00:10 +0100", 10),
        ("Thu, 01 Jan 1970 00:00:10 -0000", 10),
        ("", None),
        ("yesterday", None),
        ("Thu, 99 Jan 1970 00:00:10 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
    ],
)
def test_dates_of_headers(value, seconds):
    """Anything but a date is None."""
    assert http_date(value) == seconds


def test_a_date_without_a_zone_is_no_local_time(monkeypatch):
    """HTTP knows only GMT, wherever this machine is."""
    monkeypatch.setenv("TZ", "America/Lima")
    if hasattr(time, "tzset"):
        time.tzset()
    try:
        assert http_date("Thu, 01 Jan 1970 00:00:10 -0000") == 10
        assert http_date("Thu, 01 Jan 1970 00:00:10") == 10
    finally:
        monkeypatch.undo()
        if hasattr(time, "tzset"):
            time.tzset()
