"""`ProjectLimits`: what each model of a project may be used at most, on every tier; and what all others may be."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, ClassVar, Final

from landing_zone.gemini.limits import DENY, LIMIT_NAMES, OTHERS, UNLIMITED, Limits, WantedLimits
from landing_zone.gemini.models import EMBEDDING_MODELS, MODELS, QUOTA_NAMES
from landing_zone.gemini.quotas import BY_METRIC, OTHER_METRICS, QUOTA_LIMITS, LimitName
from landing_zone.google import limits
from landing_zone.google.config import CredentialsError
from landing_zone.google.errors import GoogleError
from landing_zone.google.limits import ModelLimit, Refusal
from landing_zone.google.projects import is_gone
from provider.found_limits import as_found
from provider.resource import (
    PROJECT,
    UNKNOWN,
    Context,
    Failure,
    Property,
    ResourceError,
    ResourceType,
    State,
    Values,
    is_unknown,
    told,
)

ID: Final = re.compile(r"projects/([^/]+)/limits")
_NUMBERS: Final = {
    "type": "object",
    "additionalProperties": {"type": "integer"},
}


class ProjectLimits(ResourceType):
    """All limits on models of one project."""

    name = "ProjectLimits"
    description = (
        "Limits the models of the Gemini API in one project, on the metrics of every tier: Google moves an account up "
        "by itself, and a limit on one tier's metrics would then stop binding. All are set in one atomic call. They "
        "only lower what the tier allows. Deleting them restores that."
    )
    properties: ClassVar[Mapping[str, Property]] = {
        "project": PROJECT,
        "limits": Property(
            {"type": "object", "additionalProperties": _NUMBERS},
            "By the model's id in API calls, such as `gemini-3.8-flash`: `requestsPerMinute`, `requestsPerDay` (Google's "
            "days are Pacific), `inputTokensPerMinute`; 0 blocks the model.",
            paths=True,
        ),
        "others": Property(
            {"oneOf": [{"type": "string"}, _NUMBERS]},
            "Of every model that is not under `limits`, each for itself: the same numbers, which each model under "
            "`limits` must then have too; or `deny`, which shuts every metric of the API that counts models. A model "
            "that somebody opens is drift then.",
            paths=True,
        ),
        "elsewhere": Property(
            {
                "type": "array",
                "items": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "Overrides that something else sets, such as a `ConsumerQuotaOverride`, and that are neither set nor removed "
            "here: `metric`, `limit` and `model`, by the quota's name. A model whose requests a minute are set there "
            "can be called although all others are denied.",
        ),
        "quotaModels": Property(
            {"type": "object", "additionalProperties": {"type": "string"}},
            "The quotas' names for the models under `limits`, which for some differ from the id.",
            output=True,
            required=True,
        ),
        "effective": Property(
            {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": {"type": "object", "additionalProperties": {"type": "number"}},
                },
            },
            "In force: model, or `others` → limit → tier (`free`, `1`, `2`, `3`) → value; -1 is no limit.",
            output=True,
            required=True,
        ),
        "applied": Property(
            {"type": "object", "additionalProperties": {"$ref": "pulumi.json#/Any"}},
            "The inputs of the last update, with which a refresh compares.",
            output=True,
            required=True,
        ),
        "closed": Property(
            {"type": "array", "items": {"type": "string"}},
            "With `others: deny`: the limits that are 0 for every other model, each as its metric with its name.",
            output=True,
        ),
        "leftOpen": Property(
            {"type": "array", "items": {"type": "string"}},
            "With `others: deny`: the limits that Google lets nobody change.",
            output=True,
        ),
    }

    def failures(self, inputs: Values) -> Iterator[Failure]:
        yield from super().failures(inputs)
        found, others = inputs.get("limits"), inputs.get("others")
        if not found and others is None:
            yield Failure("limits", "is empty: name a model, or write others")
        if isinstance(found, dict):
            yield from _wrong_models(found)
        if isinstance(others, dict):
            yield from _wrong_numbers("others", others)
        elif others is not None and not is_unknown(others) and others != DENY:
            yield Failure("others", f"{others!r} is no limit: write deny, or {{requestsPerMinute: 60}}")
        if isinstance(found, dict) and isinstance(others, dict) and not _blocks(others):
            for model, own in found.items():
                missing = [name for name in others if isinstance(own, dict) and name not in own]
                if missing:
                    yield Failure(
                        f'limits["{model}"]',
                        f"has no {missing[0]} of its own, so that of others would hold for it: write {missing[0]} too",
                    )
        for position, entry in enumerate(inputs.get("elsewhere") or []):
            if isinstance(entry, dict) and not (entry.get("metric") and entry.get("limit")):
                yield Failure(f"elsewhere[{position}]", "names no override: write metric, limit and model")

    def claim(self, inputs: Values) -> tuple[str, str] | None:
        return "project", inputs["project"]

    def preview(self, context: Context, inputs: Values, old: State | None) -> Values:
        outputs = {
            name: UNKNOWN for name, entry in self.properties.items() if entry.output and entry.required
        }
        # What has not changed was looked up when it was new: a preview of a large stack asks Google nothing.
        if is_unknown(inputs) or (old and old.inputs == inputs):
            return outputs
        try:
            failures = list(_looked_up(context, inputs))
        except (GoogleError, CredentialsError):
            # The project may not be there yet, or its API may be off: that is no mistake, and the update tells.
            return outputs
        if failures:
            raise ResourceError("; ".join(f"{each.property}: {each.reason}" for each in failures))
        return {**outputs, "quotaModels": _quota_models(inputs)}

    def create(self, context: Context, inputs: Values) -> State:
        return self._applied(context, inputs, State(_id(inputs), {}))

    def update(self, context: Context, old: State, inputs: Values) -> State:
        return self._applied(context, inputs, old)

    def read(self, context: Context, old: State) -> State | None:
        match = ID.fullmatch(old.id)
        if not match:
            raise ResourceError(f"{old.id!r} are no limits: import them as projects/PROJECT/limits")
        project: str = old.inputs.get("project") or match[1]
        try:
            listed = limits.listed(context.google, project)
        except GoogleError as error:
            if _is_gone(context, project, error):
                return None
            raise
        applied = _applied(old) or _imported(project, listed)
        if not any(True for _ in _held(listed, applied)):
            return None
        return _found(applied, listed, old.outputs.get("leftOpen") or [])

    def delete(self, context: Context, old: State) -> None:
        project = old.inputs["project"]
        try:
            listed = limits.listed(context.google, project)
            limits.remove(context.google, project, _held(listed, _applied(old)))
        except GoogleError as error:
            if not _is_gone(context, project, error):
                raise

    def _applied(self, context: Context, inputs: Values, old: State) -> State:
        google, project = context.google, inputs["project"]
        listed = limits.listed(google, project)
        unknown = list(_unknown_models(inputs, listed))
        if unknown:
            raise ResourceError("; ".join(f"{each.property}: {each.reason}" for each in unknown))
        wanted, elsewhere = _wanted(inputs), _elsewhere(inputs)
        _require_quotas(project, wanted, listed)
        left_open = set(old.outputs.get("leftOpen") or []) if wanted.denies else set()
        entries = [
            entry
            for entry in limits.unset(listed, wanted, elsewhere)
            if entry.on.place not in left_open or _is_number(wanted, entry)
        ]
        both = _both(_applied(old), inputs)
        gone = [
            (limit, model)
            for limit, model in _held(listed, both)
            if model not in limit.wanted(wanted, elsewhere) and (limit.place, model) not in elsewhere
        ]
        gone += [each for each in limits.strays(listed, wanted, elsewhere) if each not in gone]
        try:
            refusals = told(lambda: limits.impose(google, project, entries))
            left_open |= {each.entry.on.place for each in refusals if each.fixed and wanted.denies}
            told(lambda: limits.remove(google, project, gone))
            if entries or gone:
                listed = told(lambda: limits.listed(google, project))
        except ResourceError as error:
            raise ResourceError(str(error), self._half_made(context, both, old)) from error
        if newly := left_open - set(old.outputs.get("leftOpen") or []):
            context.warn(_left_open(newly))
        wrong = [each for each in refusals if not each.fixed or _is_number(wanted, each.entry)]
        if wrong:
            raise ResourceError(_refused(wrong), _found(inputs, listed, sorted(left_open)))
        return _state(inputs, inputs, listed, sorted(left_open))

    def _half_made(self, context: Context, applied: Values, old: State) -> State | None:
        """The limits after a failure, so that the state knows what is to be taken away."""
        try:
            return told(
                lambda: self.read(context, State(old.id, applied, {**old.outputs, "applied": applied}))
            )
        except ResourceError:
            # Not to be seen, or no longer to be asked after Ctrl-C: rather too much is taken away than too little.
            return _state(applied, applied, [], [])


def remove_limits(context: Context, project: str, limited: Iterable[str], kept: Iterable[str]) -> None:
    """Delete the limits of models, and of `others`, whatever their numbers; `kept`: names of overrides that stay."""
    models: dict[str, Values] = {model: {} for model in limited if model != OTHERS}
    applied: Values = {"limits": models, **({"others": DENY} if len(models) < len(set(limited)) else {})}
    # The project in front may be by id or by number.
    stays = {name.partition("/services/")[2] for name in kept}
    listed = limits.listed(context.google, project)
    limits.remove(
        context.google,
        project,
        [
            (limit, model)
            for limit, model in _held(listed, applied)
            if limit.held(model).override.partition("/services/")[2] not in stays
        ],
    )


def _wrong_models(found: Values) -> Iterator[Failure]:
    by_quota: dict[str, str] = {}
    for model, own in found.items():
        path = f'limits["{model}"]'
        if not model:
            yield Failure("limits", "a model's name is empty")
        elif model == OTHERS:
            yield Failure(path, "write others beside limits, not among them")
        elif model in EMBEDDING_MODELS:
            yield Failure(path, f"{model} is counted by other quotas, which no limit can be set on here")
        elif (other := by_quota.setdefault(QUOTA_NAMES.get(model, model), model)) != model:
            yield Failure(path, f"{model} shares its quota with {other}: limit one of the two")
        if isinstance(own, dict):
            yield from _wrong_numbers(path, own)
        elif not is_unknown(own):
            yield Failure(path, f"{own!r} is no mapping")


def _wrong_numbers(path: str, own: Values) -> Iterator[Failure]:
    if not own:
        yield Failure(path, f"is empty: write {', '.join(LIMIT_NAMES)}")
    for name, value in own.items():
        reason = ""
        if name not in LIMIT_NAMES:
            reason = f"there is no such limit; there are {', '.join(LIMIT_NAMES)}"
        elif is_unknown(value):
            continue
        elif not isinstance(value, int) or isinstance(value, bool):
            reason = f"{value!r} is no whole number"
        elif value < 0:
            reason = f"must be >= 0, not {value}; 0 blocks the model"
        elif value > UNLIMITED:
            reason = "is beyond what Google can hold"
        if reason:
            yield Failure(f"{path}.{name}", reason)


def _looked_up(context: Context, inputs: Values) -> Iterator[Failure]:
    """Failures by what Google says: models that no quota names, and limits that it lets nobody change."""
    project, wanted = inputs["project"], _wanted(inputs)
    named = {name for own in (*wanted.models.values(), wanted.others) if own for name, _ in own.items()}
    names = LIMIT_NAMES if wanted.denies else [name for name in LIMIT_NAMES if name in named]
    ids = {limit.quota_id for name in names for limit in QUOTA_LIMITS[name]}
    if wanted.denies:
        ids |= {quota_id for metric in OTHER_METRICS for quota_id in metric.quota_ids}
    fixed = limits.fixed(context.google, project, ids)
    for path, own in [*(_paths(inputs)), *([("others", wanted.others)] if wanted.others else [])]:
        for name, _ in own.items() if path != "others" or not wanted.denies else ():
            tiers = [each.tier for each in QUOTA_LIMITS[name] if (each.metric, each.interval) in fixed]
            if tiers:
                yield Failure(
                    f"{path}.{name}",
                    f"Google lets nobody change this quota (tier {', '.join(tiers)}): take the limit out",
                )
    known = all(_is_known(model) for model in inputs.get("limits") or {})
    if known and not (wanted.denies and fixed):
        return
    listed = limits.listed(context.google, project)
    yield from _unknown_models(inputs, listed)
    left_open = {
        limit.place
        for limit in listed
        if (limit.metric, "minute" if "/min/" in limit.limit else "day") in fixed
    }
    if wanted.denies and left_open:
        context.warn(_left_open(left_open))


def _paths(inputs: Values) -> list[tuple[str, Limits]]:
    return [(f'limits["{model}"]', Limits.of(own)) for model, own in (inputs.get("limits") or {}).items()]


def _is_known(model: str) -> bool:
    return model in QUOTA_NAMES or model in MODELS


def _unknown_models(inputs: Values, listed: list[ModelLimit]) -> Iterator[Failure]:
    """Models that are neither known here nor in any of the project's quotas."""
    # An override alone does not make a model: anybody can set one on any name.
    there = {
        model for limit in listed for model, bucket in limit.buckets.items() if model and not bucket.override
    }
    for model in inputs.get("limits") or {}:
        if not _is_known(model) and model not in there:
            near = get_close_matches(model, sorted({*QUOTA_NAMES, *there}), n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(QUOTA_NAMES)}"
            yield Failure(
                f'limits["{model}"]',
                f"{model!r} is no model that a quota names: a limit on it would bind nothing; {hint}",
            )


def _require_quotas(project: str, wanted: WantedLimits, listed: list[ModelLimit]) -> None:
    named = {name for own in (*wanted.models.values(), wanted.others) if own for name, _ in own.items()}
    missing = sorted(named - {limit.name for limit in listed})
    if missing:
        raise ResourceError(
            f"project {project} has no quota for {', '.join(missing)}: the Gemini API is not enabled in it, or Google "
            "has renamed the metrics"
        )


def _is_number(wanted: WantedLimits, entry: limits.Entry) -> bool:
    """Whether a setting gives the number of an entry, and not only `deny`."""
    own = wanted.models.get(entry.model) if entry.model else None if wanted.denies else wanted.others
    return bool(own and entry.on.name and own.get(entry.on.name) is not None)


def _refused(refusals: list[Refusal]) -> str:
    return f"all other limits are set, and Google refuses {'; '.join(map(str, refusals))}"


def _left_open(places: set[str]) -> str:
    return f"others: deny leaves open what Google lets nobody change: {', '.join(sorted(places))}"


def _blocks(others: Values) -> bool:
    return 0 in (others.get("requestsPerMinute"), others.get("requestsPerDay"))


def _limits(values: Any) -> Limits:
    return Limits(requests_per_minute=0) if values == DENY else Limits.of(values)


def _wanted(inputs: Values) -> WantedLimits:
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


def _elsewhere(inputs: Values) -> set[tuple[str, str]]:
    """Place and model of the overrides that something else sets."""
    return {
        (f"{entry['metric']}{entry['limit']}", entry.get("model") or "")
        for entry in inputs.get("elsewhere") or []
    }


def _quota_models(inputs: Values) -> dict[str, str]:
    return {model: QUOTA_NAMES.get(model, model) for model in inputs.get("limits") or {}}


def _applied(state: State) -> Values:
    """The inputs of the last update: a refresh may have put what it found in place of the state's."""
    applied: Values = state.outputs.get("applied") or state.inputs
    return applied


def _imported(project: str, listed: list[ModelLimit]) -> Values:
    """The inputs of limits that no program has yet: all overrides, on the limits that have a name."""
    found = limits.written(listed)
    others = found.pop(OTHERS, None)
    return {
        "project": project,
        **({"limits": found} if found else {}),
        **({"others": others} if others is not None else {}),
    }


def _both(old: Values, new: Values) -> Values:
    """What the old and the new inputs limit together; the new ones' numbers."""
    found = {**old, **new}
    if old.get("limits"):
        found["limits"] = {**old["limits"], **(new.get("limits") or {})}
    return found


def _held(listed: list[ModelLimit], applied: Values) -> Iterator[tuple[ModelLimit, str]]:
    """The overrides that these inputs come to, and others on the same models."""
    wanted, elsewhere = _wanted(applied), _elsewhere(applied)
    models = wanted.models.keys() | (wanted.opened if wanted.denies else set())
    for limit in listed:
        for model, bucket in limit.buckets.items():
            own = model in models if model else wanted.others is not None
            if own and bucket.override and (limit.place, model) not in elsewhere:
                yield limit, model


def _found(applied: Values, listed: list[ModelLimit], left_open: list[str]) -> State:
    """The state as it is at Google, of what was applied."""
    found = as_found(listed, applied, _wanted(applied), _elsewhere(applied), left_open)
    return _state(applied, found, listed, left_open)


def _is_gone(context: Context, project: str, error: GoogleError) -> bool:
    """Whether a refusal means that the limits went with their project."""
    if error.code not in (403, 404) or error.has_reason("SERVICE_DISABLED", "USER_PROJECT_DENIED"):
        return False
    try:
        return is_gone(context.google, project)
    except GoogleError:
        return False


def _id(inputs: Values) -> str:
    return f"projects/{inputs['project']}/limits"


def _state(inputs: Values, found: Values, listed: list[ModelLimit], left_open: list[str]) -> State:
    """The state whose inputs are as `found`; its outputs are of all that `inputs` want."""
    wanted = _wanted(inputs)
    effective: dict[str, dict[LimitName, dict[str, int]]] = {}
    models = _quota_models(inputs)
    for model, quota_model in [*models.items(), *([(OTHERS, "")] if wanted.others else [])]:
        own = wanted.models[quota_model] if quota_model else wanted.others
        names = (
            LIMIT_NAMES
            if wanted.denies and not quota_model
            else [name for name, _ in own.items()]
            if own
            else []
        )
        held: dict[LimitName, dict[str, int]] = {}
        for limit in listed:
            if limit.name in names and limit.name:
                value = limit.held(quota_model).effective
                held.setdefault(limit.name, {})[limit.tier] = -1 if value == UNLIMITED else value
        effective[model] = held
    closed = [limit.place for limit in listed if wanted.denies and limit.held("").value == 0]
    outputs = {
        "applied": inputs,
        "quotaModels": models,
        "effective": effective,
        **({"closed": sorted(closed), "leftOpen": left_open} if wanted.denies else {}),
    }
    return State(_id(inputs), found, outputs)
