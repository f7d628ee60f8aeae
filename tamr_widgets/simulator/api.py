"""Tamr's API without its wire: a request comes in, an answer goes out, nothing blocks.

The paths, bodies and status codes are those that tamr-unify-client 1.7 and tamr-toolbox 2.0 use,
and those of recorded traffic.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from .catalogue import DATASETS, PROJECTS, Dataset, Project, dataset_by_id, project_by_id
from .clock import iso
from .jobs import encode
from .kinds import kind_of_refresh

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .clock import Clock
    from .credentials import Credentials
    from .store import JobStore

VERSION = "2022.010.0"
V1 = "/api/versioned/v1/"
LOGIN = f"{V1}instance:login"


@dataclass(frozen=True)
class Answer:
    """What the server answers, before it becomes bytes on the wire."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    @classmethod
    def of(cls, value: object, status: int = 200) -> Answer:
        """Return an answer with a JSON body."""
        return cls(status, encode(value))


@dataclass(frozen=True)
class Question:
    """A request as the API sees it.

    Attributes:
        path: Percent-decoded, without the query.
        query: Without the question mark.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the JSON body, or an empty dict when there is none."""
        try:
            return json.loads(self.body or b"{}")
        except ValueError:
            return {}


class Api:
    """Answers what Tamr answers, on behalf of a job store.

    Args:
        jobs: The jobs of this server.
        credentials: Who may ask.
        clock: The server's clock.
    """

    def __init__(self, jobs: JobStore, credentials: Credentials, clock: Clock) -> None:
        self._jobs = jobs
        self._credentials = credentials
        self._clock = clock
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Answer]]] = [
            (method, re.compile(pattern), handler)
            for method, pattern, handler in (
                ("GET", rf"{V1}operations", self._list),
                ("GET", rf"{V1}operations/([^/]+)", self._fetch),
                ("DELETE", rf"{V1}operations/([^/]+)", self._delete),
                ("POST", r"/api/dataset/jobs/(\d+)/cancel", self._cancel),
                ("POST", rf"{V1}projects/([^/:]+)/([\w/]+):refresh", self._refresh_project),
                ("POST", rf"{V1}datasets/([^/:]+)(?:/([\w/]+))?:refresh", self._refresh_dataset),
                ("POST", rf"{V1}projects/([^/:]+):(export|import)", self._move),
                ("POST", rf"{V1}projects:import", self._import),
                ("GET", rf"{V1}(projects|datasets)", self._collection),
                ("GET", rf"{V1}projects/([^/:]+)", self._project),
                ("GET", rf"{V1}projects/([^/:]+)/(\w+)", self._project_part),
                ("GET", rf"{V1}datasets/([^/:]+)", self._dataset),
                ("GET", rf"{V1}datasets/([^/:]+)/(\w+)", self._dataset_part),
                ("GET", r"/api/service/health", self._health),
                ("GET", r"/api/(?:versioned/)?service/version", self._version),
            )
        ]

    def answer(self, question: Question) -> Answer:
        """Return the answer to a request, whatever it asks."""
        if question.path == LOGIN and question.method == "POST":
            return self._login(question)
        if not self._credentials.accept(question.headers):
            return _unauthorised()
        allowed = []
        for method, pattern, handler in self._routes:
            if match := pattern.fullmatch(question.path):
                if method == question.method:
                    return handler(question, *match.groups())
                allowed.append(method)
        return _not_allowed(allowed) if allowed else _not_found()

    def _login(self, question: Question) -> Answer:
        given = question.json()
        username = given.get("username") if isinstance(given, dict) else None
        token = username and self._credentials.login(username, given.get("password"))
        if not token:
            # other words than elsewhere: the public client logs in again without end whenever
            # it reads "credentials" in a 401, even in the answer to its login
            return _failure(
                401, "javax.ws.rs.NotAuthorizedException", "Invalid username or password"
            )
        return Answer.of({"token": token, "username": username})

    def _list(self, _: Question) -> Answer:
        return Answer(body=self._jobs.listing())

    def _fetch(self, _: Question, job_id: str) -> Answer:
        try:
            return Answer(body=self._jobs.text(job_id))
        except KeyError:
            return _not_found()

    def _delete(self, _: Question, job_id: str) -> Answer:
        try:
            if not self._jobs.deletable(job_id):
                return _not_allowed(["GET"])
            self._jobs.remove(job_id)
        except KeyError:
            return _not_found()
        return Answer(204)

    def _cancel(self, _: Question, job_id: str) -> Answer:
        try:
            self._jobs.cancel(job_id)
            found = self._jobs.get(job_id)
        except KeyError:
            return _not_found()
        return Answer.of(
            {
                "documentId": {"id": job_id, "type": "job"},
                "data": {"description": found["description"], "status": found["status"]},
                "created": found["created"],
                "lastModified": found["lastModified"],
            }
        )

    def _refresh_project(self, _: Question, project_id: str, part: str) -> Answer:
        project = project_by_id(project_id)
        if project is None:
            return _not_found()
        return self._refresh(part, project.unified_dataset, project)

    def _refresh_dataset(self, _: Question, dataset_id: str, part: str | None) -> Answer:
        dataset = dataset_by_id(dataset_id)
        if dataset is None:
            return _not_found()
        return self._refresh(part or "", dataset, project_by_id(dataset.project))

    def _refresh(self, part: str, dataset: Dataset, project: Project | None) -> Answer:
        if project is not None and project.up_to_date:
            return Answer(204)
        kind = kind_of_refresh(part).name
        name = str(dataset.attributes) if kind == "profile" else dataset.name
        return self._started(kind, name, project)

    def _move(self, _: Question, project_id: str, kind: str) -> Answer:
        project = project_by_id(project_id)
        return _not_found() if project is None else self._started(kind, project.name, project)

    def _import(self, question: Question) -> Answer:
        name = question.json().get("newProjectName") or PROJECTS[0].name
        return self._started("import", name, None)

    def _started(self, kind: str, name: str, project: Project | None) -> Answer:
        job_id = self._jobs.start(
            kind,
            name=name,
            factor=1.0 if project is None else project.factor,
            outcome="FAILED" if project is not None and project.fails else "SUCCEEDED",
        )
        return Answer(body=self._jobs.text(job_id))

    def _collection(self, question: Question, name: str) -> Answer:
        everything: Sequence[Project | Dataset] = PROJECTS if name == "projects" else DATASETS
        documents = [each.document() for each in everything]
        for wanted in parse_qs(question.query).get("filter", []):
            key, _, value = wanted.partition("==")
            documents = [each for each in documents if each.get(key) == value]
        return Answer.of(documents)

    def _project(self, _: Question, project_id: str) -> Answer:
        project = project_by_id(project_id)
        return _not_found() if project is None else Answer.of(project.document())

    def _project_part(self, question: Question, project_id: str, part: str) -> Answer:
        project = project_by_id(project_id)
        if project is None:
            return _not_found()
        if part == "unifiedDataset":
            return Answer.of(project.unified_dataset.document())
        if part == "inputDatasets":
            return Answer.of([each.document() for each in DATASETS if not each.project])
        if part == "estimatedPairCounts":
            return Answer.of(_pair_counts(project_id))
        return self._dataset_part(question, project.unified_dataset.id, part)

    def _dataset(self, _: Question, dataset_id: str) -> Answer:
        dataset = dataset_by_id(dataset_id)
        return _not_found() if dataset is None else Answer.of(dataset.document())

    def _dataset_part(self, _: Question, dataset_id: str, part: str) -> Answer:
        dataset = dataset_by_id(dataset_id)
        if dataset is None:
            return _not_found()
        named = {"datasetName": dataset.name, "relativeDatasetId": f"datasets/{dataset.id}"}
        if part == "attributes":
            return Answer.of(dataset.attribute_documents())
        if part == "status":
            path = f"datasets/{dataset.id}/status"
            return Answer.of({**named, "isStreamable": True, "relativeId": path})
        if part == "profile":
            path = f"datasets/{dataset.id}/profile"
            return Answer.of({**named, "isUpToDate": False, "relativeId": path})
        return _not_found()

    def _health(self, _: Question) -> Answer:
        now = iso(self._clock())
        services = ("dataset", "dedup", "match", "recipe", "transform")
        return Answer.of({f"/api/{name}": {"healthy": True, "timestamp": now} for name in services})

    def _version(self, _: Question) -> Answer:
        return Answer.of({"version": VERSION})


def _unauthorised() -> Answer:
    """Return what Tamr answers to a request without valid credentials."""
    text = b"Credentials are required to access this resource."
    return Answer(401, text, {"WWW-Authenticate": "BasicCreds"}, "text/plain")


def _not_found() -> Answer:
    return _failure(404, "com.tamr.common.exceptions.ResourceNotFoundException", "No result found")


def _not_allowed(methods: list[str]) -> Answer:
    answer = _failure(405, "javax.ws.rs.NotAllowedException", "HTTP 405 Method Not Allowed")
    return Answer(405, answer.body, {"Allow": ", ".join(methods)})


def _failure(status: int, exception: str, message: str) -> Answer:
    frames = [
        {
            "declaringClass": "com.tamr.common.api.OperationsResource",
            "methodName": "fetch",
            "fileName": "OperationsResource.java",
            "lineNumber": number,
        }
        for number in (88, 61, 42)
    ]
    return Answer.of(
        {"status": status, "class": exception, "message": message, "stackTrace": frames},
        status,
    )


def _pair_counts(project_id: str) -> dict[str, Any]:
    counts = {"candidatePairCount": "54321", "generatedPairCount": "12345"}
    return {
        "isUpToDate": True,
        "totalEstimate": counts,
        "clauseEstimates": {"Clause1": counts},
        "relativeId": f"projects/{project_id}/estimatedPairCounts",
    }
