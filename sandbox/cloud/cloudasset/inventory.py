"""What the local cloud has, as assets by Google's types: projects, what is above them, and what is in them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.cloud.apikeys import models as keys
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudresourcemanager import models as nodes
from sandbox.cloud.cloudresourcemanager.models import Folder, Organization, Project
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.store import Store
from sandbox.cloud.iam import models as accounts
from sandbox.cloud.logging import kept
from sandbox.cloud.monitoring import models as monitoring
from sandbox.cloud.pubsub import models as topics
from sandbox.cloud.pubsub import subscriptions
from sandbox.cloud.secretmanager import models as secrets
from sandbox.cloud.serviceusage import models as services
from sandbox.cloud.storage import buckets

_MANAGER: Final = "cloudresourcemanager.googleapis.com"
_NODES: Final[Mapping[str, str]] = {
    "projects": f"{_MANAGER}/Project",
    "folders": f"{_MANAGER}/Folder",
    "organizations": f"{_MANAGER}/Organization",
}
TYPES: Final = frozenset(
    {
        *_NODES.values(),
        "apikeys.googleapis.com/Key",
        "cloudbilling.googleapis.com/BillingAccount",
        "cloudbilling.googleapis.com/ProjectBillingInfo",
        "iam.googleapis.com/ServiceAccount",
        "logging.googleapis.com/LogMetric",
        "logging.googleapis.com/LogSink",
        "monitoring.googleapis.com/AlertPolicy",
        "pubsub.googleapis.com/Subscription",
        "pubsub.googleapis.com/Topic",
        "secretmanager.googleapis.com/Secret",
        "serviceusage.googleapis.com/Service",
        "storage.googleapis.com/Bucket",
    }
)


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset.

    Attributes:
        type: its asset type.
        name: its full resource name.
        ancestors: what it is in, from the project or the asset itself up: `projects/N`, `folders/N`, `organizations/N`.
        policy: the name under which its IAM policy is kept; empty if it has none.
        fields: what else a search shows of it (`displayName`, `state`, …).
        data: the resource as its own API has it.
    """

    type: str
    name: str
    ancestors: tuple[str, ...]
    policy: str = ""
    fields: JsonObject = field(default_factory=dict)
    data: JsonObject = field(default_factory=dict)


def assets(store: Store, scope: str) -> Iterator[Asset]:
    """All that is in a project (`projects/N`), a folder or an organization, with that itself."""
    if scope.startswith("projects/"):
        yield from _project_assets(store, nodes.require(store, scope.partition("/")[2]))
        return
    for organization in nodes.all_organizations(store):
        asset = _organization(organization)
        if scope in asset.ancestors:
            yield asset
            yield from _accounts(store, organization)
    for folder in nodes.all_folders(store):
        asset = _folder(store, folder)
        if scope in asset.ancestors:
            yield asset
    for project in nodes.all_projects(store):
        if scope in _above(store, project):
            yield from _project_assets(store, project)
    for node in ("folders", "organizations"):
        yield from _sinks(store, scope, node)


def full_name(store: Store, node: str) -> str:
    """The full resource name of a project, a folder or an organization; a project's has its id."""
    kind, _, identifier = node.partition("/")
    if kind == "projects":
        identifier = nodes.require(store, identifier).project_id
    return f"//{_MANAGER}/{kind}/{identifier}"


def node_type(node: str) -> str:
    """The asset type of a project, a folder or an organization."""
    return _NODES[node.partition("/")[0]]


def _above(store: Store, project: Project) -> tuple[str, ...]:
    return (f"projects/{project.number}", *(nodes.ancestors(store, project.parent) if project.parent else ()))


def _organization(organization: Organization) -> Asset:
    name = f"organizations/{organization.id}"
    data = {"name": name, "displayName": organization.display_name, "state": nodes.ACTIVE}
    return Asset(
        node_type(name),
        f"//{_MANAGER}/{name}",
        (name,),
        name,
        {"displayName": organization.display_name, "state": nodes.ACTIVE, "createTime": organization.created},
        data,
    )


def _folder(store: Store, folder: Folder) -> Asset:
    name = f"folders/{folder.id}"
    shown = {"displayName": folder.display_name, "state": folder.state}
    times = {"createTime": folder.created, "updateTime": folder.updated}
    return Asset(
        node_type(name),
        f"//{_MANAGER}/{name}",
        tuple(nodes.ancestors(store, name)),
        name,
        {**shown, **times},
        {"name": name, "parent": folder.parent, **shown, **times},
    )


def _accounts(store: Store, organization: Organization) -> Iterator[Asset]:
    """The billing accounts of an organization."""
    above = f"organizations/{organization.id}"
    for account in billing.all_accounts(store):
        if account.parent == above:
            name = f"billingAccounts/{account.id}"
            data = {"name": name, "displayName": account.display_name, "open": account.open, "parent": above}
            yield Asset(
                "cloudbilling.googleapis.com/BillingAccount",
                f"//cloudbilling.googleapis.com/{name}",
                (above,),
                name,
                {"displayName": account.display_name, "additionalAttributes": {"open": account.open}},
                data,
            )


def _sinks(store: Store, scope: str, node: str) -> Iterator[Asset]:
    """The sinks of folders or organizations in the scope."""
    found = nodes.all_folders(store) if node == "folders" else nodes.all_organizations(store)
    for each in found:
        owner = f"{node}/{each.id}"
        above = tuple(nodes.ancestors(store, owner))
        if scope in above:
            yield from (
                _in_logging("LogSink", owner, "sinks", sink, above)
                for sink in kept.listed(store, owner, "sinks").values()
            )


def _project_assets(store: Store, project: Project) -> Iterator[Asset]:
    above = _above(store, project)
    name = f"projects/{project.number}"
    shown = {"displayName": project.name, "state": project.state, "labels": project.labels}
    times = {"createTime": project.created, "updateTime": project.updated}
    attributes = {"projectId": project.project_id}
    yield Asset(
        node_type(name),
        full_name(store, name),
        above,
        name,
        {**shown, **times, "location": "global", "additionalAttributes": attributes},
        {"name": name, "parent": project.parent, **attributes, **shown, **times},
    )
    if project.state == nodes.ACTIVE:
        for service, kind, resource, policy, fields, data in _contents(store, project):
            yield Asset(
                f"{service}.googleapis.com/{kind}",
                f"//{service}.googleapis.com/{resource}",
                above,
                policy,
                {"location": "global", **fields},
                data,
            )
        owner = f"projects/{project.project_id}"
        for kind, collection in (("LogSink", "sinks"), ("LogMetric", "metrics")):
            for each in kept.listed(store, owner, collection).values():
                yield _in_logging(kind, owner, collection, each, above)


def _in_logging(kind: str, owner: str, collection: str, body: JsonObject, above: tuple[str, ...]) -> Asset:
    return Asset(
        f"logging.googleapis.com/{kind}",
        f"//logging.googleapis.com/{owner}/{collection}/{body['name']}",
        above,
        "",
        {"location": "global", "displayName": body["name"], **_times(body, "createTime", "updateTime")},
        body,
    )


_Content = tuple[str, str, str, str, JsonObject, JsonObject]
"""Service, kind, name of the resource, name of its policy, what a search shows, data."""


def _contents(store: Store, project: Project) -> Iterator[_Content]:
    number, own = project.number, f"projects/{project.project_id}"
    account_name = f"billingAccounts/{paying.id}" if (paying := billing.account_of(store, number)) else ""
    info: JsonObject = {
        "name": f"{own}/billingInfo",
        "projectId": project.project_id,
        "billingAccountName": account_name,
        "billingEnabled": billing.is_enabled(store, number),
    }
    yield "cloudbilling", "ProjectBillingInfo", info["name"], "", {"additionalAttributes": info}, info
    for service in sorted(services.enabled(store, number)):
        name = f"projects/{number}/services/{service}"
        data = {"name": name, "parent": f"projects/{number}", "state": "ENABLED"}
        yield "serviceusage", "Service", name, "", {"displayName": service, "state": "ENABLED"}, data
    for key in keys.of_project(store, number, deleted=False):
        name = f"projects/{number}/locations/global/keys/{key.id}"
        times = {"createTime": key.created, "updateTime": key.updated}
        data = {"name": name, "uid": key.uid, **key.settings, **times}
        yield "apikeys", "Key", name, "", {"displayName": key.settings.get("displayName", ""), **times}, data
    for account in accounts.of_project(store, project.project_id):
        name = f"{own}/serviceAccounts/{account.unique_id}"
        fields: JsonObject = {
            "displayName": account.settings.get("displayName", ""),
            "description": account.settings.get("description", ""),
            "additionalAttributes": {"email": account.email, "uniqueId": account.unique_id},
            "state": "DISABLED" if account.disabled else "ENABLED",
        }
        yield "iam", "ServiceAccount", name, name, fields, account.as_json()
    for topic in topics.topics(store, project.project_id):
        yield "pubsub", "Topic", topic["name"], topic["name"], _labelled(topic), topic
    for subscription in subscriptions.of_project(store, project.project_id):
        yield (
            "pubsub",
            "Subscription",
            subscription["name"],
            subscription["name"],
            _labelled(subscription),
            subscription,
        )
    for bucket in buckets.of_project(store, number, ""):
        fields = {
            **_labelled(bucket),
            "displayName": bucket["name"],
            "location": bucket.get("location", "").lower(),
            **_times(bucket, "timeCreated", "updated"),
        }
        yield "storage", "Bucket", bucket["name"], buckets.policy_name(bucket), fields, bucket
    for policy in monitoring.listed(store, number, monitoring.POLICIES):
        data = {name: value for name, value in policy.items() if name != "id"}
        fields = {"displayName": policy.get("displayName", ""), "labels": policy.get("userLabels", {})}
        yield "monitoring", "AlertPolicy", policy["name"], "", fields, data
    for secret in secrets.of_parent(store, f"projects/{number}"):
        fields = {**_labelled(secret), **_times(secret, "createTime", "")}
        yield "secretmanager", "Secret", secret["name"], secret["name"], fields, secret


def _labelled(body: JsonObject) -> JsonObject:
    return {"displayName": body["name"], "labels": body.get("labels", {})}


def _times(body: Mapping[str, Any], created: str, updated: str) -> JsonObject:
    found = {"createTime": body.get(created), "updateTime": body.get(updated)}
    return {name: value for name, value in found.items() if value}
