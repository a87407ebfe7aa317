"""An API key has addresses, methods and an owner. Whoever holds one of many roles of Google Cloud needs none: the
Gemini API has no permissions of its own, so `serviceusage.services.use`, which every editor has, is enough to call it
with an OAuth token. Other roles read the strings of keys, also where they are kept as secrets, act as a service account
(builds do, too), grant themselves a role, take limits, caps or the organization's rules away, or call the same models
through another API. A grant to everybody is refused with any role. Google's own service agents may hold the roles that
Google made for them.

The spend guard lowers limits by a role of its own in each project that it guards: it may hold that where the owners of
the policies name the project that it runs in (`guardHosts` of policy/config/environments.json).

The policy knows what the roles of Google allow. It does not see what a custom role allows where it is granted: its
definition is judged, and the owners of the policies name the roles that may be granted. A condition on a grant does
not count. A role on one secret is not judged: a server reads its key by that. An IAM policy in JSON that cannot be read
is refused. An audit sees the grants on a project, and not those that it inherits from folders and the organization.
HMAC keys open Cloud Storage alone and are not judged."""

import re
from collections.abc import Collection, Iterator
from typing import Final

from pydantic import Field

from landing_zone.gemini.access import PUBLIC, ROLES, ability_of, is_service_agent, is_service_agent_role
from landing_zone.gemini.guard_access import guard_permissions
from landing_zone.policies.facts import UNKNOWN, Facts, Grant
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity

_GUARD_ROLE: Final = re.compile(r"geminiGuard_[a-z0-9_]+", re.ASCII)
_GUARD: Final = re.compile(
    r"serviceAccount:gemini-guard-[a-z0-9-]+@([a-z0-9-]+)\.iam\.gserviceaccount\.com", re.ASCII
)


class _Options(Options):
    members: tuple[str, ...] = Field(
        default=(),
        description="Members that may hold any role, as IAM writes them: group:platform@example.com.",
    )
    roles: tuple[str, ...] = Field(
        default=(), description="Further roles that nobody else may hold, as roles/run.admin."
    )
    custom_roles: tuple[str, ...] = Field(
        default=(),
        description="Custom roles that may be granted, as projects/acme-chat-prod/roles/reader: the owners of the "
        "policies have checked what they allow.",
    )


def _defect(role: str, options: _Options) -> tuple[str, str] | None:
    """What is wrong with a role, and what the owners of the policies would have to allow; None for other roles."""
    name = role.strip().lower()
    if name in {each.strip().lower() for each in options.roles}:
        return "which the owners of the policies do not allow", "members"
    if not name.startswith("roles/"):
        unseen = "a custom role: what it allows is not seen where it is granted"
        return None if role.strip() in options.custom_roles else (unseen, "role")
    if is_service_agent_role(name):
        return "a role that Google made for its own service agents", "members"
    return (f"who can {ROLES[name]} with it", "members") if name in ROLES else None


def _may_hold(member: str, role: str, options: _Options) -> bool:
    """True for a member that the owners of the policies allow, and for Google's service agent with a role of theirs."""
    return member in options.members or (is_service_agent_role(role) and is_service_agent(member))


def _is_guards(grant: Grant, hosts: Collection[str]) -> bool:
    """True for the spend guard's role in a project that it guards: what defines it, and its one member."""
    if grant.members is UNKNOWN or not hosts:
        return False
    named = grant.role is UNKNOWN or bool(_GUARD_ROLE.fullmatch(grant.role.rpartition("/")[2]))
    if grant.members:
        accounts = [_GUARD.fullmatch(member) for member in grant.members]
        return named and all(each is not None and each[1] in hosts for each in accounts)
    may = {*guard_permissions(stops_keys=True, unlinks_billing=True)}
    return named and grant.permissions is not UNKNOWN and set() < {*grant.permissions} <= may


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    for grant in facts.grants:
        if grant.on in facts.not_for_gemini or _is_guards(grant, facts.guard_hosts):
            continue
        on = grant.on if isinstance(grant.on, str) else ""
        if grant.unreadable:
            yield Finding(
                grant.subject,
                f"has a policyData {grant.unreadable}, so that nothing of what it grants can be judged",
                'write it as {"bindings": [{"role": "roles/…", "members": ["…"]}]}, each key once',
            )
        elif grant.credential:
            yield Finding(
                grant.subject,
                f"is a key of {f'the service account {on}' if on else 'a service account'}: whoever has it acts as the "
                "account, from anywhere",
                "let the server's own service account or workload identity federation act as the account",
            )
        elif grant.members == () and grant.permissions and grant.permissions is not UNKNOWN:
            if ability := ability_of(grant.permissions):
                yield Finding(
                    grant.subject,
                    f"defines a role whose holders can {ability}",
                    "leave those permissions out, or have the owners of the policies allow the members that need them",
                )
        elif grant.role is not UNKNOWN and grant.members is not UNKNOWN:
            granted = f"grants {grant.role}{f' on {on}' if on else ''} to"
            others = [member for member in grant.members if not _may_hold(member, grant.role, options)]
            public = [member for member in others if member.strip().lower() in PUBLIC]
            if public:
                yield Finding(
                    grant.subject,
                    f"{granted} {', '.join(public)}, which is everybody",
                    "name the members, or have the owners of the policies allow this one",
                )
            defect = _defect(grant.role, options)
            if defect and (named := [member for member in others if member not in public]):
                what, allowed = defect
                yield Finding(
                    grant.subject,
                    f"{granted} {', '.join(named)}, {what}",
                    f"grant a role with no more than is needed, or have the owners of the policies allow the {allowed}",
                )


POLICY = Policy(
    id="access-without-key",
    title="No role opens Gemini without a key, or takes its limits away",
    group=Group.KEYS,
    severity=Severity.HIGH,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Grant narrower roles, or have the owners of the policies allow the members.",
    source=(
        "Google: there are no IAM permissions for the Gemini API",
        "https://cloud.google.com/iam/docs/roles-permissions/generativelanguage",
    ),
    judge=_judge,
    options=_Options,
)
