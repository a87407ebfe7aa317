"""What a stack calls its keys, budgets and caps at Google by default: they are recognized by it later."""

import re
from hashlib import sha256
from typing import Final

_LONGEST_ACCOUNT_ID: Final = 30
_DIGEST: Final = 6


def key_title(project_id: str, key: str) -> str:
    """The display name of a key, by its name in the stack file."""
    return f"{project_id} {key}"


def key_id(key: str, service_account: str | None, *, standard: bool) -> str:
    """The id of a key, by its name in the stack file and what it is bound to, if not to an account of its own.

    A key that is replaced gets another id: Google keeps a deleted one's for 30 days. A name has no `--`.
    """
    if standard:
        return f"{key}--standard"
    return f"{key}--{_digest(service_account)}" if service_account else key


def key_account_id(project_id: str, key: str) -> str:
    """The id of the service account that is created for a key: 30 characters at most."""
    name = f"gemini-{key}"
    if len(name) <= _LONGEST_ACCOUNT_ID:
        return name
    digest = _digest(f"{project_id}/{key}")
    return f"{name[: _LONGEST_ACCOUNT_ID - _DIGEST - 1].rstrip('-')}-{digest}"


def key_account_email(project_id: str, key: str) -> str:
    """The address of the service account that is created for a key."""
    return f"{key_account_id(project_id, key)}@{project_id}.iam.gserviceaccount.com"


def key_account_title(project: str, key: str) -> str:
    """The display name of the service account that is created for a key, by both names in the stack file."""
    return f"Gemini API key {key} of {project}"


def project_in_account_title(title: str) -> str | None:
    """The project's name in the stack file, from the display name of an account that was created for a key."""
    found = re.fullmatch("Gemini API key [a-z0-9-]+ of ([a-z0-9-]+)", title)
    return found and found[1]


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:_DIGEST]


def budget_title(project_id: str) -> str:
    """The display name of a project's budget."""
    return f"{project_id} Gemini API"


def cap_title(project_id: str) -> str:
    """The display name of a project's spend cap."""
    return f"{budget_title(project_id)} cap"
