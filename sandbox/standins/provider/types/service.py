"""gcp:projects/service:Service: an enabled API."""

from typing import Any

from sandbox.standins.provider.resource import Context, ResourceType, Step


def _names(context: Context) -> dict[str, str]:
    project, _, service = context.id.partition("/")
    return {
        "project": project or context.inputs["project"],
        "service": service or context.inputs["service"],
    }


def _enabled(context: Context) -> bool:
    names = {item["name"].rpartition("/")[2] for item in context.answers["listed"].get("services", [])}
    return _names(context)["service"] in names


def _outputs(context: Context) -> dict[str, Any]:
    return {
        "checkIfServiceHasUsageOnDestroy": context.inputs.get("checkIfServiceHasUsageOnDestroy"),
        "deletionPolicy": context.inputs.get("deletionPolicy", "DELETE"),
        "disableDependentServices": context.inputs.get("disableDependentServices"),
        "disableOnDestroy": context.inputs.get("disableOnDestroy"),
        **_names(context),
    }


_FILTER = {"fields": "services/name,nextPageToken", "filter": "state:ENABLED", "pageSize": "200"}
_LIST = Step(
    "GET",
    "services",
    "projects/{project}/services",
    query=lambda _: _FILTER,
    keep="listed",
    absent=frozenset({403, 404}),
)

TYPE = ResourceType(
    pulumi_type="gcp:projects/service:Service",
    names=_names,
    id=lambda context: f"{context.inputs['project']}/{context.inputs['service']}",
    outputs=_outputs,
    create=(
        Step("GET", "services", "projects/{project}/services", query=lambda _: _FILTER, keep="listed"),
        Step(
            "POST",
            "services",
            "projects/{project}/services/{service}:enable",
            body=lambda _: {},
            keep="enabled",
            waits=True,
            when=lambda context: not _enabled(context),
        ),
        Step(
            "GET",
            "services",
            "projects/{project}/services",
            query=lambda _: _FILTER,
            keep="listed",
            when=lambda context: "enabled" in context.answers,
        ),
    ),
    read_back=lambda context: "enabled" in context.answers,
    read=(
        Step(
            "GET",
            "cloudresourcemanager",
            "projects/{project}",
            keep="project",
            absent=frozenset({403, 404}),
        ),
        _LIST,
    ),
    delete=(
        Step(
            "POST",
            "services",
            "projects/{project}/services/{service}:disable",
            body=lambda context: {
                "disableDependentServices": bool(context.inputs.get("disableDependentServices")),
                "checkIfServiceHasUsage": (
                    "CHECK" if context.inputs.get("checkIfServiceHasUsageOnDestroy") else "SKIP"
                ),
            },
            waits=True,
            when=lambda context: bool(context.old.get("disableOnDestroy")),
        ),
    ),
    exists=lambda context: context.answers["project"].get("lifecycleState") == "ACTIVE" and _enabled(context),
    required=("service",),
    replaces=frozenset({"project", "service"}),
    local=frozenset(
        {"checkIfServiceHasUsageOnDestroy", "deletionPolicy", "disableDependentServices", "disableOnDestroy"}
    ),
    import_inputs=lambda identifier: dict(zip(("project", "service"), identifier.split("/", 1), strict=True)),
)
