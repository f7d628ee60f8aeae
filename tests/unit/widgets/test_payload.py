"""Facts about errors and past runs that a page receives."""

from __future__ import annotations

import pytest
from past_jobs import ran, running

from tamr_widgets import (
    ConnectionFailed,
    InternalError,
    ProxyFailed,
    RequestTimeout,
    UnexpectedResponse,
)
from tamr_widgets.history import JobHistory
from tamr_widgets.widgets.past import PastRuns
from tamr_widgets.widgets.payload import milliseconds, poll_error_facts


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (ProxyFailed, "the proxy did not connect"),
        (ConnectionFailed, "the server could not be reached"),
        (RequestTimeout, "the server did not answer in time"),
        (UnexpectedResponse, "something else than Tamr answered"),
        (InternalError, "oh"),
    ],
)
def test_a_transient_error_is_described_in_a_few_words(kind, shown):
    """The page inserts them in a sentence: "Last checked ..., retrying in 6 s: ..."."""
    error = kind("oh")
    error.retry_in_seconds = 6.0

    facts = poll_error_facts(error, checked_at=1000.0)

    assert (facts["error"], facts["error_kind"]) == (shown, "retrying")
    assert facts["checked_at"] == 1_000_000


def test_the_change_of_increasing_durations_is_shown():
    """It is the change from the first run to the last, with the time of the first."""
    jobs = [ran(60 * 1.05**number) for number in range(12)]

    past = PastRuns().facts(JobHistory(jobs), running())["past"]

    assert past["change"] == pytest.approx(1.05**11 - 1, abs=0.05)
    assert past["since"] == milliseconds(jobs[0].ended_at)
    assert len(past["runs"]) == 12


def test_constant_durations_show_no_change():
    past = PastRuns().facts(JobHistory([ran(60) for _ in range(12)]), running())["past"]

    assert past.keys() == {"runs", "usual"}
