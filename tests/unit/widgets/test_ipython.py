from __future__ import annotations

import io
import sys
import threading
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fakes import wait_until
from IPython.core.formatters import DisplayFormatter

import tamr_widgets
from tamr_widgets import ChainWidget, Operation, OperationWidget, WaitTimeout, ipython, recorded

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def shell() -> Iterator[Any]:
    shell = SimpleNamespace(kernel=object(), display_formatter=DisplayFormatter())
    yield shell
    ipython.unload_ipython_extension(shell)


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    shown: list[Any] = []
    monkeypatch.setattr(ipython, "display", shown.append)
    return shown


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> type:
    """A fake of the public package's Operation."""

    class PublicOperation:
        def __init__(self, client: Any, data: dict[str, Any], alias: str | None = None) -> None:
            self.client, self._data, self.api_path = client, data, alias or data["relativeId"]

        def poll(self) -> PublicOperation:
            raise AssertionError("the widget polls, not the public client")

        def wait(self, poll_interval_seconds: int = 3, timeout_seconds: int | None = None) -> str:
            return f"waited {poll_interval_seconds} {timeout_seconds}"

    module = ModuleType("tamr_unify_client.operation")
    module.Operation = PublicOperation  # type: ignore[attr-defined]
    package = ModuleType("tamr_unify_client")
    package.__spec__ = SimpleNamespace()  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, "tamr_unify_client", package)
    monkeypatch.setitem(sys.modules, "tamr_unify_client.operation", module)
    return PublicOperation


def test_an_operation_at_the_end_of_a_cell_is_displayed_as_a_widget(shell, client, tamr, displayed):
    """No static table is displayed in addition."""
    operation = client.operation(tamr.jobs.add("RUNNING"))

    tamr_widgets.load_ipython_extension(shell)
    data, _ = shell.display_formatter.format(operation)

    assert data == {}
    assert isinstance(displayed[0], OperationWidget)


def test_a_public_operation_is_displayed_as_a_widget(shell, client, tamr, displayed, public):
    """The extension handles the public client's class if that is installed."""
    operation = public(client, tamr.jobs.get(tamr.jobs.add("RUNNING")))

    ipython.load_ipython_extension(shell)
    shell.display_formatter.format(operation)

    assert displayed[0].state == "RUNNING"


def test_a_blocking_wait_shows_a_widget(shell, client, tamr, displayed):
    """It returns the resolved operation, as without the extension."""
    operation = client.operation(tamr.jobs.start(queued_seconds=0, run_seconds=0.1))

    ipython.load_ipython_extension(shell)
    resolved = operation.apply_options(poll_interval_seconds=0.01)

    assert resolved.succeeded()
    assert [widget.state for widget in displayed] == ["SUCCEEDED"]


def test_a_blocking_wait_of_the_public_client_returns_its_own_class(
    shell, client, tamr, displayed, public
):
    """The resolved operation has the same client and path."""
    job = tamr.jobs.start(queued_seconds=0, run_seconds=0.1)
    operation = public(client, tamr.jobs.get(job), "operations/" + job)

    ipython.load_ipython_extension(shell)
    resolved = operation.wait(0.05)

    assert type(resolved) is public
    assert resolved._data["status"]["state"] == "SUCCEEDED"
    assert resolved.api_path == operation.api_path
    assert len(displayed) == 1


def test_a_wait_for_a_resolved_operation_shows_no_widget(shell, client, tamr, displayed):
    """The operation is returned unchanged."""
    operation = client.operation(tamr.jobs.add("FAILED"))

    ipython.load_ipython_extension(shell)

    assert operation.wait() is operation
    assert displayed == []


def test_a_wait_in_another_thread_shows_no_widget(shell, client, tamr, displayed):
    """A thread's output would appear in the cell that ran last."""
    operation = client.operation(tamr.jobs.start(queued_seconds=0, run_seconds=0.1))
    ipython.load_ipython_extension(shell)

    thread = threading.Thread(target=operation.wait, args=(0.05,))
    thread.start()
    thread.join()

    assert displayed == []


def test_unload_restores_waits_and_displays(shell, client, tamr, displayed, public):
    """It does so also after loading twice."""
    before = (Operation.wait, public.wait)

    ipython.load_ipython_extension(shell)
    ipython.load_ipython_extension(shell)
    assert (Operation.wait, public.wait) != before
    tamr_widgets.unload_ipython_extension(shell)
    data, _ = shell.display_formatter.format(client.operation(tamr.jobs.add("RUNNING")))

    assert (Operation.wait, public.wait) == before
    assert displayed == []
    assert "<table" in data["text/html"]


@pytest.fixture
def terminal(shell, monkeypatch) -> Iterator[io.StringIO]:
    """A shell in a terminal, and the text that is written to it."""
    shell.kernel = None
    written = io.StringIO()
    written.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(ipython, "sys", SimpleNamespace(stdout=written, modules=sys.modules))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    ipython.load_ipython_extension(shell)
    return written


def test_in_a_terminal_an_operation_is_one_line(shell, terminal, client, tamr, displayed, public):
    """Without the extension, the public client's is a document of many lines."""
    job = tamr.jobs.add("RUNNING")
    ipython.unload_ipython_extension(shell)
    ipython.load_ipython_extension(shell)

    for operation in (client.operation(job), public(client, tamr.jobs.get(job))):
        data, _ = shell.display_formatter.format(operation)
        assert data["text/plain"] == str(client.operation(job))
    assert data["text/plain"].startswith(f"Operation {job}: RUNNING: ")
    assert displayed == []


def test_in_a_terminal_a_wait_rewrites_one_line(terminal, client, tamr, displayed):
    """The line ends with the outcome, and stays."""
    operation = client.operation(tamr.jobs.start(queued_seconds=0, run_seconds=0.5))

    assert operation.wait(0.1).succeeded()

    *_, last = terminal.getvalue().split("\r")
    assert terminal.getvalue().count("\n") == 1
    assert last.startswith(f"{operation.resource_id} SUCCEEDED")
    assert displayed == []


def test_in_a_terminal_a_wait_that_times_out_ends_its_line(terminal, client, tamr):
    """The prompt then appears on a new line."""
    operation = client.operation(tamr.jobs.add("RUNNING"))

    with pytest.raises(TimeoutError):
        operation.wait(0.1, timeout_seconds=0.3)

    assert terminal.getvalue().startswith(f"\r{operation.resource_id} RUNNING")
    assert terminal.getvalue().endswith("\n")


def test_without_a_terminal_a_wait_writes_nothing(shell, client, tamr, capsys):
    """The output of a script may be piped."""
    shell.kernel = None
    ipython.load_ipython_extension(shell)
    operation = client.operation(tamr.jobs.start(queued_seconds=0, run_seconds=0.1))

    assert operation.wait(0.05).succeeded()
    assert capsys.readouterr().out == ""


@pytest.fixture
def recording_shell(shell, monkeypatch):
    monkeypatch.setattr(ipython, "get_ipython", lambda: shell)
    return shell


def test_recorded_code_shows_its_operations_as_steps_of_one_panel(
    recording_shell, client, tamr, displayed
):
    """They are in the order of their waits, which return the same results as without recording."""
    ipython.load_ipython_extension(recording_shell)

    with recorded("Nightly"):
        for outcome in ("SUCCEEDED", "FAILED"):
            job = tamr.jobs.start(outcome=outcome, queued_seconds=0, run_seconds=0.1)
            assert client.operation(job).wait(0.05).state == outcome

    (widget,) = displayed
    assert isinstance(widget, ChainWidget)
    wait_until(lambda: widget.state == "FAILED")
    assert [step.state for step in widget.steps] == ["SUCCEEDED", "FAILED"]
    first, second = (step.name for step in widget.steps)
    assert second == f"{first} (2)"
    assert widget.get_state()["_chain"]["recorded"] is True


def test_an_exception_of_recorded_code_is_raised(recording_shell, client, tamr, displayed):
    """The recording has failed, and later waits are not recorded."""
    recordings = []

    def run() -> None:
        with recorded("Nightly") as recording:
            recordings.append(recording)
            client.operation(tamr.jobs.start(queued_seconds=0, run_seconds=0.1)).wait(0.05)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()

    wait_until(lambda: recordings[0].state == "FAILED")
    assert not hasattr(Operation.wait, "__wrapped__")


def test_recorded_code_outside_of_a_notebook_shows_no_widget(client, tamr, displayed, monkeypatch):
    monkeypatch.setattr(ipython, "get_ipython", lambda: None)

    with recorded("Nightly"):
        job = tamr.jobs.start(queued_seconds=0, run_seconds=0.1)
        assert client.operation(job).wait(0.05).succeeded()

    assert displayed == []


def test_a_second_wait_for_the_same_job_adds_no_step(recording_shell, client, tamr, displayed):
    """Code may wait in a loop; jobs without a description have different names."""
    ipython.load_ipython_extension(recording_shell)
    first, second = (tamr.jobs.add("RUNNING", description="") for _ in range(2))

    with recorded() as recording:
        for job in (first, first, second):
            with pytest.raises(WaitTimeout):
                client.operation(job).wait(0.05, 0.1)

    assert [step.operation.resource_id for step in recording.steps] == [first, second]
    assert len({step.name for step in recording.steps}) == 2
    for job in (first, second):
        tamr.jobs.finish(job)
    wait_until(lambda: recording.state == "SUCCEEDED")
