from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamr_widgets._operation.times import parse_time


def utc(*args):
    return datetime(*args, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-01-29T18:24:53.326Z", utc(2021, 1, 29, 18, 24, 53, 326000)),
        ("2021-01-29T18:24:53Z", utc(2021, 1, 29, 18, 24, 53)),
        ("2021-01-29t18:24:53z", utc(2021, 1, 29, 18, 24, 53)),
        ("2021-01-29 18:24:53", utc(2021, 1, 29, 18, 24, 53)),
        ("2021-01-29T18:24:53,5Z", utc(2021, 1, 29, 18, 24, 53, 500000)),
        ("2021-01-29T18:24:53.123456789Z", utc(2021, 1, 29, 18, 24, 53, 123456)),
        ("2021-01-29T18:24:53.000001Z", utc(2021, 1, 29, 18, 24, 53, 1)),
        ("2021-01-29T18:24:53+02:00", utc(2021, 1, 29, 16, 24, 53)),
        ("2021-01-29T18:24:53-0530", utc(2021, 1, 29, 23, 54, 53)),
        (" 2021-01-29T18:24:53Z\n", utc(2021, 1, 29, 18, 24, 53)),
        ("2021-07-05_16-16-30-425", utc(2021, 7, 5, 16, 16, 30, 425000)),
        ("2021-07-05_16-16-30-4", utc(2021, 7, 5, 16, 16, 30, 400000)),
    ],
)
def test_a_time_is_aware_and_in_utc(text, expected):
    """The forms are those of recordings, and others that ISO 8601 allows."""
    parsed = parse_time(text)

    assert parsed == expected
    assert parsed.tzinfo is timezone.utc


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "0000-00-00T00:00:00.000Z",
        "nonsense",
        "2021-13-01T00:00:00Z",
        "2021-02-30T00:00:00Z",
        "2021-01-29T25:00:00Z",
        "2021-01-29T18:24:60Z",
        "2021-01-29",
        "2021-07-05_16-16-30",
        "2021-01-29T18:24:53.Z",
        "2021-01-29T18:24:53Z and more",
        "x2021-01-29T18:24:53Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "\u0662\u0660\u0662\u0661-01-29T18:24:53Z",
        None,
        0,
        1611944000.0,
        True,
        [],
        {},
        b"2021-01-29T18:24:53Z",
    ],
)
def test_an_invalid_time_is_none(value):
    """No exception is raised."""
    assert parse_time(value) is None


@given(st.datetimes(timezones=st.sampled_from([timezone.utc, timezone(timedelta(hours=-7))])))
def test_every_time_is_read_back(time):
    """A time that Python writes as ISO 8601 is parsed as the same time."""
    try:
        expected = time.astimezone(timezone.utc)
    except OverflowError:
        expected = None

    assert parse_time(time.isoformat()) == expected


@given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\d[T_]\d\d[:-]\d\d[:-]\d\d.*", fullmatch=True))
def test_no_text_raises_an_exception(text):
    """Any text is a time or None."""
    parsed = parse_time(text)

    assert parsed is None or parsed.tzinfo is timezone.utc
