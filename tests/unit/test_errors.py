from __future__ import annotations

import copy
import pickle

import pytest
from fakes import document

from tamr_widgets import Operation, errors

JOB = Operation(None, document())


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_can_be_pickled_and_copied(name):
    """The result has the message and all attributes."""
    kind = getattr(errors, name)
    attributes = {"operation": JOB}
    if kind is errors.WaitTimeout:
        attributes |= {"waited_seconds": 3.0, "last_error": errors.ConnectionFailed("reset")}
    special = issubclass(kind, (errors.WaitTimeout, errors.NotSucceeded))
    error = kind("a message", **attributes) if special else kind("a message")

    for restored in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(restored) is kind
        assert str(restored) == "a message"
        assert getattr(restored, "operation", None) == getattr(error, "operation", None)
        assert getattr(restored, "waited_seconds", 0) == getattr(error, "waited_seconds", 0)
        assert str(getattr(restored, "last_error", 0)) == str(getattr(error, "last_error", 0))
