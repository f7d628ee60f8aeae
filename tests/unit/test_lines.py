"""Lines of text about operations, as a terminal shows them."""

from __future__ import annotations

import io
from datetime import datetime, timezone

import pytest
from fakes import document
from past_jobs import ran

from tamr_widgets import Operation
from tamr_widgets._terminal.display import LiveLine
from tamr_widgets._terminal.lines import columns_of, fitted, status_line
from tamr_widgets.history import JobHistory

ACCENT = "e\N{COMBINING ACUTE ACCENT}"


def since(clock, seconds):
    """Returns a past time as a server writes it."""
    then = datetime.fromtimestamp(clock.wall() - seconds, timezone.utc)
    return f"{then:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def history():
    """Jobs that were queued for 12 seconds and ran for 60."""
    return JobHistory([ran(60) for _ in range(10)])


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "17 RUNNING [----------] for 0 s, about 1 min left"),
        (33, "17 RUNNING [#####-----] for 33 s, about 27 s left"),
        (61, "17 RUNNING [#########-] for 1 min 1 s, ends soon"),
        (600, "17 RUNNING [#########-] for 10 min, longer than usual"),
    ],
)
def test_a_running_job_has_a_bar_and_the_time_left(clock, history, seconds, expected):
    """Both depend on the usual duration of jobs with its description."""
    status = {"state": "RUNNING", "startTime": since(clock, seconds)}
    operation = Operation(None, document(status=status))

    assert (
        status_line(operation, history.estimate(operation)) == f"{expected}  Train Mastering Model"
    )


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (2, "17 PENDING queued for 2 s, starts in about 10 s"),
        (12, "17 PENDING queued for 12 s, starts soon"),
        (600, "17 PENDING queued for 10 min, longer than usual"),
    ],
)
def test_a_waiting_job_has_the_time_until_its_start(clock, history, seconds, expected):
    """It depends on the waits of past jobs."""
    created = {"username": "ada", "time": since(clock, seconds)}
    operation = Operation(None, document("PENDING", status={"state": "PENDING"}, created=created))

    assert (
        status_line(operation, history.estimate_queue(operation))
        == f"{expected}  Train Mastering Model"
    )


def test_combining_marks_take_no_column():
    """A text that fits with them is not cut."""
    assert columns_of(ACCENT * 10) == 10
    assert fitted(ACCENT * 10, 10) == ACCENT * 10
    assert fitted(ACCENT * 10, 9) == f"{ACCENT * 8}…"


def test_an_interrupted_line_is_ended():
    """The message about Ctrl-C begins on a new line."""

    class Interrupted(io.StringIO):
        def flush(self):
            if not self.getvalue().endswith("\n"):
                raise KeyboardInterrupt

    terminal = Interrupted()
    line = LiveLine(terminal)

    with pytest.raises(KeyboardInterrupt):
        line.ended(Operation(None, document()))
    line.close()

    assert terminal.getvalue().startswith("\r17 RUNNING")
    assert terminal.getvalue().endswith("\n")
