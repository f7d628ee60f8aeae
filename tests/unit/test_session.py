from __future__ import annotations

import pytest
import requests

from tamr_widgets.session import OwnSession

URL = "http://tamr.test/api"


def settings(session: requests.Session, **asked: object) -> dict[str, object]:
    options = {"proxies": {}, "stream": None, "verify": None, "cert": None, **asked}
    return dict(session.merge_environment_settings(URL, **options))


@pytest.mark.parametrize(
    "asked", [{}, {"verify": False}, {"stream": True}, {"proxies": {"http": "http://p.test"}}]
)
def test_the_settings_are_those_of_requests(monkeypatch, asked):
    """Proxies and certificates of the environment count as ever."""
    monkeypatch.setenv("http_proxy", "http://proxy.test:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ours.pem")

    assert settings(OwnSession(), **asked) == settings(requests.Session(), **asked)


def test_the_environment_is_read_again_when_it_has_changed(monkeypatch):
    """Not with each request."""
    session, read = OwnSession(), []
    get_proxies = requests.sessions.get_environ_proxies
    monkeypatch.setattr(
        "requests.sessions.get_environ_proxies",
        lambda *args, **kwargs: read.append(1) or get_proxies(*args, **kwargs),
    )
    settings(session)
    settings(session)
    assert len(read) == 1

    monkeypatch.setenv("http_proxy", "http://proxy.test:3128")

    assert settings(session)["proxies"]["http"] == "http://proxy.test:3128"
    assert len(read) == 2


def test_what_is_set_on_the_session_counts_at_once(monkeypatch):
    """A certificate or a proxy that is set between two requests is used for the second."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # which outrank the session's own
        monkeypatch.delenv(name, raising=False)
    session = OwnSession()
    settings(session)

    session.verify = "/etc/mine.pem"
    session.proxies["http"] = "http://mine.test"

    assert settings(session)["verify"] == "/etc/mine.pem"
    assert settings(session)["proxies"] == {"http": "http://mine.test"}


def test_redirects_lead_nowhere():
    """Where one leads is for the client to say."""
    response = requests.Response()
    response.status_code, response.headers["Location"] = 302, "http://evil.test"

    assert list(OwnSession().resolve_redirects(response, requests.Request())) == []
