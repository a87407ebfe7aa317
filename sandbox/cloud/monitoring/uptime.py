"""Uptime checks, as records: nothing here is asked whether it is up."""

import json
import re
from typing import Final

from sandbox.cloud.core import masks
from sandbox.cloud.core.errors import JsonObject, failed_precondition, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.core.times import seconds
from sandbox.cloud.monitoring import models
from sandbox.cloud.monitoring.fields import check_display_name, check_user_labels, invalid, missing
from sandbox.cloud.monitoring.listing import page, project_of

handlers = Handlers()

_CHECKS: Final = "monitoring.projects.uptimeCheckConfigs"
_FIELD: Final = "uptime_check_config"
_PERIODS: Final = ("60s", "300s", "600s", "900s")
_TARGETS: Final = ("monitoredResource", "resourceGroup", "syntheticMonitor")
_KINDS: Final = ("httpCheck", "tcpCheck", "syntheticMonitor")
_HIDDEN: Final = "******"


@handlers(f"{_CHECKS}.create")
def create(call: Call) -> JsonObject:
    """Create a check; its id begins with its display name."""
    project = project_of(call)
    words = re.sub(r"[^a-z0-9]+", "-", call.body.get("displayName", "").lower()).strip("-")[:40]
    identifier = f"{words or 'check'}-{models.new_id(call.store)[-11:]}"
    check = _complete({**call.body, "name": f"projects/{project.project_id}/{models.CHECKS}/{identifier}"})
    models.save(call.store, project.number, models.CHECKS, identifier, check)
    return _shown(check)


@handlers(f"{_CHECKS}.get")
def get(call: Call) -> JsonObject:
    """A check."""
    return _shown(models.find(call.store, project_of(call).number, models.CHECKS, call.ids[1]))


@handlers(f"{_CHECKS}.list")
def list_(call: Call) -> JsonObject:
    """The checks of a project."""
    if call.query.get("filter"):
        raise invalid_argument("The local cloud lists uptime checks without filter.", "filter")
    found = [_shown(each) for each in models.listed(call.store, project_of(call).number, models.CHECKS)]
    return page(call, models.CHECKS, found) | ({"totalSize": len(found)} if found else {})


@handlers(f"{_CHECKS}.patch")
def patch(call: Call) -> JsonObject:
    """Change a check; what it looks at stays."""
    project = project_of(call)
    current = models.find(call.store, project.number, models.CHECKS, call.ids[1])
    mask = call.query.get("updateMask", "")
    if mask:
        changed = masks.apply(masks.parse(mask, call.message), current, call.body)
    else:
        changed = {**call.body, "name": current["name"]}
    changed = _complete({**changed, "name": current["name"]})
    if any(changed.get(target) != current.get(target) for target in _TARGETS):
        raise invalid_argument("What an uptime check looks at cannot be changed.", "update_mask")
    models.save(call.store, project.number, models.CHECKS, call.ids[1], changed)
    return _shown(changed)


@handlers(f"{_CHECKS}.delete")
def delete(call: Call) -> JsonObject:
    """Delete a check that no alert policy looks at."""
    project = project_of(call)
    for policy in models.listed(call.store, project.number, models.POLICIES):
        if f'"{call.ids[1]}' in json.dumps(policy["conditions"]).replace("\\", ""):
            raise failed_precondition(f"The uptime check is used by the alerting policy {policy['name']}.")
    models.delete(call.store, project.number, models.CHECKS, call.ids[1])
    return {}


def _shown(check: JsonObject) -> JsonObject:
    """A check without its password, and without the headers that are to be hidden."""
    http = check.get("httpCheck")
    if http is None:
        return check
    shown = dict(http)
    if "password" in http.get("authInfo", {}):
        shown["authInfo"] = {**http["authInfo"], "password": _HIDDEN}
    if http.get("maskHeaders") and http.get("headers"):
        shown["headers"] = dict.fromkeys(http["headers"], _HIDDEN)
    return {**check, "httpCheck": shown}


def _complete(check: JsonObject) -> JsonObject:
    """A check with Google's defaults.

    Raises:
        CloudError: 400 for a bad value.
    """
    if not check.get("displayName"):
        raise missing(f"{_FIELD}.display_name")
    check_display_name(check, f"{_FIELD}.display_name")
    check_user_labels(check, f"{_FIELD}.user_labels")
    if sum(target in check for target in _TARGETS) != 1:
        raise invalid_argument(f"Field {_FIELD} must have exactly one of a monitored resource and a group.")
    if sum(kind in check for kind in _KINDS) != 1:
        raise invalid_argument(f"Field {_FIELD} must have exactly one of http_check and tcp_check.")
    complete = {"period": "60s", "timeout": "10s", "checkerType": "STATIC_IP_CHECKERS", **check}
    if complete["period"] not in _PERIODS:
        raise invalid(f"{_FIELD}.period", complete["period"], f"must be one of {', '.join(_PERIODS)}.")
    if not 1 <= seconds(complete["timeout"]) <= 60:
        raise invalid(f"{_FIELD}.timeout", complete["timeout"], "must be from 1 to 60 seconds.")
    if "httpCheck" in check:
        http = {"requestMethod": "GET", "path": "/", **check["httpCheck"]}
        complete["httpCheck"] = {"port": 443 if http.get("useSsl") else 80, **http}
    elif "tcpCheck" in check and not 0 < check["tcpCheck"].get("port", 0) < 65536:
        raise missing(f"{_FIELD}.tcp_check.port")
    return complete
