"""The Quota Adjuster's settings of projects, folders and organizations, which are inherited where none are set.

They are kept and shown; nothing here adjusts a quota by itself.
"""

from hashlib import sha256
from typing import Final

from sandbox.cloud.cloudquotas.containers import container
from sandbox.cloud.cloudresourcemanager import models as nodes
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.core.store import Row, Store
from sandbox.cloud.core.times import rfc3339

handlers = Handlers()

SCHEMA: Final = """
CREATE TABLE quota_adjuster_settings (
    container TEXT PRIMARY KEY, enablement TEXT NOT NULL, updated TEXT NOT NULL
) WITHOUT ROWID;
"""
_SET: Final = ("ENABLED", "DISABLED")
_CHANGEABLE: Final = {"enablement", "inherited", "*"}
_DEFAULT: Final = "default"


@handlers("cloudquotas.GetQuotaAdjusterSettings")
def get_settings(call: Call) -> JsonObject:
    """The settings in force, and where they are from."""
    return _shown(call.store, container(call))


@handlers("cloudquotas.UpdateQuotaAdjusterSettings")
def update_settings(call: Call) -> JsonObject:
    """Set them, or inherit them again."""
    of, body = container(call), call.body
    before = _shown(call.store, of)
    if body.get("etag", before["etag"]) != before["etag"]:
        raise CloudError(
            "ABORTED", "The etag does not match the current etag of the quota adjuster settings."
        )
    mask = {part.strip() for part in call.query.get("updateMask", "").split(",") if part.strip()}
    if unknown := mask - _CHANGEABLE:
        raise invalid_argument(f"The field {min(unknown)} cannot be updated.", "update_mask")
    enablement = body.get("enablement", "ENABLEMENT_UNSPECIFIED")
    inherits = bool(body.get("inherited"))
    if inherits == (enablement in _SET):
        raise invalid_argument(
            f"Set enablement to one of {', '.join(_SET)}, or inherited to true.",
            "quota_adjuster_settings.enablement",
        )
    call.store.run("DELETE FROM quota_adjuster_settings WHERE container = ?", of)
    if not inherits:
        call.store.run(
            "INSERT INTO quota_adjuster_settings VALUES (?, ?, ?)", of, enablement, rfc3339(call.now)
        )
    return _shown(call.store, of)


def _shown(store: Store, of: str) -> JsonObject:
    shown: JsonObject = {"name": f"{of}/locations/global/quotaAdjusterSettings"}
    for name in nodes.ancestors(store, of):
        if row := _own(store, name):
            shown["enablement"] = row["enablement"]
            shown["updateTime"] = row["updated"]
            if name != of:
                shown |= {"inherited": True, "inheritedFrom": name}
            break
    else:
        shown |= {"enablement": "DISABLED", "inherited": True, "inheritedFrom": _DEFAULT}
    return {**shown, "etag": sha256(str(sorted(shown.items())).encode()).hexdigest()[:16]}


def _own(store: Store, name: str) -> Row | None:
    return store.row("SELECT * FROM quota_adjuster_settings WHERE container = ?", name)
