"""The result of an export or import: the path of its artifact."""

from __future__ import annotations

import base64

import pytest
from fakes import document
from hypothesis import given
from hypothesis import strategies as st

from tamr_widgets import Operation
from tamr_widgets._operation.result import MAX_BASE64_CHARS, string_value
from tamr_widgets.simulator.jobs.job import artifact_result

KIND = "type.googleapis.com/google.protobuf.StringValue"
PATH = "/home/ubuntu/tamr/projectExports/minimal.zip"


def string(message: bytes, kind: object = KIND) -> dict[str, object]:
    return {"typeUrl": kind, "value": base64.b64encode(message).decode()}


def test_an_export_has_an_artifact():
    """In recordings, the result is nested in another result."""
    operation = Operation(None, document("SUCCEEDED", result=artifact_result(PATH)))

    assert operation.artifact == PATH


def test_a_result_that_is_not_nested_is_read():
    """The documentation shows this form."""
    result = artifact_result(PATH)["result"]

    assert Operation(None, document("SUCCEEDED", result=result)).artifact == PATH


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=400))
def test_any_path_is_read(path):
    """Its length is encoded in one byte or in several."""
    assert string_value(artifact_result(path)["result"]) == path


@pytest.mark.parametrize(
    "result",
    [
        None,
        {},
        [],
        "text",
        {"value": "CgFh"},
        {"typeUrl": KIND},
        {"typeUrl": KIND, "value": 7},
        {"typeUrl": 7, "value": "CgFh"},
        {"typeUrl": KIND, "value": "not base64!"},
        {"typeUrl": KIND, "value": "A" * (MAX_BASE64_CHARS + 4)},
        string(b""),
        string(b"\x0a"),
        string(b"\x0a\x00"),
        string(b"\x0a\x05abc"),
        string(b"\x0a\x02abc"),
        string(b"\x12\x01a"),
        string(b"\x0a\x01\xff"),
        string(b"\x0a" + b"\xff" * 50),
        string(b"\x0a\x01a", "type.googleapis.com/google.protobuf.Empty"),
    ],
)
def test_any_other_result_is_no_artifact(result):
    """No exception is raised."""
    assert Operation(None, document("SUCCEEDED", result=result)).artifact is None


@given(st.binary(max_size=60))
def test_any_bytes_are_a_text_or_none(message):
    """No exception is raised."""
    assert string_value(string(message)) is None or isinstance(string_value(string(message)), str)
