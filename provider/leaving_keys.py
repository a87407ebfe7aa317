"""Keys that a change deletes although somebody calls with them."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from landing_zone.google.config import CredentialsError
from landing_zone.google.errors import GoogleError
from landing_zone.google.key_use import DAYS, KeyUse, key_use
from provider.resource import Context, Values

_AT_ONCE = 8
"""Projects whose keys are looked up side by side."""


@dataclass(frozen=True)
class LeavingKeys:
    """The keys of one project that a change deletes."""

    project: str
    """Its name in the stack file."""
    project_id: str
    keys: Mapping[str, str]
    """Id → name in the stack file."""


def leaving_keys(name: str, before: Values, after: Values | None) -> LeavingKeys | None:
    """The keys of a project that are in its entry of the last update and not in the new one; None if all stay."""
    kept = set((after or {}).get("keys", {}).values())
    gone = {key_id: key for key, key_id in sorted(before.get("keys", {}).items()) if key_id not in kept}
    return LeavingKeys(name, before["projectId"], gone) if gone else None


def warn_of_used_keys(context: Context, leaving: Sequence[LeavingKeys]) -> None:
    """Warn of each key that was used; where that cannot be read, print one note."""
    if not leaving:
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda each: _use(context, each), leaving))
    unread = []
    for each, use in zip(leaving, found, strict=True):
        if isinstance(use, str):
            unread.append((each, use))
        else:
            for key_id, of_key in sorted(use.items()):
                context.warn(_used(each, each.keys[key_id], of_key))
    if unread:
        names = "; ".join(f"{', '.join(each.keys.values())} of {each.project_id}" for each, _ in unread)
        context.note(
            f"this change deletes keys, and whether somebody uses them cannot be read ({names}): {unread[0][1]}"
        )


def _use(context: Context, leaving: LeavingKeys) -> dict[str, KeyUse] | str:
    """The use of the keys by id, or why it cannot be read: that stops no change, least of all of a leaked key."""
    try:
        return key_use(context.reader, leaving.project_id, leaving.keys)
    except GoogleError as error:
        return error.with_remedy
    except CredentialsError as error:
        return str(error)


def _used(leaving: LeavingKeys, key: str, use: KeyUse) -> str:
    calls = "1 call was" if use.calls == 1 else f"{use.calls:,} calls were"
    where = f"gemini-landing-zone:projects.{leaving.project}.keys.{key}"
    return (
        f"{where}: this change deletes the key, and {calls} made with it in the last {DAYS} days, the last on "
        f"{use.last} (UTC). Calls with it will be refused: keep it beside a new one until its callers have moved "
        "(docs/keys.md, Rotate a key without a gap). If it has leaked, go on (docs/leaked-key.md)"
    )
