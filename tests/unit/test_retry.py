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
def test_transient_statuses_are_retryable(status):
    """A later request may succeed."""
    assert is_retryable(http_error(status), 1e9)


@pytest.mark.parametrize("status", [400, 405, 409, 410, 418, 422, 501, 505, 507])
def test_other_error_statuses_are_not_retryable(status):
    """Another request would bring the same response."""
    assert is_retryable(http_error(status), 0) is False


@pytest.mark.parametrize("kind", [errors.Unauthorized, errors.Forbidden, errors.MethodNotAllowed])
def test_a_denied_request_is_not_retryable(kind):
    """401, 403 and 405 end a wait."""
    assert not is_retryable(kind("no", response=fake_response(401)), 0)


def test_a_404_is_retryable_shortly_after_the_start():
    """A new job may not be found in its first five seconds."""
    error = http_error(404, errors.NotFound)

    assert is_retryable(error, 4.99)
    assert not is_retryable(error, 5.0)


@pytest.mark.parametrize(
    "kind",
    [
        errors.ConnectionFailed,
        errors.RequestTimeout,
        errors.UnexpectedResponse,
        errors.InternalError,
    ],
)
def test_connection_errors_are_retryable(kind):
    """So are timeouts, unexpected responses and internal errors."""
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
def test_permanent_errors_are_not_retryable(kind):
    """A wrong certificate or address stays wrong."""
    assert is_retryable(kind("x"), 0) is False


def test_a_status_error_without_a_response_is_not_retryable():
    """Its status is not known."""
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
    """It is a number of seconds or a date, at most two minutes; invalid values count as 0."""
    response = fake_response(503, Date=NOW)
    response.headers["Retry-After"] = value

    assert retry_after_seconds(response) == pytest.approx(seconds)


def test_a_retry_after_date_is_compared_with_the_local_clock(clock):
    """A response without a Date header has no other clock."""
    clock.time_of_day = http_date(NOW)

    assert retry_after_seconds(fake_response(503, Retry_After=LATER)) == pytest.approx(45)


def test_without_a_header_retry_after_is_zero():
    """The same applies without a response."""
    assert retry_after_seconds(None) == retry_after_seconds(fake_response(503)) == 0


def test_the_delay_doubles_up_to_a_minute(no_jitter):
    """Each consecutive error doubles the delay, up to the maximum."""
    backoff = Backoff(3, None)

    delays = [backoff.next_delay(errors.ConnectionFailed("x"), 0) for _ in range(40)]

    assert delays[:8] == [1, 2, 4, 8, 16, 32, MAX_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS]
    assert set(delays[8:]) == {MAX_BACKOFF_SECONDS}


def test_the_first_delay_is_no_longer_than_the_interval(no_jitter):
    """A short interval has a short first delay."""
    assert Backoff(0.25, None).next_delay(errors.ConnectionFailed("x"), 0) == 0.25


def test_a_response_resets_the_backoff(no_jitter):
    """Only consecutive errors count."""
    backoff = Backoff(3, 3)
    for _ in range(10):
        backoff.next_delay(errors.ConnectionFailed("x"), 0)
        assert backoff.next_delay(errors.ConnectionFailed("x"), 0) == 2
        backoff.succeeded()
        assert backoff.errors == 0


def test_delays_are_spread():
    """Subscribers that got one error together send their next requests at different times."""
    delays = {Backoff(3, None).next_delay(errors.ConnectionFailed("x"), 0) for _ in range(50)}

    assert len(delays) > 40
    assert all(0.5 <= each <= 1 for each in delays)
    assert max(delays) - min(delays) > 0.2


def test_delays_after_a_retry_after_are_spread_too():
    """Requests are sent after that time, and not all at once."""
    error = http_error(503, Retry_After="30")

    delays = {Backoff(3, None).next_delay(error, 0) for _ in range(50)}

    assert len(delays) > 40
    assert all(30.5 <= each <= 31 for each in delays)


def test_the_jitter_is_up_to_half_of_the_delay():
    """A delay is never longer than given, and never shorter than half of it."""
    values = [jittered(10) for _ in range(1000)]

    assert 5 <= min(values) < 6
    assert 9 < max(values) <= 10


def test_a_permanent_error_is_raised_itself():
    """The same object is raised, not a copy."""
    error = http_error(403, errors.Forbidden)

    with pytest.raises(errors.Forbidden) as raised:
        Backoff(3, None).next_delay(error, 0)

    assert raised.value is error


@pytest.mark.parametrize(
    "error",
    [
        http_error(502),
        errors.ConnectionFailed("reset"),
        errors.RequestTimeout("late"),
        errors.InternalError("bug"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_retries_end(error):
    """The final error has the class of the last one, which is its cause."""
    backoff = Backoff(3, MAX_ERRORS_IN_A_ROW)
    for _ in range(MAX_ERRORS_IN_A_ROW - 1):
        backoff.next_delay(error, 0)

    with pytest.raises(
        type(error), match=rf"Given up after 25 consecutive errors.*{error}"
    ) as raised:
        backoff.next_delay(error, 0)

    assert raised.value.__cause__ is error
    assert getattr(raised.value, "response", None) is getattr(error, "response", None)


def test_retries_without_a_limit_do_not_end(no_jitter):
    """A caller may have its own deadline."""
    backoff = Backoff(3, None)

    assert [backoff.next_delay(errors.ConnectionFailed("x"), 0) for _ in range(2000)][-1] == 60


def test_the_final_error_keeps_an_unexpected_response():
    """It can be inspected."""
    error = errors.UnexpectedResponse("a login page")
    error.response = fake_response(200)

    with pytest.raises(errors.UnexpectedResponse) as raised:
        Backoff(3, 1).next_delay(error, 0)

    assert raised.value.response is error.response


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


def test_a_date_without_a_zone_is_gmt(monkeypatch):
    """HTTP dates are always GMT, also if the machine has another zone."""
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
