"""The cookie of a login session, and where it goes: to one host, port and path."""

from __future__ import annotations

import re
from http.cookiejar import Cookie
from urllib.parse import urlsplit

from requests.cookies import create_cookie


def session_cookie(origin: str, base_path: str, token: str) -> Cookie:
    """Tamr's `authToken` cookie, with the names that http.cookiejar gives to a host and its port.

    To it a host without a dot is in the domain `.local`, an address without a port has port 80 even
    if it is https, and IPv6 addresses have no port at all.
    """
    parts = urlsplit(origin)
    host = re.sub(r":\d+$", "", parts.netloc.lower())
    port = {} if host.startswith("[") else {"port": str(parts.port or 80)}
    prefix, api, _ = base_path.partition("/api/")
    cookie: Cookie = create_cookie(  # type: ignore[no-untyped-call]
        "authToken",
        token,
        domain=host if "." in host else f"{host}.local",
        path=f"{prefix}/api" if api else "/",
        secure=parts.scheme == "https",
        **port,
    )
    return cookie
