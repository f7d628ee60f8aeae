"""Implements Tamr's API as a function from requests to responses, which never blocks.

The paths, bodies and status codes are those that tamr-unify-client 1.7 and tamr-toolbox 2.0 use,
and those of recorded traffic.
"""

from __future__ import annotations

import re
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING

from ..clock import iso
from ..http.messages import Request, Response, not_allowed, not_found, unauthorised, wrong_password
from ..jobs.job_types import job_type_of_refresh
from . import resources
from .catalogue import PROJECTS, Dataset, Project, dataset_by_id, project_by_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..clock import Clock
    from ..credentials import Credentials
    from ..jobs.store import JobStore

VERSION = "2022.010.0"
V1 = "/api/versioned/v1/"
LOGIN = f"{V1}instance:login"
SERVICES = ("dataset", "dedup", "match", "recipe", "transform")


class Api:
    """The routes of Tamr's API.

    Args:
        jobs: The jobs of this server.
        credentials: The valid credentials.
        clock: The server's clock.
    """

    def __init__(self, jobs: JobStore, credentials: Credentials, clock: Clock) -> None:
        self._jobs = jobs
        self._credentials = credentials
        self._clock = clock
        routes: tuple[tuple[str, str, Callable[..., Response]], ...] = (
            ("GET", rf"{V1}operations/([^/]+)", self._fetch),
            ("GET", rf"{V1}operations", self._list),
            ("DELETE", rf"{V1}operations/([^/]+)", self._delete),
            ("POST", r"/api/dataset/jobs/(\d+)/cancel", self._cancel),
            ("POST", rf"{V1}projects/([^/:]+)/([\w/]+):refresh", self._refresh_project),
            ("POST", rf"{V1}datasets/([^/:]+)(?:/([\w/]+))?:refresh", self._refresh_dataset),
            ("POST", rf"{V1}projects/([^/:]+):(export|import)", self._move),
            ("POST", rf"{V1}projects:import", self._import),
            ("GET", rf"{V1}(projects|datasets)", resources.collection),
            ("GET", rf"{V1}projects/([^/:]+)", resources.project),
            ("GET", rf"{V1}projects/([^/:]+)/(\w+)", resources.project_part),
            ("GET", rf"{V1}datasets/([^/:]+)", resources.dataset),
            ("GET", rf"{V1}datasets/([^/:]+)/(\w+)", resources.dataset_part),
            ("GET", r"/api/service/health", self._health),
            ("GET", r"/api/(?:versioned/)?service/version", self._version),
        )
        self._routes = [(verb, re.compile(path), handler) for verb, path, handler in routes]

    def respond(self, request: Request) -> Response:
        """Returns the response to any request, with a `Date` by the server's clock."""
        response = self._respond(request)
        date = formatdate(self._clock(), usegmt=True)
        return replace(response, headers={"Date": date, **response.headers})

    def _respond(self, request: Request) -> Response:
        if request.path == LOGIN and request.method == "POST":
            return self._login(request)
        if not self._credentials.accept(request.headers):
            return unauthorised()
        allowed = []
        for method, path, handler in self._routes:
            if match := path.fullmatch(request.path):
                if method == request.method:
                    return handler(request, *match.groups())
                allowed.append(method)
        return not_allowed(allowed) if allowed else not_found()

    def _login(self, request: Request) -> Response:
        fields = request.fields()
        username = fields.get("username")
        token = self._credentials.login(username, fields.get("password"))
        return Response.of({"token": token, "username": username}) if token else wrong_password()

    def _list(self, _: Request) -> Response:
        return Response(body=self._jobs.listing())

    def _fetch(self, _: Request, job_id: str) -> Response:
        try:
            return Response(body=self._jobs.text(job_id))
        except KeyError:
            return not_found()

    def _delete(self, _: Request, job_id: str) -> Response:
        try:
            if not self._jobs.deletable(job_id):
                return not_allowed(["GET"])
            self._jobs.remove(job_id)
        except KeyError:
            return not_found()
        return Response(204)

    def _cancel(self, _: Request, job_id: str) -> Response:
        try:
            self._jobs.cancel(job_id, by=self._credentials.username)
            found = self._jobs.get(job_id)
        except KeyError:
            return not_found()
        return Response.of({"documentId": {"id": job_id, "type": "job"}, "data": found})

    def _refresh_project(self, _: Request, project_id: str, part: str) -> Response:
        project = project_by_id(project_id)
        if project is None:
            return not_found()
        return self._refresh(part, project.unified_dataset, project)

    def _refresh_dataset(self, _: Request, dataset_id: str, part: str | None) -> Response:
        dataset = dataset_by_id(dataset_id)
        if dataset is None:
            return not_found()
        return self._refresh(part or "", dataset, project_by_id(dataset.project))

    def _refresh(self, part: str, dataset: Dataset, project: Project | None) -> Response:
        if project is not None and project.up_to_date:
            return Response(204)
        kind = job_type_of_refresh(part).name
        name = str(dataset.attributes) if kind == "profile" else dataset.name
        return self._started(kind, name, project)

    def _move(self, _: Request, project_id: str, kind: str) -> Response:
        project = project_by_id(project_id)
        return not_found() if project is None else self._started(kind, project.name, project)

    def _import(self, request: Request) -> Response:
        name = request.fields().get("newProjectName") or PROJECTS[0].name
        return self._started("import", str(name), None)

    def _started(self, kind: str, name: str, project: Project | None) -> Response:
        job_id = self._jobs.start(
            kind,
            name=name,
            created_by=self._credentials.username,
            factor=1.0 if project is None else project.factor,
            outcome="FAILED" if project is not None and project.fails else "SUCCEEDED",
        )
        return Response(body=self._jobs.text(job_id))

    def _health(self, _: Request) -> Response:
        now = iso(self._clock())
        return Response.of(
            {f"/api/{name}": {"healthy": True, "timestamp": now} for name in SERVICES}
        )

    def _version(self, _: Request) -> Response:
        return Response.of({"version": VERSION})
