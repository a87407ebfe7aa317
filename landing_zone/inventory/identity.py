"""What a created project is: its display name, its parent, its labels."""

from typing import Final

from landing_zone.google.rest import Json
from landing_zone.inventory.draft import Draft
from landing_zone.names import STACK_LABEL
from landing_zone.settings.relations_identity import ATTRIBUTION_LABEL
from landing_zone.settings.types import PRIVATE_DATA_LABEL, USERS_LABEL

_KINDS: Final = {"folder": "folders", "organization": "organizations"}


def describe_created(draft: Draft, project: Json) -> None:
    """Add name, parent and labels of a project that the stack created.

    `project`: of Cloud Resource Manager v1.
    """
    settings = draft.settings
    if project.get("name") != draft.id:
        settings["name"] = project.get("name", "")
    parent = project.get("parent") or {}
    if parent.get("type") in _KINDS:
        settings["parent"] = f"{_KINDS[parent['type']]}/{parent['id']}"
    labels = dict(project.get("labels") or {})
    for ours in (STACK_LABEL, ATTRIBUTION_LABEL):
        labels.pop(ours, None)
    if labels.get(PRIVATE_DATA_LABEL) in ("true", "false"):
        settings["privateData"] = labels.pop(PRIVATE_DATA_LABEL) == "true"
    if users := labels.get(USERS_LABEL):
        settings["users"] = users.upper().split("_")
        del labels[USERS_LABEL]
    if labels:
        settings["labels"] = labels
