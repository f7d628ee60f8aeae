from __future__ import annotations

import copy
import pickle

import pytest
from fakes import document

from tamr_widgets import Operation, errors

JOB = Operation(None, document())


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_survives_a_trip_to_another_process(name):
    """It comes back with its message and all that it holds."""
    kind = getattr(errors, name)
    holds = {"operation": JOB}
    if kind is errors.WaitTimeout:
        holds |= {"waited_seconds": 3.0, "last_error": errors.ConnectionFailed("reset")}
    special = issubclass(kind, (errors.WaitTimeout, errors.NotSucceeded))
    error = kind("a message", **holds) if special else kind("a message")

    for thawed in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(thawed) is kind
        assert str(thawed) == "a message"
        assert getattr(thawed, "operation", None) == getattr(error, "operation", None)
        assert getattr(thawed, "waited_seconds", 0) == getattr(error, "waited_seconds", 0)
        assert str(getattr(thawed, "last_error", 0)) == str(getattr(error, "last_error", 0))
