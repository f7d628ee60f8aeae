"""Reads the server's address and the credentials from environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..auth import JwtTokenAuth, TokenAuth, UsernamePasswordAuth


def auth_from_env(environ: Mapping[str, str]) -> UsernamePasswordAuth | TokenAuth | JwtTokenAuth:
    """Returns an auth of TAMR_TOKEN, or of TAMR_USERNAME and TAMR_PASSWORD.

    Raises:
        ValueError: A variable is missing; the message names it.
    """
    token = environ.get("TAMR_TOKEN")
    if token:
        return JwtTokenAuth(token) if token.count(".") == 2 else TokenAuth(token)
    username, password = environ.get("TAMR_USERNAME"), environ.get("TAMR_PASSWORD")
    if username and password:
        return UsernamePasswordAuth(username, password)
    missing = "TAMR_PASSWORD" if username else "TAMR_USERNAME and TAMR_PASSWORD, or TAMR_TOKEN"
    msg = f"The environment has no {missing}. Set it, and start Python (or the kernel) again."
    raise ValueError(msg)


def server_from_env(environ: Mapping[str, str]) -> dict[str, Any]:
    """Returns the address in TAMR_URL as arguments of a Client.

    Raises:
        ValueError: TAMR_URL is missing or not the address of a server.
    """
    url = environ.get("TAMR_URL", "").strip()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        msg = (
            "TAMR_URL must be the address of a Tamr server, such as "
            "https://tamr.example.com:9100, without user name or password. It is "
            + ("something else." if url else "not set.")
        )
        raise ValueError(msg)
    arguments: dict[str, Any] = {"protocol": parts.scheme, "host": parts.hostname, "port": port}
    # Only a path before /api is kept, such as that of a gateway.
    prefix = re.split("/api(?:/|$)", parts.path, maxsplit=1)[0].rstrip("/")
    if prefix:
        arguments["base_path"] = f"{prefix}/api/versioned/v1/"
    return arguments
