"""Limits while the guard holds them: an update raises nothing, and a release then gives what was wanted last."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from landing_zone.gemini.limits import UNLIMITED
from landing_zone.google.quota_overrides import Bucket, Entry, ModelLimit
from provider.held_limits import Held, Key, Plan, as_released, overtaken, untouched, while_held

MODELS = ("", "flash", "pro")
TIER = 1000
PLACE = "generativelanguage.googleapis.com/requests/min/model/project"
Overrides = dict[str, int]
"""Model → value."""
overrides = st.dictionaries(st.sampled_from(MODELS), st.integers(0, TIER))


def limit(values: Mapping[str, int]) -> ModelLimit:
    """A limit as Google lists it with these overrides: a bucket a model that has one, and one of all others."""
    general = min(TIER, values.get("", UNLIMITED))
    buckets = {"": Bucket(str(TIER), general)} | {
        model: Bucket(str(TIER), min(TIER, value), f"overrides/{model or 'all'}", value)
        for model, value in values.items()
    }
    return ModelLimit(PLACE.removesuffix("/min/model/project"), "/min/model/project", "1/min", buckets)


def held_of(before: Overrides, now: Overrides) -> dict[Key, Held]:
    """The record of an act that found `before` and left `now`."""
    return {(PLACE, model): Held(before.get(model), value) for model, value in now.items()}


def in_force(values: Overrides, model: str) -> int:
    return limit(values).bucket(model).effective


def wants(found: ModelLimit, wanted: Overrides) -> Plan:
    """What brings the overrides to `wanted`."""
    entries = [
        Entry(found, model, str(value))
        for model, value in wanted.items()
        if found.bucket(model).value != value
    ]
    gone = [
        (found, model) for model, bucket in found.buckets.items() if bucket.override and model not in wanted
    ]
    return Plan(entries, gone)


def carried_out(values: Overrides, plan: Plan) -> Overrides:
    gone = {model for _, model in plan.gone}
    done = {model: value for model, value in values.items() if model not in gone}
    return done | {entry.model: int(entry.value) for entry in plan.entries}


def released(values: Overrides, held: Mapping[Key, Held]) -> Overrides:
    """What a release makes of the overrides: what still is as the guard left it is as it was before."""
    done = dict(values)
    for (_, model), each in held.items():
        if done.get(model) == each.after:
            done.pop(model)
            if each.before is not None:
                done[model] = each.before
    return done


def update(
    values: Overrides, recorded: Mapping[Key, Held], wanted: Overrides, *, pending: bool = False
) -> tuple[Overrides, dict[Key, Held]]:
    """An update while an act is in force: the overrides and the record after it."""
    listed = [limit(values)]
    held = untouched(listed, recorded)
    asked = wants(as_released(listed, held)[0], wanted)
    plan = while_held(listed, recorded, asked.entries, asked.gone, pending=pending)
    return carried_out(values, plan), {**recorded, **{key: each for key, (_, each) in plan.held.items()}}


@given(overrides, st.data(), overrides)
def test_an_update_raises_nothing_and_a_release_gives_what_was_wanted(
    before: Overrides, data: st.DataObject, wanted: Overrides
) -> None:
    # The guard lowers all that is there, and all others.
    now = {model: data.draw(st.integers(0, in_force(before, model))) for model in {"", *before}}
    recorded = held_of(before, now)
    assert as_released([limit(now)], untouched([limit(now)], recorded)) == [limit(before)]
    after, record = update(now, recorded, wanted)
    for model in MODELS:
        assert in_force(after, model) <= in_force(now, model)
        if model in wanted:
            assert in_force(after, model) <= wanted[model]
    assert released(after, record) == wanted
    # Nothing is left to do, and the next update finds that.
    assert update(after, record, wanted) == (after, record)


@given(overrides, overrides, st.data())
def test_what_a_person_changed_is_no_longer_the_guards(
    before: Overrides, by_hand: Overrides, data: st.DataObject
) -> None:
    now = dict.fromkeys({"", *before}, 0)
    changed = {**now, **by_hand}
    found = untouched([limit(changed)], held_of(before, now))
    assert {model for _, model in found} == {model for model in now if changed[model] == 0}
    # It is set back by the next update, as far as that lowers it.
    wanted = data.draw(overrides)
    after, record = update(changed, held_of(before, now), wanted)
    assert all(in_force(after, model) <= in_force(changed, model) for model in MODELS)
    assert released(after, record) == wanted


@given(overrides, overrides, st.data())
def test_what_an_update_raised_while_the_guard_acted_is_lowered_again(
    before: Overrides, wanted: Overrides, data: st.DataObject
) -> None:
    found = limit(before)
    done = wants(found, wanted)
    # The guard saw `before`, and its values may be set before those of the update or after them.
    now = {model: data.draw(st.integers(0, in_force(before, model))) for model in {"", *before}}
    raised = carried_out({**before, **now}, done)
    back = overtaken([found], held_of(before, now), done)
    after = carried_out(raised, back)
    record = {**held_of(before, now), **{key: each for key, (_, each) in back.held.items()}}
    for model in MODELS:
        assert in_force(after, model) <= in_force({**before, **now}, model)
    for entry in done.entries:
        key = (PLACE, entry.model)
        assert after[entry.model] <= (now[entry.model] if entry.model in now else int(entry.value))
        if key in back.held:
            assert record[key].before == int(entry.value)


@given(overrides, st.data(), overrides)
def test_an_act_that_is_only_intended_yet_is_carried_out_all_the_same(
    before: Overrides, data: st.DataObject, wanted: Overrides
) -> None:
    now = {model: data.draw(st.integers(0, in_force(before, model))) for model in {"", *before}}
    # A part is set already: the guard was killed in the midst of it.
    part = data.draw(st.sets(st.sampled_from(sorted(now))))
    half = {**before, **{model: now[model] for model in part}}
    after, record = update(half, held_of(before, now), wanted, pending=True)
    assert all(in_force(after, model) <= in_force(half, model) for model in MODELS)
    # The guard sets what its record says.
    acted = {**after, **{model: each.after for (_, model), each in record.items()}}
    assert all(in_force(acted, model) <= in_force({**half, **now}, model) for model in MODELS)
    assert released(acted, record) == wanted


def test_a_limit_that_is_not_the_apis_any_more_is_left_out() -> None:
    gone = replace(limit({"": 0}), metric="generativelanguage.googleapis.com/renamed")
    assert untouched([gone], held_of({}, {"": 0})) == {}
