"""Tables of pandas with odd times. In a file of its own, since pandas takes 0.3 s to load."""

from __future__ import annotations

from itertools import product

from fakes import EXTREME_TIMES, PATH, URL, document, with_time

from tamr_widgets import Client, Operation, TokenAuth
from tamr_widgets.widgets.job_table import to_frame


def test_years_that_never_were_spoil_no_table():
    """The other rows, and the rest of the row, are right."""
    usual = Operation(None, document("SUCCEEDED"))
    for field, moment in product(["created", "startTime", "endTime"], EXTREME_TIMES):
        frame = to_frame((usual, Operation(None, with_time(field, moment))))

        assert frame["elapsed"][0] == usual.elapsed, (field, moment)
        assert frame["created_at"][0] == usual.created_at, (field, moment)
        assert list(frame["state"]) == ["SUCCEEDED"] * 2, (field, moment)


def test_a_table_of_a_server_with_a_clock_that_is_off(wire):
    """Times that are counted by it are left out."""
    client = Client(TokenAuth("t"), "tamr.test")
    for date in ("Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"):
        wire.upsert("GET", URL + PATH, json=document(), headers={"Date": date})

        assert to_frame((client.operation("17"),))["state"][0] == "RUNNING", date
