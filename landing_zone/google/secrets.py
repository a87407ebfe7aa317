"""Read the strings of API keys, and store one in Secret Manager. Source: API Keys v2, Secret Manager v1."""

import re
from base64 import b64decode, b64encode
from typing import Final

from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google

_NAME: Final = re.compile(r"projects/([^/\s]+)/secrets/([A-Za-z0-9_-]{1,255})")


class SecretNameError(ValueError):
    """Not the name of a secret; the message has the remedy."""


def read_key_string(google: Google, key: str) -> str:
    """The string of one API key (`projects/ID/locations/global/keys/KEYID`).

    Google's audit log names the caller, if data access is logged for API Keys. Raises as `Google.call`.
    """
    found = google.call("apikeys", "GET", f"{key}/keyString", project=key.split("/")[1])
    return str(found["keyString"])


def check_secret_name(name: str) -> str:
    """The name, if it is `projects/P/secrets/NAME`. Raises SecretNameError."""
    if re.fullmatch(r"projects/[^/]+/locations/.+", name):
        raise SecretNameError(
            f"{name!r} is a regional secret, which this command cannot write: write "
            "projects/PROJECT/secrets/NAME, or pipe the key into gcloud secrets versions add"
        )
    if not _NAME.fullmatch(name):
        raise SecretNameError(
            f"{name!r} is not the name of a secret: write projects/PROJECT/secrets/NAME, with letters, digits, - and _ "
            "in NAME, and no version after it"
        )
    return name


def add_version(google: Google, name: str, text: str) -> str:
    """Add a version to a secret; a secret that does not exist is created with automatic replication.

    If the answer is lost, the latest version is read, and another one is only added if it has other data.

    Args:
        google: the client.
        name: `projects/P/secrets/NAME`.
        text: the version's data.

    Returns:
        The version's name.

    Raises:
        GoogleError: Google refuses.
    """
    parent, _, identifier = name.rpartition("/secrets/")
    project = parent.removeprefix("projects/")
    body = {"payload": {"data": b64encode(text.encode()).decode()}}

    def add() -> str:
        return str(
            google.call("secretmanager", "POST", f"{name}:addVersion", body=body, project=project)["name"]
        )

    def added() -> str:
        try:
            return add()
        except GoogleError as error:
            if not error.lost:
                raise
            return _latest(google, name, project, text, error) or add()

    try:
        return added()
    except GoogleError as error:
        if error.code != 404:
            raise
    _create(google, parent, identifier, project)
    return added()


def _latest(google: Google, name: str, project: str, text: str, lost: GoogleError) -> str:
    """The name of the latest version if it has this text, else empty. Raises `lost` if it may not be read."""
    try:
        latest = google.call("secretmanager", "GET", f"{name}/versions/latest:access", project=project)
    except GoogleError as error:
        # There is no version, or the latest is disabled, which one that was just added is not.
        if error.code in (400, 404) and not error.foreign:
            return ""
        raise lost from error
    return str(latest["name"]) if b64decode(latest["payload"]["data"]) == text.encode() else ""


def _create(google: Google, parent: str, identifier: str, project: str) -> None:
    try:
        google.call(
            "secretmanager",
            "POST",
            f"{parent}/secrets",
            body={"replication": {"automatic": {}}},
            query={"secretId": identifier},
            project=project,
            # The id is the caller's, so that a second call is refused.
            repeatable=True,
        )
    except GoogleError as error:
        # Created by another caller between the first call and this one, or by this one, whose answer was lost.
        if error.code != 409:
            raise
