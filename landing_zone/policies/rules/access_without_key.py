"""An API key has addresses, methods and an owner. Whoever holds one of many roles of Google Cloud needs none: the
Gemini API has no permissions of its own, so `serviceusage.services.use`, which every editor has, is enough to call it
with an OAuth token. Other roles read the strings of keys, act as a service account, grant themselves a role, take
limits and caps away, or call the same models through another API.

The policy knows what the roles of Google allow. It does not see what a custom role allows where it is granted: its
definition is judged, and the owners of the policies name the roles that may be granted. A condition on a grant does
not count. An audit sees the grants on a project, and not those that it inherits from folders and the organization.
HMAC keys open Cloud Storage alone and are not judged."""

from collections.abc import Iterator

from pydantic import Field

from landing_zone.gemini.access import ROLES, ability_of
from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity


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
    if name.endswith("serviceagent"):
        return "a role that Google made for its own service agents", "members"
    return (f"who can {ROLES[name]} with it", "members") if name in ROLES else None


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    for grant in facts.grants:
        if grant.on in facts.not_for_gemini:
            continue
        on = grant.on if isinstance(grant.on, str) else ""
        if grant.credential:
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
            defect = _defect(grant.role, options)
            others = [member for member in grant.members if member not in options.members]
            if defect and others:
                what, allowed = defect
                yield Finding(
                    grant.subject,
                    f"grants {grant.role}{f' on {on}' if on else ''} to {', '.join(others)}, {what}",
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
