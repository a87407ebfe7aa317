"""`ProjectLimits`: limits on each model of a project and on all others, on every tier."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import ClassVar, Final

from landing_zone.gemini.limits import DENY, LIMIT_NAMES, OTHERS, UNLIMITED, WantedLimits
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.gemini.quotas import LimitName
from landing_zone.google import quota_overrides
from landing_zone.google.config import CredentialsError
from landing_zone.google.errors import GoogleError
from landing_zone.google.projects import is_gone
from landing_zone.google.quota_overrides import ModelLimit, Refusal
from provider.found_limits import as_found
from provider.guard_acts import (
    ATTEMPTS,
    GUARD,
    ActedMeanwhileError,
    acts_after,
    acts_if_readable,
    acts_of_update,
    keeps_guard,
    write_held,
)
from provider.held_limits import Plan, as_released, untouched, while_held
from provider.limit_inputs import (
    fixed_places,
    left_open,
    set_elsewhere,
    unknown_models,
    wanted_limits,
    wrong_at_google,
    wrong_inputs,
)
from provider.limits_in_force import settled, targets, targets_of, unbound, warning
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
    as_resource_error,
    is_unknown,
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
        "Limits the models of the Gemini API in one project. Limits are set on the metrics of every tier, because "
        "Google moves an account to a higher tier by itself, after which a limit on the old tier's metrics would not "
        "bind. All limits are set in one atomic call. A limit can only lower what the tier allows. Deleting the "
        "resource restores the tier's own limits."
    )
    properties: ClassVar[Mapping[str, Property]] = {
        "project": PROJECT,
        "limits": Property(
            {"type": "object", "additionalProperties": _NUMBERS},
            "Limits by the model's id in API calls, such as `gemini-3.8-flash`: `requestsPerMinute`, `requestsPerDay` "
            "(days are Pacific) and `inputTokensPerMinute`; 0 blocks the model.",
            paths=True,
        ),
        "others": Property(
            {"oneOf": [{"type": "string"}, _NUMBERS]},
            "The limits of every model that is not under `limits`, for each model separately: either numbers as under "
            "`limits`, where each model must then set the same ones, or `deny`, which sets every metric of the API "
            "that counts models to 0. With `deny`, a refresh reports a model that was opened by hand.",
            paths=True,
        ),
        "elsewhere": Property(
            {
                "type": "array",
                "items": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "Overrides that another resource sets, such as a `ConsumerQuotaOverride`; this resource neither sets nor "
            "removes them. Each has `metric`, `limit` and `model` (the quota's name for it). A model whose requests "
            "per minute are set there can be called although all others are denied.",
        ),
        "guard": GUARD,
        "quotaModels": Property(
            {"type": "object", "additionalProperties": {"type": "string"}},
            "The quotas' names for the models under `limits`; some differ from the model's id.",
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
            "The limits in force: model or `others` → limit → tier (`free`, `1`, `2`, `3`) → value; -1 means no limit.",
            output=True,
            required=True,
        ),
        "applied": Property(
            {"type": "object", "additionalProperties": {"$ref": "pulumi.json#/Any"}},
            "The inputs of the last update, which a refresh compares with Google.",
            output=True,
            required=True,
        ),
        "closed": Property(
            {"type": "array", "items": {"type": "string"}},
            "With `others: deny`: the limits that are 0 for every other model, each as metric and limit name.",
            output=True,
        ),
        "leftOpen": Property(
            {"type": "array", "items": {"type": "string"}},
            "With `others: deny`: the limits that Google does not allow anyone to change.",
            output=True,
        ),
        "guardAct": Property(
            {"type": "string"},
            "What the guard did to the limits, when and why, as long as it is in force. All other outputs, and the "
            "inputs that a refresh finds, are then those that a release restores.",
            output=True,
        ),
        "notInForce": Property(
            {"type": "array", "items": {"type": "string"}},
            "The limits that Google lists and does not apply, in words; the next update looks again.",
            output=True,
        ),
    }

    def failures(self, inputs: Values) -> Iterator[Failure]:
        yield from super().failures(inputs)
        yield from wrong_inputs(inputs)

    def claim(self, inputs: Values) -> tuple[str, str] | None:
        return "project", inputs["project"]

    def transition(self, context: Context, olds: Values, inputs: Values) -> Iterator[Failure]:
        # Before anything is changed: the update itself would raise what the guard lowered.
        yield from as_resource_error(lambda: list(keeps_guard(context.google, olds, inputs)))

    def preview(self, context: Context, inputs: Values, old: State | None) -> Values:
        outputs = {
            name: UNKNOWN for name, entry in self.properties.items() if entry.output and entry.required
        }
        # Unchanged inputs were checked when they were new: a preview of a large stack makes no calls for them.
        if is_unknown(inputs) or (old and old.inputs == inputs):
            return outputs
        try:
            known_open = (old.outputs.get("leftOpen") or []) if old else []
            failures = list(wrong_at_google(context, inputs, old.inputs if old else {}, known_open))
        except (GoogleError, CredentialsError):
            # The project may not exist yet, or its API may be off: that is no mistake, and the update reports it.
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
            raise ResourceError(
                f"{old.id!r} is not the id of a ProjectLimits: import it as projects/PROJECT/limits"
            )
        project: str = old.inputs.get("project") or match[1]
        try:
            listed = quota_overrides.list_limits(context.google, project)
        except GoogleError as error:
            if _is_gone(context, project, error):
                return None
            raise
        acts = acts_if_readable(context, old.inputs)
        if acts.in_force:
            context.note(acts.words)
        if acts.bucket_gone and (act := old.outputs.get("guardAct")):
            context.warn(
                f"{act}; the bucket {old.inputs['guard']['bucket']}, which had what was there before, is gone. The "
                "next pulumi up sets the limits of the stack file"
            )
        listed = as_released(listed, untouched(listed, acts.held))
        applied = _applied(old) or _imported(project, listed)
        late = (
            []
            if acts.in_force
            else unbound(listed, targets(listed, wanted_limits(applied), set_elsewhere(applied)))
        )
        if late:
            context.warn(warning(project, late))
        if not any(True for _ in _overridden(listed, applied)):
            return None
        open_ones = old.outputs.get("leftOpen") or []
        if "leftOpen" not in old.outputs:  # an import, or a recovery
            open_ones = fixed_places(context, project, wanted_limits(applied), listed)
        return _found(applied, listed, open_ones, acts.words, late)

    def stale(self, outputs: Values) -> list[str]:
        return ["notInForce"] if outputs.get("notInForce") else []

    def delete(self, context: Context, old: State) -> None:
        project = old.inputs["project"]
        try:
            listed = quota_overrides.list_limits(context.google, project)
            ours = list(_overridden(listed, _applied(old)))
            added = untouched(listed, acts_if_readable(context, old.inputs).held)
            # What the guard set where nothing was goes too; what it lowered of others' is theirs to restore.
            ours += [
                (limit, model)
                for limit in listed
                for model in limit.buckets
                if (held := added.get((limit.place, model))) and held.before is None
                if (limit, model) not in ours
            ]
            quota_overrides.remove(context.google, project, ours)
        except GoogleError as error:
            if not _is_gone(context, project, error):
                raise

    def _applied(self, context: Context, inputs: Values, old: State) -> State:
        for _ in range(ATTEMPTS):
            try:
                return self._attempted(context, inputs, old)
            except ActedMeanwhileError:
                context.progress("the guard acts in the project: reading what it did")
        raise ResourceError(
            f"the guard's record of {inputs['project']} changed {ATTEMPTS} times during this update: run pulumi up "
            "again"
        )

    def _attempted(self, context: Context, inputs: Values, old: State) -> State:
        """One update. Raises ActedMeanwhileError before anything is changed."""
        google, project = context.google, inputs["project"]
        acts = acts_of_update(context, old, inputs)
        listed = quota_overrides.list_limits(google, project)
        unknown = list(unknown_models(inputs, listed))
        if unknown:
            raise ResourceError("; ".join(f"{each.property}: {each.reason}" for each in unknown))
        wanted = wanted_limits(inputs)
        _require_quotas(project, wanted, listed)
        open_ones = set(old.outputs.get("leftOpen") or []) if wanted.denies else set()
        held = untouched(listed, acts.held)
        plan = _planned(as_released(listed, held), inputs, old, open_ones)
        if acts.in_force:
            plan = while_held(listed, acts.held, plan.entries, plan.gone, pending=acts.pending)
            acts = write_held(google, inputs, acts, plan.held)
        try:
            refusals = as_resource_error(lambda: quota_overrides.impose(google, project, plan.entries))
            open_ones |= {each.entry.on.place for each in refusals if each.fixed and wanted.denies}
            as_resource_error(lambda: quota_overrides.remove(google, project, plan.gone))
            if plan.entries or plan.gone:
                acts = as_resource_error(lambda: acts_after(google, inputs, acts, listed, plan))
                listed = as_resource_error(lambda: quota_overrides.list_limits(google, project))
            due = (
                targets_of(plan.entries) if acts.in_force else targets(listed, wanted, set_elsewhere(inputs))
            )
            for each in refusals:
                due.pop((each.entry.on.place, each.entry.model), None)
            due = {key: value for key, value in due.items() if key[0] not in open_ones}
            listed = as_resource_error(lambda: settled(context, project, listed, due))
            late = unbound(listed, due)
        except ResourceError as error:
            raise ResourceError(
                str(error), self._after_failure(context, _both(_applied(old), inputs), old)
            ) from error
        if newly := open_ones - set(old.outputs.get("leftOpen") or []):
            context.note(left_open(newly))
        if acts.in_force:
            context.note(f"{acts.words}: what is wanted is set by its release")
        if late:
            context.warn(warning(project, late))
        listed = as_released(listed, untouched(listed, acts.held))
        wrong = [each for each in refusals if not each.fixed or _is_number(wanted, each.entry)]
        if wrong:
            raise ResourceError(_refused(wrong), _found(inputs, listed, sorted(open_ones), acts.words, late))
        return _state(inputs, inputs, listed, sorted(open_ones), acts.words, late)

    def _after_failure(self, context: Context, applied: Values, old: State) -> State | None:
        """The limits after a failed update, so that the state lists what a later deletion has to remove."""
        try:
            return as_resource_error(
                lambda: self.read(context, State(old.id, applied, {**old.outputs, "applied": applied}))
            )
        except ResourceError:
            # They cannot be read, or Ctrl-C ended the calls: removing too much later is safer than too little.
            return _state(applied, applied, [], [], "", [])


def _planned(listed: list[ModelLimit], inputs: Values, old: State, open_ones: Collection[str]) -> Plan:
    """What brings the limits to what the inputs ask for."""
    wanted, elsewhere = wanted_limits(inputs), set_elsewhere(inputs)
    entries = [
        entry
        for entry in quota_overrides.overrides_to_set(listed, wanted, elsewhere)
        if entry.on.place not in open_ones or _is_number(wanted, entry)
    ]
    ours = [*(_overridden(listed, _applied(old)) if old.inputs else ()), *_overridden(listed, inputs)]
    gone = [
        (limit, model)
        for limit, model in {(limit.place, model): (limit, model) for limit, model in ours}.values()
        if model not in limit.wanted(wanted, elsewhere) and (limit.place, model) not in elsewhere
    ]
    gone += [each for each in quota_overrides.loosened(listed, wanted, elsewhere) if each not in gone]
    return Plan(entries, gone)


def remove_limits(context: Context, project: str, limited: Iterable[str], kept: Iterable[str]) -> None:
    """Delete the limits of models and of `others`, with any value; `kept`: names of overrides that stay."""
    models: dict[str, Values] = {model: {} for model in limited if model != OTHERS}
    applied: Values = {"limits": models, **({"others": DENY} if len(models) < len(set(limited)) else {})}
    # The name begins with the project's id or its number.
    stays = {name.partition("/services/")[2] for name in kept}
    listed = quota_overrides.list_limits(context.google, project)
    quota_overrides.remove(
        context.google,
        project,
        [
            (limit, model)
            for limit, model in _overridden(listed, applied)
            if limit.bucket(model).override.partition("/services/")[2] not in stays
        ],
    )


def _require_quotas(project: str, wanted: WantedLimits, listed: list[ModelLimit]) -> None:
    named = {name for own in (*wanted.models.values(), wanted.others) if own for name, _ in own.items()}
    missing = sorted(named - {limit.name for limit in listed})
    if missing:
        raise ResourceError(
            f"project {project} has no quota for {', '.join(missing)}: the Gemini API is not enabled in it, or Google "
            "has renamed the metrics"
        )


def _is_number(wanted: WantedLimits, entry: quota_overrides.Entry) -> bool:
    """True if the number of an entry comes from a setting, and not only from `deny`."""
    own = wanted.models.get(entry.model) if entry.model else None if wanted.denies else wanted.others
    return bool(own and entry.on.name and own.get(entry.on.name) is not None)


def _refused(refusals: list[Refusal]) -> str:
    return f"Google refused {'; '.join(map(str, refusals))}. All other limits are set"


def _quota_models(inputs: Values) -> dict[str, str]:
    return {model: QUOTA_NAMES.get(model, model) for model in inputs.get("limits") or {}}


def _applied(state: State) -> Values:
    """The inputs of the last update. The state's own inputs may be those that a refresh found."""
    applied: Values = state.outputs.get("applied") or state.inputs
    return applied


def _imported(project: str, listed: list[ModelLimit]) -> Values:
    """The inputs for an import: all overrides on the limits that settings name."""
    found = quota_overrides.as_settings(listed)
    others = found.pop(OTHERS, None)
    return {
        "project": project,
        **({"limits": found} if found else {}),
        **({"others": others} if others is not None else {}),
    }


def _both(old: Values, new: Values) -> Values:
    """All models that the old or the new inputs limit, with the new numbers."""
    found = {**old, **new}
    if old.get("limits"):
        found["limits"] = {**old["limits"], **(new.get("limits") or {})}
    if wanted_limits(old).denies:
        found["others"] = DENY
    return found


def _overridden(listed: list[ModelLimit], applied: Values) -> Iterator[tuple[ModelLimit, str]]:
    """Limit and model of every override on the models that these inputs limit."""
    wanted, elsewhere = wanted_limits(applied), set_elsewhere(applied)
    models = wanted.models.keys() | (wanted.opened if wanted.denies else set())
    for limit in listed:
        if not (limit.name or wanted.denies):
            continue
        for model, bucket in limit.buckets.items():
            own = model in models if model else wanted.others is not None
            if own and bucket.override and (limit.place, model) not in elsewhere:
                yield limit, model


def _found(
    applied: Values, listed: list[ModelLimit], left_open: list[str], act: str, late: list[str]
) -> State:
    """The state as found at Google, for the inputs that were applied."""
    found = as_found(listed, applied, wanted_limits(applied), set_elsewhere(applied), left_open)
    return _state(applied, found, listed, left_open, act, late)


def _is_gone(context: Context, project: str, error: GoogleError) -> bool:
    """True if Google refused because the project is gone, and its limits with it."""
    if not error.hides:
        return False
    try:
        return is_gone(context.google, project)
    except GoogleError:
        return False


def _id(inputs: Values) -> str:
    return f"projects/{inputs['project']}/limits"


def _state(
    inputs: Values, found: Values, listed: list[ModelLimit], left_open: list[str], act: str, late: list[str]
) -> State:
    """The state with `found` as its inputs; its outputs cover all that `inputs` ask for."""
    wanted = wanted_limits(inputs)
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
                value = limit.bucket(quota_model).effective
                held.setdefault(limit.name, {})[limit.tier] = -1 if value == UNLIMITED else value
        effective[model] = held
    closed = [limit.place for limit in listed if wanted.denies and limit.bucket("").value == 0]
    outputs = {
        "applied": inputs,
        "quotaModels": models,
        "effective": effective,
        **({"closed": sorted(closed), "leftOpen": left_open} if wanted.denies else {}),
        **({"guardAct": act} if act else {}),
        **({"notInForce": late} if late else {}),
    }
    return State(_id(inputs), found, outputs)
