"""The kinds of resources that are made, changed, listed and deleted alike, one a line of what differs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.cloud.fuzz.furnished import GEMINI, PROJECT
from tests.cloud.local_cloud import ACCOUNT, FOLDER, ORGANIZATION

Json = dict[str, Any]
_IN = f"projects/{PROJECT}"
_GLOBAL = f"{_IN}/locations/global"
_PLACE = f"{_IN}/locations/europe-west4"
_EVERY_QUOTA = {"ignoreSafetyChecks": "QUOTA_DECREASE_PERCENTAGE_TOO_HIGH"}


@dataclass(frozen=True)
class Kind:
    """A kind of resource.

    Attributes:
        service: the service.
        path: the path of its listing.
        items: the name of the list in an answer.
        creation: the path, query and body of the call that makes one of an id, with settings.
        settings: what callers can choose from; all of a choice are set together.
        bad: settings that are refused.
        verb: how one is made.
        named: whether the caller chooses its id; if not, each call makes another.
        change: how one is changed; "" for never.
        query: of a change.
        wrap: the body of a change, of name and settings.
        etag: where a change takes the etag that it is of: in the body, or nowhere ("").
        etag_deletes: whether a DELETE takes the etag as a parameter.
        deletes: whether one can be deleted.
        gone: the status of what is not there.
        kept: whether a deleted one can be had back by `:undelete`, and its id stays taken until then.
        upserts: whether a change of what is not there makes it.
        prefix: what stands before its name in a path, for one whose name is its id alone.
        forgiving: whether to delete what is not there is no mistake.
    """

    service: str
    path: str
    items: str
    creation: Callable[[str, Json], tuple[str, Json, Json]]
    settings: tuple[Json, ...]
    bad: tuple[Json, ...] = ()
    verb: str = "POST"
    named: bool = True
    change: str = "PATCH"
    query: Mapping[str, str] = field(default_factory=dict)
    wrap: Callable[[str, Json], Json] = lambda _, settings: settings
    etag: bool = False
    etag_deletes: bool = False
    deletes: bool = True
    gone: tuple[int, ...] = (404,)
    kept: bool = False
    forgiving: bool = False
    upserts: bool = False
    prefix: str = ""

    @property
    def version(self) -> str:
        """The first segment of its paths."""
        return self.path.partition("/")[0]


def _by_parameter(path: str, parameter: str) -> Callable[[str, Json], tuple[str, Json, Json]]:
    return lambda identifier, settings: (path, {parameter: identifier}, settings)


def _by_name(path: str) -> Callable[[str, Json], tuple[str, Json, Json]]:
    """The name of a new one is in the body."""
    collection = path.partition("/")[2]
    return lambda identifier, settings: (path, {}, {**settings, "name": f"{collection}/{identifier}"})


def _by_service(path: str) -> Callable[[str, Json], tuple[str, Json, Json]]:
    return lambda _, settings: (path, {}, settings)


def _role(path: str) -> Callable[[str, Json], tuple[str, Json, Json]]:
    return lambda identifier, settings: (path, {}, {"roleId": identifier.replace("-", "_"), "role": settings})


def _put(path: str) -> Callable[[str, Json], tuple[str, Json, Json]]:
    return lambda identifier, settings: (f"{path}/{identifier}", {}, settings)


_LABELS: Final = ({"labels": {"team": "a"}}, {"labels": {"team": "b", "x": ""}}, {"labels": {"x": "y"}})
_EMAIL: Final = {"type": "email", "labels": {"email_address": "a@example.com"}}
_POLICY: Final = {
    "combiner": "OR",
    "conditions": [
        {
            "displayName": "c",
            "conditionPrometheusQueryLanguage": {
                "query": "up > 1",
                "duration": "60s",
                "evaluationInterval": "60s",
            },
        }
    ],
}
_JOB: Final = {"pubsubTarget": {"topicName": f"{_IN}/topics/events", "data": "dA=="}}
_BUDGET: Final = {
    "budgetFilter": {"projects": [f"{_IN}"]},
    "notificationsRule": {"pubsubTopic": f"{_IN}/topics/events", "schemaVersion": "1.0"},
}
_POOLS: Final = f"v1/{_GLOBAL}/workloadIdentityPools"

IDS: Final = ("first-one", "second-one", "third-one")
_CONSTRAINTS: Final[dict[str, str]] = dict(
    zip(
        IDS,
        (
            "iam.disableServiceAccountCreation",
            "compute.skipDefaultNetworkCreation",
            "iam.disableServiceAccountKeyCreation",
        ),
        strict=True,
    )
)
_MODELS: Final[dict[str, str]] = dict(
    zip(IDS, ("gemini-2.5-pro", "gemini-2.5-flash-lite", "gemini-2.0-flash"), strict=True)
)

KINDS: Final[dict[str, Kind]] = {
    "API keys": Kind(
        "apikeys",
        f"v2/{_GLOBAL}/keys",
        "keys",
        _by_parameter(f"v2/{_GLOBAL}/keys", "keyId"),
        (
            {"displayName": "one"},
            {"displayName": "two", "restrictions": {"apiTargets": [{"service": GEMINI}]}},
            {"displayName": "three", "annotations": {"a": "b"}},
        ),
        ({"displayName": "x" * 64}, {"restrictions": {"apiTargets": [{"service": "nope"}]}}),
        etag=True,
        etag_deletes=True,
        kept=True,
    ),
    "topics": Kind(
        "pubsub",
        f"v1/{_IN}/topics",
        "topics",
        _put(f"v1/{_IN}/topics"),
        _LABELS,
        ({"messageRetentionDuration": "1s"},),
        verb="PUT",
        wrap=lambda name, settings: {"topic": {**settings, "name": name}, "updateMask": "labels"},
    ),
    "subscriptions": Kind(
        "pubsub",
        f"v1/{_IN}/subscriptions",
        "subscriptions",
        _put(f"v1/{_IN}/subscriptions"),
        tuple({"topic": f"{_IN}/topics/events", "ackDeadlineSeconds": s} for s in (10, 20, 600)),
        ({"topic": f"{_IN}/topics/events", "ackDeadlineSeconds": 5}, {"topic": f"{_IN}/topics/nope"}, {}),
        verb="PUT",
        wrap=lambda name, settings: {
            "subscription": {**settings, "name": name},
            "updateMask": "ackDeadlineSeconds",
        },
    ),
    "notification channels": Kind(
        "monitoring",
        f"v3/{_IN}/notificationChannels",
        "notificationChannels",
        _by_service(f"v3/{_IN}/notificationChannels"),
        tuple({**_EMAIL, "displayName": name} for name in ("one", "two", "three")),
        ({"type": "nope"}, {"type": "email", "labels": {}}),
        named=False,
    ),
    "alert policies": Kind(
        "monitoring",
        f"v3/{_IN}/alertPolicies",
        "alertPolicies",
        _by_service(f"v3/{_IN}/alertPolicies"),
        tuple({**_POLICY, "displayName": name} for name in ("one", "two", "three")),
        ({"displayName": "x"}, {**_POLICY, "notificationChannels": ["nope"], "displayName": "x"}),
        named=False,
        query={"updateMask": "displayName"},
    ),
    "dashboards": Kind(
        "monitoring",
        f"v1/{_IN}/dashboards",
        "dashboards",
        _by_service(f"v1/{_IN}/dashboards"),
        tuple({"displayName": name, "gridLayout": {"columns": "2"}} for name in ("one", "two", "three")),
        ({}, {"displayName": "x", "mosaicLayout": {"columns": 99}}),
        named=False,
        etag=True,
    ),
    "budgets": Kind(
        "billingbudgets",
        f"v1/billingAccounts/{ACCOUNT}/budgets",
        "budgets",
        _by_service(f"v1/billingAccounts/{ACCOUNT}/budgets"),
        tuple(
            {**_BUDGET, "displayName": name, "amount": {"specifiedAmount": {"units": units}}}
            for name, units in (("one", "1"), ("two", "2"), ("three", "3"))
        ),
        ({**_BUDGET}, {"amount": {"specifiedAmount": {"units": "1", "currencyCode": "EUR"}}}),
        named=False,
        query={"updateMask": "displayName,amount"},
        etag=True,
        forgiving=True,
    ),
    "contacts": Kind(
        "essentialcontacts",
        f"v1/{FOLDER}/contacts",
        "contacts",
        lambda identifier, settings: (
            f"v1/{FOLDER}/contacts",
            {},
            {"email": f"{identifier}@example.com", "languageTag": "en", **settings},
        ),
        tuple({"notificationCategorySubscriptions": [of]} for of in ("ALL", "BILLING", "LEGAL")),
        ({"email": "no address"},),
        query={"updateMask": "notificationCategorySubscriptions"},
    ),
    "organization policies": Kind(
        "orgpolicy",
        f"v2/{_IN}/policies",
        "policies",
        lambda identifier, settings: (
            f"v2/{_IN}/policies",
            {},
            {**settings, "name": f"{_IN}/policies/{_CONSTRAINTS[identifier]}"},
        ),
        tuple({"spec": {"rules": [{"enforce": on}]}} for on in (True, False)),
        ({"spec": {"rules": [{"enforce": True, "denyAll": True}]}},),
        etag=True,
        etag_deletes=True,
    ),
    "secrets": Kind(
        "secretmanager",
        f"v1/{_IN}/secrets",
        "secrets",
        _by_parameter(f"v1/{_IN}/secrets", "secretId"),
        tuple({**each, "replication": {"automatic": {}}} for each in _LABELS),
        ({}, {"replication": {}}),
        change="",
        etag_deletes=True,
    ),
    "service accounts": Kind(
        "iam",
        f"v1/{_IN}/serviceAccounts",
        "accounts",
        lambda identifier, settings: (
            f"v1/{_IN}/serviceAccounts",
            {},
            {"accountId": identifier, "serviceAccount": settings},
        ),
        tuple({"displayName": name} for name in ("one", "two", "three")),
        ({"displayName": "x" * 101},),
        wrap=lambda _, settings: {"serviceAccount": settings, "updateMask": "displayName"},
    ),
    "roles": Kind(
        "iam",
        f"v1/{_IN}/roles",
        "roles",
        _role(f"v1/{_IN}/roles"),
        tuple(
            {"title": title, "stage": stage}
            for title, stage in (("one", "GA"), ("two", "BETA"), ("three", "GA"))
        ),
        ({"title": "x", "includedPermissions": ["nope"]}, {"title": "x" * 101}),
        etag=True,
        etag_deletes=True,
        kept=True,
    ),
    "pools": Kind(
        "iam",
        _POOLS,
        "workloadIdentityPools",
        _by_parameter(_POOLS, "workloadIdentityPoolId"),
        tuple({"displayName": name} for name in ("one", "two", "three")),
        ({"displayName": "x" * 33},),
        query={"updateMask": "displayName"},
        kept=True,
    ),
    "jobs": Kind(
        "cloudscheduler",
        f"v1/{_PLACE}/jobs",
        "jobs",
        _by_name(f"v1/{_PLACE}/jobs"),
        tuple({**_JOB, "schedule": schedule} for schedule in ("* * * * *", "0 0 1 * *", "5 4 * * 1")),
        ({"schedule": "* * * * *"}, {**_JOB, "schedule": "99 * * * *"}),
        query={"updateMask": "schedule"},
    ),
    "tag keys": Kind(
        "cloudresourcemanager",
        f"v3/tagKeys?parent={ORGANIZATION}",
        "tagKeys",
        lambda identifier, settings: (
            "v3/tagKeys",
            {},
            {**settings, "parent": ORGANIZATION, "shortName": identifier},
        ),
        tuple({"description": text} for text in ("one", "two", "three")),
        ({"description": "x" * 257},),
        query={"updateMask": "description"},
        etag=True,
        etag_deletes=True,
        gone=(403,),
    ),
    "folders": Kind(
        "cloudresourcemanager",
        f"v3/folders?parent={FOLDER}",
        "folders",
        lambda identifier, settings: (
            "v3/folders",
            {},
            {"displayName": identifier, "parent": FOLDER, **settings},
        ),
        ({},),
        ({"displayName": "x"}, {"parent": "folders/1"}),
        change="",
        deletes=False,
    ),
    "log metrics": Kind(
        "logging",
        f"v2/{_IN}/metrics",
        "metrics",
        lambda identifier, settings: (f"v2/{_IN}/metrics", {}, {**settings, "name": identifier}),
        tuple({"filter": text} for text in ("severity>=ERROR", "severity>=INFO", "severity=DEBUG")),
        ({}, {"filter": "severity>="}),
        change="PUT",
        wrap=lambda name, settings: {**settings, "name": name},
        upserts=True,
        prefix=f"{_IN}/metrics/",
    ),
    "sinks": Kind(
        "logging",
        f"v2/{_IN}/sinks",
        "sinks",
        lambda identifier, settings: (f"v2/{_IN}/sinks", {}, {**settings, "name": identifier}),
        tuple(
            {"filter": text, "destination": f"pubsub.googleapis.com/{_IN}/topics/events"}
            for text in ("severity>=ERROR", "severity>=INFO", "severity=DEBUG")
        ),
        ({"destination": "nope"}, {}),
        change="PUT",
        wrap=lambda name, settings: {**settings, "name": name},
        prefix=f"{_IN}/sinks/",
    ),
    "liens": Kind(
        "cloudresourcemanager",
        f"v3/liens?parent={_IN}",
        "liens",
        _by_service("v3/liens"),
        tuple(
            {
                "parent": _IN,
                "reason": reason,
                "origin": "o",
                "restrictions": ["resourcemanager.projects.delete"],
            }
            for reason in ("one", "two")
        ),
        ({"parent": _IN, "reason": "r", "origin": "o", "restrictions": ["nope"]},),
        named=False,
        change="",
    ),
    "quota preferences": Kind(
        "cloudquotas",
        f"v1/{_GLOBAL}/quotaPreferences",
        "quotaPreferences",
        lambda identifier, settings: (
            f"v1/{_GLOBAL}/quotaPreferences",
            {"quotaPreferenceId": identifier, **_EVERY_QUOTA},
            {
                "service": GEMINI,
                "quotaId": "GenerateRequestsPerMinutePerProjectPerModel",
                "dimensions": {"model": _MODELS[identifier]},
                **settings,
            },
        ),
        tuple({"quotaConfig": {"preferredValue": value}} for value in ("1", "2", "3")),
        ({"quotaConfig": {"preferredValue": "-2"}}, {"quotaConfig": {"preferredValue": "99999999"}}),
        query=_EVERY_QUOTA,
        etag=True,
        deletes=False,
    ),
}
