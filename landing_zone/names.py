"""Names of projects, and of what a stack makes in them by default, by which it recognizes that later."""

from hashlib import sha256
from typing import Final

ANY_PROJECT_ID: Final = r"(?:(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{1,63}:)?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
"""Pattern of every project ID that Google has ever given out; new ones are narrower.

Source: ProjectRegex of terraform-provider-google, but for a domain, which has a dot.
"""
_LONGEST_IN_TITLES: Final = 37
"""Characters of a project ID that leave room for the rest of each title below: Google takes 60 for a budget, 63 for a
key. IDs that Google gives out today have at most 30."""


def key_title(project_id: str, key: str) -> str:
    """The display name of a key, by its name in the stack file."""
    return f"{_short(project_id)} {key}"


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
    """The ID, or its beginning with what tells it from others of that beginning."""
    if len(project_id) <= _LONGEST_IN_TITLES:
        return project_id
    return f"{project_id[: _LONGEST_IN_TITLES - 7]}-{sha256(project_id.encode()).hexdigest()[:6]}"
