"""Listing of projects: below folders and organizations, and by id."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from urllib.parse import quote

from landing_zone.audit.unread import Unread
from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.rest import Google, Json

RESOURCES: Final = "cloudresourcemanager.v3"
_ACTIVE: Final = "ACTIVE"
_LIST_PROJECTS: Final = "resourcemanager.projects.list (roles/browser)"
_LIST_FOLDERS: Final = "resourcemanager.folders.list (roles/browser)"
_GET_FOLDER: Final = "resourcemanager.folders.get (roles/browser)"
_GET: Final = "resourcemanager.projects.get (roles/browser), and check the id: the project may not exist"


@dataclass(frozen=True)
class Live:
    """A project at Resource Manager."""

    id: str
    number: str
    labels: Mapping[str, str] = field(default_factory=dict)
    parent: str | None = None
    """`folders/…` or `organizations/…`."""


def ancestry(google: Google, projects: Iterable[Live], unread: Unread) -> Mapping[str, str | None]:
    """The parents of the folders that projects are in, of their parents, and so on: folder -> parent.

    A folder that the caller may not read is not in it.
    """
    found: dict[str, str | None] = {}
    wanted = {project.parent for project in projects}
    while folders := sorted(
        each for each in wanted if each and each.startswith("folders/") and each not in found
    ):
        wanted = set()
        for name in folders:
            folder = unread.attempt(
                f"the parent of {name}", _GET_FOLDER, partial(google.call, RESOURCES, "GET", name), None
            )
            if folder is None:
                return found
            found[name] = folder.get("parent")
            wanted.add(found[name])
    return found


def projects_of(
    google: Google, pool: Executor, parents: Sequence[str], ids: Iterable[str], unread: Unread
) -> list[Live]:
    """List the active projects below the parents and those with the ids, without repetition, by id.

    Raises:
        GoogleError: the projects or folders of a parent cannot be listed; names the parent.
        NoAnswerError: Resource Manager does not answer.
    """
    found = {project.number: project for project in (_named(google, name, unread) for name in ids) if project}
    seen: set[str] = set()
    level = list(dict.fromkeys(parents))
    while level:
        seen.update(level)
        below: dict[str, None] = {}
        for projects, folders, own in pool.map(
            lambda parent: _children(google, parent, parent in parents), level
        ):
            found |= {project.number: project for project in projects}
            below |= dict.fromkeys(folders)
            unread += own
        level = [folder for folder in below if folder not in seen]
    return sorted(found.values(), key=lambda project: project.id)


def _children(google: Google, parent: str, asked_for: bool) -> tuple[list[Live], list[str], Unread]:
    """List projects and folders directly below a parent. A refusal is an error only if the user named the parent."""
    own = Unread()
    query = {"parent": parent}
    try:
        listed = list(google.list_all(RESOURCES, "projects", "projects", query=query))
    except GoogleError as error:
        if asked_for:
            error.message = f"{parent} cannot be listed: {error.message}"
            raise
        own.note(f"projects of {parent}", _LIST_PROJECTS, error)
        listed = []
    folders = own.attempt(
        f"folders of {parent}",
        _LIST_FOLDERS,
        lambda: list(google.list_all(RESOURCES, "folders", "folders", query=query)),
        (),
    )
    return (
        [_live(each) for each in listed if each.get("state") == _ACTIVE],
        [each["name"] for each in folders if each.get("state") == _ACTIVE],
        own,
    )


def _named(google: Google, name: str, unread: Unread) -> Live | None:
    try:
        found = google.call(RESOURCES, "GET", f"projects/{quote(name, safe='')}", project=name)
    except NoAnswerError:
        raise
    except GoogleError as error:
        unread.note(f"project {name}", _GET, error)
        return None
    if found.get("state") != _ACTIVE:
        unread.append(f"project {name}: it is being deleted; remove it")
        return None
    return _live(found)


def _live(project: Json) -> Live:
    return Live(
        project["projectId"],
        project["name"].removeprefix("projects/"),
        project.get("labels", {}),
        project.get("parent"),
    )
