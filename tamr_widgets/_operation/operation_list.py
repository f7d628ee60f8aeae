"""Fetches all operations of a server in one request, and makes snapshots on demand."""

from __future__ import annotations

import copy
import hashlib
from datetime import datetime
from typing import Any

from .._clock import Seconds
from .._http.protocol import TamrClient
from .._http.response import parse_json, unexpected
from .._http.unify_client import send_request
from .._json_list import ObjectDecoder, ObjectTexts, iter_items
from ..errors import NotSupported
from ..operation import JSON_ACCEPTED, Operation
from .document import is_equal


class OperationList:
    """The response of `GET operations`: one document for each operation, newest first.

    Documents that have not changed are the same objects as in the previous list, so that repeated
    fetches need the memory of one. They must not be changed.

    Args:
        client: The client for the request.
        previous: The previous list, to compare with.
        max_bytes: The largest response that is parsed; None for no maximum.

    Raises:
        NotSupported: The response is larger than `max_bytes`.
        TamrError: The request failed, or the response is not a list.

    Attributes:
        documents: The JSON objects of the list. Items of other types are left out.
        by_path: The documents by their `relativeId`, newest first, without those that have none.
        changed: The documents that are new or have changed since the previous list.
        removed: The paths of the previous list that are not in this one.
        bytes: The size of the response.
    """

    documents: list[dict[str, Any]]
    by_path: dict[str, dict[str, Any]]
    _texts: ObjectTexts

    def __init__(
        self,
        client: TamrClient,
        previous: OperationList | None = None,
        max_bytes: int | None = None,
    ) -> None:
        response = send_request(client, "GET", "operations", headers=JSON_ACCEPTED)
        # Holds the client, and the time of the response, of all snapshots made of this list.
        self._template = Operation.from_document(client, {}, None, response)
        self.bytes = len(response.content)
        if max_bytes is not None and self.bytes > max_bytes:
            msg = f"The server's list of operations is too long for this ({self.bytes:,} bytes)."
            raise NotSupported(msg)
        # Unlike hash(), hashlib releases the GIL.
        self._digest = hashlib.sha256(response.content).digest()
        self.changed: list[dict[str, Any]] = []
        self.removed: list[str] = []
        if previous is not None and previous._digest == self._digest:
            self.documents, self.by_path = previous.documents, previous.by_path
            self._texts = previous._texts
            return
        self.documents, self.by_path, self._texts = [], {}, ObjectTexts()
        try:
            parse_json(response, "GET operations", lambda text: self._parse(text, previous))
        except TypeError as error:
            raise unexpected(response, "GET operations", "something that is not a list") from error

    def _parse(self, text: str, previous: OperationList | None) -> None:
        before, decoder = {}, ObjectDecoder(self._texts)
        if previous is not None:
            before = previous.by_path
            decoder.recognize(previous.documents, previous._texts)
        for item in iter_items(text, decoder.decode):
            if not isinstance(item, dict):
                continue
            path = item.get("relativeId")
            last_seen = before.get(path) if isinstance(path, str) else None
            document = item
            if last_seen is not None and last_seen is not item:
                decoder.expect_after(last_seen)
                if is_equal(last_seen, item):
                    document = last_seen
            if document is not last_seen:
                self.changed.append(document)
            self.documents.append(document)
            if isinstance(path, str):
                self.by_path.setdefault(path, document)
        self.removed = [path for path in before if path not in self.by_path]

    @property
    def as_of(self) -> datetime:
        """The time when it was fetched, by the server's clock."""
        return self._template.as_of

    @property
    def clock_offset_seconds(self) -> Seconds:
        """The server's clock minus this machine's, in seconds."""
        return self._template.clock_offset_seconds

    @property
    def retry_after(self) -> Seconds:
        """The seconds of the response's `Retry-After`, 0 if it has none."""
        return self._template.retry_after

    def with_client(self, client: TamrClient) -> OperationList:
        """Returns the same list, whose operations have another client of the same server."""
        listing = copy.copy(self)
        listing._template = self._template.with_client(client)
        return listing

    def operation(self, document: dict[str, Any], alias: str | None = None) -> Operation:
        """Makes a snapshot of one of the documents."""
        return self._template.from_same_response(document, alias)

    def operations(self) -> list[Operation]:
        """Makes snapshots of all documents."""
        return [self.operation(document) for document in self.documents]
