"""What effective policies forbid: keys, services, members of IAM policies, contacts and locations."""

import re
from typing import Any, Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.cloudresourcemanager.lineage import lineage
from sandbox.cloud.core.errors import CloudError, JsonObject, failed_precondition, precondition_failure
from sandbox.cloud.core.store import Store
from sandbox.cloud.iam import grants
from sandbox.cloud.iam import models as accounts
from sandbox.cloud.orgpolicy import effective, models

KEYS: Final = "apikeys.googleapis.com/Key"
#: What is evaluated of the Common Expression Language: whether fields are there, joined by `||` or by `&&`.
_TERM: Final = re.compile(r"(!?)has\(resource((?:\.[A-Za-z]\w*)+)\)")
_POOL: Final = re.compile(r"//iam\.googleapis\.com/projects/([0-9]+)/")
"""What a workload identity pool begins with in `principal:` and `principalSet:`."""
_NODES: Final = ("projects", "folders", "organizations")
_EUROPE: Final = ("europe-", "eu")


def require_allowed(
    store: Store, project: str, resource_type: str, method: str, resource: JsonObject
) -> None:
    """Refuse a resource that an enforced custom constraint denies.

    Raises:
        CloudError: 400 FAILED_PRECONDITION, naming the constraints.
    """
    parent = f"projects/{project}"
    organization = projects.ancestors(store, parent)[-1]
    denying = [
        constraint["name"].rpartition("/")[2]
        for constraint in models.constraints(store, organization)
        if constraint["resourceTypes"] == [resource_type]
        and method in constraint["methodTypes"]
        and effective.enforcing(store, parent, constraint["name"].rpartition("/")[2])
        and _holds(constraint["condition"], resource) == (constraint["actionType"] == "DENY")
    ]
    if denying:
        described = ", ".join(f'"customConstraints/{name}"' for name in denying)
        raise failed_precondition(f"Operation denied by custom org policies: [{described}].")


def require_bindable(store: Store, project: str, key: JsonObject) -> None:
    """Refuse a key that is bound to a service account where a managed constraint forbids that.

    Its parameter `allowedServices` lists the services to which such a key may be restricted.

    Raises:
        CloudError: 400 FAILED_PRECONDITION, naming the constraint.
    """
    if not key.get("serviceAccountEmail"):
        return
    enforced = effective.enforcing(store, f"projects/{project}", models.BOUND_KEYS)
    if enforced is None:
        return
    services = {target.get("service") for target in key.get("restrictions", {}).get("apiTargets", [])}
    if not services or services - {*enforced.get("parameters", {}).get("allowedServices", [])}:
        words = "Disables the creation of API keys that are bound to service accounts."
        raise _denied(models.BOUND_KEYS, f"projects/{project}/locations/global/keys", words)


def require_accounts(store: Store, project: str) -> None:
    """Refuse a service account where none may be created in a project (by number).

    Raises:
        CloudError: 400 FAILED_PRECONDITION, naming the constraint.
    """
    if effective.enforcing(store, f"projects/{project}", models.ACCOUNTS) is not None:
        words = "Service account creation is not allowed on this project."
        raise _denied(models.ACCOUNTS, f"projects/{project}/serviceAccounts", words)


def require_key(store: Store, project: str, account: str, act: str) -> None:
    """Refuse a key of a service account where none may be created, or none uploaded (`act`), in a project (by number).

    Raises:
        CloudError: 400 FAILED_PRECONDITION, naming the constraint.
    """
    for constraint in (f"iam.disableServiceAccountKey{act}", f"iam.managed.disableServiceAccountKey{act}"):
        if effective.enforcing(store, f"projects/{project}", constraint) is not None:
            words = f"Key {act.lower()} is not allowed on this service account."
            raise failed_precondition(
                words,
                [precondition_failure(f"constraints/{constraint}", f"serviceAccounts/{account}", words)],
            )


def require_services(store: Store, project: str, services: list[str]) -> None:
    """Refuse services that may not be used in a project (by number).

    Raises:
        CloudError: 400 FAILED_PRECONDITION, naming the constraint.
    """
    for constraint in models.SERVICES:
        allowed = effective.values(store, f"projects/{project}", constraint)
        for service in services:
            if not allowed.allows(service):
                words = "Restricts the services that can be used."
                raise _denied(constraint, f"projects/{project}/services/{service}", words)


def require_members(store: Store, resource: str, _policy: JsonObject, added: list[str]) -> None:
    """Refuse an IAM policy with new members that are not permitted where the resource is.

    Raises:
        CloudError: 400 FAILED_PRECONDITION, naming the constraint and the members.
    """
    node = next((name for name in lineage(store, resource) if _is_node(name)), "")
    if not node or not added:
        return
    domains = effective.values(store, node, models.DOMAINS)
    foreign = [member for member in added if not domains.allows(*_organizations(store, member))]
    if foreign:
        raise failed_precondition(
            "One or more users named in the policy do not belong to a permitted customer.",
            [
                precondition_failure(
                    f"constraints/{models.DOMAINS}",
                    f"orgpolicy:{node}",
                    f"User {member.partition(':')[2] or member} is not in permitted organization.",
                )
                for member in foreign
            ],
        )
    enforced = effective.enforcing(store, node, models.MEMBERS)
    if enforced is None:
        return
    parameters = enforced.get("parameters", {})
    sets = {_organization(name) for name in parameters.get("allowedPrincipalSets", [])}
    for member in added:
        known = member in parameters.get("allowedMemberSubjects", [])
        if not known and sets.isdisjoint(_organizations(store, member)):
            raise _denied(models.MEMBERS, node, f"Member {member} is not among the allowed policy members.")


def require_contact(store: Store, parent: str, email: str) -> None:
    """Refuse a contact of a domain that is not allowed.

    Raises:
        CloudError: 400 FAILED_PRECONDITION, naming the constraint.
    """
    domain = f"@{email.partition('@')[2]}"
    if not effective.values(store, parent, models.CONTACTS).allows(domain):
        words = f"Contacts of the domain {domain} are not allowed."
        raise _denied(models.CONTACTS, f"{parent}/contacts", words)
    managed = effective.enforcing(store, parent, models.MANAGED_CONTACTS)
    if managed is not None and domain not in managed.get("parameters", {}).get("allowedDomains", []):
        words = f"Contacts of the domain {domain} are not allowed."
        raise _denied(models.MANAGED_CONTACTS, f"{parent}/contacts", words)


def is_location_allowed(store: Store, project: str, location: str) -> bool:
    """True if resources of a project (by number) may be in a location.

    Groups of locations (`in:us-locations`) are known by the beginning of a location's name.
    """
    name = location.lower()
    groups = {f"in:{name}-locations", *(f"in:{part}-locations" for part in _wider(name))}
    return effective.values(store, f"projects/{project}", models.LOCATIONS).allows(name, *groups)


def require_location(store: Store, project: str, location: str, what: str) -> None:
    """Refuse a resource (`what`, in words) in a location that is not allowed in a project (by number).

    Raises:
        CloudError: 400 FAILED_PRECONDITION, naming the constraint.
    """
    if not is_location_allowed(store, project, location):
        subject = f"orgpolicy:projects/{project}"
        raise failed_precondition(
            f"Constraint constraints/{models.LOCATIONS} violated for [{subject}] attempting to create {what} in "
            f"[{location}].",
            [precondition_failure(f"constraints/{models.LOCATIONS}", subject)],
        )


def _wider(location: str) -> list[str]:
    """The regions and continents that a location is in, as far as its name says: `us-east1-b` is in two."""
    parts = location.split("-")
    wider = ["-".join(parts[:length]) for length in range(1, len(parts))]
    return [*wider, "eu"] if location.startswith(_EUROPE) else wider


def _is_node(name: str) -> bool:
    kind, _, rest = name.partition("/")
    return kind in _NODES and "/" not in rest


def _organizations(store: Store, member: str) -> list[str]:
    """The names of the organization of a member: its customer's id, and its own; none for a stranger."""
    kind, _, address = member.partition(":")
    home = _home(store, kind, address)
    above = projects.ancestors(store, f"projects/{home}")[-1] if projects.find(store, home) else ""
    domain = address if kind == "domain" else address.partition("@")[2]
    return [
        name
        for organization in projects.all_organizations(store)
        if f"organizations/{organization.id}" == above
        or (kind in ("user", "group", "domain") and organization.display_name == domain)
        for name in (
            organization.directory_customer_id,
            f"organizations/{organization.id}",
            f"principalSet://iam.googleapis.com/organizations/{organization.id}",
        )
    ]


def _home(store: Store, kind: str, address: str) -> str:
    """The project, id or number, that a member belongs to; "" for people."""
    if kind == "serviceAccount":
        account = accounts.latest(store, address)
        return account.project if account is not None else ""
    if kind in grants.BASIC:
        return address
    pool = _POOL.match(address)
    return pool[1] if pool is not None else ""


def _organization(principal_set: str) -> str:
    """`//cloudresourcemanager.googleapis.com/organizations/N` → `organizations/N`."""
    return "/".join(principal_set.split("/")[-2:])


def _denied(constraint: str, resource: str, words: str) -> CloudError:
    name = f"constraints/{constraint}"
    return failed_precondition(
        f'Operation denied by org policy on resource \'{resource}\': ["{name}": "{words}"].',
        [precondition_failure(name, resource, words)],
    )


def _holds(condition: str, resource: JsonObject) -> bool:
    """True if a condition holds; conditions of a form that is not evaluated here never do."""
    for operator, join in (("||", any), ("&&", all)):
        parts = [_TERM.fullmatch(part.strip()) for part in condition.split(operator)]
        if all(parts):
            return join(_term(part[1], part[2], resource) for part in parts if part)
    return False


def _term(negated: str, path: str, resource: JsonObject) -> bool:
    value: Any = resource
    for name in path.strip(".").split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return bool(value) != bool(negated)
