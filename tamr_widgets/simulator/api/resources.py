"""Responds to requests for projects and datasets, as far as the public packages use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from ..http.messages import Request, Response, not_found
from .catalogue import DATASETS, PROJECTS, SOURCES, Dataset, Project, dataset_by_id, project_by_id

if TYPE_CHECKING:
    from collections.abc import Sequence


def collection(request: Request, name: str) -> Response:
    """Responds to `GET projects` or `GET datasets`, with a filter like `externalId==parts.csv`."""
    everything: Sequence[Project | Dataset] = PROJECTS if name == "projects" else DATASETS
    documents = [each.document() for each in everything]
    for condition in parse_qs(request.query).get("filter", []):
        key, _, value = condition.partition("==")
        documents = [each for each in documents if each.get(key) == value]
    return Response.of(documents)


def project(_: Request, project_id: str) -> Response:
    """Responds to `GET projects/{id}`."""
    found = project_by_id(project_id)
    return not_found() if found is None else Response.of(found.document())


def dataset(_: Request, dataset_id: str) -> Response:
    """Responds to `GET datasets/{id}`."""
    found = dataset_by_id(dataset_id)
    return not_found() if found is None else Response.of(found.document())


def project_part(request: Request, project_id: str, part: str) -> Response:
    """Responds to `GET projects/{id}/{part}`."""
    found = project_by_id(project_id)
    if found is None:
        return not_found()
    if part == "unifiedDataset":
        return Response.of(found.unified_dataset.document())
    if part == "inputDatasets":
        return Response.of([source.document() for source in SOURCES])
    if part == "estimatedPairCounts":
        return Response.of(_pair_counts(project_id))
    return dataset_part(request, found.unified_dataset.id, part)


def dataset_part(_: Request, dataset_id: str, part: str) -> Response:
    """Responds to `GET datasets/{id}/{part}`."""
    found = dataset_by_id(dataset_id)
    if found is None:
        return not_found()
    if part == "attributes":
        return Response.of(found.attribute_documents())
    facts = {"status": {"isStreamable": True}, "profile": {"isUpToDate": False}}.get(part)
    if facts is None:
        return not_found()
    return Response.of(
        {
            "datasetName": found.name,
            "relativeDatasetId": f"datasets/{found.id}",
            "relativeId": f"datasets/{found.id}/{part}",
            **facts,
        }
    )


def _pair_counts(project_id: str) -> dict[str, Any]:
    counts = {"candidatePairCount": "54321", "generatedPairCount": "12345"}
    return {
        "isUpToDate": True,
        "totalEstimate": counts,
        "clauseEstimates": {"Clause1": counts},
        "relativeId": f"projects/{project_id}/estimatedPairCounts",
    }
