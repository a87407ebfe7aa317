"""What must hold between settings. Judged on the merged values before their types are, so that all is told at once."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from landing_zone.gemini.models import EMBEDDING_MODELS, QUOTA_NAMES
from landing_zone.settings.problems import Path, Problem, nearest

MAX_BUDGET_CHANNELS: Final = 5
_CLIENT_KINDS: Final = ("allowedIps", "allowedReferrers", "androidApps", "iosBundleIds")
_Found = Iterator[Problem]


def project_problems(own: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    """Mistakes within one project: `own` is what it says itself, `merged` what holds. Paths start at the project."""
    for check in _CHECKS:
        yield from check(own, merged)


def environment_problems(projects: Mapping[str, Mapping[str, Any]]) -> _Found:
    """Mistakes between projects. Paths start at the project's name."""
    by_id: defaultdict[str, list[str]] = defaultdict(list)
    for name, merged in projects.items():
        if isinstance(merged.get("projectId"), str):
            by_id[merged["projectId"]].append(name)
    for project_id, (first, *others) in by_id.items():
        for name in others:
            yield Problem(
                (name, "projectId"),
                f"{project_id!r} is the id of project {first!r} as well",
                "give each project an id of its own",
            )


def _tier(own: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    if merged.get("tier") == "free":
        if own.get("billingAccount") is not None:
            yield Problem(
                ("billingAccount",),
                "a free project has no billing account: a link to one makes it paid",
                "write tier: paid, or leave billingAccount out",
            )
        if own.get("budget") is not None:
            yield Problem(
                ("budget",),
                "a free project has no budget: nothing is spent without a billing account",
                "write tier: paid, or leave budget out",
            )
    if merged.get("tier") == "paid":
        if merged.get("billingAccount") is None:
            yield Problem(
                ("billingAccount",),
                "a paid project needs a billing account",
                "write billingAccount: 01A2B3-C4D5E6-F7A8B9 here or for the whole environment",
            )
        if merged.get("budget") is None:
            yield Problem(
                ("budget",),
                "a paid project needs a budget",
                "write budget: {amount: 100, currency: USD}, here or in defaults",
            )


def _adopted(own: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    if merged.get("adopt") is not True:
        return
    for key in ("name", "parent", "labels", "deletionPolicy"):
        if own.get(key) is not None:
            yield Problem(
                (key,),
                f"{key} is not managed for an adopted project",
                f"leave {key} out, or leave adopt out to create the project",
            )


def _notification(_: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    emails = _list(merged, "alerts", "email")
    if isinstance(merged.get("budget"), Mapping):
        channels = _list(merged, "budget", "channels")
        if merged["budget"].get("iamRecipients") is False and not emails and not channels:
            yield Problem(
                ("budget", "iamRecipients"),
                "nobody is told when the budget is reached",
                "write alerts: {email: [oncall@example.com]}, or name channels, or leave iamRecipients out",
            )
        if len(emails) + len(channels) > MAX_BUDGET_CHANNELS:
            yield Problem(
                ("alerts", "email") if len(emails) > len(channels) else ("budget", "channels"),
                f"{len(emails) + len(channels)} channels; Google sends a budget to at most {MAX_BUDGET_CHANNELS}",
                f"keep {MAX_BUDGET_CHANNELS} of alerts.email and budget.channels, or write to a group's address",
            )
        if merged["budget"].get("thresholds") == []:
            yield Problem(
                ("budget", "thresholds"),
                "a budget without thresholds never tells anyone",
                "write thresholds: [0.5, 1.0, {forecast: 1.0}], or leave it out for the usual ones",
            )
    yield from _repeated(("alerts", "email"), emails)
    yield from _repeated(("budget", "channels"), _list(merged, "budget", "channels"))
    yield from _repeated(("budget", "thresholds"), _list(merged, "budget", "thresholds"))


def _alerts(own: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    for key in ("errorRate", "tooManyRequestsPerMinute"):
        if not _list(merged, "alerts", "email") and _value(own, "alerts", key) is not None:
            yield Problem(
                ("alerts", key), "nobody is told of this alert", "write email: [oncall@example.com] beside it"
            )


def _keys(_: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    keys = merged.get("keys")
    for name, key in keys.items() if isinstance(keys, Mapping) else ():
        kinds = [kind for kind in _CLIENT_KINDS if isinstance(key, Mapping) and key.get(kind)]
        if len(kinds) > 1:
            yield Problem(
                ("keys", name, kinds[1]),
                f"a key takes one kind of client; this one has {' and '.join(kinds)}",
                "make a key for each kind of client",
            )
        for kind in kinds:
            yield from _repeated(("keys", name, kind), _list(key, kind))


def _limits(_: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    limits = merged.get("limits")
    quotas: dict[str, str] = {}
    for model, limit in limits.items() if isinstance(limits, Mapping) else ():
        path = ("limits", str(model))
        if model in EMBEDDING_MODELS:
            yield Problem(
                path,
                f"{model} embeds: other quotas count it, and Google publishes no name to limit them by",
                "leave it out; its use shows on the quotas page",
            )
        elif model not in QUOTA_NAMES:
            near = nearest(str(model), QUOTA_NAMES)
            yield Problem(
                path,
                f"unknown model {str(model)!r}",
                f"did you mean {near!r}?" if near else f"write one of: {', '.join(sorted(QUOTA_NAMES))}",
            )
        elif (other := quotas.setdefault(QUOTA_NAMES[model], model)) != model:
            yield Problem(path, f"{model} shares its quota with {other}", "limit one of the two")
        if isinstance(limit, Mapping) and not limit:
            yield Problem(
                path, "no limit is set", "write requestsPerMinute, requestsPerDay or inputTokensPerMinute"
            )


def _value(values: Mapping[str, Any], *path: str) -> Any:
    found: Any = values
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _list(values: Mapping[str, Any], *path: str) -> list[Any]:
    found = _value(values, *path)
    return found if isinstance(found, list) else []


def _repeated(path: Path, values: list[Any]) -> _Found:
    for position, value in enumerate(values):
        if value in values[:position]:
            yield Problem((*path, position), f"{value} stands here twice", "keep one of the two")


_CHECKS: Final[tuple[Callable[[Mapping[str, Any], Mapping[str, Any]], _Found], ...]] = (
    _tier,
    _adopted,
    _notification,
    _alerts,
    _keys,
    _limits,
)
