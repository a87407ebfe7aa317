"""Effective organization policies that Google would refuse a stack for, read where projects are created or adopted.

What is not certain beforehand, such as rules that depend on tags, is a warning.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from landing_zone.gemini import GEMINI_API
from landing_zone.google.advice import (
    ACCOUNTS_FORBIDDEN,
    BOUND_KEYS_FORBIDDEN,
    CONTACTS_FORBIDDEN,
    MEMBER_FORBIDDEN,
    MEMBERS_FORBIDDEN,
    SERVICES_FORBIDDEN,
)
from landing_zone.google.errors import GoogleError
from landing_zone.google.permissions import Use
from landing_zone.google.rest import Google
from landing_zone.google.seed_apis import GUARD_APIS
from landing_zone.names import BUDGET_PUBLISHER, RESTRICTED_KEYS
from landing_zone.preflight import project_ids
from landing_zone.preflight.findings import Finding, Level
from landing_zone.preflight.subject import Subject, uses_of_environment
from landing_zone.settings import ProjectSettings
from landing_zone.settings.problems import Path

_SERVICE_USAGE: Final = "gcp.restrictServiceUsage"
_OLD_SERVICE_USAGE: Final = "serviceuser.services"
_BOUND_KEYS: Final = "iam.managed.disableServiceAccountApiKeyCreation"
_DOMAINS: Final = "iam.allowedPolicyMemberDomains"
_MEMBERS: Final = "iam.managed.allowedPolicyMembers"
_CONTACTS: Final = "essentialcontacts.allowedContactDomains"
_MANAGED_CONTACTS: Final = "essentialcontacts.managed.allowedContactDomains"
ACCOUNTS: Final = "iam.disableServiceAccountCreation"
LOCATIONS: Final = "gcp.resourceLocations"
_KEYS: Final = "apikeys.googleapis.com/Key"
_GROUP: Final = ("in:", "under:")
"""Prefixes of values that stand for several others, which only Google expands."""


@dataclass(frozen=True)
class Node:
    """A place in the hierarchy whose effective policies hold for projects of the stack."""

    name: str
    """`folders/1`, `organizations/1` or `projects/P`."""
    path: Path
    projects: Mapping[str, ProjectSettings]
    """By name."""
    exist: bool = False
    """True if all of them exist: a policy of their own may exempt them, so that nothing is certain."""


@dataclass(frozen=True)
class Policy:
    """An effective policy, as far as it can be decided."""

    rules: tuple[Mapping[str, Any], ...] = ()
    """Those without a condition."""
    is_conditional: bool = False
    """True if there are rules that depend on tags: a project's tag may exempt it."""
    unread: bool = False
    """True if the caller may not read it."""

    def level(self, *, exist: bool = False) -> Level:
        """How certain a refusal is."""
        return Level.WARNING if self.is_conditional or exist else Level.ERROR

    @property
    def enforcing(self) -> Mapping[str, Any] | None:
        """The rule that enforces a constraint of the kind that is on or off."""
        return next((rule for rule in self.rules if rule.get("enforce") is True), None)

    def values(self, kind: str) -> list[str]:
        """The `allowedValues` or `deniedValues` of a list."""
        found = [value for rule in self.rules for value in rule.get("values", {}).get(kind, ())]
        return [value.removeprefix("is:") for value in found]

    def denies(self, value: str, *, folded: bool = False) -> bool:
        """True if a list denies a value, unless a condition exempts it. `folded`: without regard to case."""
        allowed, denied = self.values("allowedValues"), self.values("deniedValues")
        if folded:
            allowed, denied = ([each.casefold() for each in some] for some in (allowed, denied))
        if any(rule.get("denyAll") for rule in self.rules) or value in denied:
            return True
        if any(rule.get("allowAll") for rule in self.rules):
            return False
        return bool(allowed) and value not in allowed and not any(each.startswith(_GROUP) for each in allowed)


def nodes(subject: Subject) -> list[Node]:
    """The places whose policies matter: parents of created projects, and adopted projects. Raises NoAnswerError."""
    there = project_ids.seen(subject)
    found = []
    for parent, first in subject.parents.items():
        inside = {name: each for name, each in subject.created.items() if each.parent == parent}
        exist = all(each.project_id in there for each in inside.values())
        found.append(Node(parent, subject.at("projects", first, "parent"), inside, exist))
    for name, project in subject.adopted.items():
        path = subject.at("projects", name, "projectId")
        found.append(Node(f"projects/{project.project_id}", path, {name: project}))
    return found


def constraints(node: Node) -> list[str]:
    """The constraints whose effective policies the check of a place reads."""
    projects = node.projects.values()
    found = [_SERVICE_USAGE, _OLD_SERVICE_USAGE]
    if any(not key.standard for project in projects for key in project.keys.values()):
        found.append(_BOUND_KEYS)
    if any(key.has_own_account for project in projects for key in project.keys.values()):
        found.append(ACCOUNTS)
    if any(project.contacts for project in projects):
        found += [_CONTACTS, _MANAGED_CONTACTS]
    if not node.name.startswith("projects/"):
        found.append(LOCATIONS)
    return found


def check(subject: Subject, node: Node) -> Iterator[Finding]:
    """Findings about the policies of one place. Raises GoogleError."""
    checks = {
        _SERVICE_USAGE: _services,
        _BOUND_KEYS: _bound_keys,
        ACCOUNTS: _service_accounts,
        _CONTACTS: _contacts,
        LOCATIONS: _locations,
    }
    wanted = constraints(node)
    for constraint in wanted:
        if constraint in checks:
            yield from checks[constraint](subject, node)
    if any(policy(subject, node.name, each).unread for each in wanted):
        yield _unread(node.name, node.path)


def _unread(where: str, path: Path) -> Finding:
    return Finding(
        "policies-unread",
        Level.NOTE,
        f"the organization policies in force on {where} cannot be read: what they forbid is not known",
        f"have the caller granted orgpolicy.policy.get on {where} (roles/orgpolicy.policyViewer)",
        path=path,
    )


def check_host(subject: Subject) -> Iterator[Finding]:
    """Findings about who may publish to the topics. Raises GoogleError."""
    host, uses = subject.settings.notification_project, uses_of_environment(subject)
    if not host:
        return
    if Use.GUARD in uses:
        yield from _guard(subject, f"projects/{host}")
    if not uses & {Use.TOPICS, Use.GUARD}:
        return
    where, publisher = f"projects/{host}", BUDGET_PUBLISHER.partition(":")[2]
    domains, members = (policy(subject, where, each) for each in (_DOMAINS, _MEMBERS))
    restricted = any(rule.get("denyAll") for rule in domains.rules) or bool(domains.values("allowedValues"))
    allowed = (members.enforcing or {}).get("parameters", {}).get("allowedMemberSubjects", ())
    forbids = members.enforcing is not None and BUDGET_PUBLISHER not in allowed
    # Once the topics exist, Google may publish to them already.
    exist = bool(subject.created) and all(
        each.project_id in project_ids.seen(subject) for each in subject.created.values()
    )
    for constraint, found, is_in_the_way, remedy in (
        (_DOMAINS, domains, restricted, MEMBERS_FORBIDDEN),
        (_MEMBERS, members, forbids, MEMBER_FORBIDDEN),
    ):
        if is_in_the_way:
            yield Finding(
                "policy-members",
                found.level(exist=exist),
                f"the organization policy {constraint} forbids {publisher} to publish to a topic: budgets could send "
                "no messages",
                remedy,
                describe(constraint, where),
                ("topics",) if Use.TOPICS in uses else ("notificationProject",),
            )
    if domains.unread or members.unread:
        yield _unread(where, ("notificationProject",))


def _guard(subject: Subject, where: str) -> Iterator[Finding]:
    """Findings about the place and the services of the guard."""
    region = subject.settings.guard.region
    places = policy(subject, where, LOCATIONS)
    groups = [each for each in places.values("allowedValues") if each.startswith(_GROUP)]
    elsewhere = bool(groups) and not any(_may_have(each, region) for each in places.values("allowedValues"))
    if places.denies(region) or elsewhere:
        yield Finding(
            "policy-locations",
            # What a group of locations has, only Google says for certain.
            Level.WARNING if elsewhere else places.level(),
            f"the organization policy {LOCATIONS} forbids {region} in {where}, where the guard's function and bucket "
            f"would be: it allows {', '.join(places.values('allowedValues')) or 'other places'}",
            f"write gemini-landing-zone:guard: {{region: {_allowed_region(places)}}}, or have the policy allow it",
            describe(LOCATIONS, where),
            ("guard", "region"),
        )
    services = policy(subject, where, _SERVICE_USAGE)
    if denied := [each for each in GUARD_APIS if services.denies(each)]:
        yield Finding(
            "policy-services",
            services.level(),
            f"the organization policy {_SERVICE_USAGE} forbids {', '.join(denied)} in {where}: the guard needs them",
            SERVICES_FORBIDDEN,
            describe(_SERVICE_USAGE, where),
            ("notificationProject",),
        )


def _may_have(allowed: str, region: str) -> bool:
    """True if an allowed value, such as `in:eu-locations`, may stand for a region."""
    name = allowed.partition(":")[2].removesuffix("-locations") or allowed
    return region.startswith("europe" if name == "eu" else name)


def _allowed_region(found: Policy) -> str:
    """A region that a policy names, if it names one."""
    regions = (
        each for each in found.values("allowedValues") if re.fullmatch(r"[a-z]+(-[a-z]+)+[0-9]+", each)
    )
    return next(regions, "REGION")


def check_custom(subject: Subject, node: Node) -> Iterator[Finding]:
    """Findings about custom constraints on API keys. Raises GoogleError."""
    if not any(project.keys for project in node.projects.values()):
        return
    organization = subject.organization_of(node.name)
    if not organization:
        return
    for constraint in _custom_constraints(subject, organization):
        name = constraint["name"].rpartition("/")[2]
        if name.startswith(RESTRICTED_KEYS) or not policy(subject, node.name, name).enforcing:
            continue
        denies = constraint.get("actionType") == "DENY"
        yield Finding(
            "policy-custom",
            Level.WARNING,
            f"the organization's constraint {name} decides on API keys: it "
            f"{'denies' if denies else 'allows only'} keys with {constraint.get('condition')}",
            "compare with the keys of the file: each has apiTargets, one kind of clients, and a service account unless "
            "standard: true",
            describe(name, node.name),
            node.path,
        )


def _services(subject: Subject, node: Node) -> Iterator[Finding]:
    enabled = dict.fromkeys(service for project in node.projects.values() for service in project.services)
    for constraint in (_SERVICE_USAGE, _OLD_SERVICE_USAGE):
        found = policy(subject, node.name, constraint)
        denied = [service for service in enabled if found.denies(service)]
        if denied:
            gemini = GEMINI_API in denied
            yield Finding(
                "policy-services",
                found.level(exist=node.exist),
                f"the organization policy {constraint} forbids {', '.join(denied)} in {node.name}",
                SERVICES_FORBIDDEN,
                describe(constraint, node.name),
                node.path,
                tuple(name for name in node.projects if name in subject.paid) if gemini else (),
            )


def _bound_keys(subject: Subject, node: Node) -> Iterator[Finding]:
    found = policy(subject, node.name, _BOUND_KEYS)
    rule = found.enforcing
    if rule is None or GEMINI_API in rule.get("parameters", {}).get("allowedServices", ()):
        return
    yield Finding(
        "policy-bound-keys",
        found.level(exist=node.exist),
        f"the organization policy {_BOUND_KEYS} forbids keys that are bound to service accounts in {node.name}, as new "
        "organizations do by default",
        BOUND_KEYS_FORBIDDEN,
        describe(_BOUND_KEYS, node.name),
        node.path,
    )


def _service_accounts(subject: Subject, node: Node) -> Iterator[Finding]:
    found = policy(subject, node.name, ACCOUNTS)
    if found.enforcing:
        yield Finding(
            "policy-accounts",
            found.level(exist=node.exist),
            f"the organization policy {ACCOUNTS} forbids service accounts in {node.name}: a key gets one of its own",
            ACCOUNTS_FORBIDDEN,
            describe(ACCOUNTS, node.name),
            node.path,
        )


def _contacts(subject: Subject, node: Node) -> Iterator[Finding]:
    listed, managed = (policy(subject, node.name, each) for each in (_CONTACTS, _MANAGED_CONTACTS))
    parameters = (managed.enforcing or {}).get("parameters", {})
    domains = {
        each.casefold() for each in (*listed.values("allowedValues"), *parameters.get("allowedDomains", ()))
    }
    for name, project in node.projects.items():
        for place, contact in enumerate(project.contacts):
            domain = f"@{contact.email.partition('@')[2]}".casefold()
            denied = [
                (_CONTACTS, listed.level(exist=node.exist)) if listed.denies(domain, folded=True) else None,
                # Google does not publish its parameters: without them it is the organization's own domain.
                (_MANAGED_CONTACTS, Level.WARNING) if managed.enforcing and domain not in domains else None,
            ]
            for constraint, level in filter(None, denied):
                yield Finding(
                    "policy-contacts",
                    level,
                    f"the organization policy {constraint} allows no contacts of {domain}",
                    f"{CONTACTS_FORBIDDEN}: {', '.join(sorted(domains)) or 'it names none'}",
                    describe(constraint, node.name),
                    subject.at("projects", name, "contacts", place, "email"),
                )


def _locations(subject: Subject, node: Node) -> Iterator[Finding]:
    found = policy(subject, node.name, LOCATIONS)
    allowed, denied = found.values("allowedValues"), found.values("deniedValues")
    if allowed or denied or any(rule.get("denyAll") for rule in found.rules):
        limits = (
            f"only {', '.join(allowed)}"
            if allowed
            else f"all but {', '.join(denied)}"
            if denied
            else "no location"
        )
        yield Finding(
            "policy-locations",
            Level.NOTE,
            f"the organization policy {LOCATIONS} allows {limits} in {node.name}; nothing that a stack makes has a "
            "location, but the bucket of the state has",
            "give gemini-lz bootstrap one of these as --location",
            path=node.path,
        )


def policy(subject: Subject, node: str, constraint: str) -> Policy:
    """The effective policy, read once. As `effective`."""
    return subject.once(f"policy {node} {constraint}", lambda: effective(subject.google, node, constraint))


def effective(google: Google, node: str, constraint: str) -> Policy:
    """The effective policy; one without rules if there is none, or it cannot be read. Raises GoogleError."""
    try:
        found = google.call("orgpolicy", "GET", f"{node}/policies/{constraint}:getEffectivePolicy")
    except GoogleError as error:
        if error.has_reason("SERVICE_DISABLED", "USER_PROJECT_DENIED"):
            raise
        # 400 and 404: the constraint does not exist here.
        if error.code in (400, 403, 404):
            return Policy(unread=error.code == 403)
        raise
    rules = found.get("spec", {}).get("rules", ())
    plain = tuple(rule for rule in rules if "condition" not in rule)
    return Policy(plain, len(plain) < len(rules))


def _custom_constraints(subject: Subject, organization: str) -> list[dict[str, Any]]:
    """The custom constraints on API keys; none if the caller may not list them."""

    def read() -> list[dict[str, Any]]:
        try:
            listed = list(
                subject.google.list_all("orgpolicy", f"{organization}/customConstraints", "customConstraints")
            )
        except GoogleError as error:
            if error.hides:
                return []
            raise
        return [each for each in listed if _KEYS in each.get("resourceTypes", ())]

    return subject.once(f"constraints {organization}", read)


def describe(constraint: str, node: str) -> str:
    """The gcloud command that prints the effective policy of `folders/1`, `organizations/1` or `projects/P`."""
    kind, _, name = node.partition("/")
    return f"gcloud org-policies describe {constraint} --effective --{kind.removesuffix('s')}={name}"
