from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tamr_widgets.simulator import DEMO_PASSWORD, DEMO_USERNAME, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator


def basic(username: str, password: str, encoding: str = "utf-8") -> dict[str, str]:
    given = base64.b64encode(f"{username}:{password}".encode(encoding)).decode()
    return {"Authorization": f"BasicCreds {given}"}


@pytest.fixture
def anonymous(browser: Any) -> Any:
    """A client without credentials."""
    del browser.session.headers["Authorization"]
    return browser


def test_the_list_has_every_operation_newest_first(browser: Any) -> None:
    """`GET operations` returns a JSON list of all that `GET operations/{id}` knows."""
    new = browser.post("projects/1/unifiedDataset:refresh").json()

    response = browser.get("operations", headers={"Accept": "application/json"})

    assert response.headers["Content-Type"] == "application/json"
    assert [each["id"] for each in response.json()] == [new["id"], "3", "2", "1"]
    assert response.json() == [browser.get(each["relativeId"]).json() for each in response.json()]


def test_an_operation_that_does_not_exist_is_a_404_of_tamr(browser: Any) -> None:
    """The body has a status, a Java class, `No result found` and a stack trace."""
    response = browser.get("operations/999")

    assert response.status_code == 404
    assert response.json()["status"] == 404
    assert response.json()["class"].endswith("ResourceNotFoundException")
    assert response.json()["message"] == "No result found"
    assert isinstance(response.json()["stackTrace"], list)


REFRESHES = {
    "projects/1/unifiedDataset:refresh": "Update Unified Dataset [minimal_mastering_u",
    "projects/1/unifiedDataset/profile:refresh": "Profiling [6] attributes.",
    "projects/1/estimatedPairCounts:refresh": "Estimate Pair Counts",
    "projects/1/recordPairs:refresh": "Generate Record Pairs",
    "projects/1/recordPairsWithPredictions:refresh": "Predict Record Pairs",
    "projects/1/recordPairsWithPredictions/model:refresh": "Train Mastering Model",
    "projects/1/highImpactPairs:refresh": "Find High-Impact Pairs",
    "projects/1/recordClusters:refresh": "Update Clusters",
    "projects/1/publishedClusters:refresh": "Publish Clusters",
    "projects/3/categorizations:refresh": "Predict Categories",
    "projects/3/categorizations/model:refresh": "Train Categorization Model",
    "projects/4/goldenRecords:refresh": "Update Golden Records",
    "projects/4/goldenRecordsProfile:refresh": "Profiling [9] attributes.",
    "projects/4/publishedGoldenRecords:refresh?validate=true": "Publish Golden Records",
    "projects/1/somethingNew:refresh": "Materialize views [minimal_mastering_u",
    "datasets/1:refresh": "Materialize views [customers.csv] to Elastic",
    "datasets/1/profile:refresh": "Profiling [18] attributes.",
}


def test_every_refresh_starts_a_job(browser: Any) -> None:
    """A refresh returns the new operation, which is pending and can be fetched."""
    for path, description in REFRESHES.items():
        response = browser.post(path)

        operation = response.json()
        assert response.status_code == 200, path
        assert operation["description"].startswith(description), path
        assert operation["type"] == "SPARK", path
        assert operation["status"]["state"] == "PENDING", path
        assert operation["created"]["username"] == DEMO_USERNAME, path
        assert browser.get(operation["relativeId"]).json() == operation, path


@pytest.mark.parametrize("path", ["projects/99/recordPairs:refresh", "datasets/99:refresh"])
def test_a_refresh_of_an_unknown_resource_is_a_404(browser: Any, path: str) -> None:
    """No job is started for an unknown project or dataset."""
    assert browser.post(path).status_code == 404
    assert len(browser.simulator.jobs) == 3


def test_a_current_resource_responds_204_without_a_body(browser: Any) -> None:
    """No job is started for it."""
    response = browser.post("projects/7/unifiedDataset:refresh")

    assert (response.status_code, response.content) == (204, b"")
    assert len(browser.simulator.jobs) == 3


def test_jobs_of_a_broken_project_fail_with_a_trace(browser: Any, clock: Any) -> None:
    """A notebook can show a failed job at any time."""
    operation = browser.post("projects/6/recordPairs:refresh").json()
    clock.advance(3600)

    status = browser.get(operation["relativeId"]).json()["status"]

    assert status["state"] == "FAILED"
    assert status["message"].startswith("org.apache.spark.sql.AnalysisException: ")


def test_jobs_of_a_large_project_take_long(browser: Any, clock: Any) -> None:
    """A notebook can cancel one before it ends."""
    operation = browser.post("projects/5/recordPairs:refresh").json()
    clock.advance(300)

    assert browser.get(operation["relativeId"]).json()["status"]["state"] == "RUNNING"


def test_an_export_has_an_id_with_spaces_and_a_colon(browser: Any) -> None:
    """Such an operation is fetched by its percent-encoded id, and can be deleted."""
    export = browser.post("projects/8:export", json={"artifactDirectory": "/tmp"}).json()

    assert export["type"] == "projectExport"
    assert export["id"].startswith("projectExport-HR: people & places-2021-01-29_12-00-00-000")
    assert browser.get(export["relativeId"]).json() == export
    assert "HR:%20people%20&%20places" in browser.simulator.requests[-1].path
    assert browser.request("DELETE", export["relativeId"]).status_code == 204
    assert browser.get(export["relativeId"]).status_code == 404


@pytest.mark.parametrize("path", ["projects:import", "projects/1:import"])
def test_an_import_is_an_operation_of_its_own_type(browser: Any, path: str) -> None:
    """It imports into a new project or into an existing one."""
    response = browser.post(path, json={"newProjectName": "minimal_mastering"})

    assert response.json()["type"] == "projectImport"
    assert response.json()["id"].startswith("projectImport-minimal_mastering-2021-")


def test_cancel_responds_with_a_job_document(browser: Any, clock: Any) -> None:
    """The operation is CANCELING at once and CANCELED later, with the user who cancelled it."""
    job = browser.post("projects/1/recordPairs:refresh").json()["id"]

    response = browser.post(f"/api/dataset/jobs/{job}/cancel")

    assert response.status_code == 200
    assert response.json()["data"]["status"]["state"] == "CANCELING"
    clock.advance(2)
    status = browser.get(f"operations/{job}").json()["status"]
    assert status["state"] == "CANCELED"
    assert status["message"] == f"Pending job canceled by {DEMO_USERNAME}"


@pytest.mark.parametrize("job", ["999", "projectExport-x"])
def test_cancel_of_an_unknown_or_textual_id_is_a_404(browser: Any, job: str) -> None:
    """The id of a job is a number; an export cannot be cancelled."""
    assert browser.post(f"/api/dataset/jobs/{job}/cancel").status_code == 404


def test_delete_is_refused_with_405_by_default(browser: Any) -> None:
    """The response names the methods that are allowed, and the operation stays."""
    response = browser.request("DELETE", "operations/1")

    assert response.status_code == 405
    assert response.headers["Allow"] == "GET"
    assert response.json()["message"] == "HTTP 405 Method Not Allowed"
    assert browser.get("operations/1").ok


def test_delete_can_be_switched_on_while_the_server_runs(browser: Any) -> None:
    """A deleted operation is gone from the list, and a second delete does not find it."""
    browser.simulator.jobs.deletes = True

    response = browser.request("DELETE", "operations/2")

    assert (response.status_code, response.content) == (204, b"")
    assert [each["id"] for each in browser.get("operations").json()] == ["3", "1"]
    assert browser.request("DELETE", "operations/2").status_code == 404


@pytest.mark.parametrize("collection", ["projects", "datasets"])
def test_projects_and_datasets_can_be_listed_filtered_and_fetched(
    browser: Any, collection: str
) -> None:
    """Every document of a list is the same when it is fetched alone."""
    documents = browser.get(collection).json()
    wanted = documents[-1]

    found = browser.get(collection, params={"filter": f"externalId=={wanted['externalId']}"})

    assert found.json() == [wanted]
    assert [browser.get(each["relativeId"]).json() for each in documents] == documents
    assert len({each["name"] for each in documents}) == len(documents)
    assert browser.get(f"{collection}/99").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "projects/1/unifiedDataset",
        "projects/1/inputDatasets",
        "projects/1/estimatedPairCounts",
        "projects/1/attributes",
        "datasets/1/attributes",
        "datasets/1/status",
        "datasets/1/profile",
    ],
)
def test_parts_of_projects_and_datasets(browser: Any, path: str) -> None:
    """The paths that the public packages request exist; an unknown one is a 404."""
    assert browser.get(path).json()
    assert browser.get(path.replace("/1/", "/99/")).status_code == 404
    assert browser.get(f"{path}Unknown").status_code == 404


def test_health_names_every_service_as_healthy(browser: Any) -> None:
    """The document maps paths of services to health and time."""
    health = browser.get("/api/service/health").json()

    assert health["/api/dataset"] == {"healthy": True, "timestamp": "2021-01-29T12:00:00.000Z"}
    assert all(service["healthy"] for service in health.values())


@pytest.mark.parametrize("path", ["/api/versioned/service/version", "/api/service/version"])
def test_the_version_supports_jwts(browser: Any, path: str) -> None:
    """It is high enough for all features of the packages."""
    assert browser.get(path).json() == {"version": "2022.010.0"}


def test_a_wrong_method_is_a_405_and_an_unknown_path_a_404(browser: Any) -> None:
    assert browser.post("operations").status_code == 405
    assert browser.get("nonsense").status_code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"\xff"])
def test_a_body_that_is_no_object_causes_no_error(browser: Any, body: bytes) -> None:
    """A malformed login is refused, and a malformed import uses defaults."""
    assert browser.post("instance:login", data=body).status_code == 401
    assert browser.post("projects:import", data=body).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "operations"),
        ("GET", "operations/999"),
        ("POST", "projects/1/recordPairs:refresh"),
        ("DELETE", "operations/1"),
        ("GET", "/api/service/health"),
    ],
)
def test_a_request_without_credentials_is_refused(anonymous: Any, method: str, path: str) -> None:
    """The response is a 401 with Tamr's text, and the request has no effect."""
    response = anonymous.request(method, path)

    assert response.status_code == 401
    assert response.text == "Credentials are required to access this resource."
    assert len(anonymous.simulator.jobs) == 3


def test_login_returns_a_token_for_the_cookie(anonymous: Any) -> None:
    """The token is accepted as a cookie with the name authToken."""
    response = anonymous.login()

    assert response.json()["username"] == DEMO_USERNAME
    cookies = {"authToken": response.json()["token"]}
    assert anonymous.get("operations", cookies=cookies).status_code == 200
    assert anonymous.get("operations", cookies={"authToken": "x"}).status_code == 401


def test_a_refused_login_does_not_contain_the_word_credentials(anonymous: Any) -> None:
    """The public client looks for that word in a 401, and would log in again and again."""
    given = {"username": DEMO_USERNAME, "password": "wrong"}

    response = anonymous.post("instance:login", json=given)

    assert response.status_code == 401
    assert "credentials" not in response.text.lower()


@pytest.mark.parametrize("scheme", ["BasicCreds", "Bearer"])
def test_tokens_in_a_header_are_accepted_until_sessions_expire(anonymous: Any, scheme: str) -> None:
    """They are tokens of a login or JWTs; after an expiry, a new login is needed."""
    headers = {"Authorization": f"{scheme} {anonymous.simulator.token()}"}
    assert anonymous.get("operations", headers=headers).status_code == 200

    anonymous.simulator.expire_sessions()

    assert anonymous.get("operations", headers=headers).status_code == 401
    assert anonymous.login().status_code == 200


def test_the_password_in_a_header_is_accepted(anonymous: Any) -> None:
    """The header has the user name and the password in base64; no session is needed."""
    anonymous.simulator.expire_sessions()

    good = basic(DEMO_USERNAME, DEMO_PASSWORD)
    assert anonymous.get("operations", headers=good).status_code == 200
    bad = basic(DEMO_USERNAME, "wrong")
    assert anonymous.get("operations", headers=bad).status_code == 401


def test_malformed_credentials_are_refused(anonymous: Any) -> None:
    """They cause no error in the server."""
    for header in ("", "BasicCreds", "BasicCreds \xe9", "Basic eDp5", "Bearer ", "nonsense"):
        headers = {"Authorization": header.encode("latin-1")}
        assert anonymous.get("operations", headers=headers).status_code == 401, header

    assert anonymous.get("operations", headers={"Cookie": "=;="}).status_code == 401


@pytest.fixture
def umlauts() -> Iterator[Simulator]:
    with Simulator(past_jobs=0, username="zoë", password="pässwörd") as simulator:
        yield simulator


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_password_can_have_umlauts_in_either_encoding(umlauts: Simulator, encoding: str) -> None:
    """The public client encodes in latin-1, newer ones in UTF-8."""
    url = f"{umlauts.url}/api/versioned/v1/operations"

    response = requests.get(url, headers=basic("zoë", "pässwörd", encoding), timeout=5)

    assert response.json() == []
