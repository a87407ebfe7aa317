"""Settings of functions: Google's defaults, and Google's rules for what callers set."""

import re
from datetime import datetime
from typing import Any, Final

from sandbox.cloud.cloudfunctions import sources
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import JsonObject, failed_precondition, invalid_argument, unimplemented
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339
from sandbox.cloud.iam import models as accounts
from sandbox.cloud.iam.acting import require_account
from sandbox.cloud.serviceusage import enablement
from sandbox.cloud.serviceusage import models as usage

_RUNTIME: Final = re.compile(r"python3(?:[89]|1[0-4])")
_ENTRY_POINT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED: Final = re.compile(
    r"X_GOOGLE_.*|PORT|FUNCTION_TARGET|FUNCTION_SIGNATURE_TYPE|K_(SERVICE|REVISION|CONFIGURATION)"
)
_NEEDED: Final = ("run.googleapis.com", "cloudbuild.googleapis.com", "artifactregistry.googleapis.com")
"""What is enabled in the project beside Cloud Functions itself."""
_SERVICE: Final[JsonObject] = {
    "timeoutSeconds": 60,
    "maxInstanceCount": 100,
    "ingressSettings": "ALLOW_ALL",
    "availableMemory": "256M",
    "maxInstanceRequestConcurrency": 1,
    "allTrafficOnLatestRevision": True,
}
_CPU: Final = {
    "128M": "0.0833",
    "256M": "0.1666",
    "512M": "0.3333",
    "1G": "0.5833",
    "2G": "1",
    "4G": "2",
    "8G": "2",
}
"""Memory → the CPU that comes with it."""
_UNSERVED: Final = (
    "secretEnvironmentVariables",
    "secretVolumes",
    "vpcConnector",
    "directVpcNetworkInterface",
)
_LONGEST_TIMEOUT_S: Final = 3600


def complete(store: Store, body: JsonObject, now: datetime) -> tuple[JsonObject, bytes]:
    """The settings with what Google adds, and the source.

    Raises:
        CloudError: 400 for a bad value, 403 without an API that it takes, 501 for what is not served.
    """
    project = projects.require(store, body["name"].split("/")[1])
    for api in _NEEDED:
        if not usage.is_enabled(store, project.number, api):
            raise enablement.disabled(project.number, api)
    if body.get("environment", "GEN_2") != "GEN_2" or "eventTrigger" in body:
        raise unimplemented("functions of the first generation, and triggers of functions")
    build, archive = _build(store, project.number, body)
    service = _service(store, project, body.get("serviceConfig", {}))
    kept = {key: value for key, value in body.items() if value not in ("", {}) and key != "environment"}
    return {
        **kept,
        "buildConfig": build,
        "serviceConfig": service,
        "updateTime": rfc3339(now),
    }, archive


def _build(store: Store, number: str, body: JsonObject) -> tuple[JsonObject, bytes]:
    build: JsonObject = body.get("buildConfig", {})
    runtime, entry_point = build.get("runtime", ""), build.get("entryPoint", "")
    if not _RUNTIME.fullmatch(runtime):
        if re.fullmatch(r"(nodejs|go|java|ruby|php|dotnet)\d+", runtime):
            raise unimplemented(f"the runtime {runtime}: its functions are written in Python")
        raise invalid_argument(f"Unknown runtime: {runtime or 'none'}.", "function.build_config.runtime")
    if not _ENTRY_POINT.fullmatch(entry_point):
        raise invalid_argument("An entry point is required.", "function.build_config.entry_point")
    _check_variables(build.get("environmentVariables", {}), "function.build_config.environment_variables")
    _, project, _, location = body["name"].split("/")[:4]
    builder = build.get("serviceAccount", "")
    if builder:
        require_account(store, builder.rpartition("/")[2], project, "function.build_config.service_account")
    source, archive = sources.resolved(store, build.get("source", {}))
    registry = f"projects/{project}/locations/{location}/repositories/gcf-artifacts"
    return {
        "dockerRepository": registry,
        "dockerRegistry": "ARTIFACT_REGISTRY",
        "automaticUpdatePolicy": {},
        **{key: value for key, value in build.items() if value not in ("", {}) and key != "sourceToken"},
        "source": {"storageSource": source},
        "sourceProvenance": {"resolvedStorageSource": source},
        "build": f"projects/{number}/locations/{location}/builds/{store.next_value('function-build')}",
    }, archive


def _service(store: Store, project: projects.Project, given: JsonObject) -> JsonObject:
    for field in _UNSERVED:
        if given.get(field):
            raise unimplemented(f"the field {field} of a function")
    service = {**_SERVICE, **{key: value for key, value in given.items() if value not in ("", 0, {}, [])}}
    memory = service["availableMemory"].removesuffix("i").removesuffix("b")
    service.setdefault("availableCpu", _CPU.get(memory, "1"))
    email = service.get("serviceAccountEmail", "")
    if not email:
        email = f"{project.number}-compute@developer.gserviceaccount.com"
        if accounts.by_email(store, email) is not None:
            raise unimplemented("functions that run as the default service account")
        raise failed_precondition(
            f"Default service account 'projects/-/serviceAccounts/{email}' doesn't exist. Please recreate this account "
            "(for example by disabling and enabling the Compute Engine API), or specify a different account."
        )
    require_account(store, email, project.project_id, "function.service_config")
    _check_variables(service.get("environmentVariables", {}), "function.service_config.environment_variables")
    if not 1 <= service["timeoutSeconds"] <= _LONGEST_TIMEOUT_S:
        raise invalid_argument(
            f"timeout_seconds must be from 1 to {_LONGEST_TIMEOUT_S}.",
            "function.service_config.timeout_seconds",
        )
    concurrency = service["maxInstanceRequestConcurrency"]
    if concurrency > 1 and float(service["availableCpu"].removesuffix("m")) < 1:
        raise invalid_argument(
            "Concurrency above 1 takes a CPU of at least 1.",
            "function.service_config.max_instance_request_concurrency",
        )
    if service.get("minInstanceCount", 0) > service["maxInstanceCount"]:
        raise invalid_argument(
            "min_instance_count is above max_instance_count.", "function.service_config.min_instance_count"
        )
    return service


def _check_variables(variables: dict[str, Any], field: str) -> None:
    for name in variables:
        if not _VARIABLE.fullmatch(name) or _RESERVED.fullmatch(name):
            raise invalid_argument(f"Environment variable {name} is reserved, or no name.", field)
