"""What is above a resource, for its IAM policies."""

from collections.abc import Iterator

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.store import Store


def lineage(store: Store, resource: str) -> Iterator[str]:
    """The names under which a resource and what is above it have their policies, from itself up.

    What is in a project may be named by the project's id or by its number.
    """
    name = resource
    while name:
        parts = name.split("/")
        project = projects.find(store, parts[1]) if parts[0] == "projects" and len(parts) > 1 else None
        if project is None:
            yield name
        elif len(parts) == 2:
            yield f"projects/{project.number}"
        else:
            rest = "/".join(parts[2:])
            yield from (f"projects/{either}/{rest}" for either in (project.project_id, project.number))
        if len(parts) > 2:
            name = "/".join(parts[:-2])
        else:
            above = store.parents.get(parts[0])
            name = above(store, name) if above is not None else ""
