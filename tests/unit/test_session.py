from __future__ import annotations

import pytest
import requests

from tamr_widgets._http.session import SingleOriginSession

URL = "http://tamr.test/api"


def settings(session: requests.Session, **requested: object) -> dict[str, object]:
    options = {"proxies": {}, "stream": None, "verify": None, "cert": None, **requested}
    return dict(session.merge_environment_settings(URL, **options))


@pytest.mark.parametrize(
    "requested", [{}, {"verify": False}, {"stream": True}, {"proxies": {"http": "http://p.test"}}]
)
def test_the_settings_are_those_of_requests(monkeypatch, requested):
    """Proxies and certificates of the environment are used."""
    monkeypatch.setenv("http_proxy", "http://proxy.test:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ours.pem")

    assert settings(SingleOriginSession(), **requested) == settings(requests.Session(), **requested)


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_a_change_of_the_environment_takes_effect_at_once(monkeypatch, name):
    """Settings are cached for one environment."""
    session = SingleOriginSession()
    before = settings(session)

    monkeypatch.setenv(name, "http://proxy.test:3128")

    assert settings(session) == settings(requests.Session()) != before


def test_settings_are_cached(monkeypatch):
    """requests is called once as long as nothing changes."""
    session, requested = SingleOriginSession(), []
    monkeypatch.setattr(
        requests.Session,
        "merge_environment_settings",
        lambda *args: requested.append(args) or {},
    )

    settings(session)
    settings(session)

    assert len(requested) == 1


def test_a_change_of_the_session_takes_effect_at_once(monkeypatch):
    """A certificate or a proxy that is set between two requests is used for the second."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # these take precedence
        monkeypatch.delenv(name, raising=False)
    session = SingleOriginSession()
    settings(session)

    session.verify = "/etc/mine.pem"
    session.proxies["http"] = "http://mine.test"

    assert settings(session)["verify"] == "/etc/mine.pem"
    assert settings(session)["proxies"] == {"http": "http://mine.test"}
