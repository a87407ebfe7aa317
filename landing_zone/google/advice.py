"""Remedies for refusals by Google, chosen by the parts of the error; URLs in its message are ignored.

Sources: Google's error reasons (google.api.ErrorReason), messages as of 2026-11, and the issues that report them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from landing_zone.names import BUDGET_PUBLISHER

_ADDRESS: Final = re.compile(
    r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]+|//[a-z0-9-]+\.googleapis\.com[^\s\"'<>]*", re.IGNORECASE
)


@dataclass(frozen=True)
class Violation:
    """One violation of a QuotaFailure, a PreconditionFailure or a BadRequest."""

    field: str = ""
    subject: str = ""
    kind: str = ""
    description: str = ""


@dataclass(frozen=True)
class Refusal:
    """The parts of an error of a Google API."""

    code: int
    status: str
    message: str
    service: str = ""
    reasons: frozenset[str] = frozenset()
    """From google.rpc.ErrorInfo, or from the old form of errors, with values such as `rateLimitExceeded`."""
    domains: frozenset[str] = frozenset()
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    foreign: bool = False

    @property
    def words(self) -> str:
        """The message and the descriptions, without URLs."""
        texts = [self.message, *(each.description for each in self.violations)]
        return _ADDRESS.sub("", "\n".join(texts))


@dataclass(frozen=True)
class _Rule:
    """Advice for refusals that match `codes` and `services`, and at least one of the other fields that are set."""

    advice: str
    codes: frozenset[int] = frozenset()
    services: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    """In the error, as the type of a violation, or as a word of the message, where some APIs put it."""
    statuses: frozenset[str] = frozenset()
    violation: re.Pattern[str] | None = None
    """Searched in the field, type and subject of each violation, and in the error's domain."""
    words: re.Pattern[str] | None = None
    """Searched in the message and the descriptions."""

    def fits(self, refusal: Refusal) -> bool:
        if self.codes and refusal.code not in self.codes:
            return False
        if self.services and refusal.service and refusal.service not in self.services:
            return False
        clues = (self.reasons, self.statuses, self.violation, self.words)
        return not any(clues) or self._has_clue(refusal)

    def _has_clue(self, refusal: Refusal) -> bool:
        if self.statuses and refusal.status in self.statuses:
            return True
        if self.reasons:
            constants = set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", refusal.words))
            kinds = {each.kind for each in refusal.violations}
            if self.reasons & (refusal.reasons | kinds | constants):
                return True
        parts = [part for each in refusal.violations for part in (each.field, each.kind, each.subject)]
        parts += refusal.domains
        if self.violation and any(self.violation.search(part) for part in parts):
            return True
        return bool(self.words and self.words.search(refusal.words))


def _rule(
    advice: str,
    *codes: int,
    services: str = "",
    reasons: str = "",
    statuses: str = "",
    violation: str = "",
    words: str = "",
) -> _Rule:
    return _Rule(
        advice,
        frozenset(codes),
        frozenset(services.split()),
        frozenset(reasons.split()),
        frozenset(statuses.split()),
        re.compile(violation, re.IGNORECASE) if violation else None,
        re.compile(words, re.IGNORECASE) if words else None,
    )


_BUDGETS: Final = "billingbudgets"
_QUOTAS: Final = "cloudquotas serviceusage"
LINKS: Final = (
    "the billing account has its maximum of linked projects: unlink one (deleted projects count for a while), link "
    "to another account, or ask for more at https://support.google.com/code/contact/billing_quota_increase"
)
RESELLER: Final = (
    "spend caps are for accounts that are Google's direct customers: this one is a reseller's; use limits"
)
BOUND_KEYS_FORBIDDEN: Final = (
    "ask who owns its policies to name generativelanguage.googleapis.com in the parameter allowedServices of the "
    "constraint iam.managed.disableServiceAccountApiKeyCreation (docs/organization.md); until then, standard: true "
    "creates a key without a service account"
)
SERVICES_FORBIDDEN: Final = "have the API allowed by the policy where the projects are, or use another folder"
MEMBERS_FORBIDDEN: Final = (
    "have it lifted on the project of the topics while they are made, or leave topics out: e-mail works"
)
MEMBER_FORBIDDEN: Final = (
    f"have {BUDGET_PUBLISHER} added to its parameter allowedMemberSubjects, or leave topics out: e-mail works"
)
ACCOUNTS_FORBIDDEN: Final = (
    "have it lifted where the projects are, or name an account that exists (serviceAccount), or write "
    "standard: true"
)
CONTACTS_FORBIDDEN: Final = "write an address of a domain that it allows"
CURRENCY: Final = "a budget has its billing account's currency: write that one, and the amounts in it"
_ORGANIZATION: Final = (
    "an organization policy forbids it: ask who owns the policy, or change the setting that it is about"
)
_ROLE: Final = (
    "the caller lacks a role, or the named resource does not exist (Google does not say which): docs/organization.md "
    "lists the roles"
)

#: The first match counts: rules with a reason come before those with only a status.
RULES: Final[tuple[_Rule, ...]] = (
    _rule(LINKS, 400, 403, 429, violation="^billingAccounts/", words="Cloud billing quota exceeded"),
    _rule(
        f"Google gives no reason; while a project is linked it most often means that {LINKS}",
        400,
        services="cloudbilling cloudresourcemanager",
        words=r"^Precondition check failed\.?\s*$",
    ),
    _rule(
        "the API needs billing: link the project to an account (tier: paid in a stack file), or open its account",
        400,
        403,
        reasons="UREQ_PROJECT_BILLING_NOT_FOUND UREQ_PROJECT_BILLING_NOT_OPEN BILLING_DISABLED billingNotEnabled",
        violation="billing-enabled",
    ),
    _rule(
        "with your own credentials the call needs a project to count against: gcp:userProjectOverride: true and "
        "gcp:billingProject to a project in which the API is enabled",
        400,
        403,
        reasons="USER_PROJECT_DENIED",
        words="requires a quota project|local Application Default Credentials",
    ),
    _rule(
        "the API is not enabled in the project whose quota the call counts against, or was enabled minutes ago: "
        "enable it there (with gcp:userProjectOverride that is gcp:billingProject), or run pulumi up again",
        403,
        reasons="SERVICE_DISABLED accessNotConfigured",
        words="has not been used in project|it is disabled. If you enabled this API recently",
    ),
    _rule(
        CURRENCY,
        400,
        services=_BUDGETS,
        violation="currency",
        words="currency[_ ]?code|currency must be|must match the currency",
    ),
    _rule(
        "Google allows no changes of this quota: remove the limit",
        services=_QUOTAS,
        reasons="COMMON_QUOTA_CONSUMER_OVERRIDE_FOR_FIXED_LIMIT QUOTA_IS_FIXED",
        words="quota is fixed|limit is fixed",
    ),
    _rule(
        "an override only lowers what the tier allows: write a lower value, or ask for more under `quotas`",
        services=_QUOTAS,
        reasons="COMMON_QUOTA_CONSUMER_OVERRIDE_TOO_HIGH",
    ),
    _rule(
        "Google asks for confirmation of so deep a cut: write it under `limits`, which confirms it, or set "
        "ignoreSafetyChecks",
        services=_QUOTAS,
        reasons="QUOTA_DECREASE_BELOW_USAGE QUOTA_DECREASE_PERCENTAGE_TOO_HIGH "
        "COMMON_QUOTA_CONSUMER_OVERRIDE_QUOTA_DECREASE_PERCENTAGE_TOO_HIGH",
        violation="QUOTA_DECREASE",
        words="more than 10 percent|QUOTA_DECREASE|DECREASE_PERCENTAGE_TOO_HIGH",
    ),
    _rule(
        "Google requires a contact for this request: write contactEmail",
        400,
        services="cloudquotas",
        violation="contact_?email",
        words="contact[_ ]?email",
    ),
    _rule(
        "the cap is enforced: lift it first (inputState: AWAITING_NEXT_PERIOD), then change it",
        400,
        services=_BUDGETS,
        words="Only spend_cap.input_state can be modified|spend cap is ENFORCED",
    ),
    _rule(
        RESELLER,
        400,
        403,
        services=_BUDGETS,
        words="Spend caps are not supported for this billing account|first[- ]party",
    ),
    _rule(
        "the organization forbids keys that are bound to service accounts, as new ones do by default: "
        f"{BOUND_KEYS_FORBIDDEN}",
        400,
        403,
        412,
        services="apikeys",
        violation="disableServiceAccountApiKeyCreation",
        words="disableServiceAccountApiKeyCreation",
    ),
    *(
        _rule(
            f"an organization policy forbids it: {remedy}",
            400,
            403,
            412,
            violation=constraint,
            words=constraint,
        )
        for constraint, remedy in (
            (r"constraints/(gcp\.restrictServiceUsage|serviceuser\.services)\b", SERVICES_FORBIDDEN),
            (r"constraints/iam\.allowedPolicyMemberDomains\b", MEMBERS_FORBIDDEN),
            (r"constraints/iam\.managed\.allowedPolicyMembers\b", MEMBER_FORBIDDEN),
            (r"constraints/essentialcontacts\.(managed\.)?allowedContactDomains\b", CONTACTS_FORBIDDEN),
            (r"constraints/iam\.disableServiceAccountCreation\b", ACCOUNTS_FORBIDDEN),
        )
    ),
    _rule(
        _ORGANIZATION,
        400,
        403,
        412,
        reasons="CUSTOM_ORG_POLICY_VIOLATION ORG_POLICY_VIOLATION RESOURCE_USAGE_RESTRICTION_VIOLATED",
        violation="^(?:custom)?constraints/",
        words=r"Operation denied by (?:custom )?org(?:anization)? polic|\bconstraint \S*constraints/\S+ violated"
        r"|violates? (?:the )?(?:constraint|org(?:anization)? policy)|(?:custom)?constraints/[\w.]+\W+(?:is )?violated",
    ),
    _rule(
        "the caller or the organization has its maximum of projects: delete one (it counts for 30 days), or ask for "
        "more at https://support.google.com/code/contact/project_quota_increase",
        words="allotted project quota",
    ),
    _rule(
        "the project is gone, or not visible to the caller: check its id, and refresh",
        words="Project not found or not accessible",
    ),
    _rule(
        "a budget takes at most 5 channels, e-mail only: name fewer, or others",
        400,
        services=_BUDGETS,
        violation="notification_?channels",
        words="notification[_ ]?channels|At most 5 channels",
    ),
    _rule(
        f"the topic must exist, and {BUDGET_PUBLISHER.partition(':')[2]} may publish to it",
        400,
        404,
        services=_BUDGETS,
        violation="pubsub_?topic",
        words="pubsub_?topic|Not a topic",
    ),
    _rule(
        "see docs/settings.md for which thresholds a budget takes",
        400,
        services=_BUDGETS,
        violation="threshold_?rules|spend_?basis",
        words="threshold_rules|spend_basis",
    ),
    _rule(
        "too many calls a minute: run pulumi up again, and lower --parallel if it comes back",
        403,
        429,
        reasons="RATE_LIMIT_EXCEEDED rateLimitExceeded userRateLimitExceeded",
        statuses="RESOURCE_EXHAUSTED",
    ),
    _rule("too many calls a minute: run pulumi up again, and lower --parallel if it comes back", 429),
    _rule("something else changed it at the same time: run pulumi up again", statuses="ABORTED"),
    _rule(
        "something else changed it at the same time: run pulumi up again",
        409,
        412,
        reasons="conditionNotMet",
        words=r"\betag\b",
    ),
    _rule(
        "the name is taken, maybe by another owner, or by something that was deleted recently: choose another name, "
        "or take it over (adopt, existing)",
        409,
    ),
    _rule("Google's server failed: run pulumi up again", 500, 502, 503, 504),
    _rule(
        "Google does not accept the credentials: log in again (gcloud auth application-default login)",
        401,
    ),
    _rule("the proxy requires a login: check HTTPS_PROXY and HTTP_PROXY", 407),
    _rule(_ROLE, 403),
    _rule("it does not exist: check the name, and refresh", 404),
    _rule(
        "Google does not say which: compare the setting with docs/settings.md",
        400,
        words="Request contains an invalid argument",
    ),
)


def advice_on(refusal: Refusal) -> str:
    """The remedy for a refusal; empty if none is known."""
    if refusal.foreign and refusal.code < 500 and refusal.code != 407:
        return (
            "the answer is not from a Google API: check the proxy (HTTPS_PROXY), and the endpoint override in "
            "GOOGLE_*_CUSTOM_ENDPOINT or gcp:*CustomEndpoint, if there is one"
        )
    permission = refusal.metadata.get("permission")
    if refusal.code == 403 and "IAM_PERMISSION_DENIED" in refusal.reasons:
        return f"{_ROLE}; it takes {permission}" if permission else _ROLE
    return next((rule.advice for rule in RULES if rule.fits(refusal)), "")
