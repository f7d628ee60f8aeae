from __future__ import annotations

import json
import pickle

import pytest

from tamr_widgets._operation.document import MAX_LEVELS, field, normalized_copy, text


def nested(levels, kind=list):
    """Returns a document of the given depth."""
    value = "bottom"
    for _ in range(levels):
        value = [value] if kind is list else {"a": value}
    return value


@pytest.mark.parametrize("kind", [list, dict])
def test_a_copy_shares_no_object(kind):
    """All levels are copied."""
    original = nested(3, kind)
    copy = normalized_copy(original)

    assert copy == original
    while not isinstance(original, str):
        assert copy is not original
        key = 0 if kind is list else "a"
        copy, original = copy[key], original[key]


@pytest.mark.parametrize("kind", [list, dict])
def test_excessive_depth_is_cut_off(kind):
    """The rest can be compared, pickled and serialized, at any recursion limit."""
    assert "bottom" in json.dumps(normalized_copy(nested(MAX_LEVELS, kind)))

    copy = normalized_copy(nested(30_000, kind))

    assert copy == normalized_copy(nested(30_001, kind))
    assert pickle.loads(pickle.dumps(copy)) == copy
    assert "bottom" not in json.dumps(copy)


def test_a_circular_reference_is_cut_off():
    """Python can make one, JSON cannot."""
    circular = {}
    circular["a"] = circular

    assert json.dumps(normalized_copy(circular)).count("a") == MAX_LEVELS


def test_a_lone_surrogate_is_replaced():
    """JSON can contain it, but it cannot be encoded."""
    copy = normalized_copy({"a": ["\ud800x\udfff", "\U0001f600"]})

    assert copy == {"a": ["\ufffdx\ufffd", "\U0001f600"]}


def test_nan_becomes_none():
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
def test_a_value_is_converted_to_text(value, expected):
    """A missing value stays None."""
    assert text(value) == expected


def test_a_huge_number_is_no_error():
    """New versions of Python refuse to convert it to text."""
    assert text(10**5000) in {None, "1" + "0" * 999}


def test_excessive_depth_is_converted_to_text():
    """Python's `repr` would raise a RecursionError."""
    assert text(nested(30_000)) == "[" * MAX_LEVELS + "[]" + "]" * MAX_LEVELS


def test_a_field_of_any_value():
    """Only objects have fields."""
    assert field({"a": 1}, "a") == 1
    assert field({"a": 1}, "b") is field([1], "a") is field(None, "a") is field("a", "a") is None
