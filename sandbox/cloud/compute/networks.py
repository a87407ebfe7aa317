"""Networks, and what Google makes when a project first has the API: its network `default` with four firewall rules."""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.compute import models
from sandbox.cloud.compute.errors import invalid
from sandbox.cloud.compute.models import API, GLOBAL
from sandbox.cloud.compute.regions import REGIONS
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.store import Store
from sandbox.cloud.iam import models as accounts
from sandbox.cloud.orgpolicy import effective
from sandbox.cloud.orgpolicy import models as orgpolicy

SERVICE: Final = "compute.googleapis.com"
NAME: Final = r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?"
_MTU: Final = range(1300, 8897)
_SETTABLE: Final = ("description", "enableUlaInternalIpv6", "mtu", "networkFirewallPolicyEnforcementOrder")
_RULES: Final = (
    ("icmp", "Allow ICMP from anywhere", "0.0.0.0/0", [{"IPProtocol": "icmp"}]),
    (
        "internal",
        "Allow internal traffic on the default network",
        "10.128.0.0/9",
        [
            {"IPProtocol": "tcp", "ports": ["0-65535"]},
            {"IPProtocol": "udp", "ports": ["0-65535"]},
            {"IPProtocol": "icmp"},
        ],
    ),
    ("rdp", "Allow RDP from anywhere", "0.0.0.0/0", [{"IPProtocol": "tcp", "ports": ["3389"]}]),
    ("ssh", "Allow SSH from anywhere", "0.0.0.0/0", [{"IPProtocol": "tcp", "ports": ["22"]}]),
)
"""The firewall rules of the network `default`: name, description, source, what is allowed."""


def first_enabled(store: Store, now: datetime, number: str, service: str) -> None:
    """Make what Google makes when a project first has the API. Disabling it takes nothing away."""
    project = projects.require(store, number)
    if service != SERVICE or models.settings(store, project) is not None:
        return
    email = f"{number}-compute@developer.gserviceaccount.com"
    accounts.add_default(store, project, email, "Compute Engine default service account")
    made = {
        "id": models.new_id(store),
        "creationTimestamp": models.stamp(now),
        "defaultServiceAccount": email,
    }
    models.save_settings(store, project, made)
    if effective.enforcing(store, f"projects/{number}", orgpolicy.NO_DEFAULT_NETWORK) is None:
        _make_default(store, now, project)


def _make_default(store: Store, now: datetime, project: Project) -> None:
    wanted = {
        "name": "default",
        "description": "Default network for the project",
        "autoCreateSubnetworks": True,
    }
    network = insert(store, now, project, wanted)["selfLink"]
    for name, description, source, allowed in _RULES:
        rule = {
            "name": f"default-allow-{name}",
            "description": description,
            "network": network,
            "priority": 65534,
            "sourceRanges": [source],
            "allowed": allowed,
            "direction": "INGRESS",
            "logConfig": {"enable": False},
            "disabled": False,
        }
        models.add(store, now, project, GLOBAL, "firewalls", rule)


def insert(store: Store, now: datetime, project: Project, given: JsonObject) -> JsonObject:
    """Create a network; one of auto mode gets a subnetwork in each region.

    Raises:
        CloudError: 400 for a bad field or a network of the legacy kind, 409 for a name in use.
    """
    name = given.get("name", "")
    if not re.fullmatch(NAME, name):
        raise invalid("resource.name", name, f"Must be a match of regex '{NAME}'")
    if "autoCreateSubnetworks" not in given:
        raise invalid("resource.autoCreateSubnetworks", "", "Legacy networks can no longer be created.")
    _check(given)
    network = models.add(
        store,
        now,
        project,
        GLOBAL,
        "networks",
        {
            "name": name,
            **{field: given[field] for field in _SETTABLE if field in given},
            "autoCreateSubnetworks": given["autoCreateSubnetworks"],
            "routingConfig": {
                "routingMode": "REGIONAL",
                "bgpBestPathSelectionMode": "LEGACY",
                **given.get("routingConfig", {}),
            },
            "networkFirewallPolicyEnforcementOrder": given.get(
                "networkFirewallPolicyEnforcementOrder", "AFTER_CLASSIC_FIREWALL"
            ),
        },
    )
    network["selfLinkWithId"] = f"{API}{models.path_of(project, GLOBAL, 'networks', '')}{network['id']}"
    if network["autoCreateSubnetworks"]:
        network["subnetworks"] = [
            _subnetwork(store, now, project, network, region) for region in sorted(REGIONS)
        ]
    models.save(store, project, GLOBAL, "networks", network)
    return network


def patch(store: Store, project: Project, network: JsonObject, given: JsonObject) -> None:
    """Change what can be changed of a network.

    Raises:
        CloudError: 400 for a bad value, or a field that stays as it is.
    """
    _check(given)
    changeable = {*_SETTABLE, "routingConfig"} - {"description"}
    for field in given.keys() - changeable:
        if given[field] != network.get(field):
            raise invalid(f"resource.{field}", given[field], "The field cannot be changed.")
    routing = {**network["routingConfig"], **given.get("routingConfig", {})}
    changed = {field: value for field, value in given.items() if field in changeable}
    models.save(store, project, GLOBAL, "networks", {**network, **changed, "routingConfig": routing})


def user_of(store: Store, project: Project, network: JsonObject) -> str:
    """The path of what keeps a network from being deleted; "" for nothing. Subnetworks of auto mode go with it."""
    kinds = ["firewalls"] if network["autoCreateSubnetworks"] else ["firewalls", "subnetworks"]
    return next(
        (
            str(each["selfLink"]).removeprefix(API)
            for kind in kinds
            for each in models.of_kind(store, project, kind)
            if each["network"] == network["selfLink"]
        ),
        "",
    )


def delete(store: Store, project: Project, network: JsonObject) -> None:
    """Delete a network with its subnetworks."""
    for link in network.get("subnetworks", []):
        *_, region, _, name = link.split("/")
        models.remove(store, project, f"regions/{region}", "subnetworks", name)
    models.remove(store, project, GLOBAL, "networks", network["name"])


def routes(store: Store, project: Project) -> Iterator[JsonObject]:
    """The routes that Google makes: of each network to the internet, and to each of its subnetworks."""
    for network in models.of_kind(store, project, "networks", GLOBAL):
        yield _route(
            project,
            network,
            "0.0.0.0/0",
            description="Default route to the Internet.",
            priority=1000,
            nextHopGateway=f"{API}projects/{project.project_id}/global/gateways/default-internet-gateway",
        )
        for subnetwork in models.of_kind(store, project, "subnetworks"):
            if subnetwork["network"] == network["selfLink"]:
                yield _route(
                    project,
                    network,
                    subnetwork["ipCidrRange"],
                    description=f"Default local route to the subnetwork {subnetwork['ipCidrRange']}.",
                    priority=0,
                    nextHopNetwork=network["selfLink"],
                )


def _route(project: Project, network: JsonObject, to: str, **more: object) -> JsonObject:
    digest = hashlib.sha256(f"{network['id']} {to}".encode()).hexdigest()
    name = f"default-route-{digest[:16]}"
    return {
        "kind": "compute#route",
        "id": str(10**18 + int(digest[:14], 16)),
        "creationTimestamp": network["creationTimestamp"],
        "name": name,
        "network": network["selfLink"],
        "destRange": to,
        **more,
        "selfLink": f"{API}{models.path_of(project, GLOBAL, 'routes', name)}",
    }


def _subnetwork(store: Store, now: datetime, project: Project, network: JsonObject, region: str) -> str:
    """Make the subnetwork of a region in a network of auto mode; returns its link."""
    made = models.add(
        store,
        now,
        project,
        f"regions/{region}",
        "subnetworks",
        {
            "name": network["name"],
            "network": network["selfLink"],
            "ipCidrRange": REGIONS[region].ip_range,
            "gatewayAddress": REGIONS[region].gateway,
            "region": f"{API}projects/{project.project_id}/regions/{region}",
            "privateIpGoogleAccess": False,
            "fingerprint": models.fingerprint([network["id"], region]),
            "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS",
            "purpose": "PRIVATE",
            "stackType": "IPV4_ONLY",
        },
    )
    return str(made["selfLink"])


def _check(given: JsonObject) -> None:
    if "mtu" in given and given["mtu"] not in _MTU:
        why = f"Must be between {_MTU.start} and {_MTU.stop - 1}."
        raise invalid("resource.mtu", given["mtu"], why)
