"""Spend caps: a budget's `spendCap`, which pauses the Gemini API in a project once its month's amount is spent.

Form and states of a cap are in the discovery document of billingbudgets v1 (revision 20261011): CONFIGURED → ENFORCED
→ AWAITING_NEXT_PERIOD (lifted until the 1st) → CONFIGURED. A cap counts gross estimated cost and lags by hours;
spending in the meantime is billed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from landing_zone.gemini import GEMINI_BILLING_SERVICE
from landing_zone.google.errors import GoogleError
from landing_zone.google.money import amount_of, units_and_nanos
from landing_zone.google.rest import Google, Json
from landing_zone.google.retrying import StoppedError

CONFIGURED: Final = "CONFIGURED"
ENFORCED: Final = "ENFORCED"
AWAITING: Final = "AWAITING_NEXT_PERIOD"

_SHARES: Final = (0.5, 0.8, 1.0)
_DELETES: Final = 4
"""Attempts to delete a cap that is still there after its DELETE."""
_UNLISTED: Final = 4
"""Waits, some seconds in total, after which a new cap is listed."""


class SpendCapError(Exception):
    """A cap cannot be created, changed or deleted; the message has the reason and the remedy."""


@dataclass(frozen=True)
class SpendCap:
    """A cap, as wanted or as found at Google."""

    account: str
    """The billing account's id."""
    project: str
    """The project's number, which Google returns, or its id."""
    amount: Decimal
    """The amount per month, in `currency`."""
    currency: str | None
    display_name: str
    input_state: str = CONFIGURED
    output_state: str = CONFIGURED
    reconciling: bool = False
    name: str = ""
    """`billingAccounts/ID/budgets/UUID`; empty before the cap is created."""

    @property
    def body(self) -> Json:
        """The budget to send: Google accepts exactly these fields for a cap."""
        money = units_and_nanos(self.amount)
        return {
            "displayName": self.display_name,
            "amount": {
                "specifiedAmount": {**money, **({"currencyCode": self.currency} if self.currency else {})}
            },
            "budgetFilter": {
                "projects": [f"projects/{self.project}"],
                "services": [GEMINI_BILLING_SERVICE],
                "calendarPeriod": "MONTH",
                "creditTypesTreatment": "EXCLUDE_ALL_CREDITS",
            },
            "thresholdRules": [
                {"thresholdPercent": share, "spendBasis": "CURRENT_SPEND"} for share in _SHARES
            ],
            "notificationsRule": {"enableProjectLevelRecipients": True},
            "ownershipScope": "ALL_USERS",
            "spendCap": {"inputState": self.input_state},
        }

    @classmethod
    def from_budget(cls, budget: Mapping[str, Any]) -> "SpendCap":
        """The cap from Google's JSON of a budget that has one."""
        money = budget["amount"]["specifiedAmount"]
        cap = budget["spendCap"]
        return cls(
            account=budget["name"].split("/")[1],
            project=budget["budgetFilter"]["projects"][0].removeprefix("projects/"),
            amount=amount_of(money),
            currency=money.get("currencyCode"),
            display_name=budget.get("displayName", ""),
            input_state=cap.get("inputState", CONFIGURED),
            output_state=cap.get("outputState", CONFIGURED),
            reconciling=cap.get("reconciling", False),
            name=budget["name"],
        )


def read(google: Google, name: str) -> SpendCap | None:
    """The cap with this name; None if it is gone, or the budget no longer has a cap. Raises as `Google.call`."""
    try:
        budget = google.call("billingbudgets", "GET", name)
    except GoogleError as error:
        if error.code == 404:
            return None
        raise
    return SpendCap.from_budget(budget) if "spendCap" in budget else None


def of_project(google: Google, account: str, project: str) -> SpendCap | None:
    """The cap of a project (number or id) in an account's listing. A new one may not be listed yet.

    Raises as `Google.call`.
    """
    budgets = google.list_all(
        "billingbudgets",
        f"billingAccounts/{account}/budgets",
        "budgets",
        query={"scope": f"projects/{project}"},
    )
    return next((SpendCap.from_budget(budget) for budget in budgets if "spendCap" in budget), None)


def create(google: Google, wanted: SpendCap, adopt: bool, *, again: bool = True) -> SpendCap:
    """Create a cap; returns it as found at Google.

    An existing cap with the same display name is taken over, as a killed run may have left it; with `adopt`, any
    existing cap is. If the answer to the creation is lost, the cap is looked for before it is created `again`.

    Raises:
        SpendCapError: Google refuses; the project has another cap; the account is a reseller's.
    """
    found = existing(google, wanted)
    _refuse(creation_refusal(found, wanted, adopt))
    if not found:
        try:
            budget = google.call(
                "billingbudgets", "POST", f"billingAccounts/{wanted.account}/budgets", body=wanted.body
            )
            return wait_until_settled(google, SpendCap.from_budget(budget))
        except GoogleError as error:
            if error.lost and again:
                for _ in zip(range(_UNLISTED), google.backoff(), strict=False):
                    pass
                return create(google, wanted, adopt, again=False)
            # Google refuses a second cap with a bare 400. The first may be this one, if its answer was lost.
            found = existing(google, wanted) if _is_bare(error) else None
            if not found:
                raise SpendCapError(_why(google, wanted, error)) from error
            _refuse(creation_refusal(found, wanted, adopt))
    return update(google, replace(wanted, name=found.name))


def existing(google: Google, wanted: SpendCap) -> SpendCap | None:
    """The existing cap of the wanted one's project; None if there is no cap or no project. Raises as `Google.call`."""
    try:
        return of_project(google, wanted.account, wanted.project)
    except GoogleError as error:
        if error.code in (400, 404):
            return None  # the creation reports it with a better reason
        raise


def creation_refusal(found: SpendCap | None, wanted: SpendCap, adopt: bool) -> str:
    """Reason and remedy if the wanted cap can be neither created nor taken over from the project; empty if it can."""
    if not found:
        lifts = wanted.input_state == AWAITING
        return (
            "a new cap cannot be lifted: write inputState: CONFIGURED, and lift it once it is ENFORCED"
            if lifts
            else ""
        )
    if adopt or found.display_name == wanted.display_name:
        return change_refusal(found, wanted)
    return (
        f"project {found.project} already has a spend cap, and Google allows one: {found.display_name!r} of "
        f"{found.amount:f} {found.currency or ''}, {found.name}. Delete it, or take it over with adopt: true, or with "
        f"`pulumi import gemini-landing-zone:index:SpendCap NAME {found.name}`"
    )


def update(google: Google, wanted: SpendCap) -> SpendCap:
    """Change amount and display name, or the state, of the cap `wanted.name`. Returns it as found at Google.

    Raises:
        SpendCapError: Google refuses, or would: an enforced cap can only be lifted, and only an enforced one.
    """
    now = current(google, wanted.name)
    _refuse(change_refusal(now, wanted))
    change = _change(now, wanted)
    if not change:
        return now
    mask, state = change
    body = replace(wanted, input_state=state).body
    try:
        budget = google.call(
            "billingbudgets",
            "PATCH",
            now.name,
            body={key: body[key] for key in ("displayName", "amount", "spendCap")},
            query={"updateMask": ",".join(mask)},
        )
    except GoogleError as error:
        changed = _changed(google, wanted) if error.lost or error.code == 400 else None
        if not changed:
            raise SpendCapError(_why(google, wanted, error)) from error
        return wait_until_settled(google, changed)
    return wait_until_settled(google, SpendCap.from_budget(budget))


def _change(now: SpendCap, wanted: SpendCap) -> tuple[list[str], str] | None:
    """The fields to update, and the state to write; None if there is nothing to change."""
    mask = [
        path
        for path, differs in (
            ("display_name", now.display_name != wanted.display_name),
            ("amount", now.amount != wanted.amount),
        )
        if differs
    ]
    lifts = wanted.input_state == AWAITING and now.output_state == ENFORCED
    activates = wanted.input_state == CONFIGURED and now.output_state == AWAITING
    if not mask and not lifts and not activates:
        return None
    # Google requires the state in the mask of every update, also when it stays.
    return [*mask, "spend_cap.input_state"], wanted.input_state if lifts else CONFIGURED


def _changed(google: Google, wanted: SpendCap) -> SpendCap | None:
    """The cap, if an update was carried out whose answer was lost: Google refuses to lift a cap a second time."""
    try:
        now = read(google, wanted.name)
    except GoogleError:
        return None  # the update's own error has the reason
    return now if now and not _change(now, wanted) else None


def current(google: Google, name: str) -> SpendCap:
    """The cap with this name. Raises SpendCapError if it is gone, and as `Google.call`."""
    now = read(google, name)
    if now is None:
        raise SpendCapError(f"{name} is gone: run pulumi refresh, then pulumi up, which creates another")
    return now


def change_refusal(now: SpendCap, wanted: SpendCap) -> str:
    """Reason and remedy if a cap in its present state cannot be changed to the wanted one; empty if it can."""
    if wanted.currency and now.currency and wanted.currency != now.currency:
        return f"a budget has its billing account's currency: write currency: {now.currency}, or leave currency out"
    changes = now.amount != wanted.amount or now.display_name != wanted.display_name
    if now.output_state == ENFORCED and changes:
        return (
            f"the cap is ENFORCED: its {now.amount:f} {now.currency or ''} are spent and the Gemini API is paused. "
            "Google only allows changes of its state now: lift it first (inputState: AWAITING_NEXT_PERIOD), then "
            "change the rest"
        )
    if wanted.input_state == AWAITING and now.output_state == CONFIGURED and now.input_state == CONFIGURED:
        return "only an ENFORCED cap can be lifted, and this cap is CONFIGURED: write inputState: CONFIGURED"
    if wanted.input_state == AWAITING and now.output_state == AWAITING and changes:
        return "a lifted cap can only be changed together with inputState: CONFIGURED, which ends the lift"
    return ""


def delete(google: Google, cap_name: str) -> None:
    """Delete a cap, and confirm by reading: Google may answer a DELETE with success while the cap stays in force.

    Raises:
        SpendCapError: it cannot be deleted.
    """
    delays = google.backoff()
    for attempt in range(_DELETES):
        if attempt == _DELETES // 2:
            _make_plain_budget(google, cap_name)
        try:
            google.call("billingbudgets", "DELETE", cap_name)
        except GoogleError as error:
            if error.code != 404:
                raise SpendCapError(error.with_remedy) from error
        if _is_gone(google, cap_name):
            return
        next(delays)
    raise SpendCapError(
        f"Google reported {cap_name} as deleted, and still lists it: it may still pause the project. Delete it in the "
        "console (Billing, Budgets & alerts), then run pulumi refresh"
    )


def wait_until_settled(google: Google, cap: SpendCap) -> SpendCap:
    """The cap after Google has reconciled it, or as it is after about a minute.

    Errors of these reads are ignored: the cap exists, and has to get into the state.
    """
    delays = google.backoff()
    try:
        for _ in range(10):
            if not cap.reconciling:
                break
            next(delays)
            cap = read(google, cap.name) or cap
    except (GoogleError, StoppedError):
        pass
    return cap


def _is_gone(google: Google, name: str) -> bool:
    try:
        google.call("billingbudgets", "GET", name)
    except GoogleError as error:
        if error.code == 404:
            return True
        raise
    return False


def _make_plain_budget(google: Google, name: str) -> None:
    """Turn the cap into a plain budget, which pauses nothing and which Google deletes reliably."""
    query = {"updateMask": "spend_cap"}
    try:
        google.call("billingbudgets", "PATCH", name, body={}, query=query)
    except GoogleError as error:
        if error.code != 404 and error.status not in ("FAILED_PRECONDITION", "INVALID_ARGUMENT"):
            raise


def _why(google: Google, wanted: SpendCap, error: GoogleError) -> str:
    if error.lost and wanted.name:
        return f"{error}: the cap may have been changed. Run pulumi up again, which looks for it first"
    if error.lost:
        return (
            f"{error}: the cap may have been created, but is not listed. "
            "Run pulumi up again, which looks for it first"
        )
    if _is_bare(error):
        if _is_resold(google, wanted.account):
            return (
                f"billing account {wanted.account} is a reseller's subaccount, and spend caps are for Google's direct "
                "customers: remove spendCap, and bound the spend by limits"
            )
        return (
            f"{error}. Google gives no reason. Most often the project already has a cap that is not listed yet (see "
            "Billing, Budgets & alerts), or the account has no access to spend caps, which are in preview"
        )
    return error.with_remedy


def _refuse(reason: str) -> None:
    if reason:
        raise SpendCapError(reason)


def _is_bare(error: GoogleError) -> bool:
    return error.status == "INVALID_ARGUMENT" and not error.details


def _is_resold(google: Google, account: str) -> bool:
    try:
        found = google.call("cloudbilling", "GET", f"billingAccounts/{account}")
    except GoogleError:
        return False
    return bool(found.get("masterBillingAccount"))
