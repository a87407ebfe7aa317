"""Spend caps: a budget that stops the service it counts. Google's rules for one, and the states it goes through.

CONFIGURED → (the spend reaches the amount) → ENFORCED → (lifted) → AWAITING_NEXT_PERIOD → (the 1st, or by hand)
→ CONFIGURED. `sandbox.cloud.billing_loop` moves a cap as money is spent, `PATCH /_local/spendCaps/PROJECT` at once.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from sandbox.cloud.core import masks
from sandbox.cloud.core.errors import (
    JsonObject,
    bad_request,
    failed_precondition,
    field_violation,
    invalid_argument,
)

CONFIGURED: Final = "CONFIGURED"
ENFORCED: Final = "ENFORCED"
AWAITING: Final = "AWAITING_NEXT_PERIOD"
STATES: Final = (CONFIGURED, ENFORCED, AWAITING)
#: The services that can be capped: the Gemini API and Vertex AI.
ELIGIBLE_SERVICES: Final = frozenset({"services/AEFD-7695-64FA", "services/C7E2-9256-1C43"})
_SHARES: Final = [0.5, 0.8, 1.0]

Problems = Iterator[tuple[str, str]]


def problems(budget: JsonObject) -> Problems:
    """The mistakes in a budget with `spendCap`, beyond the rules of every budget."""
    part = budget.get("budgetFilter", {})
    if len(part.get("projects", [])) != 1:
        yield "budget_filter.projects", "A spend cap must have exactly one project."
    services = part.get("services", [])
    if len(services) != 1 or services[0] not in ELIGIBLE_SERVICES:
        yield "budget_filter.services", "A spend cap must have exactly one service, and an eligible one."
    if part.get("calendarPeriod", "MONTH") != "MONTH" or "customPeriod" in part:
        yield "budget_filter.calendar_period", "The period of a spend cap must be MONTH."
    if part.get("creditTypesTreatment") != "EXCLUDE_ALL_CREDITS":
        yield (
            "budget_filter.credit_types_treatment",
            "The credit types treatment of a spend cap must be EXCLUDE_ALL_CREDITS.",
        )
    for name in ("subaccounts", "resourceAncestors", "labels", "creditTypes"):
        if part.get(name):
            yield f"budget_filter.{name}", f"A spend cap does not support {name}."
    if "specifiedAmount" not in budget.get("amount", {}):
        yield "amount", "A spend cap needs a specified amount."
    rules = budget.get("thresholdRules", [])
    if sorted(float(rule.get("thresholdPercent", 0.0)) for rule in rules) != _SHARES or any(
        rule.get("spendBasis") == "FORECASTED_SPEND" for rule in rules
    ):
        yield (
            "threshold_rules",
            "A spend cap must have exactly three CURRENT_SPEND threshold rules: 0.5, 0.8 and 1.0.",
        )
    rule = budget.get("notificationsRule", {})
    if not rule.get("enableProjectLevelRecipients"):
        yield "notifications_rule", "enable_project_level_recipients must be true for a spend cap."
    if rule.get("disableDefaultIamRecipients"):
        yield "notifications_rule", "disable_default_iam_recipients must be false for a spend cap."
    if rule.get("pubsubTopic") or rule.get("monitoringNotificationChannels"):
        yield "notifications_rule", "A spend cap supports neither a Pub/Sub topic nor notification channels."
    if budget.get("ownershipScope") == "BILLING_ACCOUNT":
        yield "ownership_scope", "BILLING_ACCOUNT is not supported for a spend cap."


def configured(wanted: JsonObject, polls: int) -> JsonObject:
    """A new cap. `polls` is how often it is read until it has settled.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for another state than CONFIGURED.
    """
    if wanted.get("inputState") != CONFIGURED:
        raise _bad_state(f"input_state must be CONFIGURED for a new spend cap, not {_state(wanted)}.")
    return {"inputState": CONFIGURED, "outputState": CONFIGURED, "pollsLeft": polls}


def changed(cap: JsonObject, wanted: JsonObject, polls: int) -> JsonObject:
    """The cap after an update that asks for `wanted`.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for a state that this one cannot go to.
    """
    now, then = cap["outputState"], wanted.get("inputState", cap["inputState"])
    if then not in (CONFIGURED, AWAITING):
        raise _bad_state(f"input_state cannot be set to {_state(wanted)}.")
    if then == AWAITING and now != ENFORCED:
        raise _bad_state(f"Only an enforced spend cap can be lifted; this one is {now}.")
    if then == now or (now == ENFORCED and then == CONFIGURED):
        return {**cap, "inputState": then}
    return {"inputState": then, "outputState": then, "pollsLeft": polls}


def check_mask(cap: JsonObject, paths: Sequence[masks.Path], masked: bool) -> None:
    """Check which fields of a cap's budget an update names.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for a mask that leaves the cap out, FAILED_PRECONDITION for other fields
            while the cap is enforced.
    """
    named = {path[0] for path in paths}
    if masked and "spendCap" not in named:
        raise invalid_argument(
            None,
            "update_mask",
            "The update mask of a spend cap must name spend_cap or spend_cap.input_state.",
        )
    if cap["outputState"] == ENFORCED and named - {"spendCap", "name", "etag"}:
        raise failed_precondition(
            "Only spend_cap.input_state can be modified while the spend cap is enforced.",
            [bad_request([field_violation("budget.spend_cap", "The spend cap is ENFORCED.")])],
        )


def view(cap: JsonObject) -> JsonObject:
    """The cap as Google shows it: `reconciling` is left out when it is false."""
    settling = {"reconciling": True} if cap.get("pollsLeft") else {}
    return {"inputState": cap["inputState"], "outputState": cap["outputState"], **settling}


def _state(wanted: JsonObject) -> str:
    return str(wanted.get("inputState", "STATE_UNSPECIFIED"))


def _bad_state(text: str) -> Exception:
    return invalid_argument(None, "budget.spend_cap.input_state", text)
