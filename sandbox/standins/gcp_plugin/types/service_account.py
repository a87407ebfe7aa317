"""A service account."""

import re
from collections.abc import Mapping

from typing_extensions import override

from sandbox.account_domain import account_domain
from sandbox.standins.gcp_plugin.errors import ResourceError
from sandbox.standins.gcp_plugin.google import GoogleError, Json
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import (
    Autoname,
    Call,
    Resource,
    Value,
    deletion_policy,
    flag,
    is_unknown,
    project,
    text,
)
from sandbox.standins.gcp_plugin.types.project import GO_CLIENT

_ACCOUNT = "projects/{project}/serviceAccounts/{accountId}@{domain}"
_ID = re.compile(r"^[a-z]([-a-z0-9]*[a-z0-9])?$")
_ID_LENGTH = (6, 30)
_PATCH = Call("PATCH", _ACCOUNT, GO_CLIENT)
_ENABLE = Call("POST", f"{_ACCOUNT}:enable", GO_CLIENT)
_DISABLE = Call("POST", f"{_ACCOUNT}:disable", GO_CLIENT)
_LONGEST_DESCRIPTION = 256
_READS = 3
_MASKS = {"description": "description", "displayName": "display_name"}


def _id_problem(value: Value) -> tuple[str, ...]:
    shortest, longest = _ID_LENGTH
    length = f'"{{name}}" ("{value}") must be between {shortest} and {longest} characters long'
    form = f'"{{name}}" ("{value}") must match regex "{_ID.pattern}"'
    return (
        *(() if shortest <= len(value) <= longest else (length,)),
        *(() if _ID.fullmatch(value) else (form,)),
    )


def _description_problem(value: Value) -> str | None:
    if len(value) <= _LONGEST_DESCRIPTION:
        return None
    return f"expected length of {{name}} to be in the range (0 - {_LONGEST_DESCRIPTION}), got {value}"


def _described(answer: Value, _: Mapping[str, Value]) -> Value:
    """The values that the official plugin derives from the address."""
    email = answer["email"]
    return {**answer, "accountId": email.partition("@")[0], "member": f"serviceAccount:{email}"}


def _settled(state: Mapping[str, Value] | None, plan: Properties) -> Properties:
    """The address follows from the id, so that a plan has it."""
    account, project_id = plan["accountId"], plan["project"]
    same = state is not None and state.get("accountId") == account
    if same or not account or is_unknown([account, project_id]) or not project_id:
        return plan
    email = f"{account}@{account_domain(str(project_id))}"
    return {**plan, "email": email, "member": f"serviceAccount:{email}"}


SERVICE_ACCOUNT = Resource(
    urn_type="gcp:serviceaccount/account:Account",
    service="iam",
    title="Service Account",
    long_title="Service Account",
    fields={
        "accountId": text(required=True, replaces=True, check=_id_problem),
        "createIgnoreAlreadyExists": flag(sent=False, read=False),
        "description": text(check=_description_problem),
        "disabled": flag(default=False),
        "displayName": text(),
        "email": text(output=True),
        "member": text(output=True),
        "name": text(output=True),
        "project": project(),
        "uniqueId": text(output=True),
        "deletionPolicy": deletion_policy(),
    },
    id=_ACCOUNT,
    import_ids=(
        "projects/(?P<project>[^/]+)/serviceAccounts/(?P<accountId>[^/@]+)@[^/]+",
        "(?P<project>[^/]+)/(?P<accountId>[^/@]+)@[^/]+",
        "(?P<accountId>[^/@]+)@[^/]+",
    ),
    autonames=(Autoname(property="accountId", max_length=30),),
    create=Call("POST", "projects/{project}/serviceAccounts", GO_CLIENT),
    read=Call("GET", _ACCOUNT, GO_CLIENT),
    delete=Call("DELETE", _ACCOUNT, GO_CLIENT),
    decode=_described,
    settled=_settled,
    timeouts_min={"create": 5},
    refused_by_id=True,
)


class _ServiceAccountLifecycle(Lifecycle):
    """Service accounts have calls of their own to be enabled and disabled, and a mask inside the body."""

    @override
    def id(self, properties: Mapping[str, Value]) -> str:
        return super().id(_with_domain(properties))

    @override
    async def _call(
        self,
        context: Context,
        call: Call,
        properties: Properties,
        body: Json | None = None,
        query: Json | None = None,
    ) -> Json:
        return await super()._call(context, call, _with_domain(properties), body, query)

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        body: Json = {"accountId": plan["accountId"], "serviceAccount": _texts(plan)}
        try:
            await self._call(context, SERVICE_ACCOUNT.create, plan, body)
        except GoogleError as error:
            if error.code != 409 or not plan.get("createIgnoreAlreadyExists"):
                raise ResourceError(f"Error creating service account: {error}") from error
        # Looked at before it is read: IAM does not know a new account everywhere at once.
        for _ in range(_READS - 1):
            await self._read_back(context, plan)
        return await self._read_back(context, plan)

    @override
    async def update(self, context: Context, resource_id: str, plan: Properties, changed: set[str]) -> State:
        if changed <= {"deletionPolicy"}:
            return await self._read_back(context, plan)
        mask = [name for field, name in _MASKS.items() if field in changed]
        try:
            account = await self._call(context, SERVICE_ACCOUNT.read, plan)
            if "disabled" in changed:
                await self._call(context, _DISABLE if plan["disabled"] else _ENABLE, plan, {})
            if mask:
                etag = {"etag": account["etag"]} if "etag" in account else {}
                body: Json = {"serviceAccount": {**_texts(plan), **etag}, "updateMask": ",".join(mask)}
                await self._call(context, _PATCH, plan, body)
                # IAM does not know a change everywhere at once.
                for _ in range(_READS):
                    await self._read_back(context, plan)
        except GoogleError as error:
            raise ResourceError(f'Error updating Service Account "{resource_id}": {error}') from error
        return State(resource_id, plan)


def _with_domain(properties: Mapping[str, Value]) -> Properties:
    """With what the paths need of the account's address."""
    return {**properties, "domain": account_domain(str(properties.get("project") or ""))}


def _texts(plan: Properties) -> Json:
    return {name: plan[name] for name in _MASKS if plan.get(name)}


LIFECYCLE = _ServiceAccountLifecycle(SERVICE_ACCOUNT)
