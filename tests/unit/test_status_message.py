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
    ("raw", "words"),
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
def test_a_message_in_words(raw, words):
    """One line for a person: no braces, no packages, no stack trace."""
    assert summarize(raw) == words


@pytest.mark.parametrize(
    ("raw", "words"),
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
def test_who_cancelled_a_job(raw, words):
    """As far as the message names the user and the step."""
    assert cancellation(raw) == words


@pytest.mark.parametrize("raw", [None, 7, [], {}, b"bytes"])
def test_what_is_no_text_says_nothing(raw):
    """Wrong types are no message."""
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
def test_whether_a_message_says_more(raw, more):
    """A disclosure is worth it only where there is more to read than the gist."""
    assert has_details(raw) == more


@given(st.text(st.characters(), max_size=300) | st.text('{}[]":,\\ab', max_size=60))
def test_any_message_is_a_short_printable_line(raw):
    """For any text of a server: one line, not too long, fit for a terminal and for UTF-8."""
    words = summarize(raw)

    assert len(words) <= MAX_SUMMARY_CHARS
    assert words.isprintable()
    words.encode()
    assert isinstance(has_details(raw), bool)
