"""Resources at Google by their natural names: an id that the program chooses, or a name that is unique in its parent.

A killed run may have created a resource that the state does not have. Its natural name finds it again.
"""

import json
from collections.abc import Callable, Mapping
from typing import Final

from landing_zone.exported_state import SIGNATURE, project_of
from landing_zone.google.errors import GoogleError
from landing_zone.google.quota_overrides import list_limits
from landing_zone.google.rest import Json
from landing_zone.names import BOOTSTRAP_PROJECT, STACK_LABEL, account_domain
from landing_zone.operations import natural_names_guard, natural_names_seed
from landing_zone.operations.planned import Planned
from landing_zone.operations.world import (
    LookUp,
    NotKnownError,
    NotOursError,
    Values,
    World,
    chosen,
)

PROJECT: Final = "gcp:organizations/project:Project"
OVERRIDE: Final = "gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride"


def look_up(world: World, each: Planned) -> str | None:
    """The id of a planned resource at Google, as Pulumi's state has it; None if it does not exist.

    Raises:
        NotOursError: something else has its name.
        NotKnownError: its name is not known before what it depends on is in the state.
        GoogleError: it cannot be read.
    """
    if each.type not in _LOOK_UPS or (project_of(each.inputs) in world.missing and each.type != PROJECT):
        return None
    name, find = _LOOK_UPS[each.type]
    if each.unknown.intersection(name):
        raise NotKnownError
    try:
        found = find(world, each)
    except KeyError:  # a part of the name is the provider's default, and in no input
        raise NotKnownError from None
    # A replacement may have the name of what it replaces, which the state has.
    return None if each.replaces and found in world.taken else found


def _project(world: World, each: Planned) -> str | None:
    project_id = str(each.inputs["projectId"])
    try:
        found = world.get("cloudresourcemanager", f"projects/{project_id}")
    except GoogleError as error:
        if error.code == 403:  # also the answer for an id that nobody has
            return None
        raise
    if found is None:
        return None
    owner = (found.get("labels") or {}).get(STACK_LABEL)
    state = found.get("lifecycleState")
    if state != "ACTIVE":
        raise NotOursError(
            f"project {project_id} is being deleted, and Google keeps its id for 30 days: write another projectId, "
            f"or take it back (gcloud projects undelete {project_id}) and write adopt: true"
        )
    if owner != world.label_of(each.inputs):
        by = f"its label {STACK_LABEL} is {owner}" if owner else f"it has no label {STACK_LABEL}"
        raise NotOursError(
            f"project {project_id} exists, and this stack did not create it ({by}): write adopt: true to take it over "
            "as it is, or another projectId"
        )
    return f"projects/{project_id}"


def _key(world: World, each: Planned) -> str | None:
    inputs = each.inputs
    path = f"projects/{inputs['project']}/locations/global/keys/{inputs['name']}"
    found = world.get("apikeys", path, project_of(each.inputs))
    if found is None or found.get("deleteTime"):
        return None
    if found.get("displayName") != inputs.get("displayName"):
        raise NotOursError(
            f"project {inputs['project']} has a key {inputs['name']} that this stack did not create: write existing: "
            f"{inputs['name']} at the key to take it over, or give the key another name"
        )
    return path


def _account(world: World, each: Planned) -> str | None:
    inputs = each.inputs
    email = f"{inputs['accountId']}@{account_domain(inputs['project'])}"
    path = f"projects/{inputs['project']}/serviceAccounts/{email}"
    found = world.get("iam", path, inputs["project"])
    # The bootstrap's account has a name of its own, and people may have made it by hand.
    is_key = world.pulumi_project != BOOTSTRAP_PROJECT
    if found and is_key and found.get("displayName") != inputs.get("displayName"):
        raise NotOursError(
            f"the service account {email} exists, and this stack did not create it: write serviceAccount: {email} at "
            "the key to bind the key to it, or give the key another name"
        )
    return path if found else None


def _topic(world: World, each: Planned) -> str | None:
    inputs = each.inputs
    path = f"projects/{inputs['project']}/topics/{inputs['name']}"
    found = world.get("pubsub", path, inputs["project"])
    if found and (found.get("labels") or {}).get(STACK_LABEL) != world.label_of(inputs):
        raise NotOursError(
            f"the topic {path} exists, and this stack did not create it: write its full name ({path}) where it is "
            "used, and take it out of topics; or give it another name"
        )
    return path if found else None


def _link(world: World, each: Planned) -> str | None:
    project_id, account = each.inputs["project"], each.inputs.get("billingAccount")
    found = world.get("cloudbilling", f"projects/{project_id}/billingInfo", project_id) or {}
    wanted = f"billingAccounts/{account}" if account else ""
    return f"projects/{project_id}" if found.get("billingAccountName", "") == wanted else None


def _budget(world: World, each: Planned) -> str | None:
    inputs = each.inputs
    counted = (inputs.get("budgetFilter") or {}).get("projects") or []
    return world.first_free(
        budget["name"]
        for budget in _budgets(world, each)
        if "spendCap" not in budget
        and budget.get("displayName") == inputs.get("displayName")
        and sorted(budget.get("budgetFilter", {}).get("projects", [])) == sorted(counted)
    )


def _cap(world: World, each: Planned) -> str | None:
    return world.first_free(
        budget["name"]
        for budget in _budgets(world, each)
        if "spendCap" in budget
        and budget.get("displayName") == each.inputs.get("displayName")
        and budget.get("budgetFilter", {}).get("projects") == [f"projects/{each.inputs['project']}"]
    )


def _budgets(world: World, each: Planned) -> list[Json]:
    account = each.inputs["billingAccount"]
    query = {"pageSize": "1000"}
    return world.list_all("billingbudgets", f"billingAccounts/{account}/budgets", "budgets", query=query)


def _listed(service: str, path: str, items: str, same: Callable[[World, Values, Json], bool]) -> LookUp:
    """A resource whose id Google assigns: the first in a listing that is the same by its natural name."""

    def find(world: World, each: Planned) -> str | None:
        listing = world.list_all(
            service, path.format_map(each.inputs), items, project=project_of(each.inputs)
        )
        return world.first_free(item["name"] for item in listing if same(world, each.inputs, item))

    return find


def _override(world: World, each: Planned) -> str | None:
    path = _OVERRIDES.format_map(each.inputs)
    listing = world.list_all("serviceusage", path, "overrides", project=project_of(each.inputs))
    # The listing has the project's number and other escapes; the plugin's id begins with the inputs.
    return world.first_free(
        f"{path}/{item['name'].rpartition('/')[2]}"
        for item in listing
        if item.get("dimensions") == each.inputs.get("dimensions")
    )


def _same_contact(_: World, inputs: Values, item: Json) -> bool:
    return bool(inputs["email"] == item.get("email"))


def _same_policy(world: World, inputs: Values, item: Json) -> bool:
    return bool(inputs["displayName"] == item.get("displayName")) and _is_labelled(world, inputs, item)


def _same_channel(world: World, inputs: Values, item: Json) -> bool:
    # A secret label, such as a webhook's address, is encrypted in the plan: the label alone, or all of them.
    labels = inputs.get("labels") or {}
    plain = (
        {} if SIGNATURE in labels else {name: each for name, each in labels.items() if isinstance(each, str)}
    )
    named = all(inputs.get(name) == item.get(name) for name in ("displayName", "type"))
    return named and plain.items() <= item.get("labels", {}).items() and _is_labelled(world, inputs, item)


def _is_labelled(world: World, inputs: Values, item: Json) -> bool:
    """Others may have a channel or an alert of the same name in a project that several stacks use."""
    return bool((item.get("userLabels") or {}).get(STACK_LABEL) == world.label_of(inputs))


def _same_dashboard(_: World, inputs: Values, item: Json) -> bool:
    return bool(json.loads(inputs["dashboardJson"]).get("displayName") == item.get("displayName"))


def _tag(world: World, each: Planned) -> str | None:
    query = {"parent": each.inputs["parent"]}
    listing = world.list_all("cloudresourcemanager.v3", "tagBindings", "tagBindings", query=query)
    return world.first_free(
        item["name"] for item in listing if item.get("tagValue") == each.inputs.get("tagValue")
    )


def _limits(world: World, each: Planned) -> str | None:
    project_id = each.inputs["project"]
    limits = world.unless_missing(project_id, lambda: list_limits(world.google, project_id)) or []
    overridden = any(bucket.override for limit in limits for bucket in limit.buckets.values())
    return f"projects/{project_id}/limits" if overridden else None


def _project_exit(_: World, each: Planned) -> str | None:
    return f"projects/{each.inputs['project']}/exit"


def _stack_exit(_: World, __: Planned) -> str | None:
    return "exit"


_OVERRIDES: Final = (
    "projects/{project}/services/{service}/consumerQuotaMetrics/{metric}/limits/{limit}/consumerOverrides"
)
_OURS: Final = "gemini-landing-zone:index:"
_LOOK_UPS: Final[Mapping[str, tuple[tuple[str, ...], LookUp]]] = {
    PROJECT: (("projectId",), _project),
    "gcp:projects/apiKey:ApiKey": (("project", "name"), _key),
    "gcp:serviceaccount/account:Account": (("project", "accountId"), _account),
    "gcp:billing/projectInfo:ProjectInfo": (("project",), _link),
    "gcp:pubsub/topic:Topic": (("project", "name"), _topic),
    "gcp:orgpolicy/customConstraint:CustomConstraint": (
        ("parent", "name"),
        chosen("orgpolicy", "{parent}/customConstraints/{name}"),
    ),
    "gcp:orgpolicy/policy:Policy": (("name",), chosen("orgpolicy", "{name}")),
    "gcp:cloudquota/sQuotaPreference:SQuotaPreference": (
        ("parent", "name"),
        chosen("cloudquotas", "{parent}/locations/global/quotaPreferences/{name}"),
    ),
    "gcp:billing/budget:Budget": (("billingAccount", "displayName", "budgetFilter"), _budget),
    "gcp:monitoring/notificationChannel:NotificationChannel": (
        ("project", "type", "displayName", "labels"),
        _listed(
            "monitoring",
            "v3/projects/{project}/notificationChannels",
            "notificationChannels",
            _same_channel,
        ),
    ),
    "gcp:monitoring/alertPolicy:AlertPolicy": (
        ("project", "displayName"),
        _listed("monitoring", "v3/projects/{project}/alertPolicies", "alertPolicies", _same_policy),
    ),
    "gcp:monitoring/dashboard:Dashboard": (
        ("project", "dashboardJson"),
        _listed("monitoring", "v1/projects/{project}/dashboards", "dashboards", _same_dashboard),
    ),
    "gcp:essentialcontacts/contact:Contact": (
        ("parent", "email"),
        _listed("essentialcontacts", "{parent}/contacts", "contacts", _same_contact),
    ),
    "gcp:tags/tagBinding:TagBinding": (("parent", "tagValue"), _tag),
    OVERRIDE: (
        ("project", "service", "metric", "limit", "dimensions"),
        _override,
    ),
    f"{_OURS}SpendCap": (("billingAccount", "project", "displayName"), _cap),
    # The guard's record of a project is found by the project's number.
    f"{_OURS}ProjectLimits": (("project", "guard"), _limits),
    f"{_OURS}ProjectExit": (("project", "guard"), _project_exit),
    f"{_OURS}StackExit": ((), _stack_exit),
    **natural_names_seed.LOOK_UPS,
    **natural_names_guard.LOOK_UPS,
}
"""Resource type → the inputs that make its name, and the way to find it."""
_MADE_AGAIN: Final = (
    natural_names_seed.MEMBERS
    | natural_names_guard.MEMBERS
    | {
        "gcp:projects/service:Service",
        "gcp:pubsub/topicIAMMember:TopicIAMMember",
    }
)
"""Types whose creation changes nothing where it was done already."""


def is_covered(resource_type: str) -> bool:
    """True if a resource of the type that a killed run created is found again, or can be created again."""
    # This project's own types either have a look-up, or create nothing at Google.
    return (
        resource_type in _LOOK_UPS
        or resource_type in _MADE_AGAIN
        or resource_type.startswith(("pulumi:", _OURS))
    )
