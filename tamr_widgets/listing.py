"""All operations of a server in one answer, made into snapshots only where somebody asks."""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

from .answers import json_of, unexpected
from .foreign import ask
from .operation import JSON_ACCEPTED, Operation
from .timing import Seconds


class Listing:
    """What `GET operations` answered: one document for each operation, newest first.

    Documents that have not changed are the very objects of the list before, so that a list that is
    asked for again and again needs the memory of one. Nobody may change them.

    Args:
        client: Whom to ask.
        previous: The list before this one, to compare with.

    Attributes:
        documents: The server's JSON objects. Whatever else it listed is left out.
        by_path: The documents by their `relativeId`, newest first; one without is not in it.
        news: Those that are new, or different from what they were in the list before.
        gone: The paths of the list before that are not in this one.
        bytes: The size of the answer.
    """

    documents: list[dict[str, Any]]
    by_path: dict[str, dict[str, Any]]

    def __init__(self, client: Any, previous: Listing | None = None) -> None:
        response = ask(client, "GET", "operations", headers=JSON_ACCEPTED)
        self._first = Operation.received(client, {}, None, response)
        self.bytes = len(response.content)
        self._hash = hash(response.content)
        self.news: list[dict[str, Any]] = []
        self.gone: list[str] = []
        if previous is not None and (previous.bytes, previous._hash) == (self.bytes, self._hash):
            self.documents, self.by_path = previous.documents, previous.by_path
            return
        documents = json_of(response, "GET operations")
        if not isinstance(documents, list):
            raise unexpected(response, "GET operations", "something that is not a list")
        self.documents, self.by_path = [], {}
        self._compare(documents, {} if previous is None else previous.by_path)

    def _compare(self, documents: list[Any], before: dict[str, dict[str, Any]]) -> None:
        for document in documents:
            if not isinstance(document, dict):
                continue
            path = document.get("relativeId")
            known = before.get(path) if isinstance(path, str) else None
            if known == document:
                self.documents.append(known)
            else:
                self.documents.append(document)
                self.news.append(document)
            if isinstance(path, str):
                self.by_path.setdefault(path, self.documents[-1])
        self.gone = [path for path in before if path not in self.by_path]

    @property
    def as_of(self) -> datetime:
        """When it was fetched, by the server's clock."""
        return self._first.as_of

    @property
    def retry_after(self) -> Seconds:
        """How many seconds the server asked to be left alone with that answer."""
        return self._first.retry_after

    def with_client(self, client: Any) -> Listing:
        """The same list, whose operations have another client of the same server."""
        listing = copy.copy(self)
        listing._first = self._first.with_client(client)
        return listing

    def operation(self, document: dict[str, Any], alias: str | None = None) -> Operation:
        """The snapshot of one of the documents."""
        return self._first.sibling(document, alias)

    def operations(self) -> list[Operation]:
        """The snapshots of all of them."""
        return [self.operation(document) for document in self.documents]
