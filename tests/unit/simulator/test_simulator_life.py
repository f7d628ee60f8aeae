from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from tamr_widgets.simulator.jobs.job import Job, document, life, phase_at, settled
from tamr_widgets.simulator.jobs.job_types import JOB_TYPES

JOB = Job(
    id="17",
    number=17,
    kind=JOB_TYPES["train"],
    description="Train Mastering Model",
    subject="minimal_mastering_unified_dataset",
    created=1_611_944_680.0,
    queued=12.0,
    ran=45.0,
)


def document_after(job: Job, seconds: float) -> dict:
    """Returns the document of a job some seconds after the job was created."""
    phase, _ = phase_at(job, job.created + seconds)
    return document(job, phase)


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        (0, "Job has not yet been submitted to the executor"),
        (4, "Job is being submitted to the executor"),
        (11, "Job has been submitted to the executor"),
    ],
)
def test_a_pending_job_shows_the_steps_of_its_submission(seconds: float, message: str) -> None:
    """It has the three recorded messages, one after another, and no times."""
    status = document_after(JOB, seconds)["status"]

    assert status == {"state": "PENDING", "startTime": "", "endTime": "", "message": message}


def test_a_running_job_has_no_start_time_at_first() -> None:
    """It has none in the first second after its start."""
    assert document_after(JOB, 12.5)["status"]["state"] == "RUNNING"
    assert document_after(JOB, 12.5)["status"]["startTime"] == ""
    assert document_after(JOB, 13.5)["status"]["startTime"] == "2021-01-29T18:24:52.000Z"


def test_the_message_of_a_running_job_is_sparks_status_as_json() -> None:
    """It is the submission status, as indented JSON."""
    message = document_after(JOB, 30)["status"]["message"]

    status = json.loads(message)

    assert "\n" in message
    assert set(status) == {
        "action",
        "driverState",
        "serverSparkVersion",
        "submissionId",
        "success",
        "workerHostPort",
        "workerId",
    }
    assert status["driverState"] == "RUNNING"


def test_a_running_job_has_an_end_time_before_it_is_resolved() -> None:
    """For a second after its end, it is RUNNING with a finished driver."""
    status = document_after(JOB, 57.5)["status"]

    assert status["state"] == "RUNNING"
    assert status["endTime"] == "2021-01-29T18:25:37.000Z"
    assert json.loads(status["message"])["driverState"] == "FINISHED"


def test_a_job_ends_with_both_times_and_no_message() -> None:
    """A job that succeeded does not change any more."""
    phase, following = phase_at(JOB, JOB.created + 3600)

    assert document(JOB, phase)["status"] == {
        "state": "SUCCEEDED",
        "startTime": "2021-01-29T18:24:52.000Z",
        "endTime": "2021-01-29T18:25:37.000Z",
        "message": "",
    }
    assert following == float("inf")


def test_a_failed_job_carries_a_java_trace_of_kilobytes() -> None:
    """Its first line names the exception; a query plan and a stack follow."""
    message = document_after(replace(JOB, outcome="FAILED"), 3600)["status"]["message"]

    first, *rest = message.splitlines()

    assert first.startswith("org.apache.spark.sql.AnalysisException: cannot resolve ")
    assert any("Project [" in line for line in rest)
    assert sum(line.startswith("\tat ") for line in rest) > 40
    assert 4_000 < len(message) < 20_000


def test_the_time_of_the_next_change_is_known() -> None:
    """A document does not change before the next phase begins."""
    _, following = phase_at(JOB, JOB.created)

    assert following == JOB.created + 12 * 0.3
    assert document_after(JOB, 12 * 0.3)["status"] != document_after(JOB, 0)["status"]


def test_last_modified_is_the_time_at_which_the_phase_began() -> None:
    """It is not the time of the request."""
    assert document_after(JOB, 30)["lastModified"]["time"] == "2021-01-29T18:24:53.000Z"


def test_a_pending_job_that_is_cancelled_has_no_start_time() -> None:
    """It is CANCELING, and then CANCELED."""
    job = replace(JOB, cancelled=JOB.created + 5)

    canceling, cancelled = document_after(job, 6)["status"], document_after(job, 8)["status"]

    assert canceling["state"] == "CANCELING"
    assert canceling["message"] == "Job has been marked for cancellation"
    assert cancelled["state"] == "CANCELED"
    assert cancelled["startTime"] == ""
    assert cancelled["message"] == "Pending job canceled by admin"


def test_a_running_job_that_is_cancelled_names_the_step() -> None:
    """Its last message has the step, a blank line and the message of Spark."""
    job = replace(JOB, cancelled=JOB.started + 45 / 3, cancelled_by="carla")

    status = document_after(job, 3600)["status"]

    assert status["startTime"] == "2021-01-29T18:24:52.000Z"
    assert status["message"] == (
        "Running job canceled by carla at step 4 of 9\n\nApplication killed by user."
    )


def test_a_job_that_has_ended_cannot_be_cancelled() -> None:
    """A cancel after the end has no effect."""
    job = replace(JOB, cancelled=settled(JOB) + 1)

    assert document_after(job, 3600) == document_after(JOB, 3600)


@pytest.mark.parametrize("moment", [0.0, 3.6, 12.0, 12.5, 13.0, 56.9, 57.5, 58.0])
def test_the_phases_of_a_cancelled_job_are_complete(moment: float) -> None:
    """They are in order, and the last one is resolved, at any time of the cancel."""
    phases = life(replace(JOB, cancelled=JOB.created + moment))

    assert phases == sorted(phases, key=lambda phase: phase.since)
    assert phases[-1].state in {"CANCELED", "SUCCEEDED"}


def test_a_job_that_is_never_queued_runs_at_once() -> None:
    """A phase without a duration is omitted."""
    assert document_after(replace(JOB, queued=0.0), 0)["status"]["state"] == "RUNNING"


@pytest.mark.parametrize("length", [10, 300])
def test_an_export_has_the_path_of_its_artifact_as_a_protobuf_string(length: int) -> None:
    """`result` holds a StringValue in base64: a tag, the length as a varint, the text."""
    export = replace(JOB, kind=JOB_TYPES["export"], subject="x" * length)

    result = document_after(export, 3600)["result"]["result"]
    raw = base64.b64decode(result["value"])

    assert result["typeUrl"] == "type.googleapis.com/google.protobuf.StringValue"
    assert raw[:1] == b"\x0a"
    text = raw[2:] if length < 100 else raw[3:]
    size = raw[1] if length < 100 else (raw[1] & 0x7F) + (raw[2] << 7)
    assert size == len(text)
    assert text == b"/home/ubuntu/tamr/projectExports/" + b"x" * length + b".zip"


def test_an_export_writes_its_creation_time_with_dashes() -> None:
    """Exports and imports have times such as 2021-07-05_16-16-30-425."""
    export = replace(JOB, kind=JOB_TYPES["export"])

    assert document_after(export, 0)["created"]["time"] == "2021-01-29_18-24-40-000"
    assert "result" not in document_after(export, 0)
