"""A project's alert policies and the channels that they notify."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from landing_zone.google.money import amount_of
from landing_zone.google.rest import Json
from landing_zone.inventory.draft import Draft
from landing_zone.inventory.known_alerts import KnownAlert, known_alert
from landing_zone.inventory.names import plain, unique
from landing_zone.names import STACK_LABEL

_POLICIES: Final = "monitoring.alertPolicies.list (roles/monitoring.viewer)"
_CHANNELS: Final = "monitoring.notificationChannels.list (roles/monitoring.viewer)"
_FIELDS: Final = ("displayName", "combiner", "conditions", "documentation", "alertStrategy", "severity")
_CONDITIONS: Final = (
    *("conditionThreshold", "conditionAbsent", "conditionMatchedLog", "conditionSql"),
    *("conditionMonitoringQueryLanguage", "conditionPrometheusQueryLanguage"),
)
_BUILT_IN: Final = ("errorRate", "tooManyRequestsPerMinute", "quotaShare")
_BUILT_IN_IF_PAID: Final = ("quotaChanges",)
_TYPES: Final = {"webhook": ("webhook_tokenauth", "webhook_basicauth")}
"""The setting's name for a kind of channel → Google's, where they differ."""
_LABELS: Final = {
    "address": "email_address",
    "channel": "channel_name",
    "username": "username",
    "topic": "topic",
}
"""Settings of a channel → the labels that Google shows."""
_OF_GOOGLE: Final = ("name", "enabled", "verificationStatus", "creationRecord", "mutationRecords")
"""Fields of a channel that no program writes, and `enabled`, which is judged by itself."""


class _Channels:
    """The channels in a project, by name."""

    def __init__(self, draft: Draft, listed: Sequence[Json]) -> None:
        self._draft = draft
        self.by_name = {each["name"]: each for each in listed}

    def own_email(self, name: str) -> str:
        """The address of a channel that is as the stack makes it for an address; else empty."""
        channel = self.by_name.get(name, {})
        address: str = channel.get("labels", {}).get("email_address", "")
        as_made = {"type": "email", "displayName": address, "labels": {"email_address": address}}
        return address if address and self._is_made(channel, as_made) else ""

    def named(self, name: str) -> str:
        """The name under `channels` of the stack file of a channel that is as the stack makes it; else empty."""
        channel = self.by_name.get(name, {})
        title = channel.get("displayName", "")
        written = self._draft.channels.get(title)
        if not isinstance(written, Mapping):
            return ""
        kind = str(written.get("type"))
        shown = {label: written[key] for key, label in _LABELS.items() if written.get(key) is not None}
        if isinstance(written.get("url"), str):  # else it is encrypted
            shown["url"] = written["url"]
        known = {*_LABELS.values(), *shown}
        labels = {key: value for key, value in channel.get("labels", {}).items() if key in known}
        if channel.get("type") not in _TYPES.get(kind, (kind,)) or labels != shown:
            return ""
        as_made = {key: channel.get(key) for key in ("type", "displayName", "labels")}
        return title if self._is_made(channel, as_made) else ""

    def is_ours(self, name: str) -> bool:
        """True if the stack made it."""
        return (self.by_name.get(name, {}).get("userLabels") or {}).get(STACK_LABEL) == self._draft.label

    def _is_made(self, channel: Mapping[str, Any], as_made: Mapping[str, Any]) -> bool:
        """True if it is enabled and has nothing besides what the stack writes."""
        found = {key: value for key, value in channel.items() if value and key not in _OF_GOOGLE}
        labels = {STACK_LABEL: self._draft.label}
        return channel.get("enabled", True) is True and found == {**as_made, "userLabels": labels}


def read_alerts(draft: Draft, budget: Mapping[str, Any] | None) -> None:
    """Read alert policies and channels; `budget`: Google's, as it notifies the addresses of `alerts.email` as well."""
    path = f"v3/projects/{draft.id}"
    policies = draft.listed(
        "alert policies", _POLICIES, "monitoring", f"{path}/alertPolicies", "alertPolicies"
    )
    listed = draft.listed(
        "notification channels",
        _CHANNELS,
        "monitoring",
        f"{path}/notificationChannels",
        "notificationChannels",
    )
    channels = _Channels(draft, listed or [])
    ours, others = _parted(draft, policies or [], _month(budget))
    counted = Counter(tuple(policy.get("notificationChannels", [])) for policy, _ in ours)
    notified = min(counted, key=lambda each: (-counted[each], each), default=())
    if not ours:
        notified = _mailed(draft, channels, budget)
    alerts: Json = _recipients(draft, channels, notified, budget)
    if alerts:
        for name in (*_BUILT_IN, *(_BUILT_IN_IF_PAID if draft.settings["tier"] == "paid" else ())):
            alerts[name] = None
    for policy, known in ours:
        if tuple(policy.get("notificationChannels", [])) == notified:
            _say(draft, alerts, known)
            draft.found("AlertPolicy", known.setting, policy["name"])
        else:
            others.append(policy)
    for policy in others:
        _raw(draft, alerts, policy, notified)
    if alerts:
        draft.settings["alerts"] = alerts
    _leave_channels(draft, channels, alerts, [*(policies or []), *([budget] if budget else [])])


def _parted(
    draft: Draft, policies: Sequence[Json], month: Decimal | None
) -> tuple[list[tuple[Json, KnownAlert]], list[Json]]:
    """The policies that a setting of its own makes, and all others."""
    ours: list[tuple[Json, KnownAlert]] = []
    others: list[Json] = []
    seen: set[str] = set()
    for policy in policies:
        labelled = (policy.get("userLabels") or {}) == {STACK_LABEL: draft.label}
        known = known_alert(policy, month, draft.key_uids) if labelled else None
        if known and known.setting not in seen:
            seen.add(known.setting)
            ours.append((policy, known))
        else:
            others.append(policy)
    return ours, others


def _say(draft: Draft, alerts: Json, known: KnownAlert) -> None:
    *above, last = known.setting.split(".")
    draft.budget_digits = known.amount or draft.budget_digits
    if above == ["alerts"]:
        alerts[last] = known.value
    else:
        draft.settings["keys"][above[1]][last] = known.value


def _month(budget: Mapping[str, Any] | None) -> Decimal | None:
    """The amount of a month's budget."""
    part = (budget or {}).get("budgetFilter", {})
    money = (budget or {}).get("amount", {}).get("specifiedAmount")
    monthly = not part.get("customPeriod") and part.get("calendarPeriod", "MONTH") == "MONTH"
    return amount_of(money) if money and monthly else None


def _budget_channels(budget: Mapping[str, Any] | None) -> list[str]:
    return list((budget or {}).get("notificationsRule", {}).get("monitoringNotificationChannels", []))


def _mailed(draft: Draft, channels: _Channels, budget: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The project's own channels whose addresses the budget mails, where no alert policy names them."""
    by_address = {address: name for name in channels.by_name if (address := channels.own_email(name))}
    mails = by_address if draft.host_channels is None else draft.host_channels
    mailed = {name: address for address, name in mails.items()}
    addresses = [mailed[name] for name in _budget_channels(budget) if name in mailed]
    return tuple(by_address[address] for address in addresses if address in by_address)


def _recipients(
    draft: Draft, channels: _Channels, notified: Sequence[str], budget: Mapping[str, Any] | None
) -> Json:
    """`email` and `channels` of the settings, for alerts that notify `notified`, in this order.

    The budget mails the addresses of `email` first, through the channels in notificationProject if there is one. If it
    does not, each channel is named in full.
    """
    emails: list[str] = []
    for name in notified:
        address = channels.own_email(name)
        if not address or address in emails:
            break
        emails.append(address)
    mailed = (
        [draft.host_channels.get(each) for each in emails]
        if draft.host_channels
        else [*notified[: len(emails)]]
    )
    if budget and _budget_channels(budget)[: len(emails)] != mailed:
        emails = []
    draft.mailed = len(emails)
    named: list[str] = []
    for name in notified[len(emails) :]:
        own = "" if named and named[-1].startswith("projects/") else channels.named(name)
        named.append(own or name)
    return {**({"email": emails} if emails else {}), **({"channels": named} if named else {})}


def _raw(draft: Draft, alerts: Json, policy: Mapping[str, Any], notified: Sequence[str]) -> None:
    """A policy under `alerts.policies`, as Google has it."""
    title = policy.get("displayName", "")
    kinds = {name for each in policy.get("conditions", []) for name in each if name.startswith("condition")}
    if unknown := sorted(kinds - {*_CONDITIONS}):
        draft.left_out.append(f"alert policy {title}: it has {unknown[0]}, which the gcp plugin cannot write")
        return
    labels = dict(policy.get("userLabels") or {})
    # What the stack made is found by its display name and the label; anything else is taken over by its name.
    ours = labels.get(STACK_LABEL) == draft.label
    if ours:
        del labels[STACK_LABEL]
    policies = alerts.setdefault("policies", {})
    name = unique(plain(title, "alert"), policies)
    to = list(policy.get("notificationChannels", []))
    usual = bool(ours and to and to == list(notified))
    policies[name] = {
        **({} if ours else {"existing": policy["name"]}),
        **{field: _written(policy[field]) for field in _FIELDS if policy.get(field)},
        **({"enabled": False} if policy.get("enabled") is False else {}),
        **({"userLabels": labels} if labels else {}),
        **({} if usual or not (to or ours) else {"notificationChannels": to}),
    }
    draft.found("AlertPolicy", f"alerts.policies.{name}", policy["name"])


def _written(value: Any) -> Any:
    """Without the names that Google gives to conditions."""
    if not isinstance(value, list):
        return value
    return [{name: each for name, each in condition.items() if name != "name"} for condition in value]


def _leave_channels(
    draft: Draft, channels: _Channels, alerts: Json, users: Sequence[Mapping[str, Any]]
) -> None:
    """Say which channels stay as they are."""
    used = {name for each in users for name in each.get("notificationChannels", [])}
    used |= {name for each in users for name in _budget_channels(each)}
    emails = alerts.get("email", [])
    for name, channel in channels.by_name.items():
        title = channel.get("displayName") or name
        if channels.own_email(name) in emails:
            draft.found("NotificationChannel", "alerts.email", name)
        elif name in used and channels.named(name) in alerts.get("channels", []):
            draft.found("NotificationChannel", "alerts.channels", name)
        elif name not in used:
            draft.left_out.append(
                f"notification channel {title}: no alert policy and no budget of the project names it"
            )
        elif channels.is_ours(name):
            draft.left_out.append(
                f"notification channel {title}: it is named in full, as no setting makes it as it is; its secrets "
                "cannot be read"
            )
