"""Writes `status.message` for the phases of a job.

The forms are those of recorded traffic: sentences while a job is pending, Spark's submission
status as JSON text while it runs, a Java stack trace of several kilobytes once it has failed.
"""

from __future__ import annotations

import json

NOT_SUBMITTED = "Job has not yet been submitted to the executor"
BEING_SUBMITTED = "Job is being submitted to the executor"
SUBMITTED = "Job has been submitted to the executor"
CANCELING = "Job has been marked for cancellation"


def spark_status(number: int, driver_state: str) -> str:
    """Returns Spark's submission status as indented JSON text, as older servers do."""
    worker = f"10.20.0.{11 + number % 4}"
    return json.dumps(
        {
            "action": "SubmissionStatusResponse",
            "driverState": driver_state,
            "serverSparkVersion": "2.4.5",
            "submissionId": f"driver-20210129182453-{number:04d}",
            "success": True,
            "workerHostPort": f"{worker}:38515",
            "workerId": f"worker-20210129094102-{worker}-38515",
        },
        indent=2,
    )


def pending_cancelled(username: str) -> str:
    """Returns the message of a job that was cancelled before it ran."""
    return f"Pending job canceled by {username}"


def running_cancelled(username: str, step: int, steps: int) -> str:
    """Returns the message of a job that was cancelled while it ran."""
    return (
        f"Running job canceled by {username} at step {step} of {steps}\n\n"
        "Application killed by user."
    )


def failure(dataset: str) -> str:
    """Returns the trace of a job that failed on a column that does not exist.

    After the first line, which is the error, it has a query plan and a Java stack: about 7 kB.
    """
    columns = [f"attribute_{number}#{1200 + number}" for number in range(24)]
    projected = ", ".join(columns)
    return "\n".join(
        [
            _FIRST_LINE.format(dataset=dataset),
            f"'Project [{projected}, 'upper('compnay_name) AS name_clean#1311]",
            f"+- Filter (isnotnull(tamr_id#1200) && NOT (tamr_id#1200 = )) [{projected}]",
            f"   +- SubqueryAlias `{dataset}`",
            f"      +- Project [{projected}]",
            f"         +- Relation[{projected}] parquet",
            "",
            *(f"\tat {frame}" for frame in _frames(_ANALYSIS, 48)),
            _CAUSE.format(dataset=dataset),
            *(f"\tat {frame}" for frame in _frames(_TAMR, 14)),
            "\t... 61 more",
        ]
    )


_FIRST_LINE = (
    "org.apache.spark.sql.AnalysisException: cannot resolve '`compnay_name`' given input columns: "
    "[{dataset}.company_name, {dataset}.tamr_id, {dataset}.origin_source_name]; line 3 pos 7;"
)
_CAUSE = (
    "Caused by: com.tamr.transform.exceptions.TransformException: "
    "Unable to apply transformation 3 of 7 to dataset {dataset}"
)
_ANALYSIS = (
    "org.apache.spark.sql.catalyst.analysis.package$AnalysisErrorAt.failAnalysis(package.scala:42)",
    "org.apache.spark.sql.catalyst.analysis.CheckAnalysis$$anonfun$3.apply(CheckAnalysis.scala:111)",
    "org.apache.spark.sql.catalyst.trees.TreeNode$$anonfun$transformUp$1.apply(TreeNode.scala:280)",
    "org.apache.spark.sql.catalyst.trees.CurrentOrigin$.withOrigin(TreeNode.scala:69)",
    "org.apache.spark.sql.catalyst.plans.QueryPlan.transformExpression$1(QueryPlan.scala:106)",
    "scala.collection.TraversableLike$$anonfun$map$1.apply(TraversableLike.scala:234)",
    "scala.collection.immutable.List.foreach(List.scala:392)",
)
_TAMR = (
    "com.tamr.transform.spark.TransformRunner.apply(TransformRunner.scala:187)",
    "com.tamr.dedup.spark.UnifiedDatasetJob.run(UnifiedDatasetJob.java:143)",
    "com.tamr.job.spark.SparkJobMain.main(SparkJobMain.java:58)",
    "java.lang.reflect.Method.invoke(Method.java:498)",
)


def _frames(frames: tuple[str, ...], count: int) -> list[str]:
    return [frames[number % len(frames)] for number in range(count)]
