"""Spend caps: a budget's `spendCap`, which pauses the Gemini API in a project once its month's amount is spent.

What a cap must look like, and the states it goes through, is in the discovery document of billingbudgets v1
(revision 20261011): CONFIGURED → ENFORCED → AWAITING_NEXT_PERIOD (lifted, until the 1st) → CONFIGURED. It counts
gross estimated cost and lags by hours: what is spent in between is billed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from landing_zone.gemini import GEMINI_BILLING_SERVICE
from landing_zone.google.errors import GoogleError
from landing_zone.google.money import amount_of, units_and_nanos
from landing_zone.google.rest import Google, Json, StoppedError

CONFIGURED: Final = "CONFIGURED"
ENFORCED: Final = "ENFORCED"
AWAITING: Final = "AWAITING_NEXT_PERIOD"

_SHARES: Final = (0.5, 0.8, 1.0)
_DELETES: Final = 4
"""How often a cap that outlives its DELETE is deleted again."""
_UNLISTED: Final = 4
"""Waits, some seconds altogether, after which a new cap is listed."""


class SpendCapError(Exception):
    """A cap cannot be made, changed or deleted; says why and what to do."""


@dataclass(frozen=True)
class SpendCap:
    """A cap, as wanted or as it is."""

    account: str
    """The billing account's id."""
    project: str
    """The project's number, as Google answers it, or its id."""
    amount: Decimal
    """A month's, in `currency`."""
    currency: str | None
    display_name: str
    input_state: str = CONFIGURED
    output_state: str = CONFIGURED
    reconciling: bool = False
    name: str = ""
    """`billingAccounts/ID/budgets/UUID`; empty for one that is to be made."""

    @property
    def body(self) -> Json:
        """The budget that Google wants for it: exactly these fields, and no others."""
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
        """From what Google answers for a budget that has a cap."""
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
    """The cap of a name; None if it is gone, or the budget has no cap any more. Raises as `Google.call`."""
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
    """Make a cap; returns it as it is.

    One of the same display name is taken for this one: a run that was killed left it. `adopt` takes any other. When the
    answer to the creation is lost, the cap is looked for before it is made a second time, `again`.

    Raises:
        SpendCapError: Google refuses; the project has another cap; the account is a reseller's.
    """
    found = existing(google, wanted)
    _refuse(cannot_create(found, wanted, adopt))
    if not found:
        try:
            budget = google.call(
                "billingbudgets", "POST", f"billingAccounts/{wanted.account}/budgets", body=wanted.body
            )
            return settled(google, SpendCap.from_budget(budget))
        except GoogleError as error:
            if error.lost and again:
                for _ in zip(range(_UNLISTED), google.backoff(), strict=False):
                    pass
                return create(google, wanted, adopt, again=False)
            # A bare 400 is all that Google says to a second cap; it may be this one, if the first answer was lost.
            found = existing(google, wanted) if _is_bare(error) else None
            if not found:
                raise SpendCapError(_why(google, wanted, error)) from error
            _refuse(cannot_create(found, wanted, adopt))
    return update(google, replace(wanted, name=found.name))


def existing(google: Google, wanted: SpendCap) -> SpendCap | None:
    """The cap that the wanted one's project has already; None if the project is not there. Raises as `Google.call`."""
    try:
        return of_project(google, wanted.account, wanted.project)
    except GoogleError as error:
        if error.code in (400, 404):
            return None  # the creation says better what is wrong
        raise


def cannot_create(found: SpendCap | None, wanted: SpendCap, adopt: bool) -> str:
    """Why the wanted cap cannot be made, nor the one that the project has be taken for it; empty if it can."""
    if not found:
        lifts = wanted.input_state == AWAITING
        return "a new cap is CONFIGURED: write that, and lift it once it is ENFORCED" if lifts else ""
    if adopt or found.display_name == wanted.display_name:
        return cannot(found, wanted)
    return (
        f"project {found.project} has a spend cap already, and Google allows one: {found.display_name!r} of "
        f"{found.amount:f} {found.currency or ''}, {found.name}. Delete it, or take it over with adopt: true, or with "
        f"`pulumi import gemini-landing-zone:index:SpendCap NAME {found.name}`"
    )


def update(google: Google, wanted: SpendCap) -> SpendCap:
    """Bring the cap of `wanted.name` to what is wanted: its amount and display name, or its state. Returns it as it is.

    Raises:
        SpendCapError: Google refuses, or would: an enforced cap can only be lifted, and only an enforced one.
    """
    now = current(google, wanted.name)
    _refuse(cannot(now, wanted))
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
        return now
    # Google wants the state in every update's mask; one that stays is said again.
    state = wanted.input_state if lifts else CONFIGURED
    body = replace(wanted, input_state=state).body
    try:
        budget = google.call(
            "billingbudgets",
            "PATCH",
            now.name,
            body={key: body[key] for key in ("displayName", "amount", "spendCap")},
            query={"updateMask": ",".join([*mask, "spend_cap.input_state"])},
        )
    except GoogleError as error:
        raise SpendCapError(_why(google, wanted, error)) from error
    return settled(google, SpendCap.from_budget(budget))


def current(google: Google, name: str) -> SpendCap:
    """The cap of a name. Raises SpendCapError if it is gone, and as `Google.call`."""
    now = read(google, name)
    if now is None:
        raise SpendCapError(f"{name} is gone: run pulumi refresh, then pulumi up, which makes another")
    return now


def cannot(now: SpendCap, wanted: SpendCap) -> str:
    """Why a cap in its present state cannot become what is wanted; empty if it can."""
    if wanted.currency and now.currency and wanted.currency != now.currency:
        return f"a budget is in its billing account's currency, {now.currency}: write that, or leave currency out"
    changes = now.amount != wanted.amount or now.display_name != wanted.display_name
    if now.output_state == ENFORCED and changes:
        return (
            f"the cap is ENFORCED: its {now.amount:f} {now.currency or ''} are spent and the Gemini API is paused. "
            "Google changes nothing but its state now: lift it alone first (inputState: AWAITING_NEXT_PERIOD), and "
            "change the rest after"
        )
    if wanted.input_state == AWAITING and now.output_state == CONFIGURED and now.input_state == CONFIGURED:
        return "only an ENFORCED cap can be lifted, and this one is CONFIGURED: write inputState: CONFIGURED"
    if wanted.input_state == AWAITING and now.output_state == AWAITING and changes:
        return "a lifted cap takes changes only with inputState: CONFIGURED, which makes it count again"
    return ""


def delete(google: Google, cap_name: str) -> None:
    """Delete a cap and read back that it is gone: Google may answer a DELETE with yes while the cap goes on.

    Raises:
        SpendCapError: it cannot be deleted.
    """
    waits = google.backoff()
    for attempt in range(_DELETES):
        if attempt == _DELETES // 2:
            _make_plain(google, cap_name)
        try:
            google.call("billingbudgets", "DELETE", cap_name)
        except GoogleError as error:
            if error.code != 404:
                raise SpendCapError(error.with_remedy) from error
        if _is_gone(google, cap_name):
            return
        next(waits)
    raise SpendCapError(
        f"Google says that {cap_name} is deleted, and still shows it: it may go on pausing the project. Delete it in "
        "the console (Billing, Budgets & alerts), then run pulumi refresh"
    )


def settled(google: Google, cap: SpendCap) -> SpendCap:
    """The cap once Google has stopped reconciling it, within a minute or so; after that, as it is.

    It is made and must not be forgotten: what keeps it from being read is no error here.
    """
    waits = google.backoff()
    try:
        for _ in range(10):
            if not cap.reconciling:
                break
            next(waits)
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


def _make_plain(google: Google, name: str) -> None:
    """Make the cap a plain budget, which stops nothing: a DELETE of it is kept, and till then it does no harm."""
    query = {"updateMask": "spend_cap"}
    try:
        google.call("billingbudgets", "PATCH", name, body={}, query=query)
    except GoogleError as error:
        if error.code != 404 and error.status not in ("FAILED_PRECONDITION", "INVALID_ARGUMENT"):
            raise


def _why(google: Google, wanted: SpendCap, error: GoogleError) -> str:
    if error.lost:
        return (
            f"{error}: whether the cap was made is not known, and it does not show. Run pulumi up again, which looks "
            "for it first"
        )
    if _is_bare(error):
        if _is_resold(google, wanted.account):
            return (
                f"billing account {wanted.account} is a reseller's subaccount, and spend caps are for Google's direct "
                "customers: take spendCap out, and bound the spend by limits"
            )
        return (
            f"{error}. Google does not say what is wrong. Most often the project has a cap already that is not listed "
            "yet (look at Billing, Budgets & alerts), or the account has no access to spend caps, which are in preview"
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
