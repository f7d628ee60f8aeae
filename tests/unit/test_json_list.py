"""A list that is fetched repeatedly: unchanged objects are recognized, and not parsed again."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tamr_widgets._json_list import ObjectDecoder, ObjectTexts, iter_items

OBJECTS = st.dictionaries(st.sampled_from("ab"), st.integers(0, 2) | st.text(max_size=2))
ITEMS = st.lists(OBJECTS | st.integers() | st.none(), max_size=6)


def parse(text, objects=(), texts=None):
    """Returns the items of a list, with unchanged objects of the previous list, and its texts."""
    own = ObjectTexts()
    decoder = ObjectDecoder(own)
    decoder.recognize(objects, texts or ObjectTexts())
    return list(iter_items(text, decoder.decode)), own


def test_an_unchanged_object_is_that_of_the_previous_list():
    """It is not parsed, so any object can take its place in the test."""
    text = json.dumps([{"id": 1}, 7, {"id": 2}])
    _, texts = parse(text)
    first, second = object(), object()

    items, _ = parse(text, [first, second], texts)

    assert items == [first, 7, second]


def test_recognition_continues_after_a_changed_object():
    """The caller names the object that has changed."""
    _, texts = parse('[{"id":1},{"id":2},{"id":3}]')
    first, second, third = object(), object(), object()
    decoder = ObjectDecoder(ObjectTexts())
    decoder.recognize([first, second, third], texts)

    items = iter_items('[{"id":1},{"id":2,"x":0},{"id":3}]', decoder.decode)

    assert [next(items), next(items)] == [first, {"id": 2, "x": 0}]
    decoder.expect_after(second)
    assert next(items) is third


@given(ITEMS, ITEMS, st.sampled_from([None, 1]))
def test_the_items_are_those_of_json(before, after, indent):
    """The previous list does not change them."""
    _, texts = parse(json.dumps(before))
    objects = [each for each in before if isinstance(each, dict)]

    items, _ = parse(json.dumps(after, indent=indent), objects, texts)

    assert items == after
