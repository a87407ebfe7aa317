"""What the methods of Cloud Logging need."""

from collections.abc import Mapping, Sequence
from typing import Final

from sandbox.cloud.core.errors import CloudError, error_info, permission_denied
from sandbox.cloud.core.permissions import Need, Needs, Rule, anyone, needs, on_path
from sandbox.cloud.core.service import Call
from sandbox.cloud.logging import explorer
from sandbox.cloud.logging.kept import NODES, everywhere
from sandbox.cloud.logging.names import resources
from sandbox.cloud.logging.written import containers

_ENTRIES: Final = "logging.logEntries.list"
LOGS: Final = everywhere("logs", "list")
_VERBS: Final = {"patch": "update"}
_COLLECTIONS: Final[Mapping[str, Sequence[str]]] = {
    "sinks": ("create", "delete", "get", "list", "patch", "update"),
    "exclusions": ("create", "delete", "get", "list", "patch"),
    "locations.buckets": ("create", "delete", "get", "list", "patch", "undelete"),
    "locations.buckets.views": ("create", "delete", "get", "list", "patch"),
}


_EXPLORER: Final = {explorer.SCOPES: "logScopes", explorer.QUERIES: "queries"}
"""What their permissions are called."""


def _on_written(call: Call) -> Sequence[Needs]:
    """The logs of each resource that the entries name."""
    return [tuple(Need("logging.logEntries.create", name) for name in containers(call.body))]


def _on_all(call: Call) -> Sequence[Needs]:
    """The entries of each resource that the body names."""
    return [tuple(Need(_ENTRIES, name) for name in resources(call.body))]


PERMISSIONS: Final[Mapping[str, Rule]] = {
    "logging.entries.list": _on_all,
    "logging.entries.write": _on_written,
    **{method: needs("logging.logs.list", on_path()) for method in LOGS},
    **{method: needs("logging.logs.delete", on_path()) for method in everywhere("logs", "delete")},
    **{
        method: needs(f"logging.{collection.rpartition('.')[2]}.{_VERBS.get(verb, verb)}", on_path())
        for collection, verbs in _COLLECTIONS.items()
        for verb in verbs
        for method in everywhere(collection, verb)
    },
    **{
        method: needs(f"logging.buckets.{permission}", on_path())
        for verb, permission in (("createAsync", "create"), ("updateAsync", "update"))
        for method in everywhere("locations.buckets", verb)
    },
    **dict.fromkeys(everywhere("locations.operations", "get"), anyone),
    **{
        f"logging.{node}.locations.{kind}.{verb}": needs(
            f"logging.{_EXPLORER[kind]}.{_VERBS.get(verb, verb)}", on_path()
        )
        for kind, nodes in explorer.NODES.items()
        for node in nodes
        for verb in ("create", "delete", "get", "list", "patch")
    },
    **{
        f"logging.{node}.locations.buckets.views.{verb}": (
            anyone if verb == "testIamPermissions" else needs(f"logging.views.{verb}", on_path())
        )
        for node in ("projects", "folders", "organizations")
        for verb in ("getIamPolicy", "setIamPolicy", "testIamPermissions")
    },
    **{
        f"logging.projects.metrics.{verb}": needs(f"logging.logMetrics.{verb}", on_path())
        for verb in ("create", "delete", "get", "list", "update")
    },
    **{f"logging.{node}.getSettings": needs("logging.settings.get", on_path()) for node in NODES},
    **{f"logging.{node}.getCmekSettings": needs("logging.cmekSettings.get", on_path()) for node in NODES},
    **{
        f"logging.{node}.updateSettings": needs("logging.settings.update", on_path())
        for node in ("folders", "organizations")
    },
}


def denied(_call: Call, need: Need) -> CloudError:
    """Cloud Logging's refusal, which names the permission."""
    return permission_denied(
        f"Permission '{need.permission}' denied on resource (or it may not exist).",
        [error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", {"permission": need.permission})],
    )
