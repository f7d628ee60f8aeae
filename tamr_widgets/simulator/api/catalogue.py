"""Defines the projects and datasets of the simulated server.

Some are special, for notebooks and tests:

- `already_up_to_date`: every refresh responds with 204 and no body.
- `broken_transformations`: every job fails, with several kilobytes of Java trace.
- `large_mastering`: jobs take twenty times as long as those of `minimal_mastering`.
- `HR: people & places`: its exports have ids with spaces, a colon and an ampersand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Project:
    """A project and the properties of its jobs.

    Attributes:
        id: The number in its path.
        name: Its name, which is part of the descriptions of its jobs.
        type: Tamr's type of project.
        factor: The factor by which its jobs take longer than usual.
        fails: Whether its jobs fail.
        up_to_date: Whether no refresh ever starts a job.
    """

    id: str
    name: str
    type: str
    factor: float = 1.0
    fails: bool = False
    up_to_date: bool = False

    @property
    def unified_dataset(self) -> Dataset:
        """The project's unified dataset."""
        return next(dataset for dataset in UNIFIED if dataset.project == self.id)

    def document(self) -> dict[str, Any]:
        """Returns the project's document."""
        return {
            "id": f"unify://unified-data/v1/projects/{self.id}",
            "externalId": self.name,
            "name": self.name,
            "description": f"Simulated {self.type.lower().replace('_', ' ')} project",
            "type": self.type,
            "unifiedDatasetName": self.unified_dataset.name,
            "created": _author(self.id),
            "lastModified": _author(self.id),
            "relativeId": f"projects/{self.id}",
        }


@dataclass(frozen=True)
class Dataset:
    """A dataset.

    Attributes:
        id: The number in its path.
        name: Its name.
        attributes: The number of its attributes.
        project: The id of the project that makes it, or "".
    """

    id: str
    name: str
    attributes: int
    project: str = ""

    def document(self) -> dict[str, Any]:
        """Returns the dataset's document."""
        return {
            "id": f"unify://unified-data/v1/datasets/{self.id}",
            "externalId": self.name,
            "name": self.name,
            "description": "Simulated dataset",
            "version": "12",
            "keyAttributeNames": ["tamr_id"],
            "tags": [],
            "created": _author(self.id),
            "lastModified": _author(self.id),
            "relativeId": f"datasets/{self.id}",
            "upstreamDatasetIds": [],
        }

    def attribute_documents(self) -> list[dict[str, Any]]:
        """Returns the documents of the dataset's attributes."""
        names = ["tamr_id", *(f"attribute_{number}" for number in range(1, self.attributes))]
        return [
            {
                "name": name,
                "description": "",
                "type": {"baseType": "STRING", "attributes": []},
                "isNullable": name != "tamr_id",
            }
            for name in names
        ]


def _author(number: str) -> dict[str, str]:
    return {"username": "admin", "time": "2021-01-04T09:30:00.000Z", "version": number}


PROJECTS = (
    Project("1", "minimal_mastering", "DEDUP"),
    Project("2", "supplier_mapping", "SCHEMA_MAPPING_RECOMMENDATIONS"),
    Project("3", "parts_categorization", "CATEGORIZATION"),
    Project("4", "customer_golden_records", "GOLDEN_RECORDS"),
    Project("5", "large_mastering", "DEDUP", factor=20),
    Project("6", "broken_transformations", "DEDUP", fails=True),
    Project("7", "already_up_to_date", "DEDUP", up_to_date=True),
    Project("8", "HR: people & places", "DEDUP"),
)

SOURCES = (
    Dataset("1", "customers.csv", 18),
    Dataset("2", "suppliers.csv", 9),
    Dataset("3", "parts.csv", 31),
)

UNIFIED = tuple(
    Dataset(f"{10 + number}", f"{project.name}_unified_dataset", 6 + number, project.id)
    for number, project in enumerate(PROJECTS)
)

# The public client finds a project's published clusters by this name.
PUBLISHED = tuple(
    Dataset(f"{30 + number}", f"{dataset.name}_dedup_published_clusters", 5, dataset.project)
    for number, dataset in enumerate(UNIFIED)
    if PROJECTS[number].type == "DEDUP"
)

DATASETS = (*SOURCES, *UNIFIED, *PUBLISHED)


def project_by_id(project_id: str) -> Project | None:
    """Returns the project with an id, or None."""
    return next((project for project in PROJECTS if project.id == project_id), None)


def dataset_by_id(dataset_id: str) -> Dataset | None:
    """Returns the dataset with an id, or None."""
    return next((dataset for dataset in DATASETS if dataset.id == dataset_id), None)
