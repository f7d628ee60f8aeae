from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamr_widgets._operation.status_message import cancellation, has_details, summarize
from tamr_widgets._text import MAX_SUMMARY_CHARS

DRIVER = {
    "action": "SubmissionStatusResponse",
    "driverState": "RUNNING",
    "serverSparkVersion": "2.4.5",
    "submissionId": "driver-20210129182453-0012",
    "success": True,
    "workerHostPort": "10.0.0.7:40123",
    "workerId": "worker-1",
}
TRACE = (
    "org.apache.spark.sql.AnalysisException: cannot resolve '`x`' given input columns\n"
    "\tat org.apache.spark.sql.catalyst.Analyzer.fail(Analyzer.scala:42)\n" * 3
)


@pytest.mark.parametrize(
    ("raw", "summary"),
    [
        ("", ""),
        ("  \n ", ""),
        ("Job is being submitted to the executor", "Job is being submitted to the executor"),
        (
            "Running job canceled by admin at step 3 of 8\n\nApplication killed by user.",
            "Running job canceled by admin at step 3 of 8",
        ),
        ("\n\n  Pending job canceled by admin", "Pending job canceled by admin"),
        (TRACE, "AnalysisException: cannot resolve '`x`' given input columns"),
        ("Caused by: java.io.IOException: full", "IOException: full"),
        ("com.tamr.a$b.Failure", "Failure"),
        ("see www.Example.com", "see www.Example.com"),
        (json.dumps(DRIVER, indent=2), "Spark driver running on worker 10.0.0.7:40123"),
        ('{"driverState": "FINISHED"}', "Spark driver finished"),
        ('{"driverState": "RELAUNCHING"}', "Spark driver relaunching"),
        ('{"driverState": "RUNNING", "workerHostPort": 7}', "Spark driver running"),
        ('{"message": "no space left"}', "no space left"),
        ('{"message": "", "error": "java.lang.Error: gone"}', "Error: gone"),
        ('{"reason": "{\\"message\\": \\"nested\\"}"}', "nested"),
        ('{"a": 1, "b": "two", "c": [], "d": null, "e": ""}', "a: 1, b: two"),
        ("{}", ""),
        ('["a list"]', '["a list"]'),
        ("{broken", "{broken"),
        ("[" * 100_000, "[" * (MAX_SUMMARY_CHARS - 1) + "…"),
    ],
)
def test_a_message_is_summarized(raw, summary):
    """The summary is one line without braces, package names and stack traces."""
    assert summarize(raw) == summary


@pytest.mark.parametrize(
    ("raw", "summary"),
    [
        (
            "Running job canceled by admin at step 3 of 8\n\nApplication killed by user.",
            "Cancelled by admin, at step 3 of 8",
        ),
        ("Pending job canceled by ada at work", "Cancelled by ada at work"),
        (
            "Running job canceled by a at step 3 of 8 at step 4 of 8",
            "Cancelled by a at step 3 of 8, at step 4 of 8",
        ),
        ("Application killed by user.", ""),
        ("Job was canceled by the system: canceled by ", ""),
        ("", ""),
        (None, ""),
        ("Running job canceled by " + "x" * 100_000, "Cancelled by " + "x" * 475 + "…"),
    ],
)
def test_a_cancellation_names_the_user_and_the_step(raw, summary):
    """It is empty if the message names no user."""
    assert cancellation(raw) == summary


@pytest.mark.parametrize("raw", [None, 7, [], {}, b"bytes"])
def test_a_message_that_is_no_text_is_ignored(raw):
    """Its summary is empty."""
    assert summarize(raw) == ""
    assert not has_details(raw)


@pytest.mark.parametrize(
    ("raw", "more"),
    [
        ("", False),
        ("a sentence", False),
        ("  a   sentence\n", False),
        (TRACE, True),
        ("x" * (MAX_SUMMARY_CHARS + 1), True),
        ("x" * MAX_SUMMARY_CHARS, False),
        (json.dumps(DRIVER), False),
        ('{"a": 1}', True),
    ],
)
def test_details_beyond_the_summary_are_recognized(raw, more):
    """A disclosure is shown only for a message with more content than its summary."""
    assert has_details(raw) == more


@given(st.text(st.characters(), max_size=300) | st.text('{}[]":,\\ab', max_size=60))
def test_any_summary_is_a_short_printable_line(raw):
    """It is fit for a terminal, and can be encoded as UTF-8."""
    summary = summarize(raw)

    assert len(summary) <= MAX_SUMMARY_CHARS
    assert summary.isprintable()
    summary.encode()
    assert isinstance(has_details(raw), bool)
