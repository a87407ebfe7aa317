"""Cloud KMS: key rings, which nobody can delete, and keys, whose versions are destroyed in place of them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from typing_extensions import override

from sandbox.standins.gcp_plugin.errors import ResourceError
from sandbox.standins.gcp_plugin.google import GoogleError
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
    label_fields,
    last_segment,
    project,
    text,
    texts,
)
from sandbox.standins.gcp_plugin.types.project import GO_CLIENT

_RING = "projects/{project}/locations/{location}/keyRings/{name}"
_KEY = "{keyRing}/cryptoKeys/{name}"
_PERIOD = re.compile(r"([0-9.]*\d)s")
_SHORTEST_S = 86_400
_ALIVE = ("ENABLED", "DISABLED", "PENDING_GENERATION", "PENDING_IMPORT")


def _period_problem(value: Value) -> str | None:
    found = _PERIOD.fullmatch(value)
    if not value:
        return None
    if not found:
        return f"Invalid rotation period format: {value}"
    if float(found[1]) < _SHORTEST_S:
        return "Rotation period must be greater than one day"
    if len(found[1].partition(".")[2]) > 9:
        return "Rotation period cannot have more than 9 fractional digits"
    return None


KEY_RING = Resource(
    urn_type="gcp:kms/keyRing:KeyRing",
    service="kms",
    title="KeyRing",
    long_title="KMSKeyRing",
    fields={
        "location": text(required=True, replaces=True, sent=False, read=False),
        "name": text(computed=True, replaces=True, sent=False, from_wire=last_segment),
        "project": project(),
    },
    id=_RING,
    import_ids=(
        "projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/keyRings/(?P<name>[^/]+)",
        "(?P<project>[^/]+)/(?P<location>[^/]+)/(?P<name>[^/]+)",
        "(?P<location>[^/]+)/(?P<name>[^/]+)",
    ),
    autonames=(Autoname(property="name"),),
    create=Call("POST", "projects/{project}/locations/{location}/keyRings", {"keyRingId": "{name}"}),
    read=Call("GET", _RING),
    timeouts_min={"create": 20, "delete": 20},
)


_CHANGED = "__changed"
"""The properties that an update changes, in its plan."""


def _with_next_rotation(body: Value, plan: Mapping[str, Value]) -> Value:
    """The time of the next rotation is the plugin's to choose: a period from now."""
    changed = plan.get(_CHANGED)
    if changed is not None:
        body = {name: value for name, value in body.items() if not CRYPTO_KEY.fields[name].replaces}
    if not plan.get("rotationPeriod") or (changed is not None and "rotationPeriod" not in changed):
        return body
    period = timedelta(seconds=float(plan["rotationPeriod"].removesuffix("s")))
    moment = datetime.now(UTC) + period
    return {**body, "nextRotationTime": moment.isoformat(timespec="microseconds").replace("+00:00", "Z")}


def _first(answer: Value, kept: Mapping[str, Value]) -> Value:
    """The official plugin shows a key's primary version as a list, and its name as the program wrote it."""
    primary = answer.get("primary")
    return {**answer, "name": kept["name"], "primaries": [primary] if primary else []}


CRYPTO_KEY = Resource(
    urn_type="gcp:kms/cryptoKey:CryptoKey",
    service="kms",
    title="CryptoKey",
    long_title="KMSCryptoKey",
    fields={
        "keyRing": text(required=True, replaces=True, sent=False, read=False),
        "name": text(computed=True, replaces=True, sent=False),
        "cryptoKeyBackend": text(computed=True, replaces=True),
        "destroyScheduledDuration": text(computed=True, replaces=True),
        "importOnly": flag(computed=True, replaces=True),
        "purpose": text(default="ENCRYPT_DECRYPT", replaces=True),
        "rotationPeriod": text(check=_period_problem, masks=("rotationPeriod", "nextRotationTime")),
        "skipInitialVersionCreation": flag(sent=False, read=False),
        "versionTemplate": block(
            {
                "algorithm": text(required=True),
                "protectionLevel": text(default="SOFTWARE", replaces=True),
            },
            computed=True,
            masks=("versionTemplate.algorithm",),
        ),
        "keyAccessJustificationsPolicy": block({"allowedAccessReasons": texts()}, computed=True),
        **label_fields(),
        "primaries": blocks({"name": text(output=True), "state": text(output=True)}, output=True, sent=False),
        "deletionPolicy": deletion_policy(),
    },
    id=_KEY,
    import_ids=(
        "(?P<keyRing>projects/[^/]+/locations/[^/]+/keyRings/[^/]+)/cryptoKeys/(?P<name>[^/]+)",
        "(?P<keyRing>[^/]+/[^/]+/[^/]+)/(?P<name>[^/]+)",
    ),
    autonames=(Autoname(property="name"),),
    create=Call(
        "POST",
        "{keyRing}/cryptoKeys",
        {"cryptoKeyId": "{name}", "skipInitialVersionCreation": "{skipInitialVersionCreation}"},
    ),
    read=Call("GET", _KEY),
    update=Call("PATCH", _KEY),
    masked=True,
    labels=True,
    encode=_with_next_rotation,
    decode=_first,
    schema_version="1",
)


class _RingLifecycle(Lifecycle):
    """A ring is created without a body."""

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        try:
            await self._call(context, KEY_RING.create, plan)
        except GoogleError as error:
            raise ResourceError(f"Error creating KeyRing: {error}") from error
        return await self._read_back(context, plan)


class _KeyLifecycle(Lifecycle):
    """A key stays for good: to delete it is to destroy its versions and to end its rotation."""

    @override
    async def update(self, context: Context, resource_id: str, plan: Properties, changed: set[str]) -> State:
        return await super().update(context, resource_id, {**plan, _CHANGED: changed}, changed)

    @override
    def identity(self, context: Context, resource_id: str) -> Properties | None:
        found = super().identity(context, resource_id)
        if found and not found["keyRing"].startswith("projects/"):
            project, location, ring = found["keyRing"].split("/")
            found["keyRing"] = f"projects/{project}/locations/{location}/keyRings/{ring}"
        return found

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        empty = bool(plan.get("skipInitialVersionCreation"))
        return await super().create(context, {**plan, "skipInitialVersionCreation": empty})

    @override
    async def remove(self, context: Context, state: Properties) -> None:
        versions = Call("GET", f"{_KEY}/cryptoKeyVersions", GO_CLIENT)
        stop = Call("PATCH", _KEY, {**GO_CLIENT, "updateMask": "rotationPeriod,nextRotationTime"})
        try:
            listed = await self._call(context, versions, state)
            for version in listed.get("cryptoKeyVersions", []):
                if version["state"] in _ALIVE:
                    destroy = Call("POST", f"{version['name']}:destroy", GO_CLIENT)
                    await self._call(context, destroy, state, {})
            if state.get("rotationPeriod"):
                await self._call(context, stop, state, {})
        except GoogleError as error:
            raise ResourceError(str(error)) from error


LIFECYCLES = (_RingLifecycle(KEY_RING), _KeyLifecycle(CRYPTO_KEY))
