"""What Resource Manager's methods need."""

from collections.abc import Mapping, Sequence
from typing import Final

from sandbox.cloud.cloudresourcemanager import models, tags
from sandbox.cloud.core.permissions import (
    Needs,
    Resource,
    Rule,
    anyone,
    every,
    in_body,
    in_query,
    needs,
    on_path,
)
from sandbox.cloud.core.service import Call
from sandbox.cloud.core.store import Store

_PROJECTS: Final = "resourcemanager.projects"


def _new_parent(call: Call) -> str:
    """The parent of the body, which v1 writes as a message."""
    parent = call.body.get("parent", "")
    return f"{parent.get('type', '')}s/{parent.get('id', '')}" if isinstance(parent, dict) else str(parent)


def _old_parent(call: Call) -> str:
    return project_parent(call.store, on_path()(call))


def project_parent(store: Store, name: str) -> str:
    """What a project is in; "" for one that is not there."""
    project = models.find(store, name.partition("/")[2])
    return project.parent if project is not None else ""


def folder_parent(store: Store, name: str) -> str:
    """What a folder is in; "" for one that is not there."""
    folder = models.find_folder(store, name.partition("/")[2])
    return folder.parent if folder is not None else ""


def _update(call: Call) -> Sequence[Needs]:
    """v1 also moves a project by an update."""
    update = needs(f"{_PROJECTS}.update", on_path())
    moves = call.body.get("parent") and _new_parent(call) != _old_parent(call)
    return _moving(_new_parent)(call) if moves else update(call)


def _moving(destination: Resource) -> Rule:
    return every(
        needs(f"{_PROJECTS}.update", on_path()),
        needs(f"{_PROJECTS}.move", _old_parent),
        needs(f"{_PROJECTS}.move", destination),
    )


def _lien(call: Call) -> str:
    """The project of a lien, whose name begins with its number."""
    return f"projects/{call.path['name'].removeprefix('liens/p').partition('-')[0]}"


def _bound(parent: str) -> str:
    return parent.removeprefix("//cloudresourcemanager.googleapis.com/")


def _unbound(call: Call) -> tuple[str, str]:
    """The resource and the tag value of a binding's name."""
    parent, value = tags.split_binding(call.ids)
    return _bound(parent), value


def _tag_value(call: Call) -> str:
    return tags.named_value(call.store, call.body)


def _policy(kind: str) -> dict[str, Rule]:
    """The methods on an IAM policy."""
    base, permission = f"cloudresourcemanager.{kind}", f"resourcemanager.{kind}"
    return {
        f"{base}.getIamPolicy": needs(f"{permission}.getIamPolicy", on_path()),
        f"{base}.setIamPolicy": needs(f"{permission}.setIamPolicy", on_path()),
        f"{base}.testIamPermissions": anyone,
    }


def _tags(kind: str) -> dict[str, Rule]:
    base, permission = f"cloudresourcemanager.{kind}", f"resourcemanager.{kind}"
    return {
        **_policy(kind),
        f"{base}.create": needs(f"{permission}.create", in_body("parent")),
        f"{base}.list": needs(f"{permission}.list", in_query("parent")),
        f"{base}.get": needs(f"{permission}.get", on_path()),
        f"{base}.getNamespaced": needs(f"{permission}.get", lambda call: tags.named(call, kind)),
        f"{base}.patch": needs(f"{permission}.update", on_path()),
        f"{base}.delete": needs(f"{permission}.delete", on_path()),
    }


PERMISSIONS: Final[Mapping[str, Rule]] = {
    "cloudresourcemanager.operations.get": anyone,
    **{
        f"cloudresourcemanager.{kind}.{method}": needs(f"orgpolicy.{permission}", on_path())
        for kind in ("projects", "folders", "organizations")
        for method, permission in {
            "setOrgPolicy": "policy.set",
            "clearOrgPolicy": "policy.set",
            "getOrgPolicy": "policy.get",
            "getEffectiveOrgPolicy": "policy.get",
            "listOrgPolicies": "policies.list",
            "listAvailableOrgPolicyConstraints": "constraints.list",
        }.items()
    },
    "cloudresourcemanager.projects.create": needs(f"{_PROJECTS}.create", _new_parent),
    "cloudresourcemanager.projects.get": needs(f"{_PROJECTS}.get", on_path()),
    "cloudresourcemanager.projects.getAncestry": needs(f"{_PROJECTS}.get", on_path()),
    # v3 lists what is in a parent, v1 and the searches what the caller may see.
    "cloudresourcemanager.projects.list": lambda call: (
        needs(f"{_PROJECTS}.list", in_query("parent"))(call) if call.query.get("parent") else [()]
    ),
    "cloudresourcemanager.projects.search": anyone,
    "cloudresourcemanager.projects.update": _update,
    "cloudresourcemanager.projects.patch": needs(f"{_PROJECTS}.update", on_path()),
    "cloudresourcemanager.projects.move": _moving(in_body("destinationParent")),
    "cloudresourcemanager.projects.delete": needs(f"{_PROJECTS}.delete", on_path()),
    "cloudresourcemanager.projects.undelete": needs(f"{_PROJECTS}.undelete", on_path()),
    "cloudresourcemanager.organizations.get": needs("resourcemanager.organizations.get", on_path()),
    "cloudresourcemanager.organizations.search": anyone,
    # v2 has the parent in the query.
    "cloudresourcemanager.folders.create": needs(
        "resourcemanager.folders.create",
        lambda call: str(call.query.get("parent") or call.body.get("parent", "")),
    ),
    "cloudresourcemanager.folders.patch": needs("resourcemanager.folders.update", on_path()),
    "cloudresourcemanager.folders.move": every(
        needs("resourcemanager.folders.move", lambda call: folder_parent(call.store, on_path()(call))),
        needs("resourcemanager.folders.move", in_body("destinationParent")),
    ),
    "cloudresourcemanager.folders.delete": needs("resourcemanager.folders.delete", on_path()),
    "cloudresourcemanager.folders.undelete": needs("resourcemanager.folders.undelete", on_path()),
    "cloudresourcemanager.folders.get": needs("resourcemanager.folders.get", on_path()),
    "cloudresourcemanager.folders.list": needs("resourcemanager.folders.list", in_query("parent")),
    "cloudresourcemanager.folders.search": anyone,
    **_policy("projects"),
    **_policy("folders"),
    **_policy("organizations"),
    **_tags("tagKeys"),
    **_tags("tagValues"),
    "cloudresourcemanager.liens.create": needs(f"{_PROJECTS}.updateLiens", in_body("parent")),
    "cloudresourcemanager.liens.delete": needs(f"{_PROJECTS}.updateLiens", _lien),
    "cloudresourcemanager.liens.get": needs(f"{_PROJECTS}.get", _lien),
    "cloudresourcemanager.liens.list": needs(f"{_PROJECTS}.get", in_query("parent")),
    "cloudresourcemanager.tagBindings.create": every(
        needs("resourcemanager.tagValueBindings.create", _tag_value),
        needs(
            "resourcemanager.hierarchyNodes.createTagBinding",
            lambda call: _bound(call.body.get("parent", "")),
        ),
    ),
    "cloudresourcemanager.tagBindings.delete": every(
        needs("resourcemanager.tagValueBindings.delete", lambda call: _unbound(call)[1]),
        needs("resourcemanager.hierarchyNodes.deleteTagBinding", lambda call: _unbound(call)[0]),
    ),
    "cloudresourcemanager.tagBindings.list": needs(
        "resourcemanager.hierarchyNodes.listTagBindings", lambda call: _bound(call.query.get("parent", ""))
    ),
    "cloudresourcemanager.effectiveTags.list": needs(
        "resourcemanager.hierarchyNodes.listEffectiveTags", lambda call: _bound(call.query.get("parent", ""))
    ),
}
