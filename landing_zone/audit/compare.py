"""Comparison of a live project with the last update: each item as text, with its difference if there is one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from landing_zone.audit.applied import (
    AppliedBudget,
    AppliedKey,
    AppliedProject,
    AppliedQuota,
)
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.limits import LIMIT_NAMES, OTHERS, UNLIMITED, WantedLimits
from landing_zone.gemini.methods import grouped_methods
from landing_zone.gemini.models import MODELS, QUOTA_NAMES
from landing_zone.gemini.quotas import LimitName
from landing_zone.google.money import amount_of
from landing_zone.google.quota_overrides import ModelLimit, loosened
from landing_zone.google.rest import Json
from landing_zone.google.spend_caps import AWAITING, SpendCap
from landing_zone.google.tiers import FREE, UNREADABLE, Link

WORDS: Final[Mapping[LimitName, str]] = {
    "requestsPerMinute": "requests a minute",
    "requestsPerDay": "requests a day",
    "inputTokensPerMinute": "input tokens a minute",
}
GONE: Final = "gone at Google"
_CLIENTS: Final = {
    "serverKeyRestrictions": "allowedIps",
    "browserKeyRestrictions": "allowedReferrers",
    "iosKeyRestrictions": "allowedBundleIds",
    "androidKeyRestrictions": "allowedApplications",
}
"""Kind of client → name of its list of values."""


@dataclass(frozen=True)
class Item:
    """One item of a project, such as a key."""

    name: str
    value: Any
    """Value in force as JSON; as last applied if it was not read."""
    words: str
    """The same as text."""
    differs: str = ""
    """Difference from the last update as text; empty if there is none."""
    read: bool = True
    applied: str = ""
    """Value as last applied as text, where it differs."""

    def as_json(self) -> dict[str, Any]:
        """The item as JSON."""
        return {
            "name": self.name,
            "inForce": self.value,
            "differs": self.differs or None,
            "asLastApplied": not self.read,
        }


def link(applied: AppliedProject, live: Link | None) -> Item:
    """The billing link."""
    was = applied.account or "no billing account"
    if live is None:
        return Item("link", applied.account or None, was, read=False)
    words = live.account or "no billing account"
    if live.account and not live.enabled:
        words += ", which is closed: nothing is billed and the free tier's limits hold"
    differs = ""
    if live.account != applied.account:
        differs = f"{was} as last applied"
    elif live.account and not live.enabled:
        differs = "the stack has it for an open account"
    return Item("link", live.account or None, words, differs, applied=was)


def tier(applied: AppliedProject, live: str | None) -> Item:
    """The tier that Google applies. Google changes it by itself, so a change is not a difference."""
    last = applied.tier if applied.tier not in ("", UNREADABLE) else ("1" if applied.account else FREE)
    if live in (None, UNREADABLE):
        return Item("tier", last, f"tier {last}", read=False)
    moved = f" ({last} as last applied)" if live != last else ""
    return Item("tier", live, f"tier {live}{moved}")


def keys(applied: AppliedProject, live: Sequence[Json] | None) -> list[Item]:
    """The stack's keys."""
    if live is None:
        return [Item(name, _key_value(key, "there"), name, read=False) for name, key in applied.keys.items()]
    found = {_last(key["name"]): key for key in live}
    return [_key(name, key, found.get(_last(key.id))) for name, key in applied.keys.items()]


def other_keys(applied: AppliedProject, live: Sequence[Json] | None) -> list[str]:
    """Titles of keys that the stack did not create."""
    own = {_last(key.id) for key in applied.keys.values()}
    return sorted(
        key.get("displayName") or _last(key["name"]) for key in live or () if _last(key["name"]) not in own
    )


def limits(applied: AppliedProject, listed: Sequence[ModelLimit] | None, tier_in_force: str) -> list[Item]:
    """Limits of each model in the stack, of all others, and of models with overrides that are not the stack's."""
    if listed is None:
        return [
            Item(model, dict(values), _amounts(values.items()), read=False)
            for model, values in applied.limits.items()
        ]
    found = [
        _limit(model, values, applied, listed, tier_in_force) for model, values in applied.limits.items()
    ]
    return [*found, *_foreign(applied, listed)]


def quotas(
    applied: AppliedProject, listed: Sequence[ModelLimit] | None, preferences: Sequence[Json] | None
) -> list[Item]:
    """The settings under `quotas`."""
    by_id = None if preferences is None else {_last(each["name"]): each for each in preferences}
    found = []
    for name, quota in applied.quotas.items():
        if quota.preference:
            found.append(_preference(name, quota, by_id))
        elif quota.service == GEMINI_API and listed is not None:
            found.append(_override(name, quota, listed))
        else:
            found.append(Item(name, quota.value, f"{name}: {quota.value:,}", read=False))
    return found


def budget(
    applied: AppliedBudget, live: Mapping[str, Json] | None, names: Mapping[str, str] | None = None
) -> Item:
    """A budget, found by name among those of its account; with `names` (project number → name), also its projects."""
    counts = [names.get(number, number) for number in applied.counts] if names else []
    period = f" a {applied.period}" if applied.period else ""
    more = f"{period}; counts {', '.join(counts)}" if counts else period
    was = money_in_words(applied.amount, applied.currency)
    if live is None:
        return Item("budget", applied.amount, f"{was}{more}", read=False)
    found = live.get(applied.id)
    if found is None:
        return Item("budget", None, GONE, f"{was} as last applied", applied=f"{was}{more}")
    money = found["amount"].get("specifiedAmount")
    amount = None if money is None else f"{amount_of(money):f}"
    words = money_in_words(amount, (money or {}).get("currencyCode") or applied.currency)
    same = _number(amount) == _number(applied.amount)
    differs = "" if same else f"{was} as last applied"
    return Item("budget", amount, f"{words}{more}", differs, applied=f"{was}{more}")


def cap(applied: AppliedBudget, live: Mapping[str, Json] | None) -> Item:
    """A spend cap, found by name among the budgets of its account."""
    was = f"{money_in_words(applied.amount, applied.currency)} a month"
    value = {"amount": applied.amount, "state": applied.state}
    if live is None:
        return Item("spend cap", value, f"{was}, {applied.state}", read=False)
    found = live.get(applied.id)
    if found is None or "spendCap" not in found:
        gone = GONE if found is None else "a budget that stops nothing"
        return Item("spend cap", None, gone, f"{was} as last applied", applied=was)
    now = SpendCap.from_budget(found)
    differs = []
    if now.amount != _number(applied.amount):
        differs.append(f"{was} as last applied")
    if AWAITING in (now.input_state, now.output_state) and not applied.lifted:
        differs.append("lifted until the 1st, and the stack does not lift it")
    words = f"{money_in_words(f'{now.amount:f}', now.currency or '')} a month, {now.output_state}"
    value = {"amount": f"{now.amount:f}", "state": now.output_state}
    return Item("spend cap", value, words, "; ".join(differs), applied=was)


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _key(name: str, applied: AppliedKey, live: Json | None) -> Item:
    if live is None:
        gone = _key_value(applied, "gone")
        return Item(name, gone, f"{name}: {GONE}", "there as last applied", applied="there")
    now = _facets(live.get("restrictions", {}), live.get("serviceAccountEmail", ""))
    was = _facets(applied.restrictions, applied.service_account)
    changed = [(new, old) for new, old in zip(now, was, strict=True) if new != old]
    if not changed:
        return Item(name, _key_value(applied, "there"), name)
    words = f"{name}: {', '.join(new for new, _ in changed)}"
    was_words = ", ".join(old for _, old in changed)
    value = _key_value(applied, "changed")
    return Item(name, value, words, f"{was_words} as last applied", applied=was_words)


def _key_value(key: AppliedKey, state: str) -> dict[str, str]:
    return {"state": state, "id": key.id, "uid": key.uid}


def opened_to(key: Mapping[str, Any]) -> str:
    """A key as the API Keys API has it: what it opens, to whom, and what it is bound to."""
    return ", ".join(_facets(key.get("restrictions", {}), key.get("serviceAccountEmail", "")))


def _facets(restrictions: Mapping[str, Any], service_account: str) -> tuple[str, str, str]:
    """A key's APIs, clients and service account, as texts that are equal for equal keys."""
    targets = sorted(_target(target) for target in restrictions.get("apiTargets") or ())
    clients = sorted(
        _client(value)
        for kind, values in _CLIENTS.items()
        for value in (restrictions.get(kind) or {}).get(values) or ()
    )
    return (
        f"opens {', '.join(targets) or 'any API'}",
        f"from {', '.join(clients) or 'anywhere'}",
        f"bound to {service_account or 'no service account'}",
    )


def _target(target: Mapping[str, Any]) -> str:
    methods = grouped_methods(sorted(target.get("methods") or ()))
    narrowed = f" ({', '.join(methods)})" if methods else ""
    return f"{target.get('service', '')}{narrowed}"


def _client(value: Any) -> str:
    if isinstance(value, Mapping):
        fingerprint = str(value.get("sha1Fingerprint", "")).replace(":", "").upper()
        return f"{value.get('packageName', '')} {fingerprint}"
    return str(value)


def _limit(
    model: str,
    values: Mapping[LimitName, int],
    applied: AppliedProject,
    listed: Sequence[ModelLimit],
    tier: str,
) -> Item:
    wanted = applied.wanted
    quota_model = "" if model == OTHERS else QUOTA_NAMES.get(model, model)
    named = [limit for limit in listed if limit.name]
    now = {
        name: limit.bucket(quota_model).effective
        for name in LIMIT_NAMES
        for limit in named
        if (limit.name, limit.tier) == (name, tier)
    }
    differs = [
        text for limit in named if (text := _differs(limit, quota_model, values, wanted, applied.elsewhere))
    ]
    if model == OTHERS and wanted.denies:
        differs += [
            f"{limit.place} is open"
            for limit in listed
            if not limit.name
            and limit.bucket("").value != 0
            and limit.place not in applied.left_open
            and (limit.place, "") not in applied.elsewhere
        ]
    value = {name: -1 if amount == UNLIMITED else amount for name, amount in now.items()}
    shown = _amounts(now.items()) if now else "no limits of this tier are listed"
    return Item(model, value, shown, "; ".join(differs), applied=_amounts(values.items()))


def _differs(
    limit: ModelLimit,
    model: str,
    values: Mapping[LimitName, int],
    wanted: WantedLimits,
    elsewhere: Collection[tuple[str, str]],
) -> str:
    """Difference of one tier's override from the last update; empty if there is none."""
    assert limit.name  # noqa: S101 the caller checks
    if (limit.place, model) in elsewhere:
        return ""
    found, target = limit.bucket(model).value, limit.wanted(wanted, elsewhere).get(model)
    words = f"{WORDS[limit.name]} on tier {limit.tier}"
    if target is None:
        return "" if found is None else f"{_count(found)} {words}, not this stack's"
    if found == (UNLIMITED if target == "-1" else int(target)):
        applied = limit.bucket(model).effective
        return (
            f"{_count(found)} {words} is set, and Google applies {_count(applied)}" if applied > found else ""
        )
    now = "no limit of" if found is None else _count(found)
    was = values.get(limit.name)
    return f"{now} {words}, {'as much as the tier allows' if was is None else f'{was:,}'} as last applied"


def _foreign(applied: AppliedProject, listed: Sequence[ModelLimit]) -> list[Item]:
    """Models with overrides that are not the stack's; a difference if the stack has a lower limit for all others."""
    wanted, elsewhere = applied.wanted, applied.elsewhere
    known = wanted.models.keys() | wanted.opened | {quota.model for quota in applied.quotas.values()}
    others = applied.limits.get(OTHERS, {})
    opened = {model for _, model in loosened(listed, wanted, elsewhere)}
    found: dict[str, dict[str, int]] = {}
    for limit in listed:
        for model, bucket in limit.buckets.items():
            if model and bucket.value is not None and model not in known:
                words = f"{WORDS[limit.name]} on tier {limit.tier}" if limit.name else f"on {limit.place}"
                found.setdefault(model, {})[words] = bucket.value
    return [
        Item(
            MODELS.get(model, model),
            amounts,
            f"{', '.join(f'{_count(value)} {words}' for words, value in amounts.items())}: not this stack's",
            f"{_amounts(others.items())} for all other models as last applied" if model in opened else "",
            applied=f"{_amounts(others.items())} for all other models",
        )
        for model, amounts in sorted(found.items())
    ]


def _amounts(values: Iterable[tuple[LimitName, int]]) -> str:
    by_name = dict(values)
    blocked = next((name for name, value in by_name.items() if value == 0), None)
    if blocked:
        return f"denied (0 {WORDS[blocked]})"
    return ", ".join(f"{_count(value)} {WORDS[name]}" for name, value in by_name.items())


def _count(value: int) -> str:
    return "unlimited" if value == UNLIMITED else f"{value:,}"


def _override(name: str, quota: AppliedQuota, listed: Sequence[ModelLimit]) -> Item:
    on = next((each for each in listed if (each.metric, each.limit) == (quota.metric, quota.limit)), None)
    if on is None:
        # A limit without models, or one that is not listed.
        return Item(name, quota.value, f"{name}: {quota.value:,}", read=False)
    found = on.bucket(quota.model).value
    if found is None:
        return Item(
            name, None, f"{name}: {GONE}", f"{quota.value:,} as last applied", applied=f"{quota.value:,}"
        )
    differs = "" if found == quota.value else f"{quota.value:,} as last applied"
    return Item(name, found, f"{name}: {found:,}", differs, applied=f"{quota.value:,}")


def _preference(name: str, quota: AppliedQuota, live: Mapping[str, Json] | None) -> Item:
    granted, preferred = quota.granted, quota.value
    if live is not None:
        found = live.get(_last(quota.preference))
        if found is None:
            return Item(
                name, None, f"{name}: {GONE}", f"{quota.value:,} as last applied", applied=f"{quota.value:,}"
            )
        config = found.get("quotaConfig", {})
        granted, preferred = str(config.get("grantedValue", "")), int(config.get("preferredValue", "0"))
    words = (
        f"{name}: {preferred:,} granted"
        if granted == str(preferred)
        else f"{name}: {granted or 'nothing yet'} granted of {preferred:,}"
    )
    differs = "" if preferred == quota.value else f"{quota.value:,} as last applied"
    value = {"preferred": preferred, "granted": granted or None}
    return Item(name, value, words, differs, live is not None, applied=f"{quota.value:,}")


def _number(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)


def money_in_words(amount: str | None, currency: str) -> str:
    """An amount as people read it, with all its decimals and two at least; None: the cost of the last period."""
    if amount is None:
        return "the cost of the last period"
    number = Decimal(amount).normalize()
    return f"{number:,.{max(2, -int(number.as_tuple().exponent))}f} {currency}".rstrip()
