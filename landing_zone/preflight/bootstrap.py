"""Findings before a bootstrap: permissions of the caller, the billing account, organization policies.

The id of a project is spent once the project is created, so these are looked for first, all at once.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from landing_zone.google.bootstrap_permissions import CALLER_NEEDS, CallerNeed, When
from landing_zone.google.caller import caller_of
from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.permissions import Place
from landing_zone.google.rest import Google
from landing_zone.preflight.findings import CONSOLE, Finding, Level, grant
from landing_zone.preflight.organization_policies import ACCOUNTS, LOCATIONS, Policy, describe, effective
from landing_zone.preflight.permissions import held_of
from landing_zone.settings.bootstrap import BootstrapSettings

_FLAGS: Final = {
    Place.ORGANIZATION: "--organization",
    Place.PARENT: "--parent",
    Place.ACCOUNT: "--billing-account",
}
_CONTINENTS: Final = {
    "us": ("us", "northamerica"),
    "eu": ("eu", "europe"),
    "europe": ("eu", "europe"),
    **{name: (name,) for name in ("africa", "asia", "australia", "northamerica", "southamerica")},
}
"""Beginning of a location's name → the groups of locations of its continent, as policies name them."""
_REGION: Final = re.compile(r"[a-z]+-[a-z]+[0-9]+")


def check(google: Google, settings: BootstrapSettings, *, exists: bool) -> list[Finding]:
    """What Google would refuse the bootstrap for, errors first.

    Args:
        exists: the seed project exists.

    Raises:
        NoAnswerError: Google does not answer.
        CredentialsError: there are no credentials.
    """
    member = caller_of(google.config).member
    checks: dict[str, Callable[[], Iterable[Finding]]] = {
        f"your permissions on {name}": partial(_permissions, google, place, name, needs, member)
        for place, name, needs in _needs(settings, exists=exists)
    }
    account, node = settings.billing_account, f"projects/{settings.seed}" if exists else settings.parent
    if account:
        checks[f"whether the billing account {account} is open"] = partial(_account, google, account)
    if node:
        checks[f"the organization policies in force on {node}"] = partial(_policies, google, settings, node)
    with ThreadPoolExecutor(len(checks) or 1) as pool:
        found = [each for findings in pool.map(_guarded, checks, checks.values()) for each in findings]
    return sorted(dict.fromkeys(found), key=lambda each: list(Level).index(each.level))


def _guarded(what: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """The findings of a check; a note if Google refuses the question itself."""
    try:
        return list(check())
    except NoAnswerError:
        raise
    except GoogleError as error:
        if error.has_reason("SERVICE_DISABLED", "USER_PROJECT_DENIED"):
            # Before there is a seed project, a person's calls count against a project of Google's, without most APIs.
            return [
                Finding(
                    "no-quota-project",
                    Level.NOTE,
                    f"{what}: not checked, as your calls count against no project in which the API is enabled",
                    "the bootstrap does without; to have it checked, name a project with the API",
                    "gcloud auth application-default set-quota-project PROJECT_ID",
                )
            ]
        text = f"{what}: not checked, as Google refused the question: {error.text}"
        return [Finding("refused", Level.NOTE, text, error.remedy)]


def _needs(
    settings: BootstrapSettings, *, exists: bool
) -> Iterator[tuple[Place, str, tuple[CallerNeed, ...]]]:
    """The resources that the caller needs roles on, each with these."""
    parent = settings.parent or ""
    is_folder = parent.startswith("folders/")
    applies = {
        When.PARENT: bool(parent),
        When.CREATES: not exists,
        When.FOLDER: is_folder,
        When.ORGANIZATION: bool(parent)
        and (not is_folder or settings.forbid_unrestricted_keys or settings.tags),
    }
    account = f"billingAccounts/{settings.billing_account}" if settings.billing_account else ""
    for place, name in (
        (Place.ORGANIZATION, settings.organization),
        (Place.PARENT, parent),
        (Place.ACCOUNT, account),
    ):
        needs = tuple(each for each in CALLER_NEEDS if each.place is place and applies.get(each.when))
        if name and needs:
            yield place, name, needs


def _permissions(
    google: Google, place: Place, name: str, needs: tuple[CallerNeed, ...], member: str
) -> Iterator[Finding]:
    held = held_of(google, place, name, {each for need in needs for each in need.permissions})
    shown = f"the billing account {name.partition('/')[2]}" if place is Place.ACCOUNT else name
    if held is None:
        yield Finding(
            "not-visible",
            Level.ERROR,
            f"{shown} does not exist, or you may not see it: Google does not say which",
            f"correct {_FLAGS[place]}; if it is right, have yourself granted",
            "\n".join(grant(name, member, need.role) for need in needs),
        )
        return
    for need in needs:
        lacking = [each for each in need.permissions if each not in held]
        if lacking:
            yield Finding(
                "missing-permission",
                Level.ERROR,
                f"you lack {', '.join(lacking)} on {shown}",
                f"have yourself granted {need.role}, which includes {'it' if len(lacking) == 1 else 'them'}",
                grant(name, member, need.role),
            )


def _account(google: Google, account: str) -> Iterator[Finding]:
    try:
        found = google.call("cloudbilling", "GET", f"billingAccounts/{account}")
    except GoogleError as error:
        if error.hides:
            return  # the check of permissions reports it
        raise
    if not found.get("open"):
        yield Finding(
            "account-closed",
            Level.ERROR,
            f"the billing account {account} is closed: the seed project would have no billing",
            f"reopen it, or settle its payment ({CONSOLE}/billing/{account}/manage), or write another "
            "--billing-account",
        )


def _policies(google: Google, settings: BootstrapSettings, node: str) -> Iterator[Finding]:
    locations, accounts = (effective(google, node, each) for each in (LOCATIONS, ACCOUNTS))
    if _denies(locations, settings.location.lower()):
        allowed = ", ".join(locations.values("allowedValues"))
        yield Finding(
            "policy-locations",
            locations.level(),
            f"the organization policy {LOCATIONS} of {node} forbids the location {settings.location}, where the bucket "
            "and the key of the state would be",
            f"write a --location of those that it allows: {allowed}"
            if allowed
            else "write another --location",
            describe(LOCATIONS, node),
        )
    if settings.parent and accounts.enforcing:
        yield Finding(
            "policy-accounts",
            accounts.level(),
            f"the organization policy {ACCOUNTS} of {node} forbids service accounts, and stacks are run by one",
            "have it lifted where the seed project is",
            describe(ACCOUNTS, node),
        )
    if locations.unread or accounts.unread:
        yield Finding(
            "policies-unread",
            Level.NOTE,
            f"you may not read the organization policies in force on {node}: what they forbid is not known",
            f"roles/orgpolicy.policyViewer on {node} includes orgpolicy.policy.get",
        )


def _denies(policy: Policy, location: str) -> bool:
    """True if the policy surely forbids a location."""
    if any(rule.get("denyAll") for rule in policy.rules):
        return True
    allowed, denied = (
        [_covers(each, location) for each in policy.values(f"{kind}Values")] for kind in ("allowed", "denied")
    )
    return True in denied or (bool(allowed) and all(each is False for each in allowed))


def _covers(value: str, location: str) -> bool | None:
    """True if a value of the policy is or includes a location; None where only Google knows."""
    group = value.removeprefix("in:").removesuffix("-locations")
    if group == value or _REGION.fullmatch(group):
        return group.casefold() == location
    beginning = location.partition("-")[0]
    if group == "eu" and location.startswith("europe-"):
        return None  # some regions of Europe are not in the EU
    if group in _CONTINENTS and beginning in _CONTINENTS:
        return group in _CONTINENTS[beginning]
    return None
