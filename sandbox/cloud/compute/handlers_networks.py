"""Compute Engine v1: networks, their firewall rules, subnetworks and routes."""

from collections.abc import Sequence

from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.compute import listing, models, networks, operations
from sandbox.cloud.compute.errors import no_resource
from sandbox.cloud.compute.models import GLOBAL
from sandbox.cloud.compute.regions import REGIONS
from sandbox.cloud.core.errors import CloudError, JsonObject, error_info
from sandbox.cloud.core.service import Call, Handlers

handlers = Handlers()


def _project(call: Call) -> Project:
    return models.project_of(call.store, call.path["project"])


def _region(call: Call, project: Project) -> str:
    """The scope of the path's region."""
    if call.path["region"] not in REGIONS:
        raise no_resource(f"projects/{project.project_id}/regions/{call.path['region']}")
    return f"regions/{call.path['region']}"


def _page(call: Call, kind: str, items: Sequence[JsonObject], scope: str = GLOBAL) -> JsonObject:
    return listing.page(call, _project(call), f"{kind}List", f"{scope}/{kind}s", items)


@handlers("compute.networks.list")
def list_networks(call: Call) -> JsonObject:
    """A project's networks."""
    return _page(call, "network", models.of_kind(call.store, _project(call), "networks", GLOBAL))


@handlers("compute.networks.get")
def get_network(call: Call) -> JsonObject:
    """A network, by name or id."""
    return models.require(call.store, _project(call), GLOBAL, "networks", call.path["network"])


@handlers("compute.networks.insert")
def insert_network(call: Call) -> JsonObject:
    """Create a network."""
    project = _project(call)
    made = networks.insert(call.store, call.now, project, call.body)
    return operations.start(call, project, "insert", made)


@handlers("compute.networks.patch")
def patch_network(call: Call) -> JsonObject:
    """Change a network."""
    project, network = _project(call), get_network(call)
    networks.patch(call.store, project, network, call.body)
    return operations.start(call, project, "patch", network)


@handlers("compute.networks.delete")
def delete_network(call: Call) -> JsonObject:
    """Delete a network. One that is in use stays: it is the operation that fails."""
    project, network = _project(call), get_network(call)
    if user := networks.user_of(call.store, project, network):
        path = models.path_of(project, GLOBAL, "networks", network["name"])
        message = f"The network resource '{path}' is already being used by '{user}'"
        reason = error_info("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", "compute.googleapis.com", {})
        refused = CloudError("FAILED_PRECONDITION", message, [reason])
        return operations.start(call, project, "delete", network, refused)
    networks.delete(call.store, project, network)
    return operations.start(call, project, "delete", network)


@handlers("compute.firewalls.list")
def list_firewalls(call: Call) -> JsonObject:
    """A project's firewall rules."""
    return _page(call, "firewall", models.of_kind(call.store, _project(call), "firewalls", GLOBAL))


@handlers("compute.firewalls.get")
def get_firewall(call: Call) -> JsonObject:
    """A firewall rule, by name or id."""
    return models.require(call.store, _project(call), GLOBAL, "firewalls", call.path["firewall"])


@handlers("compute.firewalls.delete")
def delete_firewall(call: Call) -> JsonObject:
    """Delete a firewall rule."""
    project, firewall = _project(call), get_firewall(call)
    models.remove(call.store, project, GLOBAL, "firewalls", firewall["name"])
    return operations.start(call, project, "delete", firewall)


@handlers("compute.subnetworks.list")
def list_subnetworks(call: Call) -> JsonObject:
    """The subnetworks of a region."""
    project = _project(call)
    scope = _region(call, project)
    return _page(call, "subnetwork", models.of_kind(call.store, project, "subnetworks", scope), scope)


@handlers("compute.subnetworks.get")
def get_subnetwork(call: Call) -> JsonObject:
    """A subnetwork, by name or id."""
    project = _project(call)
    scope = _region(call, project)
    return models.require(call.store, project, scope, "subnetworks", call.path["subnetwork"])


@handlers("compute.subnetworks.aggregatedList")
def list_all_subnetworks(call: Call) -> JsonObject:
    """The subnetworks of all regions."""
    project = _project(call)
    scopes: dict[str, list[JsonObject]] = {f"regions/{name}": [] for name in sorted(REGIONS)}
    for subnetwork in models.of_kind(call.store, project, "subnetworks"):
        scopes[f"regions/{subnetwork['region'].rpartition('/')[2]}"].append(subnetwork)
    return listing.aggregated(call, project, "subnetworkAggregatedList", "subnetworks", scopes)


@handlers("compute.routes.list")
def list_routes(call: Call) -> JsonObject:
    """The routes that Google has made."""
    found = sorted(networks.routes(call.store, _project(call)), key=lambda route: str(route["name"]))
    return _page(call, "route", found)
