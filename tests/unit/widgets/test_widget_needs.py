"""Server, owner and recipients in widgets and saved outputs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fakes import wait_until
from pages import Page, follow, jobs_widget, panel, status
from recipients import Webhook

from tamr_widgets import Client, JobsWidget, OperationWidget, TokenAuth, notify
from tamr_widgets._notify import outbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def no_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "RETRY_SECONDS", ())


@pytest.fixture
def address() -> str:
    """The address of a webhook that does not exist any more."""
    with Webhook() as webhook:
        return webhook.address


@pytest.fixture
def labelled(tamr) -> Iterator[Client]:
    with tamr.client(label="production") as client:
        yield client


def test_a_panel_shows_the_server_and_code_for_the_operation(tamr, labelled):
    """The server is shown by its label, or else by host and port."""
    job = tamr.jobs.add("RUNNING")

    facts = panel(OperationWidget(labelled.operation(job)))

    assert facts["server"] == "production"
    assert facts["code"] == f'client.operation("{job}")'
    with tamr.client() as client:
        facts = panel(OperationWidget(client.operation(job)))
        assert facts["server"] == tamr.url.removeprefix("http://")


@pytest.mark.parametrize("by_other", [True, False])
def test_a_panel_shows_whether_another_user_started_the_job(tamr, client, by_other):
    """The other user is not that of the client."""
    user = "nightly" if by_other else client.auth.username
    job = tamr.jobs.add("RUNNING", created_by=user)

    assert panel(OperationWidget(client.operation(job))).get("by_other", False) == by_other


def test_saved_outputs_show_the_server_and_code_for_the_operation(tamr, labelled):
    """HTML and text have both, and no credential."""
    job = tamr.jobs.add("RUNNING")

    bundle, _ = OperationWidget(labelled.operation(job))._repr_mimebundle_()

    for form in ("text/html", "text/plain"):
        assert "production" in bundle[form]
        assert "client.operation(" in bundle[form]
        assert job in bundle[form]
    assert labelled.auth.password not in json.dumps(bundle)


def test_the_jobs_page_names_server_and_user(tamr, labelled):
    """The static output names the server and the time of the list."""
    tamr.jobs.add("FAILED")
    widget = JobsWidget(labelled)
    wait_until(lambda: widget.operations)

    assert status(widget)["host"] == "production"
    assert status(widget)["user"] == labelled.auth.username
    bundle, _ = widget._repr_mimebundle_()
    assert "1 jobs of production, as of 20" in bundle["text/plain"]
    assert "AnalysisException" in bundle["text/html"]


def test_a_running_export_is_shown_as_a_hint(tamr, client):
    """Tamr is read-only until it ends."""
    job = tamr.jobs.add("RUNNING", kind="export")
    widget = jobs_widget(client)
    wait_until(lambda: "read-only" in str(status(widget).get("hints")))

    tamr.jobs.finish(job)

    wait_until(lambda: "hints" not in status(widget))


@pytest.mark.parametrize("kind", ["operation", "widget", "client", "jobs"])
def test_a_panel_shows_the_recipients_of_notifications(tamr, client, kind, address):
    """These may be of this job, or of all jobs of its server."""
    operation = client.operation(tamr.jobs.add("RUNNING"))
    other = follow(client, tamr.jobs.add("RUNNING"))
    widget = OperationWidget(operation)
    targets = {"operation": operation, "widget": widget, "client": client}

    handle = notify(targets.get(kind) or JobsWidget(client), address)

    wait_until(lambda: panel(widget).get("notified") == ["JSON"])
    if kind in ("client", "jobs"):
        wait_until(lambda: panel(other).get("notified") == ["JSON"])
    else:
        assert "notified" not in panel(other)
    handle.close()
    wait_until(lambda: "notified" not in panel(widget))


def test_a_notification_that_failed_is_shown_in_widgets(tamr, client, address):
    """It is in the panel, in its trait, and on the Jobs page, without the address."""
    job = tamr.jobs.add("RUNNING")
    jobs = JobsWidget(client)
    widget = follow(client, job)
    with notify(client.operation(job), address, poll_interval_seconds=0.01):
        tamr.jobs.finish(job)

        wait_until(lambda: "JSON was not notified" in widget.callback_error)
        wait_until(lambda: "JSON was not notified" in jobs.callback_error)
        assert widget.callback_error == panel(widget)["callback_error"]
        assert "could not be reached" in status(jobs)["callback_error"]
        for each in (widget, jobs):
            assert "s3cret" not in str(each.get_state()) + repr(each) + str(vars(each))


@pytest.mark.parametrize(
    ("label", "error"),
    [(7, TypeError), ("x" * 61, ValueError), ("a\nb", ValueError), ("\u202eabc", ValueError)],
)
def test_a_label_is_one_short_line(label, error):
    """Any other label is refused."""
    with pytest.raises(error, match="label must be"):
        Client(TokenAuth("dG9rZW4="), label=label)


def test_a_label_is_part_of_the_repr():
    with Client(TokenAuth("dG9rZW4="), label=" production ") as client:
        assert repr(client).endswith("auth=TokenAuth, label='production')")


def test_failures_without_a_later_success_are_a_trait(tamr, client):
    """It has the newest of each kind."""
    tamr.jobs.add("FAILED", name="a", age_seconds=900)
    newest = tamr.jobs.add("FAILED", name="a", age_seconds=600)
    tamr.jobs.add("FAILED", name="b", age_seconds=900)
    tamr.jobs.add("SUCCEEDED", name="b", age_seconds=600)
    widget = jobs_widget(client)
    wait_until(lambda: widget.operations)
    assert [each.resource_id for each in widget.failing] == [newest]
    seen = []
    widget.observe(lambda change: seen.append(len(change.new)), "failing")

    tamr.jobs.add("SUCCEEDED", name="a", age_seconds=60)

    wait_until(lambda: seen == [0])


def test_a_success_sends_the_failed_rows_again(tamr, client):
    """They have the time of the success; no other row is sent again."""
    failed = tamr.jobs.add("FAILED", age_seconds=900)
    widget = jobs_widget(client)
    wait_until(lambda: widget.operations)
    page = Page(widget)
    fine = tamr.jobs.add("SUCCEEDED", age_seconds=60)

    wait_until(lambda: page.of("rows"))

    [rows] = [rows["jobs"] for rows in page.of("rows")]
    since = {row[0]: row[11] for row in rows if len(row) > 11}
    assert {row[0] for row in rows} == {failed, fine}
    assert since == {failed: round(client.operation(fine).ended_at.timestamp() * 1000)}
