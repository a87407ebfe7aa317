"""Alert policies that a setting of its own makes: the setting, from what Google has."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from landing_zone.monitoring import alert_policies as made
from landing_zone.monitoring.queries import calls_of_key
from landing_zone.settings.alerting import QuotaChangeSettings, SpendRateSettings

_OF_GOOGLE: Final = (
    "name",
    "creationRecord",
    "mutationRecord",
    "userLabels",
    "notificationChannels",
    "enabled",
)
"""Fields of a policy that no setting of its own writes."""


@dataclass(frozen=True)
class KnownAlert:
    """What a setting makes."""

    setting: str
    """Path in the project's entry, such as `alerts.errorRate`."""
    value: Any
    policy: Mapping[str, Any]
    """As the stack would write it, without channels and labels."""
    amount: str = ""
    """The amount of the project's budget, with the digits that the policy shows."""


def known_alert(
    policy: Mapping[str, Any], month: Decimal | None, keys: Mapping[str, str]
) -> KnownAlert | None:
    """The setting that makes exactly such a policy, but for channels and labels; None if none does.

    Args:
        month: the amount of the project's monthly budget.
        keys: name in the stack file → uid.
    """
    # What people wrote may have any form: then it is none of these.
    with suppress(ArithmeticError, LookupError, ValueError, TypeError, AttributeError):
        return next((each for each in _known(policy, month, keys) if _is_same(policy, each.policy)), None)
    return None


def _is_same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """True if Google's policy is as the stack would write it, but for channels and labels."""
    shown = {name: value for name, value in found.items() if name not in _OF_GOOGLE}
    return found.get("enabled", True) is True and _plain(shown) == _plain(wanted)


def _plain(value: Any) -> Any:
    """Without what Google leaves out of its answers, and without the names of conditions."""
    if isinstance(value, Mapping):
        found = {name: _plain(each) for name, each in value.items()}
        if "displayName" in found and any(name.startswith("condition") for name in found):
            found.pop("name", None)
        return {name: each for name, each in found.items() if each not in (0, "", None, [], {})}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _known(policy: Mapping[str, Any], month: Decimal | None, keys: Mapping[str, str]) -> Iterator[KnownAlert]:
    title, [condition] = policy["displayName"], policy["conditions"]
    query = condition.get("conditionPrometheusQueryLanguage", {}).get("query", "")
    if found := re.fullmatch(r"Gemini API: more than (.+)% of calls fail", title):
        share = Decimal(found[1]).scaleb(-2)
        # The title of 0.10 is that of 0.1, and not that of 0.100.
        for each in (share.normalize(), share):
            yield KnownAlert("alerts.errorRate", number(each), made.error_rate(each))
    if found := re.fullmatch(r"Gemini API: more than (\d+) calls a minute are refused \(429\)", title):
        yield KnownAlert(
            "alerts.tooManyRequestsPerMinute", int(found[1]), made.too_many_requests(int(found[1]))
        )
    if re.fullmatch(r"Gemini API: more than .+% of a limit is used", title):
        share = _last_number(query)
        yield KnownAlert("alerts.quotaShare", number(share), made.quota_share(share))
    if re.fullmatch(r"Gemini API: more than [\d,]+ input tokens a minute", title):
        tokens = int(_last_number(query))
        yield KnownAlert("alerts.inputTokensPerMinute", tokens, made.input_tokens(tokens))
    if month and (found := re.fullmatch(r"Gemini API: spends ([\d.]+) times the budget's pace", title)):
        said = re.match(
            r"At ([\d.]+) a million .* budget of ([\d.]+) allows", policy["documentation"]["content"]
        )
        price, amount = said.groups() if said else ("", "")
        written = {"times": found[1], "pricePerMillionTokens": price}
        if Decimal(amount) == month:
            pace = SpendRateSettings.model_validate(written)
            value = {name: number(Decimal(text)) for name, text in written.items()}
            yield KnownAlert("alerts.spendRate", value, made.spend_rate(pace, Decimal(amount)), amount)
    if title == "Gemini API: somebody changed a quota of the project":
        deployers = re.findall(r'"([^"\s]+@[^"\s]+)"', condition["conditionMatchedLog"]["filter"])
        changes = {"deployers": deployers} if deployers else {}
        settings = QuotaChangeSettings.model_validate(changes)
        yield KnownAlert("alerts.quotaChanges", changes, made.quota_changes(settings))
    if found := re.fullmatch(r"Gemini API: calls with key ([a-z0-9-]+), which nobody should use", title):
        calls = calls_of_key(keys[found[1]])
        yield KnownAlert(f"keys.{found[1]}.decoy", True, made.decoy(found[1], calls))


def _last_number(query: str) -> Decimal:
    return Decimal(query.rpartition(" > ")[2])


def number(value: Decimal) -> int | float | str:
    """A number for a stack file: with the same digits when it is read again."""
    if value == value.to_integral_value() and f"{int(value)}" == f"{value:f}":
        return int(value)
    return float(value) if f"{Decimal(str(float(value))):f}" == f"{value:f}" else f"{value:f}"
