"""Billing accounts: visible, open, of the right currency, Google's own customers, with room for more links."""

from collections.abc import Iterator
from typing import Final

from landing_zone.google.advice import CURRENCY, LINKS, RESELLER
from landing_zone.google.errors import GoogleError
from landing_zone.preflight.findings import CONSOLE, Finding, Level
from landing_zone.preflight.subject import Subject
from landing_zone.settings.problems import Path

FIRST_LINKS: Final = 5
"""Projects that a new billing account links, as people report; no API has the number."""


def check(subject: Subject, account: str) -> Iterator[Finding]:
    """Findings about one billing account. Raises GoogleError."""
    paid = subject.paid_of(account)
    try:
        found = subject.google.call("cloudbilling", "GET", f"billingAccounts/{account}")
    except GoogleError as error:
        if error.hides:
            return  # the check of permissions reports it
        raise
    path = subject.path_of_account(account)
    linked = _links_of(subject, account)
    new = [name for name in paid if subject.settings.projects[name].project_id not in (linked or ())]
    if not found.get("open"):
        yield Finding(
            "account-closed",
            # What is linked already can still be changed.
            Level.ERROR if new else Level.WARNING,
            f"the billing account {account} is closed: a project that is linked to it stays on the free tier",
            f"reopen it, or settle its payment ({CONSOLE}/billing/{account}/manage), or write another billingAccount",
            path=path,
            paid=paid,
        )
    yield from _currencies(subject, account, found.get("currencyCode", ""))
    if found.get("masterBillingAccount"):
        for name, project in subject.paid.items():
            if project.billing_account == account and project.budget and project.budget.spend_cap:
                yield Finding(
                    "resold-account",
                    Level.ERROR,
                    f"the billing account {account} is a reseller's subaccount: Google would refuse the spend cap",
                    RESELLER,
                    path=subject.at("projects", name, "budget", "spendCap"),
                )
    if linked is not None:
        yield from _links(subject, account, len(linked), len(new))


def _links_of(subject: Subject, account: str) -> set[str] | None:
    """Ids of the projects that are linked; None if the caller may not list them. Raises GoogleError."""
    try:
        return subject.links(account)
    except GoogleError as error:
        if error.hides:
            return None  # the check of permissions reports it
        raise


def _currencies(subject: Subject, account: str, currency: str) -> Iterator[Finding]:
    budgets: list[tuple[Path, str | None]] = [
        (subject.at("projects", name, "budget", "currency"), project.budget.currency)
        for name, project in subject.paid.items()
        if project.budget and project.billing_account == account
    ]
    budgets += [
        (("sharedBudgets", name, "currency"), budget.currency)
        for name, budget in subject.settings.shared_budgets.items()
        if budget.billing_account == account
    ]
    for path, written in budgets:
        if written and currency and written != currency:
            yield Finding(
                "other-currency",
                Level.ERROR,
                f"the budget is in {written}, and the billing account {account} in {currency}: Google takes no other",
                f"{CURRENCY}: currency: {currency}",
                path=path,
            )


def _links(subject: Subject, account: str, linked: int, new: int) -> Iterator[Finding]:
    if not new or linked + new <= FIRST_LINKS or linked > FIRST_LINKS:
        return
    yield Finding(
        "many-links",
        Level.NOTE,
        f"the billing account {account} would link {linked + new} projects, {new} of them new; a new account links "
        f"about {FIRST_LINKS}, deleted projects count for a while, and no API has the number",
        f"if Google refuses: {LINKS}",
        path=subject.path_of_account(account),
    )
