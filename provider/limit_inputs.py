"""The inputs of a `ProjectLimits`: conversion to limits, and checks."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Any

from landing_zone.gemini.limits import BLOCKED, DENY, LIMIT_NAMES, OTHERS, UNLIMITED, Limits, WantedLimits
from landing_zone.gemini.models import MODELS, QUOTA_NAMES, counter_of
from landing_zone.gemini.quotas import BY_METRIC, OTHER_METRICS, QUOTA_LIMITS, embeddings_limit
from landing_zone.google import quota_overrides
from landing_zone.google.quota_overrides import ModelLimit
from provider.resource import Context, Failure, Values, is_unknown


def wanted_limits(inputs: Values) -> WantedLimits:
    """The limits that the inputs ask for."""
    found = {model: _limits(own) for model, own in (inputs.get("limits") or {}).items()}
    if inputs.get("others") is not None:
        found[OTHERS] = _limits(inputs["others"])
    opened = {
        entry["model"]
        for entry in inputs.get("elsewhere") or []
        if entry.get("model")
        and BY_METRIC.get((entry["metric"], entry["limit"]), ("",))[0] == "requestsPerMinute"
    }
    return WantedLimits.of(found, frozenset(opened))


def set_elsewhere(inputs: Values) -> set[tuple[str, str]]:
    """Place and model of the overrides that other resources set."""
    return {
        (f"{entry['metric']}{entry['limit']}", entry.get("model") or "")
        for entry in inputs.get("elsewhere") or []
    }


def _limits(values: Any) -> Limits:
    return BLOCKED if values == DENY else Limits.of(values)


def wrong_inputs(inputs: Values) -> Iterator[Failure]:
    """Mistakes in the inputs that show without asking Google, each with its path."""
    found, others = inputs.get("limits"), inputs.get("others")
    if not found and others is None:
        yield Failure("limits", "is empty: name a model, or write others")
    if isinstance(found, dict):
        yield from _wrong_models(found)
    if isinstance(others, dict):
        yield from _wrong_numbers("others", others)
    elif others is not None and not is_unknown(others) and others != DENY:
        yield Failure("others", f"{others!r} is not a limit: write deny, or {{requestsPerMinute: 60}}")
    if isinstance(found, dict) and isinstance(others, dict) and not _blocks(others):
        for model, own in found.items():
            # Numbers for all others hold on the metrics of content alone.
            if counter_of(model) == "embeddings":
                continue
            missing = [name for name in others if isinstance(own, dict) and name not in own]
            if missing:
                yield Failure(
                    f'limits["{model}"]',
                    f"has no {missing[0]} of its own, so that of others would hold for it: write {missing[0]} too",
                )
    for position, entry in enumerate(inputs.get("elsewhere") or []):
        if isinstance(entry, dict) and not (entry.get("metric") and entry.get("limit")):
            yield Failure(f"elsewhere[{position}]", "names no override: write metric, limit and model")


def _wrong_models(found: Values) -> Iterator[Failure]:
    by_quota: dict[str, str] = {}
    for model, own in found.items():
        path = f'limits["{model}"]'
        if not model:
            yield Failure("limits", "a model's name is empty")
        elif model == OTHERS:
            yield Failure(path, "write others beside limits, not among them")
        elif (other := by_quota.setdefault(QUOTA_NAMES.get(model, model), model)) != model:
            yield Failure(path, f"{model} shares its quota with {other}: set a limit on one of the two")
        if isinstance(own, dict):
            yield from _wrong_numbers(path, own)
            if counter_of(model) == "embeddings" and own.keys() & {"requestsPerDay", "inputTokensPerMinute"}:
                yield Failure(
                    path,
                    f"Google counts {model} by requests a minute alone on the paid tiers: write requestsPerMinute",
                )
        elif not is_unknown(own):
            yield Failure(path, f"{own!r} is not a mapping")


def _wrong_numbers(path: str, own: Values) -> Iterator[Failure]:
    if not own:
        yield Failure(path, f"is empty: write {', '.join(LIMIT_NAMES)}")
    for name, value in own.items():
        reason = ""
        if name not in LIMIT_NAMES:
            reason = f"unknown limit; write one of {', '.join(LIMIT_NAMES)}"
        elif is_unknown(value):
            continue
        elif not isinstance(value, int) or isinstance(value, bool):
            reason = f"{value!r} is not a whole number"
        elif value < 0:
            reason = f"must be >= 0, not {value}; 0 blocks the model"
        elif value > UNLIMITED:
            reason = "is larger than Google can store"
        if reason:
            yield Failure(f"{path}.{name}", reason)


def _blocks(others: Values) -> bool:
    return 0 in (others.get("requestsPerMinute"), others.get("requestsPerDay"))


def wrong_at_google(
    context: Context, inputs: Values, before: Values, known_open: Collection[str]
) -> Iterator[Failure]:
    """Models that no quota names, and limits that Google does not allow anyone to change. Raises as `Google.call`.

    Only new ones are looked up: a quota, and not its number for a model, can be changed or not.

    Args:
        before: the inputs of the last update; empty before the first.
        known_open: places that `deny` left open before; no line is printed for these.
    """
    project, wanted = inputs["project"], wanted_limits(inputs)
    asked = _quota_ids(wanted) - (_quota_ids(wanted_limits(before)) if before else set())
    fixed = quota_overrides.fixed_limits(context.google, project, asked) if asked else set()
    for path, model, own in [*_paths(inputs), *([("others", "", wanted.others)] if wanted.others else [])]:
        for name, _ in own.items() if path != "others" or not wanted.denies else ():
            if model and counter_of(model) == "embeddings":
                tiers = sorted(
                    found[1]
                    for metric, interval in fixed
                    if interval == "minute"
                    and (found := embeddings_limit(metric, "/min/"))
                    and found[1] != "free"
                )
            else:
                tiers = [each.tier for each in QUOTA_LIMITS[name] if (each.metric, each.interval) in fixed]
            if tiers:
                yield Failure(
                    f"{path}.{name}",
                    f"Google allows no changes of this quota (tier {', '.join(tiers)}): remove the limit",
                )
    known = all(
        _is_known(model) or model in (before.get("limits") or {}) for model in inputs.get("limits") or {}
    )
    if known and not (wanted.denies and fixed):
        return
    listed = quota_overrides.list_limits(context.google, project)
    yield from unknown_models(inputs, listed)
    places = _places(listed, fixed) - set(known_open)
    if wanted.denies and places:
        context.note(left_open(places))


def fixed_places(context: Context, project: str, wanted: WantedLimits, listed: list[ModelLimit]) -> list[str]:
    """Places that Google does not allow anyone to change, if all others are denied. Raises as `Google.call`."""
    if not wanted.denies:
        return []
    fixed = quota_overrides.fixed_limits(context.google, project, _quota_ids(wanted))
    return sorted(_places(listed, fixed))


def _quota_ids(wanted: WantedLimits) -> set[str]:
    """The quotas of which some value is wanted."""
    named = {name for own in (*wanted.models.values(), wanted.others) if own for name, _ in own.items()}
    names = LIMIT_NAMES if wanted.denies else [name for name in LIMIT_NAMES if name in named]
    ids = {limit.quota_id for name in names for limit in QUOTA_LIMITS[name]}
    embeds = any(counter_of(model) == "embeddings" for model in wanted.models)
    return ids | {
        quota_id
        for metric in OTHER_METRICS
        if wanted.denies or (embeds and metric.counts == "embeddings")
        for quota_id in metric.quota_ids
    }


def _places(listed: list[ModelLimit], fixed: set[tuple[str, str]]) -> set[str]:
    return {
        limit.place
        for limit in listed
        if (limit.metric, "minute" if "/min/" in limit.limit else "day") in fixed
    }


def _paths(inputs: Values) -> list[tuple[str, str, Limits]]:
    return [
        (f'limits["{model}"]', model, Limits.of(own)) for model, own in (inputs.get("limits") or {}).items()
    ]


def _is_known(model: str) -> bool:
    return model in QUOTA_NAMES or model in MODELS


def unknown_models(inputs: Values, listed: list[ModelLimit]) -> Iterator[Failure]:
    """Models that neither this package nor any of the project's quotas knows."""
    # An override does not prove that a model exists: Google accepts one on any name.
    there = {
        model for limit in listed for model, bucket in limit.buckets.items() if model and not bucket.override
    }
    for model in inputs.get("limits") or {}:
        if not _is_known(model) and model not in there:
            # Not at the top: the plugin would wait 0.05 s for all prices whenever it starts.
            from landing_zone.pricing.model_ids import served

            near = get_close_matches(model, sorted({*served(QUOTA_NAMES), *there}), n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(served(QUOTA_NAMES))}"
            yield Failure(
                f'limits["{model}"]',
                f"no quota names the model {model!r}, so a limit on it would not bind; {hint}",
            )


def left_open(places: set[str]) -> str:
    """The message about limits that `deny` cannot set to 0."""
    metrics = sorted({place.split("/")[1] for place in places})
    return f"others: deny leaves these open, as Google allows no changes of them: {', '.join(metrics)}"
