"""Rules for keys: their clients, their service accounts, and the alerts on their use."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from landing_zone.settings.examples import example_of
from landing_zone.settings.markers import Mark, marked
from landing_zone.settings.problems import Path, Problem
from landing_zone.settings.relations_identity import SUFFIX_LENGTH
from landing_zone.settings.types import KeySettings
from landing_zone.settings.values import items, repeated, value

_CLIENT_KINDS: Final = marked(KeySettings, Mark.CLIENTS)
_Found = Iterator[Problem]


def key_problems(_: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    """Mistakes in one project's keys. Paths start at the project."""
    keys = merged.get("keys")
    for name, key in keys.items() if isinstance(keys, Mapping) else ():
        kinds = [kind for kind in _CLIENT_KINDS if isinstance(key, Mapping) and key.get(kind)]
        if len(kinds) > 1:
            yield Problem(
                ("keys", name, kinds[1]),
                f"a key takes one kind of client; this one has {' and '.join(kinds)}",
                f"make a key for each kind of client: {name}: {{{kinds[0]}: …}} and {name}-2: {{{kinds[1]}: …}}",
            )
        for kind in (*kinds, "methods"):
            yield from repeated(("keys", name, kind), items(key, kind))
        if isinstance(key, Mapping):
            yield from _binding(("keys", name), key)
            if key.get("displayName") == "" and key.get("existing") is None:
                yield Problem(
                    ("keys", name, "displayName"),
                    "a new key has a name",
                    "write one such as Backend of the chat, or leave displayName out",
                )
        if (
            isinstance(key, Mapping)
            and key.get("decoy") is True
            and not (items(merged, "alerts", "email") or items(merged, "alerts", "channels"))
        ):
            yield Problem(
                ("keys", name, "decoy"),
                "nobody is notified when the key is used",
                "write alerts: {email: [oncall@example.com]} for the project, or leave decoy out",
            )


def _binding(at: Path, key: Mapping[str, Any]) -> _Found:
    """Contradictions in what a key is bound to."""
    standard, account = key.get("standard") is True, key.get("serviceAccount")
    if standard and account is not None:
        yield Problem(
            (*at, "standard"),
            "a standard key is bound to no service account",
            "leave standard out, or leave serviceAccount out",
        )
    if key.get("existing") is not None and not standard and account is None:
        yield Problem(
            (*at, "existing"),
            "an existing key is bound to a service account that is there, or it is a standard key",
            f"write serviceAccount: {example_of('serviceAccount')}, as `gcloud services api-keys describe` shows it, "
            "or standard: true",
        )


def account_problems(projects: Mapping[str, Mapping[str, Any]]) -> _Found:
    """Service accounts named in projects that this stack creates: they cannot be there before the stack is.

    Paths start at the project's name.
    """
    created = {
        str(merged.get("projectId")): bool(merged.get("idSuffix"))
        for merged in projects.values()
        if merged.get("adopt") is not True
    }
    for name, merged in projects.items():
        keys = merged.get("keys")
        for key_name, key in keys.items() if isinstance(keys, Mapping) else ():
            # What an existing key is bound to is there.
            new = isinstance(key, Mapping) and key.get("existing") is None
            account = value(key, "serviceAccount") if new else None
            if not isinstance(account, str):
                continue
            project_id = account.partition("@")[2].removesuffix(".iam.gserviceaccount.com")
            if created.get(project_id) is False or created.get(project_id[:-SUFFIX_LENGTH]) is True:
                yield Problem(
                    (name, "keys", key_name, "serviceAccount"),
                    f"this stack creates the project {project_id}, and nothing creates {account}",
                    "leave serviceAccount out: the key gets one of its own. Or name one in a project that exists "
                    "without this stack",
                )
