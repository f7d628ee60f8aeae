"""OpenedRows: the expanded rows, whose polls begin on another thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fakes import document

from tamr_widgets.operation import Operation
from tamr_widgets.widgets import opened_rows
from tamr_widgets.widgets.opened_rows import OpenedRows

JOB = Operation(None, document())


class EagerController:
    """A controller whose first snapshot arrives before `follow` returns, as on another thread."""

    def __init__(self, operation: Operation, on_change: Callable[[], object], *_: object) -> None:
        self.operation = operation
        self._on_change = on_change

    def follow(self) -> None:
        self._on_change()

    def facts(self) -> dict[str, Any]:
        return {"state": self.operation.state}

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    monkeypatch.setattr(opened_rows, "OperationController", EagerController)
    return []


def test_a_snapshot_may_arrive_while_a_row_is_expanded(sent):
    """Its facts are sent once."""
    rows = OpenedRows(3, lambda *message: sent.append(message))

    rows.expand("17", JOB)

    assert sent == [("17", {"state": JOB.state})]


def test_a_row_that_is_expanded_again_is_sent_again(sent):
    """It need not be collapsed before, since the page may have been reloaded."""
    rows = OpenedRows(3, lambda *message: sent.append(message))

    rows.expand("17", JOB)
    rows.expand("17", JOB)
    rows.collapse("17")
    rows.expand("17", JOB)

    assert [key for key, _ in sent] == ["17"] * 3
