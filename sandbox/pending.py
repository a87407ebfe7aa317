"""Interrupted creates: look them up in the local cloud and add them to the state, so that nothing is created twice.

A killed engine leaves each create that it had begun as a pending operation, without knowing its result.
`pulumi refresh --import-pending-creates` accepts an id for it but, as of 3.259.0, drops the operation anyway.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.account_domain import account_domain
from sandbox.local_cloud import Ready, call

Values = Mapping[str, Any]

_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Key of a value in the state that is encrypted. Source: resource.SigKey of Pulumi's SDK."""


@dataclass(frozen=True)
class _Listed:
    """A type whose ids the cloud assigns: path of its listing, and condition for the wanted resource."""

    path: str
    items: str
    same: Callable[[Values, Values], bool]
    id: str = "{name}"


def _same(*fields: str) -> Callable[[Values, Values], bool]:
    return lambda inputs, item: all(inputs.get(field) == item.get(field) for field in fields)


def _same_channel(inputs: Values, item: Values) -> bool:
    # The cloud returns secrets as blanked labels too; the inputs have them in another property.
    labels = inputs.get("labels") or {}
    # A secret label, such as a webhook's URL, is encrypted in the state: the label alone, or all of them.
    plain = (
        {} if _SIGNATURE in labels else {name: each for name, each in labels.items() if isinstance(each, str)}
    )
    return bool(inputs["displayName"] == item.get("displayName") and plain.items() <= item["labels"].items())


def _same_dashboard(inputs: Values, item: Values) -> bool:
    return bool(json.loads(inputs["dashboardJson"])["displayName"] == item.get("displayName"))


_OVERRIDES = (
    "projects/{project}/services/{service}/consumerQuotaMetrics/{metric}/limits/{limit}/consumerOverrides"
)

_LISTED = {
    "gcp:billing/budget:Budget": _Listed(
        "billingbudgets/v1/billingAccounts/{billingAccount}/budgets", "budgets", _same("displayName")
    ),
    "gcp:monitoring/notificationChannel:NotificationChannel": _Listed(
        "monitoring/v3/projects/{project}/notificationChannels",
        "notificationChannels",
        _same_channel,
    ),
    "gcp:monitoring/alertPolicy:AlertPolicy": _Listed(
        "monitoring/v3/projects/{project}/alertPolicies", "alertPolicies", _same("displayName")
    ),
    "gcp:monitoring/dashboard:Dashboard": _Listed(
        "monitoring/v1/projects/{project}/dashboards", "dashboards", _same_dashboard
    ),
    "gcp:essentialcontacts/contact:Contact": _Listed(
        "essentialcontacts/v1/{parent}/contacts", "contacts", _same("email")
    ),
    "gcp:tags/tagBinding:TagBinding": _Listed(
        "cloudresourcemanager/v3/tagBindings?parent={parent}", "tagBindings", _same("tagValue")
    ),
    "gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride": _Listed(
        f"serviceusage/v1beta1/{_OVERRIDES}", "overrides", _same("dimensions"), f"{_OVERRIDES}/{{last}}"
    ),
}

_KEY = "projects/{project}/locations/global/keys/{name}"
_ACCOUNT = "projects/{project}/serviceAccounts/{accountId}@{domain}"
_TOPIC = "projects/{project}/topics/{name}"
_CONSTRAINT = "{parent}/customConstraints/{name}"
_PREFERENCE = "{parent}/locations/global/quotaPreferences/{name}"
_CHOSEN = {
    "gcp:organizations/project:Project": (
        "projects/{projectId}",
        "cloudresourcemanager/v1/projects/{projectId}",
    ),
    "gcp:projects/apiKey:ApiKey": (_KEY, f"apikeys/v2/{_KEY}"),
    "gcp:serviceaccount/account:Account": (_ACCOUNT, f"iam/v1/{_ACCOUNT}"),
    "gcp:pubsub/topic:Topic": (_TOPIC, f"pubsub/v1/{_TOPIC}"),
    "gcp:orgpolicy/customConstraint:CustomConstraint": (_CONSTRAINT, f"orgpolicy/v2/{_CONSTRAINT}"),
    "gcp:orgpolicy/policy:Policy": ("{name}", "orgpolicy/v2/{name}"),
    "gcp:cloudquota/sQuotaPreference:SQuotaPreference": (_PREFERENCE, f"cloudquotas/v1/{_PREFERENCE}"),
}
"""Types whose ids follow from their inputs, with the path that exists if they were created."""


def with_found(deployment: Values, ready: Ready) -> dict[str, Any]:
    """The exported deployment with the resources in it that pending creates have made.

    The pending operations stay: they are cleared by the refresh that has to follow, or found again after a kill.
    """
    resources = list(deployment.get("resources") or [])
    known = {resource["urn"] for resource in resources} | {resource.get("id") for resource in resources}
    for operation in deployment.get("pending_operations") or []:
        resource = operation["resource"]
        if operation["type"] == "creating" and resource["urn"] not in known:
            made = _id(resource["type"], resource.get("inputs", {}), ready, known)
            if made:
                # A project may exist without its link, and the plugin's refresh does not notice a missing link.
                outputs = {
                    name: value
                    for name, value in resource.get("inputs", {}).items()
                    if name != "billingAccount"
                }
                resources.append({**resource, "id": made, "outputs": outputs})
                known.add(made)
    return {**deployment, "resources": resources}


def _id(resource_type: str, inputs: Values, ready: Ready, known: set[str | None]) -> str | None:
    if resource_type in _CHOSEN:
        values = {**inputs, "domain": account_domain(str(inputs.get("project")))}
        identifier, path = (template.format_map(values) for template in _CHOSEN[resource_type])
        return None if "error" in json.loads(call(ready, "GET", f"/{path}")) else identifier
    listed = _LISTED.get(resource_type)
    if listed is None:  # creating it again changes nothing: an enabled API, a link, a cap, a limit
        return None
    answer = json.loads(call(ready, "GET", f"/{listed.path.format_map(inputs)}"))
    for item in answer.get(listed.items, []):
        last = item["name"].rpartition("/")[2]
        identifier = listed.id.format_map({**inputs, "name": item["name"], "last": last})
        if identifier not in known and listed.same(inputs, item):
            return identifier
    return None
