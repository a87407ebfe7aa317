"""Permissions that the caller lacks, asked for with one call per resource.

Projects that the stack creates cannot be asked: whoever creates them owns them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.permissions import Permission, Place, Use, needed
from landing_zone.google.rest import Google
from landing_zone.google.tiers import link_of
from landing_zone.preflight import project_ids
from landing_zone.preflight.findings import Finding, Level, grant
from landing_zone.preflight.subject import Subject, uses_of_account, uses_of_environment, uses_of_project
from landing_zone.settings.problems import Path

_ON_THE_PROJECT: Final[Mapping[str, str]] = {
    "billing.budgets.create": "billing.resourcebudgets.write",
    "billing.budgets.update": "billing.resourcebudgets.write",
    "billing.budgets.delete": "billing.resourcebudgets.write",
    "billing.budgets.get": "billing.resourcebudgets.read",
    "billing.budgets.list": "billing.resourcebudgets.read",
    "billing.budgets.configureSpendCap": "billing.resourcebudgets.configureSpendCap",
}
"""Permission on the billing account → the one on a project that is as good for that project's own budgets."""
_FOR_PAID: Final = frozenset(
    {
        "billing.accounts.get",  # without it, nobody knows whether the account is open
        "billing.resourceAssociations.create",
        "resourcemanager.projects.create",
        "resourcemanager.projects.createBillingAssignment",
    }
)
"""Permissions without which a project is not known to become paid."""
_SERVICES: Final[Mapping[str, str]] = {
    "folders": "cloudresourcemanager.v3",
    "organizations": "cloudresourcemanager.v3",
    "tagValues": "cloudresourcemanager.v3",
    "projects": "cloudresourcemanager.v3",
    "billingAccounts": "cloudbilling",
}
"""Kind of a resource → the service that is asked."""


@dataclass(frozen=True)
class Resource:
    """A resource on which the caller needs permissions."""

    name: str
    """`folders/1`, `billingAccounts/X`, `projects/P`, `tagValues/1`."""
    place: Place
    path: Path
    """The setting that names it."""
    wanted: tuple[Permission, ...]
    paid: tuple[str, ...] = ()
    """Names of the projects whose paid tier depends on it."""


def resources(subject: Subject) -> Iterator[Resource]:
    """The resources on which a stack needs permissions, each with these."""
    uses = uses_of_environment(subject)

    def wanted(place: Place, uses: set[Use] = uses) -> tuple[Permission, ...]:
        return tuple(needed(place, uses))

    for parent, first in subject.parents.items():
        path = subject.at("projects", first, "parent")
        paid = tuple(name for name, each in subject.paid.items() if each.parent == parent and not each.adopt)
        yield Resource(parent, Place.PARENT, path, wanted(Place.PARENT), paid)
    for account in subject.accounts:
        yield Resource(
            f"billingAccounts/{account}",
            Place.ACCOUNT,
            subject.path_of_account(account),
            wanted(Place.ACCOUNT, uses_of_account(subject, account)),
            subject.paid_of(account),
        )
    if subject.seed:
        yield Resource(f"projects/{subject.seed}", Place.SEED, ("gcp:billingProject",), wanted(Place.SEED))
    host = subject.settings.notification_project
    if host and uses & {Use.CHANNELS, Use.TOPICS, Use.SHARED_DASHBOARD, Use.GUARD}:
        yield Resource(
            f"projects/{host}", Place.NOTIFICATIONS, ("notificationProject",), wanted(Place.NOTIFICATIONS)
        )
    if subject.settings.organization and Use.CONSTRAINT in uses:
        yield Resource(
            subject.settings.organization, Place.ORGANIZATION, ("organization",), wanted(Place.ORGANIZATION)
        )
    for name, project in subject.adopted.items():
        of_project = wanted(Place.ADOPTED, uses_of_project(project))
        path = ("projects", name, "projectId")
        paid = (name,) if name in subject.paid else ()
        yield Resource(f"projects/{project.project_id}", Place.ADOPTED, path, of_project, paid)
    yield from _named_in_projects(subject)


def _named_in_projects(subject: Subject) -> Iterator[Resource]:
    """Tag values and service accounts that the settings of projects name."""
    tags: dict[str, Path] = {}
    accounts: dict[str, Path] = {}
    own = {each.project_id for each in subject.settings.projects.values()}
    for name, project in subject.settings.projects.items():
        for place, tag in enumerate(project.tags):
            if tag.startswith("tagValues/"):
                tags.setdefault(tag, subject.at("projects", name, "tags", place))
        for key_name, key in project.keys.items():
            email = key.service_account or ""
            host = email.partition("@")[2].removesuffix(".iam.gserviceaccount.com")
            if host and "." not in host and host not in own:
                path = subject.at("projects", name, "keys", key_name, "serviceAccount")
                accounts.setdefault(f"projects/{host}/serviceAccounts/{email}", path)
    for tag, path in tags.items():
        yield Resource(tag, Place.TAG_VALUE, path, tuple(needed(Place.TAG_VALUE)))
    for account, path in accounts.items():
        yield Resource(account, Place.KEY_ACCOUNTS, path, tuple(needed(Place.KEY_ACCOUNTS)))


def check(subject: Subject, each: Resource) -> list[Finding]:
    """Permissions that the caller lacks on one resource: a finding for each role that would give them."""
    held = granted(subject, each)
    if held is not None and all(permission.name in held for permission in each.wanted):
        return []
    done = _done(subject, each)
    wanted = [permission for permission in each.wanted if permission.name not in (held or set()) | done]
    if held is None:
        is_needed = any(permission.use is not Use.PREFLIGHT for permission in wanted)
        return [_not_visible(each, Level.ERROR if is_needed else Level.WARNING)]
    lacking: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for permission in wanted:
        lacking[permission.role, permission.use is Use.PREFLIGHT].append(permission.name)
    return [
        _lacking(subject, each, role, names, only_looks=only_looks)
        for (role, only_looks), names in lacking.items()
    ]


def _done(subject: Subject, each: Resource) -> set[str]:
    """Permissions that are needed no more, as all that takes them exists."""
    try:
        if each.place is Place.PARENT:
            made = [project for project in subject.created.values() if project.parent == each.name]
            there = project_ids.seen(subject)
            if all(there.get(project.project_id, {}).get("lifecycleState") == "ACTIVE" for project in made):
                return {"resourcemanager.projects.create"}
        if each.place is Place.ACCOUNT and _are_linked(subject, each.name.partition("/")[2]):
            return {"billing.resourceAssociations.create"}
    except NoAnswerError:
        raise
    except GoogleError:
        pass  # where it cannot be seen, nothing is known to exist
    return set()


def _are_linked(subject: Subject, account: str) -> bool:
    """True if all projects that an account is to pay for are linked to it. Raises GoogleError."""
    paid = {subject.settings.projects[name].project_id for name in subject.paid_of(account)}
    try:
        return paid <= subject.links(account)
    except GoogleError as error:
        if error.code != 403:
            raise
    # Who may not list the links may still see those of projects that are theirs.
    return all(link_of(subject.google, project_id).account == account for project_id in paid)


def check_budgets(
    subject: Subject, accounts: Mapping[str, Resource], projects: Mapping[str, Resource]
) -> list[Finding]:
    """Permissions for budgets and caps of adopted projects, which are needed on the account or on the project."""
    found: dict[tuple[str, str], Finding] = {}
    for name, project in subject.adopted.items():
        account, budget = project.billing_account, project.budget
        if not account or not budget:
            continue
        uses = {Use.ACCOUNT_BUDGETS, *([Use.ACCOUNT_CAPS] if budget.spend_cap else [])}
        of_account, of_project = accounts[account], projects[name]
        held, own = granted(subject, of_account), granted(subject, of_project)
        if held is None or own is None:
            continue  # reported already
        lacking = [
            each
            for each in needed(Place.ACCOUNT, uses)
            if each.use in uses and each.name not in held and _ON_THE_PROJECT[each.name] not in own
        ]
        roles: dict[str, list[str]] = defaultdict(list)
        for each in lacking:
            roles[each.role].append(each.name)
        for role, names in roles.items():
            found[account, role] = _lacking(subject, of_account, role, names)
    return list(found.values())


def granted(subject: Subject, each: Resource) -> set[str] | None:
    """The permissions that the caller has, of those that could be needed; None if the resource is not visible.

    Raises as `held_of`.
    """

    def ask() -> set[str] | None:
        names = {permission.name for permission in each.wanted}
        if each.place is Place.ACCOUNT:
            names |= _ON_THE_PROJECT.keys()
        if each.place is Place.ADOPTED:
            names |= set(_ON_THE_PROJECT.values())
        return held_of(subject.google, each.place, each.name, names)

    return subject.once(f"permissions {each.place} {each.name}", ask)


def held_of(google: Google, place: Place, name: str, permissions: Iterable[str]) -> set[str] | None:
    """Those of the permissions that the caller has on a resource; None if it is not visible.

    Raises NoAnswerError, and GoogleError for what is not about the resource.
    """
    try:
        answer = google.call(
            "iam" if place is Place.KEY_ACCOUNTS else _SERVICES[name.partition("/")[0]],
            "POST",
            f"{name}:testIamPermissions",
            body={"permissions": sorted(permissions)},
            repeatable=True,
        )
    except GoogleError as error:
        if error.hides:
            return None
        raise
    held = set(answer.get("permissions", ()))
    # Of a billing account that does not exist, or that the caller may not see, Google says that nothing is held.
    return held if held or place is not Place.ACCOUNT else None


def _not_visible(each: Resource, level: Level) -> Finding:
    described = _described(each)
    return Finding(
        "not-visible",
        level,
        f"{described} does not exist, or the caller may not see it: Google does not say which",
        "correct its id; if it is right, ask its owner for the roles that docs/organization.md lists",
        path=each.path,
        paid=each.paid,
    )


def _described(each: Resource) -> str:
    words = {
        Place.ADOPTED: "the project",
        Place.NOTIFICATIONS: "the project",
        Place.TAG_VALUE: "the tag value",
        Place.PARENT: "",
        Place.KEY_ACCOUNTS: "the service account",
    }.get(each.place, str(each.place))
    whole = each.place in (Place.PARENT, Place.ORGANIZATION, Place.TAG_VALUE)
    shown = each.name if whole else each.name.rpartition("/")[2]
    return f"{words} {shown}".strip()


def _lacking(
    subject: Subject, each: Resource, role: str, names: list[str], *, only_looks: bool = False
) -> Finding:
    described = _described(each)
    if role:
        remedy = f"grant {role} on {described}, which includes {'it' if len(names) == 1 else 'them'}"
        command = grant(each.name, subject.caller.member, role)
    else:
        remedy = (
            "of Google's roles for billing accounts only roles/billing.admin includes it: grant a custom role of the "
            "organization, or roles/editor on the adopted project"
        )
        organization = (subject.organization or "organizations/ORGANIZATION_ID").partition("/")[2]
        custom = f"organizations/{organization}/roles/geminiSpendCaps"
        command = (
            f'gcloud iam roles create geminiSpendCaps --organization={organization} --title="Gemini spend caps" '
            f"--permissions={','.join(names)}\n{grant(each.name, subject.caller.member, custom)}"
        )
    return Finding(
        "missing-permission",
        Level.WARNING if only_looks else Level.ERROR,
        f"the caller lacks {', '.join(names)} on {described}"
        + (": the update does without, and the preflight sees less" if only_looks else ""),
        remedy,
        command,
        each.path,
        each.paid if _FOR_PAID.intersection(names) else (),
    )
