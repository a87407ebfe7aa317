"""What a resource type is, as data: its inputs, its checks, its requests, its outputs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Context:
    """A resource in work.

    Attributes:
        inputs: what the program asks for, plain.
        old: the outputs that were last recorded; empty for a new resource.
        changed: top-level inputs that differ from the recorded ones.
        answers: what Google answered, by the `keep` of its step.
        id: the resource's id, once it has one.
    """

    inputs: dict[str, Any]
    old: dict[str, Any] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    id: str = ""


Condition = Callable[[Context], bool]
Body = Callable[[Context], Any]
Names = Callable[[Context], Mapping[str, Any]]


def _nothing(_: Context) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Step:
    """One request.

    Attributes:
        method, service: the verb, and the service by the name in `google.SERVICES`.
        path: below the service's endpoint, with the names that `ResourceType.names` gives in braces.
        query, body: made from the context.
        keep: the answer is kept under this name.
        waits: the answer is a long-running operation, whose response is kept in its place.
        when: left out unless this holds.
        absent: statuses that mean that there is no such thing; the answer is then {}.
        verify: judges the answer; a text refuses it.
        makes: from here on there is a resource, whatever the next steps meet.
    """

    method: str
    service: str
    path: str
    query: Names = _nothing
    body: Body | None = None
    keep: str = "answer"
    waits: bool = False
    when: Condition | None = None
    absent: frozenset[int] = frozenset()
    verify: Callable[[Context, dict[str, Any]], str | None] | None = None
    makes: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A check of an input, wherever it is: `path` is a pattern of property paths."""

    path: str
    holds: Callable[[Any], bool]
    message: Callable[[Any], str]

    def applies(self, path: str) -> bool:
        """Whether the rule is for the property at `path`."""
        return re.fullmatch(self.path, path) is not None


@dataclass(frozen=True)
class ResourceType:
    """A resource type.

    Attributes:
        pulumi_type: Pulumi's type token.
        names: what the paths of the steps name, from the inputs, the id and the answers.
        id: the id after creation.
        outputs: every output, from the inputs and the answers of `read`.
        computed: outputs that only creation gives, unknown before.
        create, read, update, delete: the requests, in order. A resource is gone when the answer of the first
            step of `read` is absent or `exists` says so.
        required: inputs that must be there.
        defaults: inputs that are filled in.
        replaces: inputs whose change makes another resource.
        local: inputs that Google never sees; a read keeps them.
        tracked: inputs that a read adds when Google has them and the program did not set them.
        secrets: outputs that are secret.
        in_project: `project` is filled in from the provider's.
        auto_named: the input that gets a generated name.
        rules: checks of inputs.
        read_back: whether a creation is read back; not where it found all there already.
        import_inputs: the inputs that an id names.
        keep_policy: `deletionPolicy` decides over a delete; the message is for PREVENT.
    """

    pulumi_type: str
    names: Names
    id: Callable[[Context], str]
    outputs: Callable[[Context], dict[str, Any]]
    create: tuple[Step, ...]
    read: tuple[Step, ...]
    update: tuple[Step, ...] = ()
    delete: tuple[Step, ...] = ()
    computed: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    replaces: frozenset[str] = frozenset()
    local: frozenset[str] = frozenset()
    tracked: tuple[str, ...] = ()
    secrets: frozenset[str] = frozenset()
    in_project: bool = True
    auto_named: str | None = None
    rules: tuple[Rule, ...] = ()
    import_inputs: Callable[[str], dict[str, Any]] = lambda _: {}
    exists: Condition = lambda _: True
    read_back: Condition = lambda _: True
    prevented: str = "Cannot destroy resource as deletion_policy is set to PREVENT."
