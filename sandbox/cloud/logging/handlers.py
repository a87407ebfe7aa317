"""The entries of Cloud Logging v2: audit logs of administrative writes, and what callers write."""

import re
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import paging
from sandbox.cloud.core.errors import JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.logging import entries, filters, written
from sandbox.cloud.logging.names import container, resources
from sandbox.cloud.logging.permissions import LOGS
from sandbox.cloud.serviceusage import enablement
from sandbox.cloud.serviceusage import models as usage

handlers = Handlers()

_API: Final = "logging.googleapis.com"
_ORDERS: Final = re.compile(r"timestamp(?:\s+(asc|desc))?", re.IGNORECASE)


@handlers("logging.entries.list")
def list_entries(call: Call) -> JsonObject:
    """The entries of some resources that a query holds for."""
    containers = [container(call.store, name) for name in resources(call.body)]
    for each in containers:
        _require_api(call, each)
    query = filters.parse(call.body.get("filter", ""))
    order = _ORDERS.fullmatch((call.body.get("orderBy") or "timestamp asc").strip())
    if order is None:
        raise invalid_argument(
            'orderBy must be "timestamp asc" or "timestamp desc".',
            "order_by",
        )
    size = paging.requested({"pageSize": call.body.get("pageSize", 0)}, default=50, maximum=1000).size
    wanted = entries.Wanted(
        containers,
        query.since,
        query.until,
        query.holds,
        (order[1] or "asc").lower() == "desc",
        size,
        entries.after(call.body.get("pageToken", "")),
    )
    found, token = entries.page(call.store, wanted, call.now)
    return ({"entries": found} if found else {}) | ({"nextPageToken": token} if token else {})


@handlers(*LOGS)
def list_logs(call: Call) -> JsonObject:
    """The names of a resource's logs that have entries."""
    owner = container(call.store, next(iter(call.path.values())))
    _require_api(call, owner)
    audited = [entries.log_name(owner)] if entries.has_entries(call.store, owner, call.now) else []
    found = sorted({*audited, *written.logs(call.store, owner, call.now)})
    page, more = paging.requested(call.query, 50, 1000).cut(found, str)
    return ({"logNames": page} if page else {}) | more


def _require_api(call: Call, owner: str) -> None:
    """Refuse a call that counts against a project that has not enabled the API.

    Raises:
        CloudError: 403.
    """
    kind, _, project_id = owner.partition("/")
    if kind == "projects" and not call.http.headers.get("x-goog-user-project"):
        number = projects.require(call.store, project_id).number
        if not usage.is_enabled(call.store, number, _API):
            raise enablement.disabled(number, _API)
