"""What the local cloud does not serve: 501 with the method's name for what Google has, 404 for what it has not."""

import pytest

from sandbox.cloud.core.messages import ONE, REST
from sandbox.cloud.core.service import Service
from sandbox.cloud.services import SERVICES
from tests.cloud.local_cloud import TOKEN, LocalCloud


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_method_that_is_not_done_is_named(cloud: LocalCloud, service: Service) -> None:
    for method, handler in service.handlers.items():
        path = "/".join("some" if each in (ONE, REST) else each for each in method.segments)
        path += f":{method.verb}" if method.verb else ""
        match = service.router.match(method.http_method, f"/{path}")
        assert match, f"{method.id}: {path}"
        if handler or match.method is not method:  # served, or another version of it has the path
            continue
        response = cloud.request(service.name, method.http_method, path, headers=TOKEN)
        assert response.status_code == 501, f"{method.id}: {response.text}"
        error = response.json()["error"]
        assert (error["code"], error["message"]) == (
            501,
            f"The local cloud does not implement the method {method.id}.",
        )
        # Compute Engine names the reason as older APIs do.
        reasons = (error.get("status"), *(each["reason"] for each in error.get("errors", [])))
        assert {"UNIMPLEMENTED", "notImplemented"} & {*reasons}


@pytest.mark.parametrize("path", ["", "v0/projects/x", "v1/nothing/of/the/kind", "$discovery/rest"])
def test_any_other_path_is_not_found(cloud: LocalCloud, path: str) -> None:
    for service in SERVICES:
        if service.emulated:  # any path of Cloud Storage's is a bucket's
            continue
        response = cloud.request(service.name, "GET", path, headers=TOKEN)
        assert response.status_code == 404
        assert response.headers["Content-Type"] == "text/html; charset=UTF-8"
        assert f"<code>/{path}</code> was not found on this server" in response.text
