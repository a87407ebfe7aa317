"""gcp:projects/apiKey:ApiKey."""

from typing import Any

from sandbox.standins.gcp.resource import Context, ResourceType, Step
from sandbox.standins.gcp.shape import Block, Each, shaped
from sandbox.standins.gcp.values import without_empty

_RESTRICTIONS = Block(
    {
        "androidKeyRestrictions": Block(
            {"allowedApplications": Each(Block({"packageName": "", "sha1Fingerprint": ""}))}
        ),
        "apiTargets": Each(Block({"methods": [], "service": ""})),
        "browserKeyRestrictions": Block({"allowedReferrers": []}),
        "iosKeyRestrictions": Block({"allowedBundleIds": []}),
        "serverKeyRestrictions": Block({"allowedIps": []}),
    }
)


def _names(context: Context) -> dict[str, str]:
    parts = context.id.split("/")
    known = len(parts) == 6
    return {
        "project": parts[1] if known else context.inputs["project"],
        "key": parts[5] if known else context.inputs["name"],
    }


def _body(context: Context) -> dict[str, Any]:
    restrictions = without_empty(context.inputs.get("restrictions") or {})
    # Targets carry their methods even when there are none.
    for target in restrictions.get("apiTargets", []):
        target.setdefault("methods", [])
    body = without_empty({key: context.inputs.get(key) for key in ("displayName", "serviceAccountEmail")})
    return {**body, **({"restrictions": restrictions} if restrictions else {})}


def _outputs(context: Context) -> dict[str, Any]:
    key = context.answers["key"]
    return {
        "deletionPolicy": context.inputs.get("deletionPolicy", "DELETE"),
        "displayName": key.get("displayName", ""),
        "keyString": context.answers["string"].get("keyString", ""),
        "name": _names(context)["key"],
        "project": _names(context)["project"],
        "restrictions": shaped(_RESTRICTIONS, key.get("restrictions")),
        "serviceAccountEmail": key.get("serviceAccountEmail", ""),
        "uid": key.get("uid", ""),
    }


_KEY = "projects/{project}/locations/global/keys/{key}"
_GONE = frozenset({403, 404})
_READ = (
    Step("GET", "apikeys", _KEY, keep="key", absent=_GONE),
    Step(
        "GET",
        "apikeys",
        f"{_KEY}/keyString",
        keep="string",
        absent=_GONE,
        when=lambda context: bool(context.answers["key"]),
    ),
)

TYPE = ResourceType(
    pulumi_type="gcp:projects/apiKey:ApiKey",
    names=_names,
    id=lambda context: f"projects/{context.inputs['project']}/locations/global/keys/{context.inputs['name']}",
    outputs=_outputs,
    # The provider reads a key as often: before and after each change, and for itself.
    create=(
        Step("GET", "apikeys", _KEY, absent=_GONE),
        Step(
            "POST",
            "apikeys",
            "projects/{project}/locations/global/keys",
            query=lambda context: {"keyId": context.inputs["name"]},
            body=_body,
            waits=True,
        ),
        *_READ,
        *_READ,
    ),
    read=_READ,
    update=(
        *_READ,
        *_READ,
        Step(
            "PATCH",
            "apikeys",
            _KEY,
            query=lambda context: {
                "updateMask": ",".join(sorted(context.changed & {"displayName", "restrictions"}))
            },
            body=_body,
            waits=True,
        ),
        *_READ,
    ),
    delete=(*_READ, Step("DELETE", "apikeys", _KEY, waits=True, absent=_GONE)),
    computed=("keyString", "uid"),
    replaces=frozenset({"name", "project", "serviceAccountEmail"}),
    local=frozenset({"deletionPolicy"}),
    secrets=frozenset({"keyString"}),
    auto_named="name",
    import_inputs=lambda identifier: {"project": identifier.split("/")[1], "name": identifier.split("/")[5]},
)
