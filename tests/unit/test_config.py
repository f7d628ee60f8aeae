from __future__ import annotations

import pytest

from tamr_widgets import Client, JwtTokenAuth, TokenAuth, UsernamePasswordAuth

URL = {"TAMR_URL": "https://tamr.example.com:9100"}
PASSWORD = {"TAMR_USERNAME": "ada", "TAMR_PASSWORD": "s3cret"}


@pytest.mark.parametrize(
    ("environ", "auth"),
    [
        (PASSWORD, UsernamePasswordAuth("ada", "s3cret")),
        ({"TAMR_TOKEN": "YTpi"}, TokenAuth("YTpi")),
        ({"TAMR_TOKEN": "a.b.c"}, JwtTokenAuth("a.b.c")),
        ({**PASSWORD, "TAMR_TOKEN": "YTpi"}, TokenAuth("YTpi")),
        ({**PASSWORD, "TAMR_TOKEN": ""}, UsernamePasswordAuth("ada", "s3cret")),
    ],
)
def test_credentials_come_from_the_environment(environ, auth):
    """A token takes precedence; one with two dots is a JWT."""
    with Client.from_env({**URL, **environ}) as client:
        assert client.auth == auth


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({}, "TAMR_USERNAME and TAMR_PASSWORD, or TAMR_TOKEN"),
        ({"TAMR_USERNAME": "ada"}, "no TAMR_PASSWORD"),
        ({"TAMR_PASSWORD": "s3cret"}, "TAMR_USERNAME"),
        ({"TAMR_USERNAME": "ada", "TAMR_PASSWORD": ""}, "no TAMR_PASSWORD"),
    ],
)
def test_a_missing_credential_is_named(environ, missing):
    """The error says which variable to set."""
    with pytest.raises(ValueError, match=missing):
        Client.from_env({**URL, **environ})


@pytest.mark.parametrize(
    ("url", "origin", "base_path"),
    [
        ("http://tamr:9100", "http://tamr:9100", "/api/versioned/v1/"),
        ("https://tamr.example.com/", "https://tamr.example.com", "/api/versioned/v1/"),
        ("http://[::1]:9100", "http://[::1]:9100", "/api/versioned/v1/"),
        ("http://tamr/one/", "http://tamr", "/one/api/versioned/v1/"),
    ],
)
def test_the_address_comes_from_a_url(url, origin, base_path):
    """Its path is the prefix of the API on that host."""
    with Client.from_env({"TAMR_URL": url, **PASSWORD}) as client:
        assert (client.origin, client.base_path) == (origin, base_path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tamr.example.com",
        "tamr.example.com:9100",
        "ftp://tamr",
        "http://",
        "http://ada:s3cret@tamr:9100",
        "http://tamr:s3cret",
        "http://tamr:99999",
        "http://[s3cret",
    ],
)
def test_a_wrong_url_is_explained_and_not_shown(url):
    """It may contain a password."""
    with pytest.raises(ValueError, match="TAMR_URL must be the address") as raised:
        Client.from_env({"TAMR_URL": url, **PASSWORD})

    assert "s3cret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_missing_url_is_reported():
    """A missing setting and a wrong one have different errors."""
    with pytest.raises(ValueError, match="It is not set"):
        Client.from_env(PASSWORD)


def test_the_process_environment_is_the_default(monkeypatch):
    """Its current variables are used; options are passed to the constructor."""
    for name, value in {**URL, **PASSWORD}.items():
        monkeypatch.setenv(name, value)

    with Client.from_env(total_seconds=7) as client:
        assert client.origin == "https://tamr.example.com:9100"
        assert client.total_seconds == 7
