"""A project's API keys, with what they are bound to."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.methods import METHODS, grouped_methods
from landing_zone.google.rest import Json
from landing_zone.inventory.draft import Draft
from landing_zone.inventory.names import LONGEST, PATTERN, plain, unique
from landing_zone.names import (
    key_account_email,
    key_account_title,
    key_id,
    key_title,
    project_in_account_title,
)

_LIST: Final = "apikeys.keys.list (roles/serviceusage.apiKeysViewer)"
_LIST_ACCOUNTS: Final = "iam.serviceAccounts.list (roles/iam.serviceAccountViewer)"


def read_keys(draft: Draft, name: str) -> None:
    """Read the keys, and find the project's name: `name`, else that in the stack that made the keys."""
    path = f"projects/{draft.id}/locations/global/keys"
    keys = draft.listed("keys", _LIST, "apikeys", path, "keys") or []
    accounts = _accounts(draft, keys)
    draft.name = name or _made_by(accounts.values()) or plain(draft.id)
    found: Json = {}
    # Keys created by a stack come first, as their names are reserved for them.
    for key in sorted(keys, key=lambda key: _own_name(key, draft.id) is None):
        _key(draft, key, accounts, found)
    if found:
        draft.settings["keys"] = found


def _accounts(draft: Draft, keys: Iterable[Mapping[str, Any]]) -> dict[str, Json]:
    """The service accounts of the project that keys are bound to, by address."""
    bound = {key.get("serviceAccountEmail") for key in keys} - {None, ""}
    if not bound:
        return {}
    path = f"projects/{draft.id}/serviceAccounts"
    listed = draft.listed("service accounts of keys", _LIST_ACCOUNTS, "iam", path, "accounts") or []
    return {each["email"]: each for each in listed if each["email"] in bound}


def _made_by(accounts: Iterable[Mapping[str, Any]]) -> str:
    """The project's name in the stack that created its keys' accounts; empty if unknown."""
    titles = (each.get("displayName", "") for each in accounts)
    counted = Counter(name for title in titles if (name := project_in_account_title(title)))
    return min(counted, key=lambda name: (-counted[name], name), default="")


def _own_name(key: Mapping[str, Any], project: str) -> str | None:
    """The name that a key had in the stack file that created it; None if no stack did."""
    full, title, account = (
        key["name"].rpartition("/")[2],
        key.get("displayName", ""),
        key.get("serviceAccountEmail"),
    )
    name = str(full.partition("--")[0])
    made_up = name != full and full == key_id(name, account or None, standard=not account)
    if title == key_title(project, name) or account == key_account_email(project, name) or made_up:
        return name
    named = title.removeprefix(key_title(project, ""))
    is_name = named != title and len(named) <= LONGEST and re.fullmatch(PATTERN, named)
    return named if is_name else None


def _key(draft: Draft, key: Mapping[str, Any], accounts: Mapping[str, Json], found: Json) -> None:
    name, restrictions = key["name"].rpartition("/")[2], key.get("restrictions", {})
    title, own = key.get("displayName", ""), _own_name(key, draft.id)
    targets = restrictions.get("apiTargets", [])
    if [target.get("service") for target in targets] != [GEMINI_API]:
        draft.left_out.append(f"key {title or name}: it is not restricted to the Gemini API alone")
        return
    methods = targets[0].get("methods", [])
    if unknown := [each for each in methods if each not in METHODS]:
        draft.left_out.append(
            f"key {title or name}: it opens {', '.join(unknown)}, which no setting can express"
        )
        return
    key_name = unique(own or plain(title) or "key", found)
    account = key.get("serviceAccountEmail", "")
    has_own_account = bool(account in accounts and _is_ours(draft, accounts[account], key_name))
    bound_to = None if has_own_account else account or None
    is_natural = draft.own and name == key_id(key_name, bound_to, standard=not account)
    settings: Json = {} if is_natural else {"existing": name}
    if title != key_title(draft.id, key_name):
        settings["displayName"] = title
    settings |= _clients(restrictions)
    if methods:
        settings["methods"] = list(grouped_methods(methods))
    if not account:
        settings["standard"] = True
    elif not (is_natural and has_own_account):
        settings["serviceAccount"] = account
    else:
        draft.found("Account", f"keys.{key_name}", f"projects/{draft.id}/serviceAccounts/{account}")
    found[key_name] = settings
    draft.key_uids[key_name] = key.get("uid", "")
    draft.found("ApiKey", f"keys.{key_name}", f"projects/{draft.id}/locations/global/keys/{name}")


def _is_ours(draft: Draft, account: Mapping[str, Any], key: str) -> bool:
    """True if it is as the stack makes the account of a key."""
    return (
        account["email"] == key_account_email(draft.id, key)
        and account.get("displayName") == key_account_title(draft.name, key)
        and not account.get("disabled")
    )


def _clients(restrictions: Mapping[str, Any]) -> Json:
    """The kind of client that a key is restricted to, as in a stack file."""
    by_kind = {
        "allowedIps": restrictions.get("serverKeyRestrictions", {}).get("allowedIps"),
        "allowedReferrers": restrictions.get("browserKeyRestrictions", {}).get("allowedReferrers"),
        "iosBundleIds": restrictions.get("iosKeyRestrictions", {}).get("allowedBundleIds"),
        "androidApps": [*restrictions.get("androidKeyRestrictions", {}).get("allowedApplications", ())],
    }
    return {name: values for name, values in by_kind.items() if values}
