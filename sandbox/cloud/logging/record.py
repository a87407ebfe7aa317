"""Writes what the Admin Activity audit logs have of a call, in the transaction of the call itself.

One row a call, with what its caller has sent, but for fields that hold secrets; an entry is made of it when somebody
reads it, and then loses whatever else looks like one. What Google does by itself (a tier that changes, a link that
ends) is no call, and has no entry.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.cloudresourcemanager import tags
from sandbox.cloud.core.errors import CloudError, JsonObject
from sandbox.cloud.core.operations import CODES
from sandbox.cloud.core.permissions import Need, path_parts
from sandbox.cloud.core.secrets import without_secret_fields
from sandbox.cloud.core.service import Call, Caller, Media, Service
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import micros
from sandbox.cloud.iam import models as accounts
from sandbox.cloud.logging import entries, log_metrics
from sandbox.cloud.logging.methods import Audited, audited, name_of
from sandbox.cloud.logging.models import RETENTION

OPERATOR: Final = "operator@local-cloud.example"
"""Whom entries name for the token that is the local cloud's own."""
_NODES: Final = frozenset({"projects", "folders", "organizations", "billingAccounts"})
_LONGEST: Final = 8_192
"""Characters of a request or of an answer that are kept; of a longer one, the name alone."""
_LONGEST_MESSAGE: Final = 1_024
_PROJECT: Final = "the id of a project"
_encoded: Final = json.JSONEncoder(separators=(",", ":")).encode
_SECRETS: Final = (
    *("accesstoken", "authtoken", "apikey", "servicekey", "keystring"),
    *("password", "payload", "plaintext", "privatekey", '"url"'),
)
"""What the names of fields with secrets have in them, without underscores: most messages have none of it."""
_EVERY: Final = 512
"""How many entries are written between two looks for those that are too old."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A call that is to have an entry, before it is made: what it names may be gone afterwards."""

    method: Audited
    service: Service
    call: Call
    caller: Caller
    container: str
    """The project (by its id), folder, organization or billing account in whose log the entry is; empty for none."""
    resource: str


def begin(service: Service, call: Call, caller: Caller) -> Draft | None:
    """The draft of a call's entry; None for a call that has none, as a read."""
    method = audited(call.method)
    if method is None:
        return None
    return Draft(method, service, call, caller, _container(call), _resource(call))


def succeeded(store: Store, draft: Draft, answer: JsonObject | Media, needed: Collection[Need]) -> None:
    """Write the entry of a call that was answered; `needed` are the permissions without which it would not be."""
    response = {} if isinstance(answer, Media) else answer
    container, resource = draft.container, draft.resource
    if draft.method.name == "CreateProject":
        container = resource = f"projects/{draft.call.body.get('projectId', '')}"
    permissions = [(need.permission, need.resource, True) for need in sorted(needed)]
    _write(store, draft, container, resource, _Outcome(permissions, _kept(response)))


def refused(store: Store, draft: Draft, error: CloudError) -> None:
    """Write the entry of a call that was refused; what is wrong about the caller's token has none."""
    if error.status in ("UNAUTHENTICATED", "UNAVAILABLE", "INTERNAL"):
        return
    outcome = _Outcome(_asked(draft), "{}", CODES.index(error.status), error.message[:_LONGEST_MESSAGE])
    _write(store, draft, draft.container, draft.resource, outcome)


@dataclass(frozen=True, slots=True)
class _Outcome:
    permissions: list[tuple[str, str, bool]]
    """Each with its resource, and whether the caller has it."""
    response: str
    code: int = 0
    message: str = ""


def _write(store: Store, draft: Draft, container: str, resource: str, outcome: _Outcome) -> None:
    if not container:
        return
    call, caller = draft.call, draft.caller
    sequence = store.value(
        "INSERT INTO audit_entries (at, container, service, method, resource, caller, behind, address, agent, code, "
        "message, permissions, request, response) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq",
        micros(call.now),
        container,
        draft.service.name,
        name_of(draft.method, call.body),
        resource,
        call.member or f"user:{OPERATOR}",
        caller.behind,
        caller.address,
        caller.headers.get("user-agent", "")[:_LONGEST_MESSAGE],
        outcome.code,
        outcome.message,
        _encoded(outcome.permissions) if outcome.permissions else "[]",
        _kept(_request(draft)),
        outcome.response,
    )
    log_metrics.count(
        store,
        container,
        call.now,
        lambda: [
            entries.audit_entry(store, row)
            for row in store.rows("SELECT * FROM audit_entries WHERE seq = ?", sequence)
        ],
    )
    if sequence % _EVERY == 0:
        store.run(
            "DELETE FROM audit_entries WHERE at < ? AND seq IN (SELECT seq FROM audit_entries ORDER BY seq LIMIT ?)",
            micros(call.now - RETENTION),
            2 * _EVERY,
        )


def _asked(draft: Draft) -> list[tuple[str, str, bool]]:
    """The permissions that a refused call takes. The operator is asked for none."""
    call = draft.call
    if not call.member:
        return []
    try:
        alternatives = draft.service.permissions[call.method.id](call)
    except CloudError:
        return []
    needs = alternatives[0] if alternatives else ()
    return [(need.permission, need.resource, call.may(*need)) for need in needs]


def _kept(message: JsonObject) -> str:
    text = _encoded(message)
    if len(text) > _LONGEST:
        text = _encoded({"name": message["name"]} if isinstance(message.get("name"), str) else {})
    plain = text.lower().replace("_", "")
    return _encoded(without_secret_fields(message)) if any(each in plain for each in _SECRETS) else text


def _request(draft: Draft) -> JsonObject:
    """The message of the request, as gRPC has it: REST has parts of it in the path and in the query."""
    method, call = draft.method, draft.call
    named = {key: unquote(value) for key, value in call.path.items()}
    body: JsonObject = dict(call.body)
    if method.changes:
        body = {**named, **body}
        named = {}
    content = {method.root: body} if method.root else body
    kind = {"@type": method.request_type} if method.request_type else {}
    return {**kind, **named, **call.query, **content}


def _resource(call: Call) -> str:
    """The resource that a call names: itself, or what it is to be created in."""
    name = _named(call)
    if call.method.id.startswith("compute."):
        return f"{name}/{call.body.get('name', '')}" if call.method.id.endswith(".insert") else name
    if call.method.id.startswith("storage."):
        return f"projects/_/buckets/{name or call.body.get('name', '')}"
    if call.method.id == "cloudbilling.projects.updateBillingInfo":
        return name.removesuffix("/billingInfo")
    if call.method.id.startswith("iam.projects.serviceAccounts.") and "/serviceAccounts/" in name:
        email = name.rpartition("/")[2]
        account = accounts.latest(call.store, email)
        return f"projects/-/serviceAccounts/{account.unique_id if account else email}"
    if call.method.id == "apikeys.projects.locations.keys.create":
        return name.partition("/locations/")[0]
    return unquote(name) or str(call.body.get("parent", ""))


def _container(call: Call) -> str:
    """Whose log has the entry."""
    name = _named(call)
    kind = call.method.id.rpartition(".")[0]
    if kind == "storage.buckets":
        name = f"projects/{_bucket_project(call)}"
    elif kind == "cloudresourcemanager.tagBindings":
        bound = call.body.get("parent", "") or tags.split_binding(call.ids)[0]
        name = str(bound).removeprefix("//cloudresourcemanager.googleapis.com/")
    elif kind in ("cloudresourcemanager.tagKeys", "cloudresourcemanager.tagValues"):
        name = str(call.body.get("parent", "")) or tags.parent_of(call.store, name)
        if name.startswith("tagKeys/"):
            name = tags.parent_of(call.store, name)
    elif kind == "cloudresourcemanager.liens":
        number = name.removeprefix("liens/p").partition("-")[0]
        name = str(call.body.get("parent", "")) or f"projects/{number}"
    elif not name:  # of what is created above all projects, the parent is in the body
        name = _parent(call.body.get("parent")) or str(call.body.get("masterBillingAccount", ""))
    return _known(call.store, name)


def _named(call: Call) -> str:
    """What the path names: Resource Manager's v1 has the id alone as its value, Compute Engine each id."""
    name = next(iter(call.path.values()), "")
    if call.method.id.startswith("compute."):
        parts = path_parts(call)[1:]
        return "/".join(parts if "global" in parts else parts[:2])
    return (
        name
        if not name or "/" in name or call.method.id.startswith("storage.")
        else "/".join(path_parts(call)[:2])
    )


def _bucket_project(call: Call) -> str:
    bucket = next(iter(call.path.values()), "")
    if not bucket:
        return str(call.query.get("project", ""))
    row = call.store.row("SELECT body FROM buckets WHERE name = ?", bucket)
    return str(json.loads(row["body"]).get("projectNumber", "")) if row else ""


def _parent(parent: Any) -> str:
    """A parent's name: Resource Manager's v1 writes `{"type": "folder", "id": "1"}`."""
    if isinstance(parent, dict):
        return f"{parent.get('type', '')}s/{parent.get('id', '')}"
    return str(parent or "")


def _known(store: Store, name: str) -> str:
    """The first two parts of a name, a project by its id; empty for what has no log."""
    kind, _, rest = name.partition("/")
    identifier = rest.partition("/")[0]
    if kind == "projects":
        known = store.memo.get((_PROJECT, identifier))
        if known is None and (project := projects.find(store, identifier)):
            known = store.memo[_PROJECT, identifier] = f"projects/{project.project_id}"
        return str(known or "")
    return f"{kind}/{identifier}" if kind in _NODES and identifier else ""
