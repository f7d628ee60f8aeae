"""Operations of `tamr_client`, which have an address but no session; a fake of that package."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from IPython.core.formatters import DisplayFormatter

from tamr_widgets import (
    Operation,
    OperationTypeError,
    OperationWidget,
    Poller,
    UsernamePasswordAuth,
    ipython,
)
from tamr_widgets.simulator import DEMO_PASSWORD, DEMO_USERNAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tamr_widgets.simulator import Simulator


@dataclass(frozen=True)
class Url:
    """An address on an instance."""

    instance: Any
    path: str
    base_path: str = "api/versioned/v1"


@dataclass(frozen=True)
class PublicOperation:
    """An operation, with the fields that the package keeps."""

    url: Url
    type: str
    status: dict[str, str]
    description: str


# IPython finds the formatter of a class by these names.
PublicOperation.__module__, PublicOperation.__name__ = "tamr_client._types.operation", "Operation"


class PublicSession(requests.Session):
    """A session with credentials."""

    def __init__(self) -> None:
        super().__init__()
        self.auth = UsernamePasswordAuth(DEMO_USERNAME, DEMO_PASSWORD)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with PublicSession() as session:
        yield session


@pytest.fixture
def public(tamr: Simulator) -> Callable[..., PublicOperation]:
    """Adds a job, and returns it as an operation of the package."""

    def add(state: str = "RUNNING") -> PublicOperation:
        job = tamr.jobs.get(tamr.jobs.add(state))
        instance = SimpleNamespace(protocol="http", host="127.0.0.1", port=tamr.port)
        url = Url(instance, job["relativeId"])
        return PublicOperation(url, job["type"], job["status"], job["description"])

    return add


def wait(session: Any, operation: Any, **options: Any) -> Any:
    """The package's own `operation.wait`."""
    return SimpleNamespace(session=session, operation=operation, **options)


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The IPython extension in a notebook where the package is loaded, and what it displays."""
    package = {
        "tamr_client": {},
        "tamr_client.operation": {"wait": wait},
        "tamr_client._types.session": {"Session": PublicSession},
    }
    for name, content in package.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    shown: list[Any] = []
    monkeypatch.setattr(ipython, "display", shown.append)
    shell = SimpleNamespace(kernel=object(), display_formatter=DisplayFormatter())
    ipython.load_ipython_extension(shell)
    yield SimpleNamespace(display=shell.display_formatter.format, shown=shown)
    ipython.unload_ipython_extension(shell)


def public_wait() -> Any:
    return sys.modules["tamr_client.operation"].wait


def test_an_operation_is_adopted_with_a_session(tamr, session, public):
    """Its requests are sent through the session, to the operation's instance."""
    theirs = public()
    ours = Operation.adopt(theirs, session)

    assert ours.client.session is session
    assert ours.client.auth is session.auth
    assert (ours.type, ours.state, ours.description) == ("SPARK", "RUNNING", theirs.description)
    assert ours.api_path == theirs.url.path
    tamr.jobs.finish(ours.resource_id)
    assert ours.poll().state == "SUCCEEDED"


def test_without_a_session_the_error_says_how_to_pass_one(public):
    """An object of another class is no session."""
    for session in (None, "session"):
        with pytest.raises(OperationTypeError, match=r"Operation\.adopt\(operation, session\)"):
            Operation.adopt(public(), session)


def test_operations_of_one_session_share_a_poller(session, public):
    """Another session may be that of another user."""
    first, second = (Poller.of(Operation.adopt(public(), session).client) for _ in range(2))
    with PublicSession() as other:
        third = Poller.of(Operation.adopt(public(), other).client)

    assert first is second
    assert first is not third


def test_an_operation_is_drawn_with_the_last_session_of_its_server(
    extension, session, tamr, public
):
    """The session has sent a request after the extension was loaded."""
    session.get(f"{tamr.url}/api/versioned/v1/operations")

    data, _ = extension.display(public())

    assert data == {}
    (widget,) = extension.shown
    assert isinstance(widget, OperationWidget)
    assert widget.operation.client.session is session


def test_without_a_known_session_an_operation_is_shown_as_text(extension, public, capsys):
    """The text is its `repr`, and no traceback is printed."""
    operation = public()

    data, _ = extension.display(operation)

    assert data["text/plain"] == repr(operation)
    assert extension.shown == []
    assert capsys.readouterr() == ("", "")


def test_a_request_to_an_invalid_address_raises_the_usual_error(extension, session):
    """The extension reads the address of each request."""
    with pytest.raises(requests.exceptions.InvalidURL):
        session.get("http://[")


def test_a_blocking_wait_shows_a_widget(extension, session, tamr, public):
    """It returns an operation of the package's class."""
    operation = public()
    tamr.jobs.finish(operation.url.path.rpartition("/")[2])

    resolved = public_wait()(session, operation, poll_interval_seconds=0.05)

    assert type(resolved) is PublicOperation
    assert resolved.url is operation.url
    assert resolved.status["state"] == "SUCCEEDED"
    assert [type(each) for each in extension.shown] == [OperationWidget]


def test_a_wait_for_a_resolved_operation_calls_the_package_s_wait(extension, session, public):
    """The arguments are passed on."""
    operation = public("FAILED")

    result = public_wait()(session, operation, timeout_seconds=7)

    assert (result.session, result.operation) == (session, operation)
    assert (result.poll_interval_seconds, result.timeout_seconds) == (3, 7)
    assert extension.shown == []
