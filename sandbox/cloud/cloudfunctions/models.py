"""Functions of the second generation: state and Google's rules for them.

A change is written here, as a function that is DEPLOYING or DELETING with an operation that is not done. The supervisor
(`processes.supervisor`), which runs the functions, sees it and carries it out.
"""

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sandbox.cloud.cloudfunctions import operations, settings
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import iam
from sandbox.cloud.core.errors import (
    CloudError,
    JsonObject,
    already_exists,
    invalid_argument,
    not_found,
)
from sandbox.cloud.core.store import Row, Store
from sandbox.cloud.core.times import rfc3339
from sandbox.cloud.reach import FUNCTIONS

SCHEMA: Final = """
CREATE TABLE functions (
    name TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    service TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    operation TEXT NOT NULL,
    revision INTEGER NOT NULL,
    serving INTEGER NOT NULL,
    instances INTEGER NOT NULL,
    archive BLOB NOT NULL
) WITHOUT ROWID;
"""
ACTIVE: Final = "ACTIVE"
FAILED: Final = "FAILED"
DEPLOYING: Final = "DEPLOYING"
DELETING: Final = "DELETING"
_ID: Final = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_LOCATION: Final = re.compile(r"[a-z]+-[a-z]+[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Function:
    """A function.

    Attributes:
        body: what callers set, with Google's defaults.
        state: as Google names it.
        operation: the operation that is not done yet; "" without one.
        revision: the number of the revision that was deployed last, or is being.
        serving: the number of the revision that answers; 0 for none.
        instances: how many instances run once there was a call.
    """

    body: JsonObject
    state: str
    operation: str
    revision: int
    serving: int
    instances: int = 1

    @property
    def name(self) -> str:
        """`projects/P/locations/L/functions/F`."""
        return str(self.body["name"])

    @property
    def project(self) -> str:
        """The project's id."""
        return self.name.split("/")[1]

    @property
    def location(self) -> str:
        """The region."""
        return self.name.split("/")[3]

    @property
    def service_id(self) -> str:
        """The id of the Cloud Run service."""
        return self.name.rpartition("/")[2].replace("_", "-")

    @property
    def service(self) -> str:
        """The name of the Cloud Run service that answers for it."""
        return f"projects/{self.project}/locations/{self.location}/services/{self.service_id}"

    @property
    def settings(self) -> JsonObject:
        """How it is served."""
        return dict(self.body["serviceConfig"])

    @property
    def account(self) -> str:
        """The address of the service account that it runs as."""
        return str(self.body["serviceConfig"]["serviceAccountEmail"])

    @property
    def path(self) -> str:
        """Where it is answered on the main port."""
        return f"{FUNCTIONS}{self.project}/{self.location}/{self.service_id}"

    def revision_name(self, number: int) -> str:
        """The name of a revision, as Cloud Run shows it."""
        letters = "".join(
            "abcdefghijklmnopqrstuvwxyz"[(number * 7919 // 26**place) % 26] for place in range(3)
        )
        return f"{self.service_id}-{number:05}-{letters}"

    def url(self, store: Store) -> str:
        """Its address, from here."""
        return f"{store.address}{self.path}"

    def as_json(self, store: Store) -> JsonObject:
        """The function as Google shows it."""
        computed = {
            "service": self.service,
            **(
                {"uri": self.url(store), "revision": self.revision_name(self.serving)} if self.serving else {}
            ),
        }
        return {
            **self.body,
            "environment": "GEN_2",
            "state": self.state,
            "serviceConfig": {**self.settings, **computed},
            **({"url": self.url(store)} if self.serving else {}),
        }


def parent(store: Store, project: str, location: str) -> str:
    """`projects/P/locations/L`, with the project by its id.

    Raises:
        CloudError: 403 for a project that is not there, 400 for what is no location.
    """
    found = projects.require_active(store, project)
    if not _LOCATION.fullmatch(location):
        raise invalid_argument(f"Location {location} is not found or access is unauthorized.", "parent")
    return f"projects/{found.project_id}/locations/{location}"


def create(store: Store, above: str, identifier: str, body: JsonObject, now: datetime) -> JsonObject:
    """Begin to deploy a function; returns the operation.

    Raises:
        CloudError: 409 for a name in use, 400 for a bad value, 403 without an API that it takes.
    """
    if not _ID.fullmatch(identifier):
        raise invalid_argument(
            f"Function name must match {_ID.pattern}: lowercase letters, digits and hyphens, at most 63.",
            "function_id",
        )
    name = f"{above}/functions/{identifier}"
    if find(store, name) is not None:
        raise already_exists(f"Resource '{name}' already exists.")
    complete, archive = settings.complete(store, {**body, "name": name, "createTime": rfc3339(now)}, now)
    operation = operations.start(store, now, name, "create")
    function = Function(complete, DEPLOYING, operation["name"], revision=1, serving=0)
    store.run(
        "INSERT INTO functions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        name,
        function.project,
        function.service,
        json.dumps(complete),
        function.state,
        function.operation,
        function.revision,
        function.serving,
        function.instances,
        archive,
    )
    store.functions_changed()
    return operation


def change(store: Store, function: Function, body: JsonObject, now: datetime) -> JsonObject:
    """Begin to deploy another revision of a function, with all of its settings; returns the operation.

    Raises:
        CloudError: 400 for a bad value, 409 while an operation is under way.
    """
    _require_idle(function)
    complete, archive = settings.complete(store, body, now)
    operation = operations.start(store, now, function.name, "update")
    changed = replace(
        function,
        body=complete,
        state=DEPLOYING,
        operation=operation["name"],
        revision=function.revision + 1,
    )
    store.run("UPDATE functions SET archive = ? WHERE name = ?", archive, function.name)
    save(store, changed)
    store.functions_changed()
    return operation


def begin_deletion(store: Store, function: Function, now: datetime) -> JsonObject:
    """Begin to delete a function; returns the operation.

    Raises:
        CloudError: 409 while an operation is under way.
    """
    _require_idle(function)
    operation = operations.start(store, now, function.name, "delete")
    save(store, replace(function, state=DELETING, operation=operation["name"]))
    store.functions_changed()
    return operation


def deployed(store: Store, name: str, revision: int, error: CloudError | None, now: datetime) -> None:
    """Write down how a deployment has ended; the revision before goes on if it failed."""
    function = find(store, name)
    if function is None or function.revision != revision or function.state != DEPLOYING:
        return
    ended = replace(
        function,
        state=FAILED if error else ACTIVE,
        operation="",
        serving=function.serving if error else revision,
    )
    save(store, ended)
    response = {"@type": "type.googleapis.com/google.cloud.functions.v2.Function", **ended.as_json(store)}
    operations.finish(store, function.operation, now, response=response, error=error)


def deleted(store: Store, name: str, now: datetime) -> None:
    """Forget a function whose processes have ended."""
    function = find(store, name)
    if function is None or function.state != DELETING:
        return
    store.run("DELETE FROM functions WHERE name = ?", name)
    for resource in (name, function.service):
        iam.forget(store, resource)
    operations.finish(
        store, function.operation, now, response={"@type": "type.googleapis.com/google.protobuf.Empty"}
    )


def find(store: Store, name: str) -> Function | None:
    """A function."""
    row = store.row(f"{_SELECT} WHERE name = ?", name)
    return None if row is None else _read(row)


def require(store: Store, name: str) -> Function:
    """A function.

    Raises:
        CloudError: 404.
    """
    found = find(store, name)
    if found is None:
        raise not_found(f"Resource '{name}' was not found")
    return found


def by_service(store: Store, service: str) -> Function | None:
    """The function behind a Cloud Run service."""
    row = store.row(f"{_SELECT} WHERE service = ?", service)
    return None if row is None else _read(row)


def every(store: Store) -> list[Function]:
    """All functions."""
    return [_read(row) for row in store.rows(f"{_SELECT} ORDER BY name")]


def of_parent(store: Store, above: str) -> list[Function]:
    """The functions of a location, or with `-` of all locations of a project, by name."""
    prefix = above.removesuffix("-") if above.endswith("/-") else f"{above}/"
    return [function for function in every(store) if function.name.startswith(prefix)]


def archive(store: Store, name: str) -> bytes:
    """The source of the revision that was deployed last."""
    row = store.row("SELECT archive FROM functions WHERE name = ?", name)
    return bytes(row["archive"]) if row is not None else b""


def save(store: Store, function: Function) -> Function:
    """Store a function, all but its archive."""
    store.run(
        "UPDATE functions SET body = ?, state = ?, operation = ?, revision = ?, serving = ?, instances = ? "
        "WHERE name = ?",
        json.dumps(function.body),
        function.state,
        function.operation,
        function.revision,
        function.serving,
        function.instances,
        function.name,
    )
    return function


def with_instances(store: Store, function: Function, count: int) -> Function:
    """Let so many instances of a function run."""
    return save(store, replace(function, instances=count))


def forget_project(store: Store, number: str) -> None:
    """A project in deletion loses its functions; their processes end."""
    project = projects.find(store, number)
    if project is None:
        return
    store.run("UPDATE functions SET state = ? WHERE project = ?", DELETING, project.project_id)
    store.functions_changed()


_SELECT: Final = "SELECT body, state, operation, revision, serving, instances FROM functions"


def _read(row: Row) -> Function:
    return Function(
        json.loads(row["body"]),
        row["state"],
        row["operation"],
        row["revision"],
        row["serving"],
        row["instances"],
    )


def _require_idle(function: Function) -> None:
    if function.state in (DEPLOYING, DELETING):
        raise CloudError(
            "ABORTED",
            f"An operation on function {function.name} is already in progress. Please try again later.",
        )
