"""Ids of projects: free, the stack's own, somebody else's, or deleted and not yet purged."""

from collections.abc import Iterator
from typing import Any, Final

from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.names import STACK_LABEL
from landing_zone.preflight.findings import Finding, Level
from landing_zone.preflight.subject import Subject

_AT_ONCE: Final = 25
"""Ids in one call, whose address must not be too long."""


def check(subject: Subject) -> Iterator[Finding]:
    """Findings about the ids of a stack's projects. Raises GoogleError."""
    found = visible(subject)
    for name, project in subject.settings.projects.items():
        live = found.get(project.project_id)
        paid = (name,) if name in subject.paid else ()
        path = subject.at("projects", name, "projectId")
        if live is None:
            continue  # a new one is free as far as anybody can see; the check of permissions reports an adopted one
        if live.get("lifecycleState") != "ACTIVE":
            yield Finding(
                "id-of-deleted-project",
                Level.ERROR,
                f"project {project.project_id} is being deleted: its id stays taken, also after the 30 days until then",
                "undelete it and write adopt: true, or write another projectId",
                f"gcloud projects undelete {project.project_id}",
                path,
                paid,
            )
        elif not project.adopt and (owner := live.get("labels", {}).get(STACK_LABEL)) != subject.label_of(
            project
        ):
            # Read only here: what this version created has the label.
            in_state = subject.once("state", subject.in_state)
            if in_state is None or project.project_id not in in_state:
                yield Finding(
                    "id-taken",
                    Level.WARNING if in_state is None else Level.ERROR,
                    f"project {project.project_id} exists, and this stack did not create it"
                    + (f", but the stack with the label {owner}" if owner else "")
                    + (", unless its state, which cannot be read, has it" if in_state is None else ""),
                    "write another projectId: with adopt: true two stacks would govern it"
                    if owner
                    else "write adopt: true to take it over as it is, or another projectId",
                    "" if owner else f"gemini-lz adopt {project.project_id} --name {name}",
                    path,
                    paid,
                )


def visible(subject: Subject) -> dict[str, dict[str, Any]]:
    """The stack's projects that the caller can see, by id; also those in deletion. Raises GoogleError."""

    def read() -> dict[str, dict[str, Any]]:
        ids = [each.project_id for each in subject.settings.projects.values()]
        found: dict[str, dict[str, Any]] = {}
        for some in _chunks(ids):
            listed = subject.google.list_all(
                "cloudresourcemanager",
                "projects",
                "projects",
                query={"filter": " OR ".join(f"id:{each}" for each in some), "pageSize": "500"},
            )
            found |= {each["projectId"]: each for each in listed}
        return found

    return subject.once("visible", read)


def seen(subject: Subject) -> dict[str, dict[str, Any]]:
    """As `visible`; nothing if Google refuses, which the check of ids reports. Raises NoAnswerError."""
    try:
        return visible(subject)
    except NoAnswerError:
        raise
    except GoogleError:
        return {}


def _chunks(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
