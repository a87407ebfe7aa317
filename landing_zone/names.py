"""Patterns of project IDs, and the default names of what a stack creates, by which it is recognized later."""

import re
from hashlib import sha256
from typing import Final

ANY_PROJECT_ID: Final = r"(?:(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{1,63}:)?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
"""Pattern of every project ID that Google has ever given out; new ones are narrower.

Source: ProjectRegex of terraform-provider-google, but for a domain, which has a dot.
"""
_LONGEST_IN_TITLES: Final = 37
"""Characters of a project ID that leave room for the rest of each title below: Google takes 60 for a budget, 63 for a
key. IDs that Google gives out today have at most 30."""
_LONGEST_ACCOUNT_ID: Final = 30
_LONGEST_LABEL: Final = 63
_DIGEST: Final = 6

STACK_LABEL: Final = "gemini-lz-stack"
"""The label with a stack's name of what it creates: what a killed run created is known by it."""


def stack_label(project: str, stack: str) -> str:
    """The value of the label: the stack's name, and a digest of it and of its Pulumi project's name.

    Without the organization, which a program on a self-managed backend does not have.
    """
    name = stack.rpartition("/")[2]
    plain = re.sub(r"[^a-z0-9_-]", "-", name.lower())[: _LONGEST_LABEL - _DIGEST - 1]
    return f"{plain}-{_digest(f'{project}/{name}')}"


def key_title(project_id: str, key: str) -> str:
    """The display name of a key, by its name in the stack file."""
    return f"{_short(project_id)} {key}"


def key_id(key: str, service_account: str | None, *, standard: bool) -> str:
    """The id of a key, from its name in the stack file and from what it is bound to, if not an account of its own.

    A replaced key gets another id, as Google reserves a deleted key's id for 30 days. A name has no `--`.
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
    return f"{key_account_id(project_id, key)}@{account_domain(project_id)}"


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
    return f"{_short(project_id)} Gemini API"


def cap_title(project_id: str) -> str:
    """The display name of a project's spend cap."""
    return f"{budget_title(project_id)} cap"


def account_domain(project_id: str) -> str:
    """The domain of the e-mail addresses of a project's service accounts."""
    domain, _, own = project_id.rpartition(":")
    return f"{own}.{domain}.iam.gserviceaccount.com" if domain else f"{own}.iam.gserviceaccount.com"


def _short(project_id: str) -> str:
    """The ID; a long one as its beginning and a suffix that distinguishes it from others."""
    if len(project_id) <= _LONGEST_IN_TITLES:
        return project_id
    return f"{project_id[: _LONGEST_IN_TITLES - _DIGEST - 1]}-{_digest(project_id)}"
