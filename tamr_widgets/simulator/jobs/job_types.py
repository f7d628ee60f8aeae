"""Defines the types of jobs, and the requests that start them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class JobType:
    """A type of job.

    Attributes:
        name: The short name for tests and notebooks.
        description: The description; `{name}` stands for the job's subject.
        seconds: The median of the running time.
        weight: The relative frequency in the past.
        type: The operation's type.
        steps: The number of steps; the message of a cancelled job has the last one.
    """

    name: str
    description: str
    seconds: float
    weight: float
    type: str = "SPARK"
    steps: int = 8

    @property
    def portable(self) -> bool:
        """Whether it is an export or an import, whose ids, times and results have other forms."""
        return self.type in {"projectExport", "projectImport"}


JOB_TYPES = {
    kind.name: kind
    for kind in (
        JobType("unify", "Update Unified Dataset [{name}]", 31, 12),
        JobType("materialize", "Materialize views [{name}] to Elastic", 18, 14, steps=3),
        JobType("profile", "Profiling [{name}] attributes.", 24, 9, steps=4),
        JobType("estimate", "Estimate Pair Counts", 16, 4, steps=3),
        JobType("pairs", "Generate Record Pairs", 46, 8),
        JobType("train", "Train Mastering Model", 58, 8, steps=9),
        JobType("predict", "Predict Record Pairs", 66, 7),
        JobType("questions", "Find High-Impact Pairs", 27, 3, steps=5),
        JobType("cluster", "Update Clusters", 44, 8),
        JobType("publish", "Publish Clusters", 29, 6, steps=5),
        JobType("golden", "Update Golden Records", 34, 6, steps=6),
        JobType("publish-golden", "Publish Golden Records", 21, 4, steps=4),
        JobType("train-categories", "Train Categorization Model", 52, 3, steps=7),
        JobType("categorize", "Predict Categories", 75, 3),
        JobType("export", "projectExport with artifact: {name}", 14, 3, "projectExport", 5),
        JobType("import", "projectImport with artifact: {name}", 26, 2, "projectImport", 6),
        JobType("match-all", "Match all records [{name}]", 9000, 0.4, steps=40),
    )
}

REFRESHES = {
    "": "materialize",
    "profile": "profile",
    "unifiedDataset": "unify",
    "unifiedDataset/profile": "profile",
    "estimatedPairCounts": "estimate",
    "recordPairs": "pairs",
    "recordPairsWithPredictions": "predict",
    "recordPairsWithPredictions/model": "train",
    "highImpactPairs": "questions",
    "recordClusters": "cluster",
    "publishedClusters": "publish",
    "goldenRecords": "golden",
    "goldenRecordsProfile": "profile",
    "publishedGoldenRecords": "publish-golden",
    "categorizations": "categorize",
    "categorizations/model": "train-categories",
}
"""The type of job that `POST {project or dataset}/{key}:refresh` starts."""


def job_type_of_refresh(part: str) -> JobType:
    """Returns the type of the jobs that refresh a part of a project or dataset."""
    return JOB_TYPES[REFRESHES.get(part, "materialize")]
