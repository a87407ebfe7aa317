"""A Cloud Storage bucket, as far as a bucket for state needs it."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from typing_extensions import override

from sandbox.standins.gcp_plugin.errors import ResourceError
from sandbox.standins.gcp_plugin.google import GoogleError, Json
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import (
    Autoname,
    Call,
    Resource,
    Value,
    block,
    blocks,
    deletion_policy,
    flag,
    integer,
    is_empty,
    label_fields,
    project,
    text,
    text_set,
    texts,
)
from sandbox.standins.gcp_plugin.transfer import to_wire
from sandbox.standins.gcp_plugin.types.project import GO_CLIENT

_BUCKET = "b/{name}"
_OBJECTS = Call("GET", "b/{name}/o", {**GO_CLIENT, "versions": "true"})
_CACHES = Call("GET", "b/{name}/anywhereCaches/")
_LOCK = Call("POST", "b/{name}/lockRetentionPolicy", GO_CLIENT)
_WEEK_S = 604_800
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_STATES: Mapping[bool | None, str] = {None: "ANY", True: "LIVE", False: "ARCHIVED"}


def _labels_problem(value: Value) -> str | None:
    bad = next((key for key in value if not _LABEL.fullmatch(key)), None)
    where = "See https://cloud.google.com/storage/docs/tags-and-labels#bucket-labels"
    return None if bad is None else f'"{bad}" is an invalid label key. {where}'


def _off_is_none(old: Value, new: Value) -> bool:
    """What is off is no difference to a program that says nothing of it."""
    return isinstance(old, dict) and not old.get("enabled") and not new


_CONDITION = {
    "age": integer(),
    "createdBefore": text(),
    "customTimeBefore": text(),
    "daysSinceCustomTime": integer(),
    "daysSinceNoncurrentTime": integer(),
    "matchesPrefixes": texts(wire="matchesPrefix"),
    "matchesStorageClasses": texts(wire="matchesStorageClass"),
    "matchesSuffixes": texts(wire="matchesSuffix"),
    "noncurrentTimeBefore": text(),
    "numNewerVersions": integer(),
    "sendAgeIfZero": flag(),
    "sendDaysSinceCustomTimeIfZero": flag(),
    "sendDaysSinceNoncurrentTimeIfZero": flag(),
    "sendNumNewerVersionsIfZero": flag(),
    "sizeAboveBytes": integer(),
    "sizeBelowBytes": integer(),
    "withState": text(computed=True, choices=("LIVE", "ARCHIVED", "ANY", "")),
}
_SENT_IF_ZERO = tuple(name for name in _CONDITION if name.startswith("send"))


def _condition_to_wire(value: Value) -> Json:
    """What a rule's condition says: zero says nothing, unless the program asks for it to be sent."""
    flags = {"LIVE": True, "ARCHIVED": False}
    plain = {
        _CONDITION[name].wire or name: item
        for name, item in value.items()
        if not name.startswith("send") and name != "withState"
    }
    sent = {
        name[len("send")].lower() + name[len("send") + 1 : -len("IfZero")]
        for name, item in value.items()
        if name.startswith("send") and item
    }
    body = {name: item for name, item in plain.items() if not is_empty(item)}
    body |= {name: int(plain.get(name) or 0) for name in sent}
    if value.get("withState") in flags:
        body["isLive"] = flags[value["withState"]]
    return body


_OLD_LABELS = "__oldLabels"
_WRITTEN_LOCATION = "__location"
#: Properties whose removal is sent as null.
_NULLED = ("retentionPolicy", "logging", "encryption", "rpo", "cors")
_OF_ACCESS = frozenset({"uniformBucketLevelAccess", "publicAccessPrevention"})


def _nested(body: Json, plan: Mapping[str, Value]) -> Json:
    """The body with the objects that the plugin's properties are flat for."""
    rest = {name: value for name, value in body.items() if name != "rules"}
    prevention = plan.get("publicAccessPrevention")
    return {
        **rest,
        "iamConfiguration": {
            "uniformBucketLevelAccess": {"enabled": bool(plan.get("uniformBucketLevelAccess"))},
            **({"publicAccessPrevention": prevention} if prevention else {}),
        },
        "lifecycle": {"rule": body.get("rules", [])},
        **({"billing": {"requesterPays": True}} if plan.get("requesterPays") else {}),
    }


def _flat(answer: Json, kept: Mapping[str, Value]) -> Json:
    """Google's answer, with the plugin's flat properties; what the program asks to be sent is none of Google's."""
    access = answer.get("iamConfiguration", {})
    known = kept.get("lifecycleRules") or []
    rules = []
    for at, rule in enumerate(answer.get("lifecycle", {}).get("rule", [])):
        condition = rule.get("condition", {})
        asked = (known[at].get("condition") if at < len(known) else None) or {}
        sent = {name: asked.get(name) for name in _SENT_IF_ZERO}
        state = {"withState": _STATES[condition.get("isLive")]}
        rules.append({"action": rule.get("action", {}), "condition": {**condition, **sent, **state}})
    return {
        **answer,
        "uniformBucketLevelAccess": access.get("uniformBucketLevelAccess", {}).get("enabled", False),
        "publicAccessPrevention": access.get("publicAccessPrevention"),
        "requesterPays": answer.get("billing", {}).get("requesterPays"),
        "enableObjectRetention": answer.get("objectRetention", {}).get("mode") == "Enabled",
        "hierarchicalNamespace": answer.get("hierarchicalNamespace") or {"enabled": False},
        "rules": rules,
        "url": f"gs://{answer['name']}",
    }


_ENFORCEMENT = block(
    {
        "effectiveTime": text(output=True, sent=False),
        "restrictionMode": text(required=True, choices=("NotRestricted", "FullyRestricted")),
    }
)

BUCKET = Resource(
    urn_type="gcp:storage/bucket:Bucket",
    service="storage",
    title="bucket",
    long_title="Storage Bucket",
    fields={
        "name": text(computed=True, replaces=True),
        "location": text(required=True, replaces=True, normalized=str.upper),
        "project": project(),
        "storageClass": text(default="STANDARD"),
        "forceDestroy": flag(default=False, sent=False, read=False),
        **label_fields(check=_labels_problem),
        "uniformBucketLevelAccess": flag(computed=True, sent=False),
        "publicAccessPrevention": text(computed=True, sent=False),
        "versioning": block({"enabled": flag(required=True, always_sent=True)}, computed=True),
        "lifecycleRules": blocks(
            {
                "action": block(
                    {"type": text(required=True), "storageClass": text()}, required=True, is_set=True
                ),
                "condition": block(_CONDITION, required=True, is_set=True, to_wire=_condition_to_wire),
            },
            max_items=100,
            wire="rules",
            terraform="lifecycle_rule",
        ),
        "softDeletePolicy": block(
            {
                "retentionDurationSeconds": integer(default=_WEEK_S, to_wire=str, always_sent=True),
                "effectiveTime": text(output=True, sent=False),
            },
            computed=True,
        ),
        "retentionPolicy": block(
            {"retentionPeriod": text(required=True), "isLocked": flag(default=False, sent=False)}
        ),
        "encryption": block(
            {
                "customerManagedEncryptionEnforcementConfig": _ENFORCEMENT,
                "customerSuppliedEncryptionEnforcementConfig": _ENFORCEMENT,
                "defaultKmsKeyName": text(),
                "googleManagedEncryptionEnforcementConfig": _ENFORCEMENT,
            }
        ),
        "logging": block({"logBucket": text(required=True), "logObjectPrefix": text(computed=True)}),
        "requesterPays": flag(sent=False),
        "defaultEventBasedHold": flag(),
        "enableObjectRetention": flag(replaces=True, sent=False),
        "hierarchicalNamespace": block(
            {"enabled": flag(required=True, replaces=True)}, replaces=True, same=_off_is_none
        ),
        "rpo": text(computed=True, from_wire=lambda rpo: rpo or None),
        "autoclass": block(
            {"enabled": flag(required=True), "terminalStorageClass": text(computed=True)}, same=_off_is_none
        ),
        "cors": blocks(
            {
                "maxAgeSeconds": integer(),
                "methods": texts(wire="method"),
                "origins": texts(wire="origin"),
                "responseHeaders": texts(wire="responseHeader"),
            }
        ),
        "customPlacementConfig": block({"dataLocations": text_set(required=True, replaces=True)}),
        "ipFilter": block(
            {
                "allowAllServiceAgentAccess": flag(),
                "allowCrossOrgVpcs": flag(),
                "mode": text(required=True, choices=("Enabled", "Disabled")),
                "publicNetworkSource": block({"allowedIpCidrRanges": texts(required=True)}),
                "vpcNetworkSources": blocks(
                    {"allowedIpCidrRanges": texts(required=True), "network": text(required=True)}
                ),
            }
        ),
        "website": block(
            {"mainPageSuffix": text(), "notFoundPage": text()},
            computed=True,
            at_least_one=("mainPageSuffix", "notFoundPage"),
        ),
        "projectNumber": integer(output=True, sent=False),
        "selfLink": text(output=True, sent=False),
        "timeCreated": text(output=True, sent=False),
        "updated": text(output=True, sent=False),
        "url": text(output=True, sent=False),
        "deletionPolicy": deletion_policy(),
    },
    id="{name}",
    import_ids=("(?P<project>[^/]+)/(?P<name>[^/]+)", "(?P<name>[^/]+)"),
    autonames=(Autoname(property="name", max_length=222, lower=True),),
    create=Call("POST", "b", {**GO_CLIENT, "project": "{project}"}),
    read=Call("GET", _BUCKET, GO_CLIENT),
    update=Call("PATCH", _BUCKET, GO_CLIENT),
    delete=Call("DELETE", _BUCKET, GO_CLIENT),
    labels=True,
    encode=_nested,
    decode=_flat,
    refused_by_id=True,
    schema_version="4",
    timeouts_min={"create": 10, "read": 4, "update": 4},
)


class _BucketLifecycle(Lifecycle):
    """A bucket is read once more before its state is; it is emptied first if `forceDestroy` says so."""

    @override
    def carried(self, old: Properties, inputs: Properties) -> Properties:
        return {_OLD_LABELS: old.get("effectiveLabels") or {}, _WRITTEN_LOCATION: inputs.get("location")}

    @override
    def identity(self, context: Context, resource_id: str) -> Properties | None:
        found = super().identity(context, resource_id)
        return None if found is None else {**found, "forceDestroy": False}

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        period = (plan.get("retentionPolicy") or {}).get("retentionPeriod", "0")
        if not re.fullmatch(r"[+-]?\d+", period):
            raise ResourceError(f'strconv.ParseInt: parsing "{period}": invalid syntax')
        query = {"enableObjectRetention": "true"} if plan.get("enableObjectRetention") else {}
        try:
            # The plan has the location in capitals.
            body = self._body({**plan, "location": plan[_WRITTEN_LOCATION]})
            made = await self._call(context, BUCKET.create, plan, body, query)
        except GoogleError as error:
            raise ResourceError(str(error)) from error
        await self._read_back(context, plan)
        await self._lock(context, plan, made)
        return await self._read_back(context, plan)

    @override
    async def update(self, context: Context, resource_id: str, plan: Properties, changed: set[str]) -> State:
        plan = dict(plan)
        old_labels = plan.pop(_OLD_LABELS, {})
        if changed == {"deletionPolicy"} or BUCKET.update is None:
            return await self._read_back(context, plan)
        whole = self._body(plan)
        names = changed | ({"iamConfiguration"} if changed & _OF_ACCESS else set())
        names |= {"lifecycle"} if "lifecycleRules" in changed else set()
        body = {name: whole[name] for name in whole if name in names}
        body |= {name: None for name in _NULLED if name in changed and not plan.get(name)}
        if "autoclass" in changed and not plan.get("autoclass"):
            body["autoclass"] = {"enabled": False}
        if "requesterPays" in changed:
            body["billing"] = {"requesterPays": bool(plan.get("requesterPays"))}
        if "defaultEventBasedHold" in changed:
            body["defaultEventBasedHold"] = bool(plan.get("defaultEventBasedHold"))
        if "effectiveLabels" in changed:
            labels = plan.get("effectiveLabels") or {}
            body["labels"] = {**dict.fromkeys(old_labels), **labels}
        try:
            patched = await self._call(context, BUCKET.update, plan, body)
        except GoogleError as error:
            raise ResourceError(str(error)) from error
        if "retentionPolicy" in changed:
            await self._lock(context, plan, patched)
        # Looked at until the change is there, and not read.
        await self._read_back(context, plan)
        return State(resource_id, plan)

    @override
    async def remove(self, context: Context, state: Properties) -> None:
        try:
            await self._call(context, _CACHES, state)
            await self._empty(context, state)
            await self._call(context, Call("DELETE", _BUCKET, GO_CLIENT), state)
        except GoogleError as error:
            if error.code != 404:
                raise ResourceError(str(error)) from error

    async def _empty(self, context: Context, state: Properties) -> None:
        token: str | None = ""
        while token is not None:
            page = await self._call(context, _OBJECTS, state, query={"pageToken": token} if token else {})
            token = page.get("nextPageToken")
            found = page.get("items", [])
            if found and not state.get("forceDestroy"):
                raise ResourceError(
                    f"Error trying to delete bucket {state['name']} without `force_destroy` set to true"
                )
            for item in found:
                path = f"b/{{name}}/o/{quote(item['name'], safe='')}"
                generation = {**GO_CLIENT, "generation": item["generation"]}
                await self._call(context, Call("DELETE", path, generation), state)

    async def _lock(self, context: Context, plan: Properties, bucket: Json) -> None:
        """Lock the retention policy, if the program says so and it is not locked yet."""
        wanted = (plan.get("retentionPolicy") or {}).get("isLocked")
        if wanted and not bucket.get("retentionPolicy", {}).get("isLocked"):
            query = {"ifMetagenerationMatch": bucket["metageneration"]}
            try:
                await self._call(context, _LOCK, plan, query=query)
            except GoogleError as error:
                raise ResourceError(str(error)) from error

    def _body(self, plan: Properties) -> Json:
        return to_wire(BUCKET, plan, updating=False)


LIFECYCLE = _BucketLifecycle(BUCKET)
