"""Names of Kubernetes resources: DNS labels that begin with a letter, unique, and stable as stacks come and go."""

import re
from hashlib import sha256
from typing import Final

DRIFT: Final = "-drift"
"""Ends the name of the resource that looks for drift."""
_MOST: Final = 42
"""Characters of a `Stack` resource's name that the operator allows: pods and services get longer ones from it."""
_LONGEST: Final = _MOST - len(DRIFT)
_DIGITS: Final = 8
_LABEL: Final = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")


def resource_name(stack: str) -> str:
    """The stack's own name where it can be one; otherwise what can be kept of it, and a digest of it.

    It depends on the stack's name alone: other stacks that come or go do not change it.
    """
    if _LABEL.fullmatch(stack) and len(stack) <= _LONGEST and not _looks_made(stack):
        return stack
    kept = re.sub(r"[^a-z0-9]+", "-", stack.lower()).strip("-")
    if not kept[:1].isalpha():
        kept = f"stack-{kept}".strip("-")
    digest = sha256(stack.encode()).hexdigest()[:_DIGITS]
    return f"{kept[: _LONGEST - _DIGITS - 1].rstrip('-')}-{digest}"


def _looks_made(stack: str) -> bool:
    """Whether another stack's resource could have this name."""
    return stack.endswith(DRIFT) or re.search(rf"-[0-9a-f]{{{_DIGITS}}}$", stack) is not None


def is_label(text: str) -> bool:
    """Whether the text is a DNS label, as a namespace has to be."""
    return len(text) <= 63 and re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", text) is not None
