"""Data frames with extreme times; a separate file, since pandas takes 0.3 s to load."""

from __future__ import annotations

from itertools import product

from fakes import EXTREME_TIMES, PATH, URL, document, with_time

from tamr_widgets import Client, Operation, TokenAuth
from tamr_widgets.widgets.job_table import to_frame


def test_extreme_times_do_not_change_other_cells_of_a_frame():
    """Other rows, and other columns of the row, are right."""
    usual = Operation(None, document("SUCCEEDED"))
    for field, moment in product(["created", "startTime", "endTime"], EXTREME_TIMES):
        frame = to_frame((usual, Operation(None, with_time(field, moment))))

        assert frame["elapsed"][0] == usual.elapsed, (field, moment)
        assert frame["created_at"][0] == usual.created_at, (field, moment)
        assert list(frame["state"]) == ["SUCCEEDED"] * 2, (field, moment)


def test_a_wrong_clock_of_the_server_does_not_prevent_a_frame(wire):
    """Times that depend on the clock are omitted."""
    client = Client(TokenAuth("t"), "tamr.test")
    for date in ("Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"):
        wire.upsert("GET", URL + PATH, json=document(), headers={"Date": date})

        assert to_frame((client.operation("17"),))["state"][0] == "RUNNING", date
