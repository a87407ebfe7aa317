"""Compute Engine v1: a project's own settings, its zones, regions and operations."""

import re
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.compute import listing, models, operations
from sandbox.cloud.compute.errors import ComputeError, condition_not_met, invalid, no_resource
from sandbox.cloud.compute.models import API
from sandbox.cloud.compute.regions import REGIONS, ZONES
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.service import Call, Handlers

handlers = Handlers()

_KEY: Final = re.compile(r"[a-zA-Z0-9-_]{1,128}")
_LONGEST_VALUE: Final = 262_144
_HOST: Final = "HOST"
_FIRST: Final = "1969-12-31T16:00:00.000-08:00"
"""Google's time of creation of zones and regions."""


def _project(call: Call) -> Project:
    return models.project_of(call.store, call.path["project"])


def _view(call: Call, project: Project) -> JsonObject:
    own = models.settings(call.store, project) or {}
    items = own.get("metadata", [])
    return {
        "kind": "compute#project",
        "id": own.get("id", project.number),
        "creationTimestamp": own.get("creationTimestamp", models.stamp(call.now)),
        "name": project.project_id,
        "commonInstanceMetadata": {
            "kind": "compute#metadata",
            "fingerprint": models.fingerprint(items),
            **({"items": items} if items else {}),
        },
        **{name: own[name] for name in ("defaultServiceAccount", "usageExportLocation") if own.get(name)},
        "xpnProjectStatus": own.get("xpnProjectStatus", "UNSPECIFIED_XPN_PROJECT_STATUS"),
        "defaultNetworkTier": "PREMIUM",
        "vmDnsSetting": "ZONAL_ONLY",
        "cloudArmorTier": "CA_STANDARD",
        "selfLink": f"{API}projects/{project.project_id}",
    }


def _change(call: Call, kind: str, **changes: object) -> JsonObject:
    project = _project(call)
    view = _view(call, project)
    own = models.settings(call.store, project) or {name: view[name] for name in ("id", "creationTimestamp")}
    models.save_settings(call.store, project, {**own, **changes})
    return operations.start(call, project, kind, view)


@handlers("compute.projects.get")
def get(call: Call) -> JsonObject:
    """A project as Compute Engine has it; without quotas, which differ from account to account."""
    return _view(call, _project(call))


@handlers("compute.projects.setCommonInstanceMetadata")
def set_metadata(call: Call) -> JsonObject:
    """Replace the metadata of all instances."""
    current = _view(call, _project(call))["commonInstanceMetadata"]
    given = call.body.get("fingerprint", "").replace("-", "+").replace("_", "/")  # Base64 has two alphabets
    if given != current["fingerprint"] and (given or "items" in current):
        raise condition_not_met("Supplied fingerprint does not match current metadata fingerprint.")
    items = [
        {"key": item.get("key", ""), "value": item.get("value", "")} for item in call.body.get("items", [])
    ]
    seen: set[str] = set()
    for item in items:
        key = item["key"]
        if not _KEY.fullmatch(key):
            raise invalid("metadata.items.key", key, "Must be a match of regex '[a-zA-Z0-9-_]{1,128}'")
        if key in seen:
            raise invalid("metadata", key, f"Duplicate metadata key: {key}.")
        if len(item["value"].encode()) > _LONGEST_VALUE:
            raise invalid("metadata.items.value", key, f"The value has more than {_LONGEST_VALUE} bytes.")
        seen.add(key)
    return _change(call, "setMetadata", metadata=items)


@handlers("compute.projects.setUsageExportBucket")
def set_usage_export_bucket(call: Call) -> JsonObject:
    """Export usage to a bucket; an empty body ends that."""
    given = {name: value for name, value in call.body.items() if value}
    if given and "bucketName" not in given:
        raise invalid("usageExportLocation.bucketName", "", "The name of the bucket must be given.")
    if given:
        given = {"reportNamePrefix": "usage_gce", **given}
    return _change(call, "setUsageExportBucket", usageExportLocation=given)


def _organization(call: Call, project: Project) -> str:
    """The organization of a project.

    Raises:
        CloudError: 400 for a project without.
    """
    above = projects.ancestors(call.store, f"projects/{project.project_id}")[-1]
    if not above.startswith("organizations/"):
        raise ComputeError(400, "invalid", f"The project {project.project_id} is not in an organization.")
    return above


@handlers("compute.projects.enableXpnHost")
def enable_xpn_host(call: Call) -> JsonObject:
    """Let other projects use this one's networks."""
    _organization(call, _project(call))
    return _change(call, "enableXpnHost", xpnProjectStatus=_HOST)


@handlers("compute.projects.disableXpnHost")
def disable_xpn_host(call: Call) -> JsonObject:
    """End that."""
    return _change(call, "disableXpnHost", xpnProjectStatus="UNSPECIFIED_XPN_PROJECT_STATUS")


@handlers("compute.projects.getXpnHost")
def get_xpn_host(call: Call) -> JsonObject:
    """The project whose networks this one uses: none, for no project is attached to another here."""
    _project(call)
    return {"kind": "compute#project"}


@handlers("compute.projects.getXpnResources")
def get_xpn_resources(call: Call) -> JsonObject:
    """The projects that use this one's networks: none."""
    _project(call)
    return {"kind": "compute#projectsGetXpnResources"}


@handlers("compute.projects.listXpnHosts")
def list_xpn_hosts(call: Call) -> JsonObject:
    """The hosts of the project's organization, or of the one that the body names."""
    project = _project(call)
    wanted = call.body.get("organization", "").removeprefix("organizations/")
    organization = f"organizations/{wanted}" if wanted else _organization(call, project)
    hosts = [
        view
        for each in projects.all_projects(call.store)
        if each.state == projects.ACTIVE
        and projects.ancestors(call.store, f"projects/{each.project_id}")[-1] == organization
        for view in [_view(call, each)]
        if view["xpnProjectStatus"] == _HOST
    ]
    return listing.page(call, project, "xpnHostList", "listXpnHosts", hosts)


def _shown_region(project: Project, name: str) -> JsonObject:
    base = f"{API}projects/{project.project_id}"
    return {
        "kind": "compute#region",
        "id": str(1000 + 10 * sorted(REGIONS).index(name)),
        "creationTimestamp": _FIRST,
        "name": name,
        "description": name,
        "status": "UP",
        "zones": [f"{base}/zones/{zone}" for zone, region in ZONES.items() if region == name],
        "selfLink": f"{base}/regions/{name}",
        "supportsPzs": False,
    }


def _shown_zone(project: Project, name: str) -> JsonObject:
    base = f"{API}projects/{project.project_id}"
    return {
        "kind": "compute#zone",
        "id": str(2000 + sorted(ZONES).index(name)),
        "creationTimestamp": _FIRST,
        "name": name,
        "description": name,
        "status": "UP",
        "region": f"{base}/regions/{ZONES[name]}",
        "selfLink": f"{base}/zones/{name}",
        "supportsPzs": False,
    }


@handlers("compute.regions.list")
def list_regions(call: Call) -> JsonObject:
    """Every region; without quotas."""
    project = _project(call)
    shown = [_shown_region(project, name) for name in sorted(REGIONS)]
    return listing.page(call, project, "regionList", "regions", shown)


@handlers("compute.regions.get")
def get_region(call: Call) -> JsonObject:
    """A region."""
    project, name = _project(call), call.path["region"]
    if name not in REGIONS:
        raise no_resource(f"projects/{project.project_id}/regions/{name}")
    return _shown_region(project, name)


@handlers("compute.zones.list")
def list_zones(call: Call) -> JsonObject:
    """Every zone."""
    project = _project(call)
    return listing.page(
        call, project, "zoneList", "zones", [_shown_zone(project, name) for name in sorted(ZONES)]
    )


@handlers("compute.zones.get")
def get_zone(call: Call) -> JsonObject:
    """A zone."""
    project, name = _project(call), call.path["zone"]
    if name not in ZONES:
        raise no_resource(f"projects/{project.project_id}/zones/{name}")
    return _shown_zone(project, name)


@handlers("compute.globalOperations.get", "compute.globalOperations.wait")
def get_operation(call: Call) -> JsonObject:
    """An operation; `wait`, too, answers at once, as it may."""
    return operations.poll(call)
