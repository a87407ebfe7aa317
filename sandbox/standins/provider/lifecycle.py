"""The life of a resource of any type: check, difference, create, read, update, delete."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.standins.provider.google import Google, GoogleError
from sandbox.standins.provider.resource import Context, ResourceType, Step
from sandbox.standins.provider.values import (
    UNKNOWN,
    Properties,
    as_set,
    differences,
    is_unknown,
    plain,
    secret,
)

_POLICIES = ("PREVENT", "ABANDON", "DELETE")


class GoneError(Exception):
    """The resource is not there any more."""

    def __init__(self) -> None:
        super().__init__("the resource is not there any more")


class PartlyMadeError(Exception):
    """A resource was made, but not all of it: the engine must know of it, or the next run would make it again."""

    def __init__(self, identifier: str, reason: str) -> None:
        self.id = identifier
        super().__init__(reason)


class RefusedError(Exception):
    """What the provider itself refuses."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that fails its check."""

    property: str
    reason: str


def check(
    kind: ResourceType, olds: Properties, news: Properties, project: str, name: str
) -> tuple[Properties, list[Failure]]:
    """The inputs with what is filled in, and what is wrong with them."""
    inputs = dict(news)
    filled = []
    for key, value in kind.defaults.items():
        if inputs.get(key) is None:
            inputs[key] = value
            filled.append(key)
    if kind.auto_named and inputs.get(kind.auto_named) is None:
        inputs[kind.auto_named] = olds.get(kind.auto_named) or name
        filled.append(kind.auto_named)
    failures = []
    if kind.in_project and inputs.get("project") is None:
        if project:
            inputs["project"] = project
            filled.append("project")
        else:
            failures.append(Failure("project", "project: required field is not set"))
    failures += [
        Failure(
            key,
            f'Missing required argument. The argument "{_snake(key)}" is required, but no definition was found.',
        )
        for key in kind.required
        if inputs.get(key) is None
    ]
    failures += _broken_rules(kind, plain(inputs), "")
    policy = plain(inputs.get("deletionPolicy"))
    if policy is not None and policy not in (*_POLICIES, UNKNOWN):
        expected = " ".join(f'"{word}"' for word in _POLICIES)
        failures.append(
            Failure("deletionPolicy", f"expected deletion_policy to be one of [{expected}], got {policy}")
        )
    inputs["__defaults"] = sorted(filled)
    return inputs, failures


def _broken_rules(kind: ResourceType, value: Any, path: str) -> Iterable[Failure]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _broken_rules(kind, item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _broken_rules(kind, item, f"{path}[{index}]")
    if path and value is not None and not is_unknown(value):
        for rule in kind.rules:
            if rule.applies(path) and not rule.holds(value):
                yield Failure(path, rule.message(value))


def changes(kind: ResourceType, old_inputs: Properties, news: Properties) -> dict[str, str]:
    """Property path → `add`, `delete` or `update`, with `_replace` where the change makes another resource."""
    found = {}
    for path, word in differences(_set(old_inputs), _set(news)):
        top = path.split(".")[0].split("[")[0]
        found[path] = f"{word}_replace" if top in kind.replaces else word
    return found


def changed_inputs(kind: ResourceType, old_inputs: Properties, news: Properties) -> set[str]:
    """The top-level inputs that differ."""
    return {path.split(".")[0].split("[")[0] for path in changes(kind, old_inputs, news)}


def _set(inputs: Properties) -> Properties:
    """Plain inputs; null is the same as left out."""
    return {name: value for name, value in plain(inputs).items() if value is not None}


def planned(kind: ResourceType, inputs: Properties, old: Properties) -> Properties:
    """The outputs of a preview: what is asked for, what stays, and what only creation will know."""
    known = {name: value for name, value in inputs.items() if not name.startswith("__")}
    return {**({} if old else dict.fromkeys(kind.computed, UNKNOWN)), **old, **known}


async def create(kind: ResourceType, google: Google, inputs: Properties) -> Context:
    """Make the resource, and read it back.

    Raises:
        GoogleError, RefusedError: nothing was made.
        PartlyMadeError: something was.
    """
    context = Context(plain(inputs))
    try:
        for step in kind.create:
            await _run(kind, google, context, (step,))
            if step.makes:
                context.id = kind.id(context)
        context.id = kind.id(context)
        if kind.read_back(context):
            await read(kind, google, context)
    except (GoogleError, RefusedError, GoneError) as error:
        if context.id:
            raise PartlyMadeError(context.id, str(error)) from error
        raise
    return context


async def read(kind: ResourceType, google: Google, context: Context) -> None:
    """Ask Google what there is now.

    Raises:
        GoneError: nothing.
    """
    await _run(kind, google, context, kind.read)
    if not context.answers[kind.read[0].keep] or not kind.exists(context):
        raise GoneError


async def update(
    kind: ResourceType,
    google: Google,
    identifier: str,
    old: Properties,
    changed: Iterable[str],
    news: Properties,
) -> Context:
    """Change the resource in place, and read it back."""
    context = Context(plain(news), plain(old), frozenset(changed), id=identifier)
    if not context.changed:
        # Nothing differs, so the engine asks to finish what a creation left undone.
        await read(kind, google, context)
        there = observed(kind, news, recorded(kind, context))
        context.changed = frozenset(changed_inputs(kind, there, news))
    if not context.changed <= kind.local:
        await _run(kind, google, context, kind.update)
    await read(kind, google, context)
    return context


async def delete(
    kind: ResourceType, google: Google, identifier: str, old_inputs: Properties, old: Properties
) -> None:
    """Remove the resource, or leave it, as its deletion policy says.

    Raises:
        RefusedError: the policy is PREVENT.
    """
    state = plain(old)
    policy = state.get("deletionPolicy")
    if policy == "PREVENT":
        raise RefusedError(kind.prevented)
    if policy == "ABANDON":
        return
    context = Context(plain(old_inputs) or state, state, id=identifier)
    await _run(kind, google, context, kind.delete)


def recorded(kind: ResourceType, context: Context) -> Properties:
    """The outputs to record, secrets wrapped."""
    outputs = {"id": context.id, **kind.outputs(context)}
    for name in kind.local:
        outputs.setdefault(name, context.inputs.get(name))
    return {
        name: secret(value) if name in kind.secrets and value else value for name, value in outputs.items()
    }


def observed(kind: ResourceType, old_inputs: Properties, outputs: Mapping[str, Any]) -> Properties:
    """The inputs that would have made what is there: how a refresh shows what changed out of band."""
    actual = plain(dict(outputs))
    seen = {
        name: value if name in kind.local or name.startswith("__") else as_set(value, actual.get(name))
        for name, value in old_inputs.items()
    }
    for name in kind.tracked:
        if actual.get(name) and name not in seen:
            seen[name] = actual[name]
    return {name: value for name, value in seen.items() if value is not None}


async def _run(kind: ResourceType, google: Google, context: Context, steps: Iterable[Step]) -> None:
    for step in steps:
        if step.when is None or step.when(context):
            await _step(kind, google, context, step)


async def _step(kind: ResourceType, google: Google, context: Context, step: Step) -> None:
    path = step.path.format_map(dict(kind.names(context)))
    body = step.body(context) if step.body else None
    try:
        answer = await google.call(step.method, step.service, path, step.query(context), body)
        if step.waits:
            answer = await google.finished(step.service, answer)
    except GoogleError as error:
        if error.status not in step.absent:
            raise
        answer = {}
    context.answers[step.keep] = answer
    refusal = step.verify(context, answer) if step.verify else None
    if refusal:
        raise RefusedError(refusal)


def _snake(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name)
