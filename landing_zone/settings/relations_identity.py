"""Rules between a project's ID, its labels, and its adoption."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic_core import PydanticCustomError

from landing_zone.names import STACK_LABEL
from landing_zone.settings.fields import is_project_id, new_project_id
from landing_zone.settings.markers import Mark, marked
from landing_zone.settings.problems import Problem
from landing_zone.settings.types import PRIVATE_DATA_LABEL, USERS_LABEL, ProjectSettings
from landing_zone.settings.values import items

MAX_ID: Final = 30
SUFFIX_LENGTH: Final = 5
"""A hyphen and four characters."""
MAX_LABELS: Final = 64
ATTRIBUTION_LABEL: Final = "goog-pulumi-provisioned"
"""Label that the gcp plugin adds, unless `gcp:addPulumiAttributionLabel` is false."""
_Found = Iterator[Problem]


def identity_problems(own: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    """Mistakes in what identifies a project. `own` is what it says itself. Paths start at the project."""
    if merged.get("adopt") is True:
        yield from _adopted(own)
    else:
        yield from _created(merged)
    yield from _suffix(merged)


def _adopted(own: Mapping[str, Any]) -> _Found:
    if own.get("deletionPolicy") == "DELETE":
        yield Problem(
            ("deletionPolicy",),
            "a stack never deletes an adopted project",
            "write UNLINK to take billing away when it leaves the stack, or ABANDON to keep link and guardrails",
        )
    for key in marked(ProjectSettings, Mark.CREATED):
        if own.get(key) is not None:
            yield Problem(
                (key,),
                f"{key} is not managed for an adopted project",
                f"leave {key} out, or leave adopt out to create the project",
            )


def _created(merged: Mapping[str, Any]) -> _Found:
    project_id = merged.get("projectId")
    if isinstance(project_id, str) and is_project_id(project_id):
        try:
            new_project_id(project_id)
        except PydanticCustomError as error:
            found = error.context or {}
            yield Problem(
                ("projectId",),
                found["reason"],
                f"{found['remedy']}; if the project exists, write adopt: true",
            )
    labels = merged.get("labels")
    names = set(labels) if isinstance(labels, Mapping) else set()
    ours = {ATTRIBUTION_LABEL, STACK_LABEL}
    if merged.get("privateData") is not None:
        ours.add(PRIVATE_DATA_LABEL)
    if items(merged, "users"):
        ours.add(USERS_LABEL)
    if names and len(names | ours) > MAX_LABELS:
        added = ", ".join(sorted(ours - names))
        over = len(names | ours) - MAX_LABELS
        yield Problem(
            ("labels",),
            f"{len(names | ours)} labels: {len(names)} of the project, its defaults and the environment, and {added}; "
            f"Google allows {MAX_LABELS}",
            f"take out {over} at least; null takes an inherited one away, such as {min(map(str, names))}: null",
        )


def _suffix(merged: Mapping[str, Any]) -> _Found:
    suffix = merged.get("idSuffix")
    if not suffix:
        return
    if merged.get("adopt") is True:
        yield Problem(
            ("idSuffix",),
            "a project that exists has its id",
            "write the whole id, such as projectId: acme-chat-prod-x1y2, without idSuffix",
        )
    project_id = merged.get("projectId")
    if isinstance(project_id, str) and len(project_id) > MAX_ID - SUFFIX_LENGTH:
        yield Problem(
            ("projectId",),
            f"{project_id!r} with a suffix has {len(project_id) + SUFFIX_LENGTH} characters; Google allows {MAX_ID}",
            f"write at most {MAX_ID - SUFFIX_LENGTH} characters, or leave idSuffix out",
        )
