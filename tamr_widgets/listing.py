"""All operations of a server in one answer, made into snapshots only where somebody asks."""

from __future__ import annotations

from typing import Any

from .answers import json_of, unexpected
from .foreign import ask
from .operation import JSON_ACCEPTED, Operation


class Listing:
    """What `GET operations` answered: one document for each operation, newest first.

    Attributes:
        documents: The server's JSON objects. Whatever else it listed is left out.
        bytes: The size of the answer.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._response = ask(client, "GET", "operations", headers=JSON_ACCEPTED)
        documents = json_of(self._response, "GET operations")
        if not isinstance(documents, list):
            raise unexpected(self._response, "GET operations", "something that is not a list")
        self.documents = [each for each in documents if isinstance(each, dict)]
        self.bytes = len(self._response.content)
        self._first: Operation | None = None

    def operation(self, document: dict[str, Any], alias: str | None = None) -> Operation:
        """The snapshot of one of the documents."""
        if self._first is None:
            self._first = Operation.received(self._client, document, None, self._response)
        return self._first.sibling(document, alias)

    def operations(self) -> list[Operation]:
        """The snapshots of all of them."""
        return [self.operation(document) for document in self.documents]
