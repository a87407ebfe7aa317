"""`SpendCap`: pauses the Gemini API in a project once a month's amount is spent."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import ClassVar

from landing_zone.google import spend_caps
from landing_zone.google.config import CredentialsError
from landing_zone.google.errors import GoogleError
from landing_zone.names import cap_title
from provider.resource import (
    PROJECT,
    UNKNOWN,
    Context,
    Property,
    ResourceError,
    ResourceType,
    State,
    Values,
)

_NAME = re.compile(r"billingAccounts/([0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6})/budgets/[^/]+")


def _amount(text: str) -> str:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return f"{text!r} is not an amount: write a decimal such as 1200.50"
    if not amount.is_finite() or amount < 0 or amount >= 10**12:
        return f"must be >= 0 and below 1000000000000, not {text}; 0 pauses the API at the first request"
    if -int(amount.as_tuple().exponent) > 9:
        return f"{text} has more than 9 decimals: Google counts in billionths"
    return ""


def _same_amount(old: str, new: str) -> bool:
    return old == new or (UNKNOWN not in (old, new) and not _amount(old) and Decimal(old) == Decimal(new))


def _account(text: str) -> str:
    return (
        ""
        if re.fullmatch(r"[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}", text)
        else (f"{text!r} is not a billing account id: write one such as 01A2B3-C4D5E6-F7A8B9")
    )


class SpendCap(ResourceType):
    """A budget by which Google pauses the Gemini API in one project."""

    name = "SpendCap"
    description = (
        "Pauses the Gemini API in one project once the month's amount is spent. Google counts gross estimated cost and "
        "acts some hours late; spending in the meantime is billed. A project can have one spend cap. Spend caps are in "
        "preview at Google, and need a billing account that is Google's direct customer. A deletion is confirmed by "
        "reading the cap again."
    )
    properties: ClassVar[Mapping[str, Property]] = {
        "billingAccount": Property(
            {"type": "string"}, "The billing account's id.", required=True, replaces=True, check=_account
        ),
        "project": replace(PROJECT, description="The project's number, or its id."),
        "amount": Property(
            {"type": "string"},
            "The amount per month, as a decimal: `1200.50`. 0 pauses the API at once.",
            required=True,
            check=_amount,
            same=_same_amount,
        ),
        "currency": Property(
            {"type": "string"},
            "The billing account's currency, such as `USD`; Google fills it in.",
            check=lambda text: (
                ""
                if re.fullmatch("[A-Z]{3}", text)
                else f"{text!r} is not a currency code: write one such as USD"
            ),
        ),
        "displayName": Property(
            {"type": "string"},
            "The name in the console, 1 to 60 characters. An existing spend cap of the project with this name is taken "
            "over. Default: the project and `Gemini API cap`.",
            check=lambda text: "" if 1 <= len(text) <= 60 else f"has {len(text)} characters: write 1 to 60",
        ),
        "inputState": Property(
            {"type": "string", "enum": [spend_caps.CONFIGURED, spend_caps.AWAITING]},
            "`AWAITING_NEXT_PERIOD` lifts an enforced cap until the 1st of the next month; `CONFIGURED` (the default) "
            "puts it in force.",
        ),
        "adopt": Property(
            {"type": "boolean"}, "Take over the project's existing spend cap, with any name and amount."
        ),
        "name": Property(
            {"type": "string"}, "The name: `billingAccounts/ID/budgets/UUID`.", output=True, required=True
        ),
        "outputState": Property(
            {"type": "string"},
            "The state: `CONFIGURED`, `ENFORCED` (the amount is spent, and the API is paused) or "
            "`AWAITING_NEXT_PERIOD` (lifted).",
            output=True,
            required=True,
        ),
        "reconciling": Property(
            {"type": "boolean"}, "True while Google applies the last change.", output=True, required=True
        ),
    }

    def preview(self, context: Context, inputs: Values, old: State | None) -> Values:
        """The outputs that are known before the update. Refuses what Google would refuse."""
        if UNKNOWN in inputs.values():
            return {"name": UNKNOWN, "outputState": UNKNOWN, "reconciling": UNKNOWN}
        wanted = _wanted(inputs, old.id if old else "")
        if old:
            refusal = spend_caps.change_refusal(spend_caps.current(context.google, old.id), wanted)
        else:
            found = _found(context, wanted)
            refusal = spend_caps.creation_refusal(found, wanted, bool(inputs.get("adopt")))
        if refusal:
            raise ResourceError(refusal)
        return {"name": wanted.name or UNKNOWN, "outputState": UNKNOWN, "reconciling": UNKNOWN}

    def claim(self, inputs: Values) -> tuple[str, str] | None:
        return "project", f"{inputs['billingAccount']}/{inputs['project']}"

    def create(self, context: Context, inputs: Values) -> State:
        adopt = bool(inputs.get("adopt"))
        return _state(spend_caps.create(context.google, _wanted(inputs, ""), adopt), inputs)

    def read(self, context: Context, old: State) -> State | None:
        resource_id, inputs = old.id, old.inputs
        if not _NAME.fullmatch(resource_id):
            raise ResourceError(
                f"{resource_id!r} is not the name of a spend cap: import it as billingAccounts/ID/budgets/UUID, which "
                "`gcloud billing budgets list` shows"
            )
        cap = spend_caps.read(context.google, resource_id)
        if cap is None:
            return None
        read = {**inputs, "amount": f"{cap.amount:f}"}
        if not inputs:
            read |= {"billingAccount": cap.account, "project": cap.project}
        # A property that the program leaves out stays out while it has its default.
        if "displayName" in inputs or cap.display_name != cap_title(read["project"]):
            read["displayName"] = cap.display_name
        if "currency" in inputs:
            read["currency"] = cap.currency
        # A lift by hand shows as a difference. The end of a lift on the 1st, which Google makes, does not.
        if cap.output_state == spend_caps.AWAITING != inputs.get("inputState"):
            read["inputState"] = spend_caps.AWAITING
        if _same_amount(str(inputs.get("amount", "")), read["amount"]):
            read["amount"] = inputs["amount"]
        return _state(cap, read)

    def update(self, context: Context, old: State, inputs: Values) -> State:
        return _state(spend_caps.update(context.google, _wanted(inputs, old.id)), inputs)

    def delete(self, context: Context, old: State) -> None:
        spend_caps.delete(context.google, old.id)


def _found(context: Context, wanted: spend_caps.SpendCap) -> spend_caps.SpendCap | None:
    """The project's existing cap; None if there is none, or it cannot be read before the update."""
    try:
        return spend_caps.existing(context.google, wanted)
    except (GoogleError, CredentialsError):
        return None


def _wanted(inputs: Values, name: str) -> spend_caps.SpendCap:
    return spend_caps.SpendCap(
        account=inputs["billingAccount"],
        project=inputs["project"],
        amount=Decimal(inputs["amount"]),
        currency=inputs.get("currency"),
        display_name=inputs.get("displayName") or cap_title(inputs["project"]),
        input_state=inputs.get("inputState") or spend_caps.CONFIGURED,
        name=name,
    )


def _state(cap: spend_caps.SpendCap, inputs: Values) -> State:
    found = {"name": cap.name, "outputState": cap.output_state, "reconciling": cap.reconciling}
    filled = {
        "displayName": cap.display_name,
        "currency": cap.currency,
        "inputState": spend_caps.CONFIGURED,
    }
    return State(cap.name, inputs, {**filled, **inputs, **found})
