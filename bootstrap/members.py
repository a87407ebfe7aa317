"""Grants of roles on what is above the seed project and beside it. Each adds one member, and leaves all others."""

import pulumi
from pulumi_gcp import billing, folder, organizations, projects

from bootstrap.accounts import Account
from bootstrap.options import options
from bootstrap.roles import Role


def grant_on_parent(parent: str, role: Role | str, account: Account) -> None:
    """Grant a role on a folder or an organization."""
    kind, _, number = parent.partition("/")
    name, role_name, opts = f"{account.id}--{kind}--{_short(role)}", _name(role), _options(role, account)
    if kind == "folders":
        folder.IAMMember(name, folder=parent, role=role_name, member=account.member, opts=opts)
    else:
        organizations.IAMMember(name, org_id=number, role=role_name, member=account.member, opts=opts)


def grant_on_account(billing_account: str, role: Role | str, account: Account) -> None:
    """Grant a role on the billing account."""
    billing.AccountIamMember(
        f"{account.id}--{_short(role)}",
        billing_account_id=billing_account,
        role=_name(role),
        member=account.member,
        opts=_options(role, account),
    )


def grant_on_seed(project: str, role: Role | str, account: Account) -> None:
    """Grant a role on the seed project."""
    projects.IAMMember(
        f"{account.id}--{_short(role)}",
        project=project,
        role=_name(role),
        member=account.member,
        opts=_options(role, account),
    )


def _name(role: Role | str) -> str:
    return role if isinstance(role, str) else role.name


def _short(role: Role | str) -> str:
    return _name(role).rpartition("/")[2].partition("_")[0]


def _options(role: Role | str, account: Account) -> pulumi.ResourceOptions:
    return options([account.resource, *([] if isinstance(role, str) else [role.resource])])
