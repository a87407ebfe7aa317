"""Differences that the plugins see: the events of a refresh that is only previewed.

Compared are inputs, as the stack set them: what Google fills in by itself is no difference. Of outputs only those count
by which people stop something: a service account that is disabled, a schedule that is paused.
Source of the events' form: apitype.EngineEvent and StepEventMetadata of Pulumi's SDK.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from landing_zone.drift import effects
from landing_zone.drift.difference import GONE, STACK, Difference, Effect
from landing_zone.drift.names_at_google import names_of, project_of
from landing_zone.drift.state import State, written_at
from landing_zone.exported_state import SIGNATURE, name_of
from landing_zone.printing import on_one_line
from landing_zone.resource_words import WORDS

Json = Mapping[str, Any]
_OUTPUTS: Final[Mapping[str, str]] = {
    "gcp:serviceaccount/account:Account": "disabled",
    "gcp:cloudscheduler/job:Job": "paused",
}
"""Type → the output that people change without an input of the stack's."""
_CONTENT: Final = "detectMd5hash"
"""The property by which the plugin notices that an object has another content."""
_LONGEST: Final = 200
_ALERTS: Final = ("gcp:monitoring/",)
_MESSAGES: Final = ("gcp:pubsub/",)
"""Parts of the guard without which it still acts: its alerts, and what the bill's messages come through."""
_NAMES_ALONE: Final = ("displayName", "description", "title", "labels")
"""Properties that change nothing of what the guard does."""


@dataclass
class RefreshEvents:
    """What a refresh found, from its events."""

    state: State
    found: list[tuple[Json, Json | None, tuple[str, ...]]] = field(default_factory=list)
    """Resources as the state has them, as they were read (None: gone), and the paths of what differs."""
    failed: dict[str, str] = field(default_factory=dict)
    """URN → why the resource could not be read."""
    read: int = 0

    def see(self, event: Json) -> None:
        """Take an event in."""
        if step := event.get("resOutputsEvent"):
            self._ended(step["metadata"])
        elif message := event.get("diagnosticEvent"):
            self._message(message)

    def _ended(self, step: Json) -> None:
        resource = self.state.resources.get(step["urn"])
        if resource is None or not resource.get("custom") or resource["type"].startswith("pulumi:"):
            return
        self.read += 1
        if step["op"] == "delete":
            self.found.append((resource, None, ()))
        else:
            paths = tuple(step.get("detailedDiff") or ())
            self.found.append((step.get("old") or resource, step.get("new") or {}, paths))

    def _message(self, message: Json) -> None:
        urn = message.get("urn") or ""
        if message.get("severity") == "error" and urn in self.state.resources:
            self.failed.setdefault(urn, " ".join(str(message["message"]).split()))


def plugin_differences(events: RefreshEvents) -> Iterator[Difference]:
    """All differences that the plugins saw; one for each property.

    What is gone is not reported again at what named it: an alert has lost the channel that is gone.
    """
    gone = {str(old.get("id")) for old, new, _ in events.found if new is None}
    for old, new, paths in events.found:
        resource = events.state.resources[old["urn"]]
        if new is None:
            yield _gone(events.state, resource)
            continue
        for name, before, after in _changed(old, new, paths):
            if isinstance(before, list):
                before = [each for each in before if not (isinstance(each, str) and each in gone)] or None
                if before == after:
                    continue
            yield _changed_property(events.state, resource, name, before, after)


def _changed(old: Json, new: Json, paths: Iterable[str]) -> Iterator[tuple[str, Any, Any]]:
    """Properties of the stack's that differ: name, as applied, and as read. `paths`: those that the plugin names."""
    before, after = old.get("inputs") or {}, new.get("inputs") or {}
    for name in dict.fromkeys(re.split(r"[.\[]", path)[0] for path in paths):
        if name not in before:
            continue
        one, other = _plain(before[name]), _plain(after.get(name))
        if name == _CONTENT:
            yield "content", "as the stack wrote it", "another"
        elif one != other or _is_secret(before[name]):
            yield name, one, other
    if (name := _OUTPUTS.get(str(old.get("type")), "")) and name not in before:
        one, other = (bool((each.get("outputs") or {}).get(name)) for each in (old, new))
        if one != other:
            yield name, one, other


def _plain(value: Any) -> Any:
    """A value without the bridge's marks, and without what is empty: Google leaves that out of its answers."""
    if isinstance(value, dict):
        if _is_secret(value):
            return "[secret]"
        kept = {name: _plain(each) for name, each in value.items() if not name.startswith("__")}
        return {name: each for name, each in kept.items() if each is not None} or None
    if isinstance(value, list):
        return [_plain(each) for each in value] or None
    return None if value == "" else value


def _is_secret(value: Any) -> bool:
    """True if a value, or a part of it, is not shown."""
    if isinstance(value, dict):
        return SIGNATURE in value or any(map(_is_secret, value.values()))
    return isinstance(value, list) and any(map(_is_secret, value))


def _gone(state: State, resource: Json) -> Difference:
    kind, name, label = _kind(resource), state.title(resource["urn"]), _label(resource)
    known = f" ({label})" if label and label not in name and name not in label else ""
    words = f"{kind} {name}{known}: gone at Google"
    return _difference(state, resource, GONE, label or "there", "gone at Google", words)


def _changed_property(state: State, resource: Json, name: str, before: Any, after: Any) -> Difference:
    kind, own = _kind(resource), state.title(resource["urn"])
    lost, new = _narrowed(before, after)
    was, now = _words(lost), _words(new)
    text = f"{name} is {now}; {was} as last applied"
    if isinstance(before, list) and isinstance(after, list | None):
        parts = [f"lost {was}" if lost else "", f"gained {now}" if new else ""]
        text = f"{name} {' and '.join(filter(None, parts)) or 'are in another order'}"
    words = f"{kind} {own}: {text}"
    return _difference(state, resource, name, was, now, words, fewer=_is_less(before, after))


def _difference(
    state: State, resource: Json, what: str, applied: str, now: str, words: str, *, fewer: bool = True
) -> Difference:
    urn = resource["urn"]
    project = state.project(urn)
    return Difference(
        project or STACK,
        _kind(resource),
        state.title(urn),
        what,
        applied,
        now,
        on_one_line(words, 400),
        tuple(names_of(resource)),
        written_at(resource),
        urn,
        effect=_effect(state, resource, what) if fewer else None,
        at=project_of(resource),
    )


def _effect(state: State, resource: Json, what: str) -> Effect | None:
    """What it means to the guard, if it is a part of it: without it, it stops nothing."""
    urn, kind = resource["urn"], resource["type"]
    if state.of_guard(urn):
        if kind.startswith((*_ALERTS, *_MESSAGES)) or what in _NAMES_ALONE:
            return None
        return effects.no_guards
    project = state.project(urn)
    if project and name_of(urn) == f"{project}--guard" and what not in _NAMES_ALONE:
        return effects.no_guard(project)
    return None


def _kind(resource: Json) -> str:
    return WORDS.get(resource["type"], resource["type"])


def _label(resource: Json) -> str:
    """What people know a resource by that is gone: its title, or its address."""
    inputs = resource.get("inputs") or {}
    found = (
        inputs.get(each)
        for each in ("displayName", "email", "service", "member", "tagValue", "name", "title")
    )
    return next((each for each in found if isinstance(each, str) and each), "")


def _narrowed(before: Any, after: Any) -> tuple[Any, Any]:
    """Of two mappings or lists, the parts that differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}
    if isinstance(before, list) and isinstance(after, list | None):
        after = after or []
        return [each for each in before if each not in after], [each for each in after if each not in before]
    return before, after


def _is_less(before: Any, after: Any) -> bool:
    """False if a list, such as that of permissions, only grew."""
    both = isinstance(before, list) and isinstance(after, list)
    return not both or any(each not in after for each in before)


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) and "thresholdPercent" not in value


def _words(value: Any) -> str:
    """A value as text, on one line."""
    if value in (None, [], {}):
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        text = ", ".join(f"{{{_words(each)}}}" if _is_nested(each) else _words(each) for each in value)
    elif isinstance(value, dict) and (share := value.get("thresholdPercent")) is not None:
        text = f"{'forecast ' * (value.get('spendBasis') == 'FORECASTED_SPEND')}{share:.0%}"
    elif isinstance(value, dict):
        text = ", ".join(f"{name}: {_words(each)}" for name, each in value.items())
    else:
        text = str(value)
    return on_one_line(text, _LONGEST)
