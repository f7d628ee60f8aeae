from __future__ import annotations

import json
import pickle

import pytest

from tamr_widgets._operation.document import MAX_LEVELS, field, normalized_copy, text


def nested(levels, kind=list):
    """A document of so many levels."""
    value = "bottom"
    for _ in range(levels):
        value = [value] if kind is list else {"a": value}
    return value


@pytest.mark.parametrize("kind", [list, dict])
def test_a_copy_shares_nothing(kind):
    """At no depth."""
    original = nested(3, kind)
    copy = normalized_copy(original)

    assert copy == original
    while not isinstance(original, str):
        assert copy is not original
        key = 0 if kind is list else "a"
        copy, original = copy[key], original[key]


@pytest.mark.parametrize("kind", [list, dict])
def test_endless_depth_is_cut_off(kind):
    """The rest can be compared, pickled and written, at any recursion limit."""
    assert "bottom" in json.dumps(normalized_copy(nested(MAX_LEVELS, kind)))

    copy = normalized_copy(nested(30_000, kind))

    assert copy == normalized_copy(nested(30_001, kind))
    assert pickle.loads(pickle.dumps(copy)) == copy
    assert "bottom" not in json.dumps(copy)


def test_a_circle_is_cut_off():
    """Python can make one, JSON cannot."""
    circle = {}
    circle["a"] = circle

    assert json.dumps(normalized_copy(circle)).count("a") == MAX_LEVELS


def test_half_a_character_is_replaced():
    """JSON can write it, nothing can encode it."""
    copy = normalized_copy({"a": ["\ud800x\udfff", "\U0001f600"]})

    assert copy == {"a": ["\ufffdx\ufffd", "\U0001f600"]}


def test_no_number_is_nothing():
    """Python's JSON reads NaN, which would make a document unequal to itself."""
    assert normalized_copy([float("nan"), 1.5, float("inf")]) == [None, 1.5, float("inf")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", ""),
        ("a", "a"),
        ("\udc00", "\ufffd"),
        (7, "7"),
        (1.5, "1.5"),
        (True, "True"),
        (["a"], "['a']"),
        ("x" * 5000, "x" * 5000),
        (["x" * 5000], ("['" + "x" * 5000)[:1000]),
    ],
    ids=range(10),
)
def test_what_should_be_text(value, expected):
    """Wrong types are written as text, a missing field stays missing."""
    assert text(value) == expected


def test_a_number_without_end_is_no_error():
    """Python refuses to write one, unless it is old."""
    assert text(10**5000) in {None, "1" + "0" * 999}


def test_endless_depth_is_text():
    """Python's own repr would give up on it."""
    assert text(nested(30_000)) == "[" * MAX_LEVELS + "[]" + "]" * MAX_LEVELS


def test_a_field_of_anything():
    """Only objects have fields."""
    assert field({"a": 1}, "a") == 1
    assert field({"a": 1}, "b") is field([1], "a") is field(None, "a") is field("a", "a") is None
