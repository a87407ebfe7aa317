"""Changes of folders: names, moves and deletion, with Google's rules for them."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sandbox.cloud.cloudresourcemanager import models
from sandbox.cloud.cloudresourcemanager.models import ACTIVE, DELETE_REQUESTED, Folder
from sandbox.cloud.core import iam, purges
from sandbox.cloud.core.errors import CloudError, failed_precondition, permission_denied
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

FOLDERS: Final = "folders"
"""What `core.purges` calls deleted folders, by id."""
_DEEPEST: Final = 10
"""Folders above one another."""


def require(store: Store, folder_id: str) -> Folder:
    """A folder, in whatever state.

    Raises:
        CloudError: 403 PERMISSION_DENIED; Google does not reveal if it exists.
    """
    folder = models.find_folder(store, folder_id)
    if folder is None:
        raise permission_denied()
    return folder


def rename(store: Store, now: datetime, folder: Folder, display_name: str) -> Folder:
    """Rename a folder.

    Raises:
        CloudError: 400 for a bad name, one that a sibling has, or a folder in deletion.
    """
    _require_active(folder)
    if display_name != folder.display_name:
        models.check_folder_name(store, folder.parent, display_name)
    return _saved(store, now, replace(folder, display_name=display_name))


def move(store: Store, now: datetime, folder: Folder, destination: str) -> Folder:
    """Move a folder, with all that is in it.

    Raises:
        CloudError: 400 for its own parent, what is in it, too deep a place or a name that is taken there; 403 for a
            destination that is not there.
    """
    _require_active(folder)
    models.require_parent(store, destination)
    above = models.ancestors(store, destination)
    name = f"folders/{folder.id}"
    if name in above:
        raise _violation(f"folder [{name}] cannot be moved into itself or what is in it.")
    if destination == folder.parent:
        raise _violation(f"folder [{name}] is already in [{destination}].")
    if len(above) - 1 + _height(store, name) > _DEEPEST:
        raise _violation(f"the folder hierarchy would be deeper than {_DEEPEST} levels.")
    models.check_folder_name(store, destination, folder.display_name)
    return _saved(store, now, replace(folder, parent=destination))


def delete(store: Store, now: datetime, folder: Folder) -> Folder:
    """Put an empty folder into deletion: it comes back for 30 days.

    Raises:
        CloudError: 400 FAILED_PRECONDITION for one that has active folders or projects in it, or is in deletion.
    """
    _require_active(folder)
    name = f"folders/{folder.id}"
    inside = [each for each in models.all_folders(store) if each.parent == name and each.state == ACTIVE]
    if inside or any(each.state == ACTIVE for each in models.all_projects(store, name)):
        raise _violation(f"folder [{name}] is not empty.")
    purges.plan(store, FOLDERS, folder.id, now + purges.KEPT)
    return _saved(store, now, replace(folder, state=DELETE_REQUESTED))


def purge(store: Store, folder_id: str) -> None:
    """Delete a folder for good. What was in it was deleted before, and so is gone by now."""
    store.run("DELETE FROM folders WHERE id = ?", folder_id)
    iam.forget(store, f"folders/{folder_id}")


def undelete(store: Store, now: datetime, folder: Folder) -> Folder:
    """Bring a folder back from deletion.

    Raises:
        CloudError: 400 for one that is not in deletion, or whose name is another's by now.
    """
    if folder.state != DELETE_REQUESTED:
        raise failed_precondition("Cannot undelete a folder that is not in deletion.")
    models.require_parent(store, folder.parent)
    models.check_folder_name(store, folder.parent, folder.display_name)
    purges.cancel(store, FOLDERS, folder.id)
    return _saved(store, now, replace(folder, state=ACTIVE))


def _require_active(folder: Folder) -> None:
    if folder.state != ACTIVE:
        raise failed_precondition("Folder is not active.")


def _height(store: Store, name: str) -> int:
    """How many folders are above one another in a folder, with itself."""
    inside = [f"folders/{each.id}" for each in models.all_folders(store) if each.parent == name]
    return 1 + max((_height(store, each) for each in inside), default=0)


def _violation(why: str) -> CloudError:
    return failed_precondition(f"The folder operation violates hierarchy constraints: {why}")


def _saved(store: Store, now: datetime, folder: Folder) -> Folder:
    changed = replace(folder, updated=rfc3339(now))
    store.run(
        "UPDATE folders SET parent = ?, display_name = ?, state = ?, updated = ? WHERE id = ?",
        changed.parent,
        changed.display_name,
        changed.state,
        changed.updated,
        changed.id,
    )
    return changed
