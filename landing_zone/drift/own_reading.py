"""Differences that this toolkit's own reading of Google sees: links, limits, keys, budgets and caps, quotas, the guard.

The gcp plugin sees neither a link that is lost, nor keys, models and grants of others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from landing_zone.audit import compare
from landing_zone.audit.applied import AppliedProject
from landing_zone.audit.compare import Item
from landing_zone.audit.in_force import ProjectInForce, StackInForce
from landing_zone.drift import effects
from landing_zone.drift.difference import GONE, NOT_OURS, STACK, Difference
from landing_zone.drift.guard_acts import as_released
from landing_zone.drift.state import OURS, PROJECT, State, written_at
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.limits import OTHERS, UNLIMITED
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.google.money import amount_of
from landing_zone.google.quota_overrides import ModelLimit
from landing_zone.google.spend_caps import AWAITING
from landing_zone.guarding.record import NOTHING_HELD, Held, Record
from landing_zone.guarding.words import act_in_force

_KEY: Final = "gcp:projects/apiKey:ApiKey"
_BUDGET: Final = "gcp:billing/budget:Budget"
_LINK: Final = "gcp:billing/projectInfo:ProjectInfo"
_QUOTAS: Final = (
    "gcp:serviceusage/consumerQuotaOverride:ConsumerQuotaOverride",
    "gcp:cloudquota/sQuotaPreference:SQuotaPreference",
)
ALONE: Final = (f"{OURS}ProjectLimits", f"{OURS}SpendCap", f"{OURS}TierCheck", _LINK)
"""Types of resources that this reading compares as a whole."""


def own_differences(found: StackInForce, state: State) -> Iterator[Difference]:
    """All differences that were read."""
    for project in found.projects:
        yield from _of_project(project, found.budgets, state)
    for name, item in found.shared_budgets.items():
        if item.differs and item.read:
            resource = next(
                (
                    each
                    for each in state.of_type(_BUDGET)
                    if state.title(each["urn"]).endswith(f"shared-{name}")
                ),
                None,
            )
            yield _difference(
                STACK, "shared budget", item, "amount", resource, [(resource or {}).get("id", "")]
            )


def _of_project(found: ProjectInForce, budgets: Mapping[str, Any], state: State) -> Iterator[Difference]:
    applied = found.applied
    yield from _link(found, state)
    yield from _keys(found, state)
    yield from _limits(found, state)
    yield from _quotas(found, state)
    yield from _money(found, budgets, state)
    yield from _guard(found)
    if found.found.keys is not None:
        yield from _other_keys(applied, found.found.keys)


def _difference(
    project: str,
    kind: str,
    item: Item,
    what: str,
    resource: Mapping[str, Any] | None,
    names: Sequence[str],
    **more: Any,
) -> Difference:
    now = item.words.removeprefix(f"{item.name}: ")
    title = kind if item.name == kind else f"{kind} {item.name}"
    return Difference(
        project,
        kind,
        item.name,
        GONE if item.words.endswith(compare.GONE) else what,
        item.applied,
        now,
        f"{title}: {now}; {item.differs}",
        tuple(filter(None, names)),
        written_at(resource),
        (resource or {}).get("urn", ""),
        **more,
    )


def _link(found: ProjectInForce, state: State) -> Iterator[Difference]:
    item, live = found.link, found.found.link
    if not (item.read and item.differs and live):
        return
    name, applied = found.applied.name, found.applied
    record = found.found.record
    by_guard = bool(record and not live.account and record.held.link == applied.account)
    resource = state.find(_LINK, name) or state.find(PROJECT, name)
    yield _difference(
        name,
        "link",
        item,
        "billing account",
        resource,
        [f"projects/{applied.project_id}/billingInfo"],
        effect=effects.link(name, live.account if live.enabled else ""),
        guard=by_guard,
    )


def _keys(found: ProjectInForce, state: State) -> Iterator[Difference]:
    name = found.applied.name
    live = {each["name"].rpartition("/")[2]: each for each in found.found.keys or ()}
    for item in found.keys:
        if item.read and item.differs:
            key = found.applied.keys[item.name]
            now = live.get(key.id.rpartition("/")[2])
            yield _difference(
                name,
                "key",
                item,
                "restrictions",
                state.by_id(_KEY, key.id),
                [key.id],
                # One that is gone can be taken back within 30 days: nothing is bounded by that.
                effect=effects.key(name, item.name, now) if now else None,
            )


def _other_keys(applied: AppliedProject, live: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
    """Keys that others made since the project is in the stack: what was there when it was adopted is none."""
    own = {key.id.rpartition("/")[2] for key in applied.keys.values()}
    for key in live:
        title = key.get("displayName") or key["name"].rpartition("/")[2]
        made = _time(key.get("createTime"))
        if key["name"].rpartition("/")[2] in own or (
            made and applied.created and made < applied.created.replace(microsecond=0)
        ):
            continue
        now = compare.opened_to(key)
        yield Difference(
            applied.name,
            "key",
            title,
            NOT_OURS,
            "none",
            now,
            f"key {title}: {now}: not this stack's",
            (key["name"],),
            effect=effects.key(applied.name, f"{NOT_OURS} {title}", key),
            since=made,
        )


def _limits(found: ProjectInForce, state: State) -> Iterator[Difference]:
    applied, listed = found.applied, found.found.limits
    if listed is None:
        return
    released = as_released(listed, _held(found))
    tier = str(found.tier.value)
    ours = {item.name: item.differs for item in compare.limits(applied, released, tier) if item.differs}
    resource = state.find(f"{OURS}ProjectLimits", applied.name)
    for item in found.limits:
        if not item.differs:
            continue
        by_guard = item.name not in ours
        shown = replace(item, differs=ours.get(item.name, item.differs))
        live = listed if by_guard else released
        yield _difference(
            applied.name,
            "limits",
            shown,
            "others" if item.name == OTHERS else "model",
            resource,
            _limit_names(applied, live, item.name),
            effect=effects.limit(
                applied.name, item.name, effects.live_limits(applied, live), _opened(applied, live, item.name)
            ),
            guard=by_guard,
        )


def _held(found: ProjectInForce) -> Held:
    """What the guard changed and did not restore yet."""
    return found.found.record.held if found.found.record else NOTHING_HELD


def _opened(applied: AppliedProject, listed: Sequence[ModelLimit], model: str) -> list[ModelLimit]:
    """Metrics that `others: deny` had shut, and that no setting names, which are open."""
    if model != OTHERS or not applied.wanted.denies:
        return []
    return [
        each
        for each in listed
        if not each.name
        and each.bucket("").value != 0
        and each.place not in applied.left_open
        and (each.place, "") not in applied.elsewhere
    ]


def _limit_names(applied: AppliedProject, listed: Sequence[ModelLimit], model: str) -> list[str]:
    """The names of the limits on which a model's override is not the one that was applied."""
    quota_model = "" if model == OTHERS else QUOTA_NAMES.get(model, model)
    base = f"projects/{applied.project_id}/services/{GEMINI_API}/consumerQuotaMetrics"
    return [
        f"{base}/{quote(limit.metric, safe='')}/limits/{quote(limit.limit, safe='')}"
        for limit in listed
        if limit.bucket(quota_model).value != _target(applied, limit, quota_model)
    ]


def _target(applied: AppliedProject, limit: ModelLimit, model: str) -> int | None:
    text = limit.wanted(applied.wanted, applied.elsewhere).get(model)
    return None if text is None else UNLIMITED if text == "-1" else int(text)


def _quotas(found: ProjectInForce, state: State) -> Iterator[Difference]:
    applied, live = found.applied, found.found
    released = None if live.limits is None else as_released(live.limits, _held(found))
    ours = {item.name for item in compare.quotas(applied, released, live.preferences) if item.differs}
    for item in found.quotas:
        if not (item.read and item.differs):
            continue
        quota = applied.quotas[item.name]
        base = f"projects/{applied.project_id}/services/{quota.service}/consumerQuotaMetrics"
        limit = f"{base}/{quote(quota.metric, safe='')}/limits/{quote(quota.limit, safe='')}"
        value = item.value["preferred"] if isinstance(item.value, Mapping) else item.value
        resource = next(
            (
                each
                for each in state.of_type(*_QUOTAS)
                if state.project(each["urn"]) == applied.name and state.title(each["urn"]) == item.name
            ),
            None,
        )
        yield _difference(
            applied.name,
            "quota",
            item,
            "value",
            resource,
            [quota.preference or limit],
            effect=effects.quota(applied.name, item.name, value),
            guard=item.name not in ours,
        )


def _money(found: ProjectInForce, budgets: Mapping[str, Any], state: State) -> Iterator[Difference]:
    applied = found.applied
    name, item = applied.name, found.budget
    if item and applied.budget and item.read and item.differs:
        amount = None if item.value is None else Decimal(item.value)
        yield _difference(
            name,
            "budget",
            item,
            "amount",
            state.by_id(_BUDGET, applied.budget.id),
            [applied.budget.id],
            effect=effects.budget(name, amount, gone=applied.budget.id not in budgets),
        )
    item = found.cap
    if item and applied.cap and item.read and item.differs:
        live = budgets.get(applied.cap.id) or {}
        cap = live.get("spendCap") or {}
        money = (live.get("amount") or {}).get("specifiedAmount")
        lifted = AWAITING in (cap.get("inputState"), cap.get("outputState"))
        yield _difference(
            name,
            "spend cap",
            item,
            "lifted" if lifted and not applied.cap.lifted else "amount",
            state.by_id(f"{OURS}SpendCap", applied.cap.id),
            [applied.cap.id],
            effect=effects.cap(
                name, amount_of(money) if money else None, lifted=lifted, gone="spendCap" not in live
            ),
        )


def _guard(found: ProjectInForce) -> Iterator[Difference]:
    """What the guard did and holds, and a record of it that it cannot read."""
    applied, record = found.applied, found.found.record
    if applied.guard is None:
        return
    bucket, number = applied.guard
    name = f"state/{number}.json"
    if found.found.record_error or (record and record.project != applied.project_id):
        reason = found.found.record_error or f"it is the record of {record.project if record else ''}"
        yield Difference(
            applied.name,
            "guard",
            f"{bucket}/{name}",
            "record",
            "the guard's record of the project",
            "not readable",
            f"the guard's record of {applied.project_id} is not one that it can read, so that it does nothing there: "
            f"{reason}",
            (f"projects/_/buckets/{bucket}/objects/{name}",),
            effect=effects.no_guard(applied.name),
        )
    if record is None:
        return
    for text, since in _acts(record):
        yield Difference(
            applied.name,
            "guard",
            applied.project_id,
            "act",
            "no act in force",
            text,
            text,
            since=since,
            guard=True,
        )


def _acts(record: Record) -> Iterator[tuple[str, datetime | None]]:
    if words := act_in_force(record):
        act = record.in_force[-1]
        yield words, act.done or act.at
    if record.acknowledged is not None:
        yield (
            (
                f"its steps up to {record.acknowledged:,f} {record.currency} do not act again before the month ends: "
                "somebody released them"
            ),
            None,
        )


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
