"""Google's own Python client of any API, google-api-python-client, against the local cloud."""

from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from tests.cloud.local_cloud import CREDENTIALS, LocalCloud

_PATHS = {"storage": "/storage/v1/"}
"""What belongs to a service's address beside the host."""


def client(cloud: LocalCloud, service: str, version: str) -> Any:
    """The client of a version of a service, from the description that comes with the package."""
    return build(
        service,
        version,
        credentials=CREDENTIALS,
        client_options=ClientOptions(api_endpoint=cloud.url(service) + _PATHS.get(service, "")),
        static_discovery=True,
        cache_discovery=False,
    )


def result(service: Any, request: Any) -> Any:
    """What the operation ends with that a request starts."""
    operation = request.execute()
    while not operation.get("done"):
        operation = service.operations().get(name=operation["name"]).execute()
    return {name: value for name, value in operation["response"].items() if name != "@type"}


def refusal(request: Any) -> int:
    """The status of a request that must be refused."""
    with pytest.raises(HttpError) as refused:
        request.execute()
    return int(refused.value.status_code)


def check_policy(resource: Any, name: str, role: str, permission: str) -> None:
    """Grant a role on a resource, read it back, lose no update, and ask for a permission, by each of the methods."""
    binding = {"role": role, "members": ["user:ann@example.com"]}
    before = resource.getIamPolicy(resource=name).execute()
    policy = {"bindings": [*before.get("bindings", []), binding], "etag": before["etag"]}
    kept = resource.setIamPolicy(resource=name, body={"policy": policy}).execute()
    assert resource.getIamPolicy(resource=name).execute() == kept
    assert binding in kept["bindings"]
    assert refusal(resource.setIamPolicy(resource=name, body={"policy": policy})) == 409
    asked = {"permissions": [permission]}
    assert resource.testIamPermissions(resource=name, body=asked).execute() == asked
