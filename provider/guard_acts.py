"""Acts of the guard that are in force on a project's limits or its billing, from the guard's record."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from landing_zone.google import quota_overrides
from landing_zone.google.config import CredentialsError
from landing_zone.google.errors import GoogleError
from landing_zone.google.objects import ChangedError
from landing_zone.google.quota_overrides import ModelLimit
from landing_zone.google.rest import Google
from landing_zone.guarding.as_json import UnreadableError
from provider.held_limits import Held, Key, Plan, overtaken
from provider.resource import Context, Failure, Property, ResourceError, State, Values

if TYPE_CHECKING:
    from landing_zone.guarding.record import Record
# The record is imported where it is used: with it come policies and prices, which the plugin would wait 0.1 s for
# whenever it starts, also where nothing has a guard.

GUARD: Final = Property(
    {"type": "object", "additionalProperties": {"type": "string"}},
    "Where the guard keeps its record of the project, if it guards it: `bucket`, and the project's `number`. While an "
    "act of the guard is in force, an update only lowers what Google has, and changes what a release restores.",
    check=lambda value: (
        "" if value.keys() == {"bucket", "number"} else "has bucket and number, and nothing else"
    ),
)

ATTEMPTS: Final = 5
"""Of an update beside a guard that acts."""


class ActedMeanwhileError(Exception):
    """The guard's record changed since it was read."""


@dataclass(frozen=True)
class Acts:
    """What the guard did and did not restore."""

    record: "Record | None" = None
    generation: int = 0
    held: Mapping[Key, Held] = field(default_factory=dict)
    bucket_gone: bool = False
    """True if the bucket of its record does not exist: not yet, or not any more."""

    @property
    def in_force(self) -> bool:
        """True if limits, keys or billing are as the guard left them."""
        return self.record is not None and bool(self.record.in_force)

    @property
    def pending(self) -> bool:
        """True if the guard is about to act, or was killed as it did."""
        return self.record is not None and bool(self.record.pending)

    @property
    def words(self) -> str:
        """The act in force, when and why; empty if there is none."""
        from landing_zone.guarding.words import act_in_force

        return act_in_force(self.record) if self.record else ""

    @property
    def unlinked(self) -> str:
        """The billing account that the guard unlinked; empty if it did not."""
        return self.record.held.link if self.record and self.in_force else ""


def read_acts(google: Google, inputs: Values) -> Acts:
    """The guard's acts in the project; none without a guard.

    Raises:
        ResourceError: its record cannot be read, so that it is not known what it did.
    """
    guard = inputs.get("guard")
    if not guard:
        return Acts()
    from landing_zone.google import guard_record

    bucket, number = guard["bucket"], guard["number"]
    try:
        found = guard_record.read(google, bucket, number)
    except UnreadableError as error:
        raise ResourceError(f"the guard's record of {number} in {bucket} cannot be read: {error}") from error
    except GoogleError as error:
        if error.code == 404:
            return Acts(bucket_gone=True)
        raise ResourceError(
            f"the guard's record in {bucket} cannot be read, and with it whether the limits are as the guard left "
            f"them: {error.with_remedy}"
        ) from error
    if found.record is None or not found.record.in_force:
        return Acts(found.record, found.generation)
    held = {
        (limit.place, each.model): Held(each.before, each.now, each.earlier)
        for limit in found.record.held.limits
        for each in limit.values
        if each.now is not None
    }
    return Acts(found.record, found.generation, held)


def acts_of_update(context: Context, old: State, inputs: Values) -> Acts:
    """The guard's acts before an update of limits.

    Raises:
        ResourceError: they are not known: its record cannot be read, or is gone with an act that the state has.
    """
    acts = read_acts(context.google, inputs)
    guard = inputs.get("guard")
    if acts.bucket_gone and guard and guard == old.inputs.get("guard"):
        gone = f"the bucket {guard['bucket']}, which has what was there before the guard's acts, is gone"
        if act := old.outputs.get("guardAct"):
            raise ResourceError(
                f"{gone}, and {act}: nothing is changed. If that is over, run pulumi refresh, then pulumi up, which "
                "sets the limits of the stack file"
            )
        context.warn(f"{gone}: if the guard lowered limits, this sets those of the stack file")
    return acts


def keeps_guard(google: Google, olds: Values, inputs: Values, *, limits: bool = False) -> Iterator[Failure]:
    """Refuse to take the guard from a project, or all its limits (`limits`), while an act is in force.

    The update would undo the act, or nobody could restore any more what was there before.
    """
    if not olds.get("guard") or (inputs.get("guard") and not limits):
        return
    acts = read_acts(google, olds)
    if acts.held if limits and inputs.get("guard") else acts.in_force:
        what = "limits" if limits and inputs.get("guard") else "guard"
        yield Failure(
            what,
            f"{acts.words}. Taking {what} out of the project would undo that, or leave nobody to restore what was "
            f"there before: run gemini-lz guard release {inputs['project']} first",
        )


def acts_if_readable(context: Context, inputs: Values) -> Acts:
    """As `read_acts`; with a warning, none where they cannot be read."""
    try:
        return read_acts(context.google, inputs)
    except (ResourceError, CredentialsError) as error:
        context.warn(str(error))
        return Acts()


def write_held(
    google: Google, inputs: Values, acts: Acts, changes: Mapping[Key, tuple[ModelLimit, Held]]
) -> Acts:
    """Write what a release restores; returns the acts with it.

    Raises:
        ActedMeanwhileError: the record changed since it was read.
        GoogleError: it cannot be written.
    """
    if acts.record is None or not changes:
        return acts
    from landing_zone.google import guard_record
    from landing_zone.guarding.record import HeldLimit, Value

    limits = {limit.place: limit for limit in acts.record.held.limits}
    for (place, model), (on, held) in changes.items():
        there = limits.get(place) or HeldLimit(on.metric, on.limit, on.unit, ())
        others = tuple(each for each in there.values if each.model != model)
        known = acts.record.held.value(place, model)
        own = Value(model, held.before, held.after, known.earlier if known else None)
        limits[place] = replace(there, values=(*others, own))
    record = replace(acts.record, held=replace(acts.record.held, limits=tuple(limits.values())))
    try:
        written = guard_record.write(google, inputs["guard"]["bucket"], record, acts.generation)
    except ChangedError as error:
        raise ActedMeanwhileError from error
    return Acts(
        record, written.generation, {**acts.held, **{key: held for key, (_, held) in changes.items()}}
    )


def acts_after(google: Google, inputs: Values, acts: Acts, listed: list[ModelLimit], done: Plan) -> Acts:
    """The guard's acts after an update; what the update raised while the guard acted is lowered again."""
    for _ in range(ATTEMPTS):
        now = read_acts(google, inputs)
        if not now.in_force or now.generation == acts.generation:
            return now
        back = overtaken(listed, now.held, done)
        try:
            acts = write_held(google, inputs, now, back.held)
        except ActedMeanwhileError:
            continue
        quota_overrides.impose(google, inputs["project"], back.entries)
    raise ResourceError(
        f"the guard's record of {inputs['project']} changed {ATTEMPTS} times during this update, and some limits may "
        "be higher than it set them: run pulumi up again"
    )
