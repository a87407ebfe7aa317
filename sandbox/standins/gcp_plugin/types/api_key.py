"""An API key."""

from typing_extensions import override

from sandbox.standins.gcp_plugin.errors import ResourceError
from sandbox.standins.gcp_plugin.google import GoogleError, Json
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import (
    Autoname,
    Call,
    Resource,
    block,
    blocks,
    deletion_policy,
    project,
    same_name,
    text,
    texts,
)
from sandbox.standins.gcp_plugin.transfer import from_wire, to_wire

_KEYS = "projects/{project}/locations/global/keys"
_KINDS = {
    "BrowserKeyRestrictions": "browserKeyRestrictions",
    "ServerKeyRestrictions": "serverKeyRestrictions",
    "AndroidKeyRestrictions": "androidKeyRestrictions",
    "IosKeyRestrictions": "iosKeyRestrictions",
}

_KEY = f"{_KEYS}/{{name}}"
_UPDATE = Call("PATCH", _KEY)
_DELETE = Call("DELETE", _KEY)
_KEY_STRING = Call("GET", f"{_KEY}/keyString")

API_KEY = Resource(
    urn_type="gcp:projects/apiKey:ApiKey",
    service="apikeys",
    title="Key",
    long_title="ApikeysKey",
    fields={
        "name": text(required=True, replaces=True, sent=False, read=False),
        "displayName": text(),
        "project": project(same=same_name),
        "restrictions": block(
            {
                "androidKeyRestrictions": block(
                    {
                        "allowedApplications": blocks(
                            {"packageName": text(required=True), "sha1Fingerprint": text(required=True)},
                            required=True,
                        )
                    }
                ),
                "apiTargets": blocks(
                    {"service": text(required=True), "methods": texts(always_sent=True)}, always_sent=True
                ),
                "browserKeyRestrictions": block({"allowedReferrers": texts(required=True)}),
                "iosKeyRestrictions": block({"allowedBundleIds": texts(required=True)}),
                "serverKeyRestrictions": block({"allowedIps": texts(required=True)}),
            }
        ),
        "serviceAccountEmail": text(replaces=True, same=same_name),
        "keyString": text(output=True, secret=True, sent=False),
        "uid": text(output=True, sent=False),
        "deletionPolicy": deletion_policy(),
    },
    id=_KEY,
    import_ids=(
        "projects/(?P<project>[^/]+)/locations/global/keys/(?P<name>[^/]+)",
        "(?P<project>[^/]+)/(?P<name>[^/]+)",
        "(?P<name>[^/]+)",
    ),
    autonames=(Autoname(property="name", max_length=63),),
    create=Call("POST", _KEYS, {"keyId": "{name}"}),
    read=Call("GET", _KEY),
    update=_UPDATE,
    delete=_DELETE,
    operations=True,
    refused_by_id=True,
)


class _ApiKeyLifecycle(Lifecycle):
    """Every look at a key is two requests, and the official plugin looks before and after each change, twice."""

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        problem = _too_many_kinds(plan)
        if problem:
            raise ResourceError(f"Error creating Key: {problem}")
        try:
            found = await self._look(context, plan)
        except GoogleError as error:
            raise ResourceError(
                f"Error creating Key: failed to create a diff: failed to retrieve Key resource: {error}"
            ) from error
        if found:
            raise ResourceError(
                f"Error creating Key: Resource already exists - apply blocked by lifecycle params: {self.id(plan)}."
            )
        try:
            operation = await self._call(
                context, API_KEY.create, plan, to_wire(API_KEY, plan, updating=False)
            )
            await self._finished(context, plan, operation, "Creating Key")
            for _ in range(2):
                await self._look(context, plan)
        except GoogleError as error:
            raise ResourceError(f"Error creating Key: {error}") from error
        return await self._read_back(context, plan)

    @override
    async def read(self, context: Context, properties: Properties) -> State | None:
        try:
            key = await self._look(context, properties)
        except GoogleError as error:
            raise ResourceError(
                f'Error when reading or editing ApikeysKey "{self.id(properties)}": {error}'
            ) from error
        return self._state(context, key, properties) if key else None

    @override
    async def update(self, context: Context, resource_id: str, plan: Properties, changed: set[str]) -> State:
        if changed <= {"deletionPolicy"}:
            return await self._read_back(context, plan)
        problem = _too_many_kinds(plan)
        if problem:
            raise ResourceError(f"Error updating Key: {problem}")
        try:
            key = await self._look(context, plan)
            # The mask is from what Google has, and not from what the state says of it.
            found = from_wire(API_KEY, key or {}, plan)
            mask = [name for name in ("displayName", "restrictions") if found[name] != _shaped(plan)[name]]
            if mask:
                await self._look(context, plan)
                body = to_wire(API_KEY, plan, updating=True)
                operation = await self._call(context, _UPDATE, plan, body, {"updateMask": ",".join(mask)})
                await self._finished(context, plan, operation, "Updating Key")
            await self._look(context, plan)
        except GoogleError as error:
            raise ResourceError(f"Error updating Key: {error}") from error
        return await self._read_back(context, plan)

    @override
    async def remove(self, context: Context, state: Properties) -> None:
        try:
            if await self._look(context, state):
                operation = await self._call(context, _DELETE, state)
                await self._finished(context, state, operation, "Deleting Key")
        except GoogleError as error:
            raise ResourceError(f"Error deleting Key: {error}") from error

    async def _look(self, context: Context, properties: Properties) -> Json | None:
        """The key and its string; None if there is no such key."""
        try:
            key = await self._call(context, API_KEY.read, properties)
        except GoogleError as error:
            if error.code == 404:
                return None
            raise
        return {**key, **await self._call(context, _KEY_STRING, properties)}


def _shaped(plan: Properties) -> Properties:
    """The plan, with the same zero values that Google's answer has."""
    return from_wire(API_KEY, to_wire(API_KEY, plan, updating=True), plan)


def _too_many_kinds(plan: Properties) -> str | None:
    restrictions = plan.get("restrictions") or {}
    if sum(restrictions.get(name) is not None for name in _KINDS.values()) > 1:
        return f"more than one value set: [{' '.join(_KINDS)}]"
    return None


LIFECYCLE = _ApiKeyLifecycle(API_KEY)
