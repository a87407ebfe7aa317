"""The classes of the tables in `types/`: the parts of a resource type.

Names of properties are Pulumi's. Whether a property is required, computed, or replaces the resource is as in the
official plugin, which has it from Terraform's google-beta provider.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, TypedDict, Unpack

#: A property's value: JSON, or UNKNOWN somewhere inside it.
Value = Any

#: What the engine sends in place of a value that is not known before the update runs.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

#: Key of a value that the engine sends as an object: an asset, an archive or a secret.
SIGNATURE = "4dabf18193072939515e22adb298388d"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"

MINUTE_NS = 60 * 10**9

#: Returns the mistake in a value, or several.
Check = Callable[[Value], str | tuple[str, ...] | None]


class Kind(Enum):
    """The type of a property. A LIST has items of one field; a BLOCK has fields by name; an ASSET is a file."""

    TEXT = auto()
    BOOLEAN = auto()
    INTEGER = auto()
    NUMBER = auto()
    MAP = auto()
    LIST = auto()
    SET = auto()
    BLOCK = auto()
    ASSET = auto()


class Traits(TypedDict, total=False):
    """Options of a field besides its type."""

    required: bool
    computed: bool
    output: bool
    default: Value
    replaces: bool
    secret: bool
    wire: str
    masks: tuple[str, ...]
    sent: bool
    read: bool
    always_sent: bool
    choices: tuple[str, ...]
    check: Check | None
    same: Callable[[Value, Value], bool] | None
    normalized: Callable[[Value], Value] | None
    write_only: bool
    when_absent: Value
    to_wire: Callable[[Value], Value]
    from_wire: Callable[[Value], Value]
    max_items: int
    min_items: int
    exactly_one: tuple[str, ...]
    at_least_one: tuple[str, ...]
    or_itself: tuple[str, ...]
    required_with: str
    terraform: str
    is_set: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One property."""

    kind: Kind
    fields: Mapping[str, "Field"] = field(default_factory=dict)
    item: "Field | None" = None
    required: bool = False
    computed: bool = False
    """Google, or the plugin, fills it in when the program does not."""
    output: bool = False
    """Never an input."""
    default: Value = None
    """The value when the program gives none. A zero value is no input: it is only in the planned state."""
    replaces: bool = False
    """Changing the value replaces the resource."""
    secret: bool = False
    wire: str = ""
    """Its name in Google's JSON, if other than Pulumi's."""
    masks: tuple[str, ...] = ()
    """Its name in the update mask, if other than `wire`."""
    sent: bool = True
    """Part of a request's body."""
    read: bool = True
    """Taken from Google's answer; otherwise kept as in the program."""
    always_sent: bool = False
    """Sent when empty, too."""
    choices: tuple[str, ...] = ()
    check: Check | None = None
    same: Callable[[Value, Value], bool] | None = None
    """True if an old and a new value mean the same; then the old one stays."""
    normalized: Callable[[Value], Value] | None = None
    """The form in which plan and state have it; a refresh leaves an input as the program wrote it."""
    write_only: bool = False
    """Sent, and in no state: no other value makes a difference."""
    when_absent: Value = None
    """The value if Google's answer lacks it."""
    to_wire: Callable[[Value], Value] | None = None
    from_wire: Callable[[Value], Value] | None = None
    max_items: int = 0
    min_items: int = 0
    exactly_one: tuple[str, ...] = ()
    """For a BLOCK: fields of which exactly one must be set."""
    at_least_one: tuple[str, ...] = ()
    """For a BLOCK: fields of which at least one must be set."""
    or_itself: tuple[str, ...] = ()
    """For a BLOCK: fields that must be set, or one of `at_least_one`."""
    required_with: str = ""
    """For a field in a BLOCK: the field that must be set with it."""
    is_set: bool = False
    """For a BLOCK: a set of one to the SDK, which replaces it as a whole when something in it changes."""
    terraform: str = ""
    """Its name in Terraform, which messages use, if other than Pulumi's in snake case."""

    @property
    def settable(self) -> bool:
        """True if it may be an input."""
        return not self.output


def text(**traits: Unpack[Traits]) -> Field:
    """A string."""
    return Field(kind=Kind.TEXT, **traits)


def flag(**traits: Unpack[Traits]) -> Field:
    """True or false."""
    return Field(kind=Kind.BOOLEAN, **traits)


def integer(**traits: Unpack[Traits]) -> Field:
    """A whole number."""
    return Field(kind=Kind.INTEGER, **traits)


def number(**traits: Unpack[Traits]) -> Field:
    """A number; a share, never money."""
    return Field(kind=Kind.NUMBER, **traits)


def mapping(**traits: Unpack[Traits]) -> Field:
    """Strings by name."""
    return Field(kind=Kind.MAP, **traits)


def texts(item: Field | None = None, **traits: Unpack[Traits]) -> Field:
    """A list of strings."""
    return Field(kind=Kind.LIST, item=item or text(), **traits)


def text_set(**traits: Unpack[Traits]) -> Field:
    """Strings in no order."""
    return Field(kind=Kind.SET, item=text(), **traits)


def block(fields: Mapping[str, Field], **traits: Unpack[Traits]) -> Field:
    """An object."""
    return Field(kind=Kind.BLOCK, fields=fields, **traits)


def blocks(fields: Mapping[str, Field], **traits: Unpack[Traits]) -> Field:
    """A list of objects."""
    return Field(kind=Kind.LIST, item=block(fields), **traits)


def asset(**traits: Unpack[Traits]) -> Field:
    """A file or an archive, as Pulumi has it."""
    return Field(kind=Kind.ASSET, **traits)


def deletion_policy(default: str = "DELETE", choices: tuple[str, ...] = ()) -> Field:
    """The effect of a delete: `DELETE`, `PREVENT` (refuse) or `ABANDON` (leave the resource at Google)."""
    return text(computed=True, sent=False, read=False, default=default, choices=choices)


def kept_deletion_policy() -> Field:
    """The same in the types where a program that leaves it out keeps what it was."""
    return text(computed=True, sent=False, read=False)


def project(same: Callable[[Value, Value], bool] | None = None) -> Field:
    """The project that a resource is in; the provider's, if the program names none."""
    return text(computed=True, replaces=True, sent=False, read=False, same=same)


def region() -> Field:
    """The region that a resource is in; the provider's, if the program names none."""
    return text(replaces=True, sent=False, read=False)


def label_fields(check: Check | None = None) -> dict[str, Field]:
    """The program's labels, those with the provider's, and all that Google has; see `Resource.labels`."""
    return {
        "labels": mapping(sent=False, read=False, check=check),
        "pulumiLabels": mapping(output=True, sent=False, read=False),
        "effectiveLabels": mapping(output=True, wire="labels"),
    }


@dataclass(frozen=True, slots=True)
class Call:
    """A request: method, path below the service's address, query. `{name}` stands for a property's value."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoname:
    """A generated name: the resource's name, a hyphen, and random characters."""

    property: str
    random: int = 7
    separator: str = "-"
    max_length: int = 0
    lower: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource type."""

    urn_type: str
    service: str
    """The Google service, as in `config.ENDPOINTS`."""
    title: str
    """Its name in error messages."""
    long_title: str
    """Its name in error messages about reading."""
    fields: Mapping[str, Field]
    """In the order in which an update mask names them."""
    id: str
    import_ids: tuple[str, ...]
    """Patterns of what `pulumi import` takes; named groups are properties."""
    autonames: tuple[Autoname, ...] = ()
    named_by_google: bool = False
    """Google's answer to the creation has `name`, which the id needs."""
    create: Call
    read: Call
    update: Call | None = None
    delete: Call | None = None
    delete_body: Value = None
    masked: bool = False
    """The update has a mask, and is not sent when nothing of the mask changed."""
    always_masked: tuple[str, ...] = ()
    """Names at the end of each update's mask."""
    operations: bool = False
    """Changes are answered with a long-running operation."""
    encode: Callable[[Value, Mapping[str, Value]], Value] | None = None
    """The body to send, from the one that the fields make and the planned properties."""
    encode_creation: Callable[[Value, Mapping[str, Value]], Value] | None = None
    """The same for a creation alone."""
    encode_update: Callable[[Value, Mapping[str, Value]], Value] | None = None
    """The same for an update alone."""
    decode: Callable[[Value, Mapping[str, Value]], Value] | None = None
    """Google's answer as the fields are to read it, from the answer and the properties known before."""
    conflict: Callable[[Mapping[str, Value]], str | None] | None = None
    """Says what is wrong with planned properties that each pass the checks."""
    settled: Callable[[Mapping[str, Value] | None, dict[str, Value]], dict[str, Value]] | None = None
    """The plan in which values depend on others, from the state (None: a creation) and the plan without that."""
    exactly_one: tuple[str, ...] = ()
    """Properties of which exactly one must be set."""
    found_in: str = ""
    """The read answers a list under this key; the item with the same name is the resource."""
    one_at_a_time: bool = False
    """Changes wait for each other within a project, as Cloud Monitoring needs it."""
    retried_conflicts: tuple[str, ...] = ()
    """Parts of a 409's text, in lower case, after which it is tried again."""
    aborts_on_quota: bool = False
    """A 429 is an answer, and not tried again."""
    deleted_first: bool = False
    """Deleted before its replacement is created."""
    refused_by_id: bool = False
    """The refusal of a delete names it by its id."""
    placed_late: bool = False
    """The provider's project is taken when it is created, and is in no preview."""
    labels: bool = False
    """`labels` are merged with the provider's into `pulumiLabels` and `effectiveLabels`."""
    schema_version: str = ""
    timeouts_min: Mapping[str, int] = field(
        default_factory=lambda: {"create": 20, "delete": 20, "update": 20}
    )

    @property
    def meta(self) -> dict[str, Any]:
        """Timeouts and schema version, which the official plugin keeps in the state beside the outputs."""
        if not self.timeouts_min:
            return {}
        timeouts = {name: minutes * MINUTE_NS for name, minutes in sorted(self.timeouts_min.items())}
        version = {"schema_version": self.schema_version} if self.schema_version else {}
        return {"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0": timeouts, **version}


def is_empty(value: Value) -> bool:
    """True if a value is its type's zero, which means the same as no value."""
    return (
        value is None
        or value == ""
        or value is False
        or (value == 0 and value is not True)
        or value in ([], {})
    )


def is_unknown(value: Value) -> bool:
    """True if a value, or a part of it, is not known yet."""
    if isinstance(value, dict):
        return any(map(is_unknown, value.values()))
    if isinstance(value, list):
        return any(map(is_unknown, value))
    return bool(value == UNKNOWN)


def without_unknown(plan: Mapping[str, Value]) -> dict[str, Value]:
    """The values without those that Google will fill in."""

    def known(value: Value) -> Value:
        if isinstance(value, dict):
            return {name: known(item) for name, item in value.items()}
        if isinstance(value, list):
            return [known(item) for item in value]
        return None if value == UNKNOWN else value

    return {name: known(value) for name, value in plan.items()}


def is_asset(value: Value) -> bool:
    """True if a value is an asset or an archive."""
    return isinstance(value, dict) and value.get(SIGNATURE) in (ASSET, ARCHIVE)


def is_same_asset(old: Value, new: Value) -> bool:
    """True if two assets have the same contents, wherever they come from."""
    return (
        is_asset(old) and is_asset(new) and bool(old.get("hash")) and bool(old.get("hash") == new.get("hash"))
    )


def last_segment(value: Value) -> Value:
    """The last part of a resource name: `c` of `a/b/c`."""
    return value.rpartition("/")[2] if isinstance(value, str) else value


def same_name(old: Value, new: Value) -> bool:
    """True if a name and a full resource name mean the same."""
    return bool(old == new or ("/" not in (new or "") and last_segment(old) == (new or "")))


def snake_case(name: str) -> str:
    """`allUpdatesRule` → `all_updates_rule`, Terraform's spelling, which messages use."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match[1].lower(), name)
