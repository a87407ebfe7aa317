"""Facts from projects, their billing links, and what is known of them from other resources."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from gemini_policies.declared import PROJECT, Resource
from gemini_policies.values import at
from landing_zone.gemini.methods import CREATES_CACHES, any_key_calls
from landing_zone.policies.facts import (
    UNKNOWN,
    Key,
    Project,
    Unknown,
    project_names,
    users_of,
)
from landing_zone.settings.types import PRIVATE_DATA_LABEL, USERS_LABEL

LINK: Final = "gcp:billing/projectInfo:ProjectInfo"
EXIT: Final = "gemini-landing-zone:index:ProjectExit"


def projects_of(resources: list[Resource]) -> list[Project]:
    """The projects that a program creates, reads or links, each with its account and its number as far as known."""
    linked = _linked(
        [_project(each) for each in resources if each.type == PROJECT],
        [each for each in resources if each.type == LINK],
    )
    return _numbered(linked, [each for each in resources if each.type == EXIT])


def with_keys(project: Project, keys: Iterable[Key]) -> Project:
    """With what its keys can do."""
    # A key of an unknown project may be this one's.
    own = (key.methods for key in keys if key.project is UNKNOWN or key.project in project.ids)
    caches = any_key_calls((() if methods is UNKNOWN else methods for methods in own), CREATES_CACHES)
    return replace(project, doors=replace(project.doors, caches=caches))


def _project(resource: Resource) -> Project:
    props = resource.props
    project_id, labels = at(props, "projectId"), at(props, "labels")
    users, private = at(labels, USERS_LABEL), at(labels, PRIVATE_DATA_LABEL)
    ids = {str(each) for each in (project_id, at(props, "number")) if each not in (None, UNKNOWN)}
    return Project(
        resource.subject(
            "project",
            f"project {resource.text('projectId')}",
            project_names(ids),
            identified=isinstance(project_id, str),
        ),
        frozenset({*ids, resource.urn}),
        _account(resource),
        parent=_parent(resource),
        created=not resource.read,
        labels=labels,
        deletion=at(props, "deletionPolicy") or "PREVENT",
        protected=resource.protect,
        private_data=UNKNOWN if private is UNKNOWN else str(private).lower() == "true",
        users=UNKNOWN if users is UNKNOWN else users_of(users),
    )


def _parent(resource: Resource) -> str | Unknown | None:
    """The folder, or else the organization, of a project."""
    folder, organization = resource.folder("folderId"), resource.value("orgId")
    if folder is UNKNOWN or organization is UNKNOWN:
        return UNKNOWN
    if isinstance(folder, str):
        return folder if folder.startswith(("urn:", "folders/")) else f"folders/{folder}"
    return f"organizations/{str(organization).removeprefix('organizations/')}" if organization else None


def _account(resource: Resource) -> str | Unknown | None:
    account = at(resource.props, "billingAccount")
    return account if account is UNKNOWN or not account else str(account).removeprefix("billingAccounts/")


def _linked(projects: Iterable[Project], links: Iterable[Resource]) -> list[Project]:
    """Add the accounts from billing links, and the projects that only a link names."""
    found = list(projects)
    # Those of unknown projects come last: they leave alone what is known by then.
    for link in sorted(links, key=lambda link: not isinstance(link.reference("project"), str)):
        reference, account = link.reference("project"), _account(link)
        if not isinstance(reference, str):
            # It may be the link of any project, so none is known to be free.
            found = [replace(project, account=project.account or UNKNOWN) for project in found]
            if account and "project" not in link.either:
                # Nor is it known to be of this program.
                label = f"the project of billing link {link.name}, which only the update will know,"
                subject = link.subject("project", label, identified=False)
                found.append(Project(subject, frozenset({link.urn}), account, created=False))
            continue
        for position, project in enumerate(found):
            if reference in project.ids:
                # Of two accounts, nothing says which one is set last.
                own = account if not project.account or project.account == account else UNKNOWN
                found[position] = replace(project, account=own)
                break
        else:
            subject = link.subject(
                "project",
                f"project {reference}",
                project_names([reference]),
                identified=not reference.isdecimal(),
            )
            found.append(Project(subject, frozenset({link.urn, reference}), account, created=False))
    return found


def _numbered(projects: Iterable[Project], exits: Iterable[Resource]) -> list[Project]:
    """Add the numbers of projects that the program does not create, which this project's provider has compared."""
    numbers = {at(each.props, "project"): at(each.props, "number") for each in exits}
    return [
        replace(project, ids=project.ids | {own})
        if not project.created
        and isinstance(own := next((numbers[each] for each in project.ids if each in numbers), None), str)
        else project
        for project in projects
    ]
