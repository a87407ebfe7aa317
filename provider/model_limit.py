"""`ModelLimit`: what a model may be used at most, on every tier; or all models that have no limit of their own."""

import re
import time
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, ClassVar, Final

from landing_zone.gemini.models import EMBEDDING_MODELS, MODELS, QUOTA_NAMES
from landing_zone.gemini.quotas import LimitName
from landing_zone.google import limits
from landing_zone.google.errors import GoogleError
from landing_zone.google.limits import LIMIT_NAMES, UNLIMITED, Held, LimitError
from landing_zone.google.projects import is_gone
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
    told,
)

_ALL_OTHERS: Final = "*"
ID: Final = re.compile(r"projects/([^/]+)/models/([^/]+)")
_ALLOWED_WAIT_S: Final = 300
"""How long all other models' limit waits for those of the allowed ones."""


def _count(value: Any) -> str:
    if value < 0:
        return f"must be >= 0, not {int(value)}; 0 blocks the model"
    return "" if value <= UNLIMITED else "is beyond what Google can hold"


def _limit(words: str) -> Property:
    return Property({"type": "integer"}, f"{words}; 0 blocks the model.", check=_count)


class ModelLimit(ResourceType):
    """See `description`."""

    name = "ModelLimit"
    description = (
        "Limits one model of the Gemini API in one project, on the metrics of every tier: Google moves an account up "
        "by itself, and a limit on one tier's metrics would then stop binding. Without `model` it holds for all models "
        "that have no limit of their own. It only lowers what the tier allows. Deleting it restores that."
    )
    properties: ClassVar[Mapping[str, Property]] = {
        "project": PROJECT,
        "model": Property(
            {"type": "string"},
            "The model's id in API calls, such as `gemini-3.8-flash`. Without it: all models without their own limit.",
            replaces=True,
            check=lambda text: "" if text else "is empty: name a model, or leave model out",
        ),
        "requestsPerMinute": _limit("Calls a minute"),
        "requestsPerDay": _limit("Calls a day; Google's days are Pacific"),
        "inputTokensPerMinute": _limit("Input tokens a minute"),
        "allowed": Property(
            {"type": "array", "items": {"type": "string"}},
            "Only without `model`: models that must have limits of their own before this one is set, so that they are "
            "never blocked by it. Any other model that somebody gives a higher limit is drift: a refresh lists it "
            "here, and the next update removes that limit. Without `allowed`, limits of other models are left alone.",
            same=lambda old, new: set(old) == set(new),
        ),
        "exempt": Property(
            {"type": "array", "items": {"type": "string"}},
            "Only with `allowed`: models whose limits something else sets, such as a `ConsumerQuotaOverride`. They are "
            "neither waited for nor removed.",
            same=lambda old, new: set(old) == set(new),
        ),
        "quotaModel": Property(
            {"type": "string"},
            "The quota's name for the model, which for some differs from the id; `*` for all others.",
            output=True,
            required=True,
        ),
        "effective": Property(
            {
                "type": "object",
                "additionalProperties": {"type": "object", "additionalProperties": {"type": "number"}},
            },
            "What holds: limit → tier (`free`, `1`, `2`, `3`) → value; -1 is no limit.",
            output=True,
            required=True,
        ),
    }

    def __init__(self) -> None:
        self._fixed: dict[str, dict[LimitName, list[str]]] = {}
        """By project: asked once for all its limits."""

    def failures(self, inputs: Values) -> Iterator[Failure]:
        yield from super().failures(inputs)
        if not any(inputs.get(name) is not None for name in LIMIT_NAMES):
            yield Failure(LIMIT_NAMES[0], f"one at least of {', '.join(LIMIT_NAMES)} must be set")
        model = inputs.get("model")
        if isinstance(model, str) and model in EMBEDDING_MODELS:
            yield Failure("model", f"{model} is counted by other quotas, which no limit can be set on here")
        if model is not None and inputs.get("allowed"):
            yield Failure("allowed", "goes with a limit on all other models: leave model out, or allowed")
        if inputs.get("exempt") and inputs.get("allowed") is None:
            yield Failure("exempt", "goes with allowed: write allowed, or leave exempt out")

    def looked_up(self, context: Context, inputs: Values, olds: Values) -> Iterator[Failure]:
        # The project may not be there yet, or its API may be off: that is no mistake here, and told at the update.
        project = inputs["project"]
        before = (
            {*(olds.get("allowed") or ()), olds.get("model")} if olds.get("project") == project else set()
        )
        yield from _unknown_models(context, inputs, before)
        if project not in self._fixed:
            self._fixed[project] = limits.fixed(context.google, project)
        for name, tiers in self._fixed[project].items():
            if inputs.get(name) is not None:
                yield Failure(
                    name,
                    f"Google lets nobody change this quota (tier {', '.join(tiers)}): take the limit out",
                )

    def claim(self, inputs: Values) -> tuple[str, str] | None:
        return "model", f"{inputs['project']}/{_quota_model(inputs) or _ALL_OTHERS}"

    def preview(self, context: Context, inputs: Values, old: State | None) -> Values:
        return {"quotaModel": _quota_model(inputs) or _ALL_OTHERS, "effective": UNKNOWN}

    def create(self, context: Context, inputs: Values) -> State:
        return self._applied(context, inputs)

    def update(self, context: Context, old: State, inputs: Values) -> State:
        return self._applied(context, inputs)

    def read(self, context: Context, resource_id: str, inputs: Values) -> State | None:
        match = ID.fullmatch(resource_id)
        if not match:
            raise ResourceError(
                f"{resource_id!r} is no limit: import it as projects/PROJECT/models/MODEL, with * for all other models"
            )
        if not inputs:
            inputs = limit_inputs(match)
        project = inputs["project"]
        try:
            held = limits.read(context.google, project, _quota_model(inputs), LIMIT_NAMES)
        except GoogleError as error:
            if _is_gone(context, project, error):
                return None
            raise
        if not any(one.override for one in held):
            return None
        found = {name: _as_set(held, name, inputs.get(name)) for name in LIMIT_NAMES}
        others = {name: value for name, value in inputs.items() if name not in LIMIT_NAMES}
        allowed = _quota_names(inputs)
        if allowed is not None:
            opened = limits.opened(held, _values(inputs), allowed)
            others["allowed"] = [*inputs["allowed"], *(MODELS.get(model, model) for model in sorted(opened))]
        return _state(inputs, {**others, **{name: v for name, v in found.items() if v is not None}}, held)

    def delete(self, context: Context, old: State) -> None:
        project = old.inputs["project"]
        try:
            limits.remove(context.google, project, _quota_model(old.inputs))
        except GoogleError as error:
            if not _is_gone(context, project, error):
                raise

    def _applied(self, context: Context, inputs: Values) -> State:
        # Looked up again: the preview may have come before the project.
        unknown = list(_unknown_models(context, inputs, set()))
        if unknown:
            raise ResourceError(f"{unknown[0].property}: {unknown[0].reason}")
        project, model = inputs["project"], _quota_model(inputs)
        values, allowed = _values(inputs), _quota_names(inputs)
        if inputs.get("allowed"):
            _wait_for(context, project, inputs["allowed"], list(values))
        try:
            return _state(
                inputs, inputs, told(lambda: limits.apply(context.google, project, model, values, allowed))
            )
        except ResourceError as error:
            raise ResourceError(str(error), self._half_made(context, inputs)) from error

    def _half_made(self, context: Context, inputs: Values) -> State | None:
        """What there is after a failure, so that the state knows what is to be taken away."""
        try:
            return told(lambda: self.read(context, _id(inputs), inputs))
        except ResourceError:
            # Not to be seen, or no longer to be asked after Ctrl-C: rather too much is taken away than too little.
            return _state(inputs, inputs, [])


def _wait_for(context: Context, project: str, allowed: list[str], names: list[LimitName]) -> None:
    """Wait until every allowed model has limits of its own: this resource's would hold for one that has none."""
    deadline = time.monotonic() + _ALLOWED_WAIT_S
    waits = context.google.waits()
    while True:
        waiting = [
            model
            for model in allowed
            if not all(
                one.override
                for one in limits.read(context.google, project, QUOTA_NAMES.get(model, model), names)
            )
        ]
        if not waiting:
            return
        if time.monotonic() > deadline:
            raise LimitError(
                f"all other models are not limited: {', '.join(waiting)} would be limited with them, having no "
                f"{', '.join(names)} of their own. Limit these first, or take them out of `allowed`"
            )
        context.say(f"waiting for the limits of {', '.join(waiting)}")
        next(waits)


def limit_inputs(match: re.Match[str]) -> Values:
    """The inputs that an id of a limit stands for, without its values."""
    return {"project": match[1], **({"model": match[2]} if match[2] != _ALL_OTHERS else {})}


def _quota_model(inputs: Values) -> str | None:
    model = inputs.get("model")
    return QUOTA_NAMES.get(model, model) if model else None


def _quota_names(inputs: Values) -> set[str] | None:
    """Quota names of the models that all others' limit leaves alone; None: of every model."""
    if inputs.get("allowed") is None:
        return None
    return {QUOTA_NAMES.get(model, model) for model in (*inputs["allowed"], *(inputs.get("exempt") or ()))}


def _values(inputs: Values) -> dict[LimitName, int]:
    return {name: int(inputs[name]) for name in LIMIT_NAMES if inputs.get(name) is not None}


def _is_known(model: str) -> bool:
    return model in QUOTA_NAMES or model in QUOTA_NAMES.values()


def _models_at_google(context: Context, project: str) -> set[str]:
    """The models that the project's quotas name."""
    listing = context.google.pages(
        "serviceusage",
        f"projects/{project}/services/generativelanguage.googleapis.com/consumerQuotaMetrics",
        "metrics",
        query={"view": "FULL"},
        project=project,
    )
    return {
        bucket["dimensions"]["model"]
        for metric in listing
        for limit in metric.get("consumerQuotaLimits", [])
        for bucket in limit.get("quotaBuckets", [])
        # An override alone does not make a model: anybody can set one on any name.
        if "model" in bucket.get("dimensions", {}) and "consumerOverride" not in bucket
    }


def _is_gone(context: Context, project: str, error: GoogleError) -> bool:
    """Whether a refusal means that the limit went with its project."""
    if error.code not in (403, 404) or error.has_reason("SERVICE_DISABLED", "USER_PROJECT_DENIED"):
        return False
    try:
        return is_gone(context.google, project)
    except GoogleError:
        return False


def _unknown_models(context: Context, inputs: Values, known: set[Any]) -> Iterator[Failure]:
    """Models that are in none of the project's quotas, nor in `known`; they are looked up where the list ends."""
    named = [("model", inputs["model"])] if inputs.get("model") else []
    named += [("allowed", model) for model in inputs.get("allowed") or []]
    unknown = [(name, model) for name, model in named if model not in known and not _is_known(model)]
    there = _models_at_google(context, inputs["project"]) if unknown else set()
    return (Failure(name, _unknown_model(model, there)) for name, model in unknown if model not in there)


def _unknown_model(model: str, there: set[str]) -> str:
    near = get_close_matches(model, sorted({*QUOTA_NAMES, *there}), n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(QUOTA_NAMES)}"
    return f"{model!r} is no model that a quota names: a limit on it would bind nothing; {hint}"


def _as_set(held: list[Held], name: LimitName, wanted: Any) -> int | None:
    """The limit as a program would write it to get what there is; `wanted` where that is what there is."""
    of_name = [one for one in held if one.name == name]
    if wanted is not None and all(one.value == limits.target(one, int(wanted)) for one in of_name):
        return int(wanted)
    if wanted is None and not any(one.override for one in of_name):
        return None
    changed = [one for one in of_name if wanted is None or one.value != limits.target(one, int(wanted))]
    loosest = max((one.effective for one in changed), default=UNLIMITED)
    # Where the number would not tell that something is amiss, the limit is taken for one that is not set.
    return None if loosest in (UNLIMITED, wanted) else loosest


def _id(inputs: Values) -> str:
    return f"projects/{inputs['project']}/models/{inputs.get('model') or _ALL_OTHERS}"


def _state(old_inputs: Values, inputs: Values, held: list[Held]) -> State:
    effective: dict[str, dict[str, int]] = {}
    for one in held:
        if inputs.get(one.name) is not None:
            value = -1 if one.effective == UNLIMITED else one.effective
            effective.setdefault(one.name, {})[one.limit.tier] = value
    outputs = {"quotaModel": _quota_model(old_inputs) or _ALL_OTHERS, "effective": effective}
    return State(_id(old_inputs), inputs, outputs)
