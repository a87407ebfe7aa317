"""A stack's state as `pulumi stack export` prints it: its resources, and what their URNs say."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

_PROJECT: Final = "gemini-landing-zone:index:GeminiProject"
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""Key of a value in the state, or in an event, that is encrypted. Source: resource.SigKey of Pulumi's SDK."""


def resources_of(exported: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The resources of an export. A stack without updates has none."""
    return list((exported.get("deployment") or {}).get("resources") or [])


def type_of(urn: str) -> str:
    """The type of a resource, without those of its parents."""
    return urn.split("::")[2].rpartition("$")[2]


def name_of(urn: str) -> str:
    """The name of a resource in its program."""
    return urn.split("::", 3)[3]


def owner_of(urn: str, parents: Mapping[str, str]) -> str:
    """Name of the project, as in the stack file, that contains a resource; empty if none does. `parents`: by URN."""
    while urn:
        if type_of(urn) == _PROJECT:
            return name_of(urn)
        urn = parents.get(urn, "")
    return ""


def time_of(resource: Mapping[str, Any], name: str) -> datetime | None:
    """When a resource was `created` or `modified` by Pulumi; None if the state does not have it."""
    try:
        return datetime.fromisoformat(str(resource.get(name))).astimezone(UTC)
    except ValueError:
        return None


def project_of(inputs: Mapping[str, Any]) -> str:
    """The id of the project that a resource with these inputs is, or is in; empty if there is none."""
    # A quota preference names its parent, an encryption key its key ring.
    kind, _, rest = str(inputs.get("parent") or inputs.get("keyRing") or "").partition("/")
    of_parent = rest.partition("/")[0] if kind == "projects" else ""
    return str(inputs.get("projectId") or inputs.get("project") or of_parent)
