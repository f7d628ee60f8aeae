"""Texts that a page gets of errors."""

from __future__ import annotations

import pytest

from tamr_widgets import (
    ConnectionFailed,
    InternalError,
    ProxyFailed,
    RequestTimeout,
    UnexpectedResponse,
)
from tamr_widgets.widgets.payload import poll_error_facts


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
def test_a_passing_error_is_a_few_words(kind, shown):
    """The page makes a sentence of them: "Last checked ..., retrying in 6 s: ..."."""
    error = kind("oh")
    error.retry_in_seconds = 6.0

    facts = poll_error_facts(error, checked_at=1000.0)

    assert (facts["error"], facts["error_kind"]) == (shown, "retrying")
    assert facts["checked_at"] == 1_000_000
