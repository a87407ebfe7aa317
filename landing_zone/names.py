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

BUDGET_PUBLISHER: Final = "serviceAccount:billing-budget-alert@system.gserviceaccount.com"
"""Google's account that publishes budget messages, as IAM names it."""
RESTRICTED_KEYS: Final = "custom.geminiRestrictedKeys"
"""Beginning of the names of the constraints that `forbidUnrestrictedKeys` creates."""
STACK_LABEL: Final = "gemini-lz-stack"
"""The label with a stack's name of what it creates: what a killed run created is known by it."""
GUARD_NAMES: Final = "gemini-guard-"
"""Beginning of the names of the guard's function, topic, subscription and schedule."""
GUARD_ROLES: Final = "geminiGuard_"
"""Beginning of the ids of the guard's custom roles."""
GUARD_POLICIES: Final = "policy/"
"""Beginning of the names of the objects from which the guard knows what to do, one a project."""
GUARD_STATES: Final = "state/"
"""Beginning of the names of the objects in which the guard keeps what it did, one a project."""
_LONGEST_GUARD_NAME: Final = 40
_LONGEST_BUCKET: Final = 63
_LONGEST_ID_PART: Final = 40
BOOTSTRAP_PROJECT: Final = "gemini-landing-zone-bootstrap"
"""The Pulumi project of `bootstrap/`."""


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


def guard_name(stack: str) -> str:
    """The name of the guard's function, topic, subscription and schedule. Cloud Run takes 49 characters."""
    return _cut(f"{GUARD_NAMES}{stack}", _LONGEST_GUARD_NAME)


def guard_bucket(project_id: str, stack: str) -> str:
    """The bucket with the guard's policies and states. The names of all customers' buckets are one space."""
    return _cut(f"{project_id}-guard-{stack}", _LONGEST_BUCKET)


def guard_account_id(stack: str, part: str = "") -> str:
    """The id of a service account of the guard: its own, or that of a `part`: `call` or `build`."""
    return _cut(f"gemini-guard{part and '-'}{part}-{stack}", _LONGEST_ACCOUNT_ID)


def guard_account_title(stack: str, part: str = "") -> str:
    """The display name of a service account of the guard."""
    return f"Spend guard of {stack[:_LONGEST_BUCKET]}{part and ': '}{part}"


def guard_subscription(stack: str, topic: str = "") -> str:
    """The guard's subscription to a topic by its name in the settings; to its own without one."""
    return f"{guard_name(stack)}-{_digest(topic)}" if topic else guard_name(stack)


def guard_role_id(project_id: str, stack: str) -> str:
    """The id of the guard's custom role. An organization has one namespace for the roles of all its stacks."""
    own = re.sub(r"[^a-z0-9]", "_", stack.lower())[:_LONGEST_ID_PART].rstrip("_")
    return f"{GUARD_ROLES}{own}_{_digest(f'{project_id}/{stack}')}"


def guard_policy_object(project_id: str) -> str:
    """The object in the guard's bucket that says what the guard does to a project."""
    return f"{GUARD_POLICIES}{project_id}.json"


def guard_state_object(project_number: str) -> str:
    """The object in the guard's bucket that says what the guard did to a project."""
    return f"{GUARD_STATES}{project_number}.json"


def _cut(name: str, most: int) -> str:
    """A name of small letters, digits and hyphens, not longer than `most`; one that was changed ends with a digest."""
    plain = re.sub(r"[^a-z0-9-]", "-", name.lower()).strip("-")
    if plain == name and len(name) <= most:
        return name
    return f"{plain[: most - _DIGEST - 1].rstrip('-')}-{_digest(name)}"


def account_domain(project_id: str) -> str:
    """The domain of the e-mail addresses of a project's service accounts."""
    domain, _, own = project_id.rpartition(":")
    return f"{own}.{domain}.iam.gserviceaccount.com" if domain else f"{own}.iam.gserviceaccount.com"


def _short(project_id: str) -> str:
    """The ID; a long one as its beginning and a suffix that distinguishes it from others."""
    if len(project_id) <= _LONGEST_IN_TITLES:
        return project_id
    return f"{project_id[: _LONGEST_IN_TITLES - _DIGEST - 1]}-{_digest(project_id)}"
