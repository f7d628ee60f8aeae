"""All operations of a server in one answer, made into snapshots only where somebody asks."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from .._clock import Seconds
from .._http.protocol import TamrClient
from .._http.response import parse_json, unexpected
from .._http.unify_client import send_request
from .._json_list import iter_items
from ..errors import NotSupported
from ..operation import JSON_ACCEPTED, Operation
from .document import is_equal


class OperationList:
    """What `GET operations` answered: one document for each operation, newest first.

    Documents that have not changed are the very objects of the list before, so that a list that is
    asked for again and again needs the memory of one. Nobody may change them.

    Args:
        client: Whom to ask.
        previous: The list before this one, to compare with.
        max_bytes: A longer answer is not parsed; None for any length.

    Raises:
        NotSupported: The answer is longer than `max_bytes`.
        TamrError: What came instead of a list.

    Attributes:
        documents: The server's JSON objects. Whatever else it listed is left out.
        by_path: The documents by their `relativeId`, newest first; one without is not in it.
        changed: Those that are new, or different from what they were in the list before.
        removed: The paths of the list before that are not in this one.
        bytes: The size of the answer.
    """

    documents: list[dict[str, Any]]
    by_path: dict[str, dict[str, Any]]

    def __init__(
        self,
        client: TamrClient,
        previous: OperationList | None = None,
        max_bytes: int | None = None,
    ) -> None:
        response = send_request(client, "GET", "operations", headers=JSON_ACCEPTED)
        self._first = Operation.from_document(client, {}, None, response)
        self.bytes = len(response.content)
        if max_bytes is not None and self.bytes > max_bytes:
            msg = f"The server's list of operations is too long for this ({self.bytes:,} bytes)."
            raise NotSupported(msg)
        # Unlike hash(), this lets other threads run.
        self._digest = hashlib.sha256(response.content).digest()
        self.changed: list[dict[str, Any]] = []
        self.removed: list[str] = []
        if previous is not None and previous._digest == self._digest:
            self.documents, self.by_path = previous.documents, previous.by_path
            return
        before = {} if previous is None else previous.by_path
        self.documents, self.by_path = [], {}
        try:
            parse_json(
                response, "GET operations", lambda text: self._take(iter_items(text), before)
            )
        except TypeError as error:
            raise unexpected(response, "GET operations", "something that is not a list") from error

    def _take(self, items: Iterable[Any], before: dict[str, dict[str, Any]]) -> None:
        for item in items:
            if not isinstance(item, dict):
                continue
            path = item.get("relativeId")
            known = before.get(path) if isinstance(path, str) else None
            document = item
            if known is not None and is_equal(known, item):
                document = known
            else:
                self.changed.append(item)
            self.documents.append(document)
            if isinstance(path, str):
                self.by_path.setdefault(path, document)
        self.removed = [path for path in before if path not in self.by_path]

    @property
    def as_of(self) -> datetime:
        """When it was fetched, by the server's clock."""
        return self._first.as_of

    @property
    def retry_after(self) -> Seconds:
        """How many seconds the server asked to be left alone with that answer."""
        return self._first.retry_after

    def with_client(self, client: TamrClient) -> OperationList:
        """The same list, whose operations have another client of the same server."""
        listing = copy.copy(self)
        listing._first = self._first.with_client(client)
        return listing

    def operation(self, document: dict[str, Any], alias: str | None = None) -> Operation:
        """The snapshot of one of the documents."""
        return self._first.from_same_response(document, alias)

    def operations(self) -> list[Operation]:
        """The snapshots of all of them."""
        return [self.operation(document) for document in self.documents]
