"""Server, owner and recipients in widgets and saved outputs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from embedded import follow
from recipients import wait_until

from tamr_widgets import Client, JobsWidget, OperationWidget, TokenAuth, notify
from tamr_widgets._notify import outbox
from tamr_widgets._notify.registry import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = "json://127.0.0.1:9/s3cret-hook"


@pytest.fixture(autouse=True)
def no_notification_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(outbox, "RETRY_SECONDS", ())
    yield
    for each in list(registry._notifications):
        each.close()


def panel(widget: OperationWidget) -> dict[str, Any]:
    facts: dict[str, Any] = widget._panel
    return facts


@pytest.fixture
def labelled(tamr) -> Iterator[Client]:
    with tamr.client(label="production") as client:
        yield client


def test_a_panel_names_the_server_and_the_way_back(tamr, labelled):
    """By its label; without one by host and port."""
    job = tamr.jobs.add("RUNNING")

    facts = panel(OperationWidget(labelled.operation(job)))

    assert facts["server"] == "production"
    assert facts["code"] == f'client.operation("{job}")'
    with tamr.client() as client:
        facts = panel(OperationWidget(client.operation(job)))
        assert facts["server"] == tamr.url.removeprefix("http://")


@pytest.mark.parametrize(("user", "by_other"), [("nightly", True), ("admin", False)])
def test_a_panel_knows_whose_job_it_is(tamr, client, user, by_other):
    """The client's user is admin."""
    job = tamr.jobs.add("RUNNING", created_by=user)

    assert panel(OperationWidget(client.operation(job))).get("by_other", False) == by_other


def test_saved_outputs_carry_the_server_and_the_way_back(tamr, labelled):
    """As HTML and as text, without a credential."""
    job = tamr.jobs.add("RUNNING")

    bundle, _ = OperationWidget(labelled.operation(job))._repr_mimebundle_()

    for form in ("text/html", "text/plain"):
        assert "production" in bundle[form]
        assert "client.operation(" in bundle[form]
        assert job in bundle[form]
    assert labelled.auth.password not in json.dumps(bundle)


def test_the_jobs_page_names_server_and_user(tamr, labelled):
    """The static form does, too, and says of when it is."""
    tamr.jobs.add("FAILED")
    widget = JobsWidget(labelled)
    wait_until(lambda: widget.operations)

    assert widget._status["host"] == "production"
    assert widget._status["user"] == "admin"
    bundle, _ = widget._repr_mimebundle_()
    assert "1 jobs of production, as of 20" in bundle["text/plain"]
    assert "AnalysisException" in bundle["text/html"]


def test_an_export_says_that_tamr_is_read_only(tamr, client):
    """While it runs."""
    job = tamr.jobs.add("RUNNING", kind="export")
    widget = JobsWidget(client, poll_interval_seconds=0.05)
    wait_until(lambda: "read-only" in str(widget._status.get("hints")))

    tamr.jobs.finish(job)

    wait_until(lambda: "hints" not in widget._status)


@pytest.mark.parametrize("kind", ["operation", "widget", "client", "jobs"])
def test_a_panel_shows_who_is_notified(tamr, client, kind):
    """Of this job, or of all jobs of its server."""
    operation = client.operation(tamr.jobs.add("RUNNING"))
    other = follow(client, tamr.jobs.add("RUNNING"))
    widget = OperationWidget(operation)
    targets = {"operation": operation, "widget": widget, "client": client}

    handle = notify(targets.get(kind) or JobsWidget(client), ADDRESS)

    wait_until(lambda: panel(widget).get("notified") == ["JSON"])
    if kind in ("client", "jobs"):
        wait_until(lambda: panel(other).get("notified") == ["JSON"])
    else:
        assert "notified" not in panel(other)
    handle.close()
    wait_until(lambda: "notified" not in panel(widget))


def test_a_notification_that_failed_is_said_in_widgets(tamr, client):
    """In the panel, in its trait, and on the Jobs page, without the address."""
    job = tamr.jobs.add("RUNNING")
    jobs = JobsWidget(client)
    widget = follow(client, job)
    notify(client.operation(job), ADDRESS, poll_interval_seconds=0.05)

    tamr.jobs.finish(job)

    wait_until(lambda: "JSON was not notified" in widget.callback_error)
    wait_until(lambda: "JSON was not notified" in jobs.callback_error)
    assert widget.callback_error == panel(widget)["callback_error"]
    assert "could not be reached" in jobs._status["callback_error"]
    for each in (widget, jobs):
        assert "s3cret" not in str(each.get_state()) + repr(each) + str(vars(each))


@pytest.mark.parametrize(
    ("label", "error"),
    [(7, TypeError), ("x" * 61, ValueError), ("a\nb", ValueError), ("\u202eabc", ValueError)],
)
def test_a_label_is_one_short_line(label, error):
    """Everything else is refused at once."""
    with pytest.raises(error, match="label must be"):
        Client(TokenAuth("dG9rZW4="), label=label)


def test_a_label_shows_in_the_repr():
    """Beside the server that it names."""
    with Client(TokenAuth("dG9rZW4="), label=" production ") as client:
        assert repr(client).endswith("auth=TokenAuth, label='production')")


def test_the_failures_that_stand_are_a_trait(tamr, client):
    """The newest of each kind without a success since; a success takes it away."""
    tamr.jobs.add("FAILED", name="a", age_seconds=900)
    newest = tamr.jobs.add("FAILED", name="a", age_seconds=600)
    tamr.jobs.add("FAILED", name="b", age_seconds=900)
    tamr.jobs.add("SUCCEEDED", name="b", age_seconds=600)
    widget = JobsWidget(client, poll_interval_seconds=0.05)
    assert widget.failing == ()
    wait_until(lambda: widget.operations)
    assert [each.resource_id for each in widget.failing] == [newest]
    seen = []
    widget.observe(lambda change: seen.append(len(change.new)), "failing")

    tamr.jobs.add("SUCCEEDED", name="a", age_seconds=60)

    wait_until(lambda: seen == [0])


def test_a_success_sends_the_failed_rows_again(tamr, client):
    """With its time; nothing else is sent."""
    failed = tamr.jobs.add("FAILED", age_seconds=900)
    widget = JobsWidget(client, poll_interval_seconds=0.05)
    sent = []
    wait_until(lambda: widget.operations)
    widget.comm.send = lambda data=None, **_: sent.append(data.get("content", {}))
    fine = tamr.jobs.add("SUCCEEDED", age_seconds=60)

    wait_until(lambda: any("rows" in each for each in sent))

    [rows] = [each["rows"]["jobs"] for each in sent if "rows" in each]
    since = {row[0]: row[11] for row in rows if len(row) > 11}
    assert {row[0] for row in rows} == {failed, fine}
    assert since == {failed: round(client.operation(fine).ended_at.timestamp() * 1000)}
