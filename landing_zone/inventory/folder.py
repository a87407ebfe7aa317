"""The projects below a folder or an organization."""

from typing import Final

from landing_zone.audit.unread import Unread
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google, Json

_RESOURCES: Final = "cloudresourcemanager.v3"
_ACTIVE: Final = "ACTIVE"
_LIST_PROJECTS: Final = "resourcemanager.projects.list (roles/browser)"
_LIST_FOLDERS: Final = "resourcemanager.folders.list (roles/browser)"


def in_folder(google: Google, parent: str, left_out: list[str] | None = None) -> list[str]:
    """The ids of the active projects below a folder or an organization, and below its folders, by id.

    `left_out`: gets a line for each project and folder that is not looked into, with the reason.

    Raises:
        GoogleError: the parent itself cannot be listed.
        NoAnswerError: Resource Manager does not answer.
    """
    found: list[str] = []
    lines = Unread()
    waiting, seen = [parent], {parent}
    while waiting:
        node = waiting.pop()
        for project in _below(google, node, "projects", _LIST_PROJECTS, None if node == parent else lines):
            if project.get("state") == _ACTIVE:
                found.append(project["projectId"])
            else:
                lines.append(f"project {project['projectId']}: it is being deleted")
        for folder in _below(google, node, "folders", _LIST_FOLDERS, lines):
            if folder.get("state") != _ACTIVE:
                lines.append(f"folder {folder['name']}: it is being deleted")
            elif folder["name"] not in seen:
                seen.add(folder["name"])
                waiting.append(folder["name"])
    if left_out is not None:
        left_out += sorted(lines)
    return sorted(dict.fromkeys(found))


def _below(google: Google, node: str, kind: str, right: str, lines: Unread | None) -> list[Json]:
    """What is directly below a node, also what is being deleted; a refusal is a line, or without `lines` raised."""
    query = {"parent": node, "showDeleted": "true"}
    try:
        return list(google.list_all(_RESOURCES, kind, kind, query=query))
    except GoogleError as error:
        if error.code == 0:  # no answer
            raise
        if lines is None:
            error.message = f"{node} cannot be listed: {error.message}"
            raise
        lines.note(f"{kind} below {node}: not readable", right, error)
        return []
