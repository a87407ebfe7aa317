"""Resources at Google by their natural names: an id that the program chooses, or a name that is unique in its parent.

A killed run may have created a resource that the state does not have. Its natural name finds it again.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.projects import is_gone
from landing_zone.google.quota_overrides import list_limits
from landing_zone.google.rest import Google, Json
from landing_zone.names import STACK_LABEL, account_domain, stack_label
from landing_zone.operations.planned import Planned

Values: TypeAlias = Mapping[str, Any]

_SECRET: Final = "4dabf18193072939515e22adb298388d"  # noqa: S105 no secret, but the key of one
"""Key of a value in the state that is encrypted. Source: resource.SigKey of Pulumi's SDK."""

PROJECT: Final = "gcp:organizations/project:Project"
OVERRIDE: Final = "gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride"


class NotOursError(Exception):
    """What has the natural name was not created by the stack; the message has the remedy."""


class NotKnownError(Exception):
    """The name depends on a resource that the state does not have yet."""


@dataclass
class World:
    """Google, as one look at a plan sees it: what was found, and listings that several resources share."""

    google: Google
    pulumi_project: str
    stack: str
    missing: set[str] = field(default_factory=set)
    """Ids of projects that do not exist: nothing can be in them."""
    taken: set[str] = field(default_factory=set)
    """Ids of resources that the state has, or that were found for another resource."""
    _listings: dict[str, list[Json]] = field(default_factory=dict)
    _reading: dict[str, Lock] = field(default_factory=dict)
    """One listing is read by one thread, and several listings side by side."""
    _lock: Lock = field(default_factory=Lock)

    @property
    def label(self) -> str:
        """The value of STACK_LABEL on what the stack creates."""
        return stack_label(self.pulumi_project, self.stack)

    def get(self, service: str, path: str, project: str | None = None) -> Json | None:
        """A resource; None if there is none. `project`: the one that it is in. Raises NoAnswerError, GoogleError."""
        try:
            return self.google.call(service, "GET", path, project=project)
        except NoAnswerError:
            raise
        except GoogleError as error:
            if self._says_that_it_is_not(error, project):
                return None
            raise

    def list_all(
        self,
        service: str,
        path: str,
        items: str,
        *,
        project: str | None = None,
        query: Mapping[str, str] | None = None,
    ) -> list[Json]:
        """A listing, read once; empty where nothing can be. Raises NoAnswerError, GoogleError."""
        key = json.dumps([service, path, sorted((query or {}).items())])
        with self._lock:
            own = self._reading.setdefault(key, Lock())
        with own:
            if key not in self._listings:
                try:
                    self._listings[key] = list(
                        self.google.list_all(service, path, items, query=query, project=project)
                    )
                except NoAnswerError:
                    raise
                except GoogleError as error:
                    if not self._says_that_it_is_not(error, project):
                        raise
                    self._listings[key] = []
            return self._listings[key]

    def _says_that_it_is_not(self, error: GoogleError, project: str | None) -> bool:
        """True if nothing is there. A missing permission says nothing, and must not end in a second of everything."""
        if error.code == 404 or error.has_reason("SERVICE_DISABLED"):
            return True
        # Most APIs answer 403 in a project that does not exist.
        return error.code == 403 and bool(project) and is_gone(self.google, str(project))

    def first_free(self, ids: Iterator[str]) -> str | None:
        """The first that no other resource has; it is taken from then on."""
        with self._lock:
            for each in ids:
                if each not in self.taken:
                    self.taken.add(each)
                    return each
        return None


LookUp: TypeAlias = Callable[[World, Planned], str | None]


def look_up(world: World, each: Planned) -> str | None:
    """The id of a planned resource at Google, as Pulumi's state has it; None if it does not exist.

    Raises:
        NotOursError: something else has its name.
        NotKnownError: its name is not known before what it depends on is in the state.
        GoogleError: it cannot be read.
    """
    if each.type not in _LOOK_UPS or (project_of(each) in world.missing and each.type != PROJECT):
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


def project_of(each: Planned) -> str:
    """The id of the project that a planned resource is, or is in; empty if there is none."""
    inputs = each.inputs
    parent = str(inputs.get("parent") or "")
    of_parent = parent.removeprefix("projects/") if parent.startswith("projects/") else ""
    return str(inputs.get("projectId") or inputs.get("project") or of_parent)


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
    if owner != world.label:
        by = f"its label {STACK_LABEL} is {owner}" if owner else f"it has no label {STACK_LABEL}"
        raise NotOursError(
            f"project {project_id} exists, and this stack did not create it ({by}): write adopt: true to take it over "
            "as it is, or another projectId"
        )
    return f"projects/{project_id}"


def _chosen(service: str, template: str) -> LookUp:
    """A resource whose id follows from its inputs, and is its path."""

    def find(world: World, each: Planned) -> str | None:
        path = template.format_map(each.inputs)
        return path if world.get(service, quote(path, safe="/@:"), project_of(each)) else None

    return find


def _key(world: World, each: Planned) -> str | None:
    inputs = each.inputs
    path = f"projects/{inputs['project']}/locations/global/keys/{inputs['name']}"
    found = world.get("apikeys", path, project_of(each))
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
    if found and found.get("displayName") != inputs.get("displayName"):
        raise NotOursError(
            f"the service account {email} exists, and this stack did not create it: write serviceAccount: {email} at "
            "the key to bind the key to it, or give the key another name"
        )
    return path if found else None


def _topic(world: World, each: Planned) -> str | None:
    inputs = each.inputs
    path = f"projects/{inputs['project']}/topics/{inputs['name']}"
    found = world.get("pubsub", path, inputs["project"])
    if found and (found.get("labels") or {}).get(STACK_LABEL) != world.label:
        raise NotOursError(
            f"the topic {path} exists, and this stack did not create it: write its full name ({path}) where it is "
            "used, and take it out of topics; or give it another name"
        )
    return path if found else None


def _link(world: World, each: Planned) -> str | None:
    project_id, account = each.inputs["project"], each.inputs.get("billingAccount")
    found = world.get("cloudbilling", f"projects/{project_id}/billingInfo", project_id) or {}
    linked = account and found.get("billingAccountName") == f"billingAccounts/{account}"
    return f"projects/{project_id}" if linked else None


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
        listing = world.list_all(service, path.format_map(each.inputs), items, project=project_of(each))
        return world.first_free(item["name"] for item in listing if same(world, each.inputs, item))

    return find


def _override(world: World, each: Planned) -> str | None:
    path = _OVERRIDES.format_map(each.inputs)
    listing = world.list_all("serviceusage", path, "overrides", project=project_of(each))
    # The listing has the project's number and other escapes; the plugin's id begins with the inputs.
    return world.first_free(
        f"{path}/{item['name'].rpartition('/')[2]}"
        for item in listing
        if item.get("dimensions") == each.inputs.get("dimensions")
    )


def _same_contact(_: World, inputs: Values, item: Json) -> bool:
    return bool(inputs["email"] == item.get("email"))


def _same_policy(world: World, inputs: Values, item: Json) -> bool:
    return bool(inputs["displayName"] == item.get("displayName")) and _is_labelled(world, item)


def _same_channel(world: World, inputs: Values, item: Json) -> bool:
    # A secret label, such as a webhook's address, is encrypted in the plan: the label alone, or all of them.
    labels = inputs.get("labels") or {}
    plain = (
        {} if _SECRET in labels else {name: each for name, each in labels.items() if isinstance(each, str)}
    )
    named = all(inputs.get(name) == item.get(name) for name in ("displayName", "type"))
    return named and plain.items() <= item.get("labels", {}).items() and _is_labelled(world, item)


def _is_labelled(world: World, item: Json) -> bool:
    """Others may have a channel or an alert of the same name in a project that several stacks use."""
    return bool((item.get("userLabels") or {}).get(STACK_LABEL) == world.label)


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
    try:
        limits = list_limits(world.google, project_id)
    except NoAnswerError:
        raise
    except GoogleError as error:
        if error.code in (403, 404):
            return None
        raise
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
        _chosen("orgpolicy", "{parent}/customConstraints/{name}"),
    ),
    "gcp:orgpolicy/policy:Policy": (("name",), _chosen("orgpolicy", "{name}")),
    "gcp:cloudquota/sQuotaPreference:SQuotaPreference": (
        ("parent", "name"),
        _chosen("cloudquotas", "{parent}/locations/global/quotaPreferences/{name}"),
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
    f"{_OURS}ProjectLimits": (("project",), _limits),
    f"{_OURS}ProjectExit": (("project",), _project_exit),
    f"{_OURS}StackExit": ((), _stack_exit),
}
"""Resource type → the inputs that make its name, and the way to find it."""
_MADE_AGAIN: Final = frozenset(
    {
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
