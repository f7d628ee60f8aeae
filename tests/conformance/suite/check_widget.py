"""OperationWidget shows operations of the public client."""

from __future__ import annotations

import pytest
from tamr_unify_client.operation import Operation as PublicOperation

from tamr_widgets import Operation, OperationWidget


@pytest.fixture
def show(client, simulator):
    """Start a job, fetch it with the public client, and show it in a widget."""
    widgets = []

    def shown(**options):
        operation = PublicOperation.from_resource_id(client, simulator.jobs.start(**options))
        widgets.append(OperationWidget(operation, poll_interval_seconds=0.05))
        return widgets[-1]

    yield shown
    for widget in widgets:
        widget.close()


def test_the_widget_follows_the_job_to_its_end(show):
    """It needs only the public client's operation, and polls through its client."""
    widget = show()

    done = widget.wait(timeout_seconds=20)

    assert isinstance(done, Operation)
    assert (widget.state, widget.resolved) == ("SUCCEEDED", True)


def test_the_public_operation_is_not_changed(client, simulator):
    """The widget makes a copy; the caller's operation is still the old snapshot."""
    operation = PublicOperation.from_resource_id(client, simulator.jobs.start())
    state = operation.state

    widget = OperationWidget(operation, poll_interval_seconds=0.05)
    widget.wait(timeout_seconds=20)
    widget.close()

    assert operation.state == state
    assert operation.wait(0.02, 20).succeeded()


def test_a_noop_is_shown_as_succeeded(client, simulator):
    """A refresh that had nothing to do is shown without a request."""
    operation = client.projects.by_name("already_up_to_date").unified_dataset().refresh()
    requested = len(simulator.requests)

    widget = OperationWidget(operation)
    widget.close()

    assert widget.state == "SUCCEEDED"
    assert len(simulator.requests) == requested
