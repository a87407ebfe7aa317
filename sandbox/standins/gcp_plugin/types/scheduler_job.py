"""A job of Cloud Scheduler that calls an address or publishes a message."""

import base64
import binascii
import re
from collections.abc import Mapping

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
    deletion_policy,
    flag,
    integer,
    last_segment,
    mapping,
    project,
    region,
    text,
)
from sandbox.standins.gcp_plugin.transfer import to_wire

_JOBS = "projects/{project}/locations/{region}/jobs"
_JOB = f"{_JOBS}/{{name}}"
_DEADLINE = "180s"
_TARGETS = ("appEngineHttpTarget", "httpTarget", "pubsubTarget")
_RETRIES = ("maxBackoffDuration", "maxDoublings", "maxRetryDuration", "minBackoffDuration", "retryCount")
_OWN_HEADER = re.compile(r"(X-Google-|X-AppEngine-).*")
_HIDDEN_HEADER = re.compile(r"(X-Google-|X-AppEngine-|Content-Length).*")
_AGENT = "Google-Cloud-Scheduler"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def _base64_problem(value: Value) -> str | None:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return (
            'could not decode "{name}" as a valid base64 value. Please use the terraform base64 functions such as '
            "base64encode() or filebase64() to supply a valid base64 string"
        )
    return None


def _headers_problem(value: Value) -> str | None:
    if "Content-Length" in value:
        return "Cannot set the Content-Length header on {name}"
    bad = next((name for name in value if _OWN_HEADER.search(name)), None)
    return f"Cannot set the {bad} header on {{name}}" if bad else None


def _same_uri(old: Value, new: Value) -> bool:
    return isinstance(old, str) and isinstance(new, str) and old.removesuffix("/") == new.removesuffix("/")


def _same_deadline(old: Value, new: Value) -> bool:
    """Google leaves the default out."""
    return {old or "", new or ""} == {"", _DEADLINE}


def _named(body: Json, plan: Mapping[str, Value]) -> Json:
    """A creation says the name; the path of an update does."""
    name = f"projects/{plan['project']}/locations/{plan['region']}/jobs/{plan['name']}"
    return {**body, "name": name}


def _decoded(answer: Json, _: Mapping[str, Value]) -> Json:
    """Whether it is paused is in its state; headers that Google adds are not shown."""
    shown = {**answer, "paused": answer.get("state") == "PAUSED"}
    target = answer.get("httpTarget")
    if target and "headers" in target:
        tokens = "oidcToken" in target or "oauthToken" in target
        headers = {
            name: value
            for name, value in target["headers"].items()
            if not _HIDDEN_HEADER.search(name)
            and (name, value) not in (("User-Agent", _AGENT), ("Content-Type", "application/octet-stream"))
            and not (tokens and name == "Authorization")
        }
        shown["httpTarget"] = {**target, "headers": headers}
    return shown


def _settled(state: Mapping[str, Value] | None, plan: Properties) -> Properties:
    """Google fills in a token's audience and scope; what it chose by itself is no difference."""
    target = plan.get("httpTarget")
    before = (state or {}).get("httpTarget")
    if not isinstance(target, dict) or not isinstance(before, dict):
        return plan
    kept = dict(target)
    for token, name, chosen in (
        ("oidcToken", "audience", target.get("uri")),
        ("oauthToken", "scope", _SCOPE),
    ):
        new, old = target.get(token), before.get(token)
        if isinstance(new, dict) and isinstance(old, dict) and not new.get(name) and old.get(name) == chosen:
            kept[token] = {**new, name: chosen}
    return {**plan, "httpTarget": kept}


def _conflict(plan: Mapping[str, Value]) -> str | None:
    if not plan.get("region"):
        return "Failed to retrieve region, pid: , err: region: required field is not set"
    target = plan.get("httpTarget") or {}
    if target.get("oidcToken") and target.get("oauthToken"):
        return "Error in http_target: only one of oauth_token or oidc_token can be specified, but not both."
    return None


JOB = Resource(
    urn_type="gcp:cloudscheduler/job:Job",
    service="cloudscheduler",
    title="Job",
    long_title="CloudSchedulerJob",
    fields={
        "name": text(required=True, replaces=True, sent=False, from_wire=last_segment),
        "description": text(),
        "schedule": text(),
        "timeZone": text(default="Etc/UTC"),
        "paused": flag(computed=True, sent=False),
        "attemptDeadline": text(default=_DEADLINE, same=_same_deadline),
        "retryConfig": block(
            {
                "maxBackoffDuration": text(computed=True),
                "maxDoublings": integer(computed=True),
                "maxRetryDuration": text(computed=True),
                "minBackoffDuration": text(computed=True),
                "retryCount": integer(computed=True),
            },
            at_least_one=_RETRIES,
        ),
        "pubsubTarget": block(
            {
                "attributes": mapping(),
                "data": text(check=_base64_problem),
                "topicName": text(required=True),
            }
        ),
        "appEngineHttpTarget": block(
            {
                "appEngineRouting": block(
                    {"instance": text(), "service": text(), "version": text()},
                    at_least_one=("instance", "service", "version"),
                ),
                "body": text(check=_base64_problem),
                "headers": mapping(check=_headers_problem),
                "httpMethod": text(),
                "relativeUri": text(required=True),
            }
        ),
        "httpTarget": block(
            {
                "body": text(check=_base64_problem),
                "headers": mapping(check=_headers_problem),
                "httpMethod": text(),
                "oauthToken": block({"scope": text(), "serviceAccountEmail": text(required=True)}),
                "oidcToken": block({"audience": text(), "serviceAccountEmail": text(required=True)}),
                "uri": text(required=True, same=_same_uri),
            }
        ),
        "state": text(output=True, sent=False),
        "region": region(),
        "project": project(),
        "deletionPolicy": deletion_policy(),
    },
    id=_JOB,
    import_ids=(
        "projects/(?P<project>[^/]+)/locations/(?P<region>[^/]+)/jobs/(?P<name>[^/]+)",
        "(?P<project>[^/]+)/(?P<region>[^/]+)/(?P<name>[^/]+)",
        "(?P<region>[^/]+)/(?P<name>[^/]+)",
        "(?P<name>[^/]+)",
    ),
    autonames=(Autoname(property="name"),),
    create=Call("POST", _JOBS),
    read=Call("GET", _JOB),
    update=Call("PATCH", _JOB),
    delete=Call("DELETE", _JOB),
    exactly_one=_TARGETS,
    encode_creation=_named,
    decode=_decoded,
    settled=_settled,
    conflict=_conflict,
)


class _JobLifecycle(Lifecycle):
    """A call of its own pauses a job or lets it run, also after its creation."""

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        try:
            await self._call(context, JOB.create, plan, to_wire(JOB, plan, updating=False))
        except GoogleError as error:
            raise ResourceError(f"Error creating Job: {error}") from error
        await self._pause(context, plan)
        return await self._read_back(context, plan)

    @override
    async def update(self, context: Context, resource_id: str, plan: Properties, changed: set[str]) -> State:
        if changed != {"deletionPolicy"} and JOB.update:
            try:
                await self._call(context, JOB.update, plan, to_wire(JOB, plan, updating=True))
            except GoogleError as error:
                raise ResourceError(f'Error updating Job "{resource_id}": {error}') from error
            if "paused" in changed:
                await self._pause(context, plan)
        return await self._read_back(context, plan)

    async def _pause(self, context: Context, plan: Properties) -> None:
        verb = "pause" if plan.get("paused") else "resume"
        try:
            await self._call(context, Call("POST", f"{_JOB}:{verb}"), plan, {})
        except GoogleError as error:
            raise ResourceError(f"Error setting Cloud Scheduler Job status: {error}") from error


LIFECYCLE = _JobLifecycle(JOB)
