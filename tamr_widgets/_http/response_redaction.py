"""Takes credentials out of responses. All pass through `redact` before anything of them is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import requests
from requests.cookies import RequestsCookieJar

from ..auth import pair_in
from .redaction import SECRET_NAME, Redactor, redactor

MIN_HEADER_CHARS = 8


def redact(response: requests.Response, secrets: Iterable[str]) -> requests.Response:
    """Takes out of a response whatever nobody may see: it may end in an error or a pickle.

    Args:
        response: It is changed. Of a body that has not been read only the rest is.
        secrets: Passwords and tokens; those of its request's headers are added.
    """
    request = getattr(response, "request", None)
    clean = redactor(frozenset({*secrets, *_secrets_sent(request)}))
    if response._content is not False:  # type: ignore[comparison-overlap]
        response._content = clean.bytes(response.content or b"")
        response.raw = None
    response.headers = clean.headers(response.headers or {})
    response.reason = clean.text(str(response.reason or ""))
    response.url = clean.text(response.url or "")
    response.history = []
    response.cookies = RequestsCookieJar()
    response.request = _redacted_request(request, clean)  # type: ignore[assignment]
    # Where requests would follow a redirect to, and the adapter with its proxies.
    vars(response).update(_next=None, connection=None)
    return response


def _secrets_sent(request: Any) -> set[str]:
    """The values of a request's headers that hold a credential, without their scheme."""
    headers = dict(getattr(request, "headers", None) or {})
    named = [value for name, value in headers.items() if SECRET_NAME.search(name)]
    texts = [each.decode("latin-1") if isinstance(each, bytes) else str(each) for each in named]
    values = {part for text in texts for part in re.split(r"[;\s]+", text)}
    cookies = {value.partition("=")[2] for value in values}
    values |= {cookie for cookie in cookies if cookie.strip("=")}  # else it was base64's padding
    passwords = {pair.partition(":")[2] for value in values for pair in pair_in(value)}
    return {value for value in values if len(value) >= MIN_HEADER_CHARS} | passwords


def _redacted_request(request: Any, clean: Redactor) -> requests.PreparedRequest | None:
    """A copy of a request, which may be another library's."""
    if request is None:
        return None
    kept = requests.PreparedRequest()
    kept.method, kept.url = request.method, clean.text(request.url or "")
    sent = dict(request.headers or {})
    kept.headers = clean.headers({k: v for k, v in sent.items() if not SECRET_NAME.search(k)})
    body = None if "instance:login" in kept.url else getattr(request, "body", None)
    if isinstance(body, bytes):
        body = clean.bytes(body)
    elif isinstance(body, str):
        body = clean.text(body)
    kept.body = body
    return kept
